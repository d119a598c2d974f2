#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A kernel with patches/ needs no module for hibernation: does it accept everything before, and
# refuse to hibernate if the platform refuses? There is no swap to write an image to, but the
# kernel only notices after it has copied memory. notify.sh is about kernels with the module.
. "$(dirname "$0")/lib.sh"

[ "$BINDING" = hooks ] || skip_all "this kernel has no patches"
# On SEV-SNP a refusal ends the guest, and so does the image, which has pages that are shared
# with the host.
[ "$(platform)" = TDX ] || skip_all "not a TDX guest"

# Otherwise the kernel frees memory for the image, and accepts what it allocates meanwhile.
echo $((1 << 40)) >/sys/power/image_size

begin 8

start=$(vmstat_bytes)
ccemu set refuse_next 1000000
is "hibernation fails if the platform refuses" "$(onewrite /sys/power/state disk)" EIO
is "and so does a resume" "$(onewrite /dev/snapshot "")" "open EIO"
ccemu set refuse_next 0
is "nothing was accepted" "$(vmstat_bytes)" "$start"
answer=$(onewrite /sys/power/state disk)
is "hibernation fails for want of swap only" "$answer" ENODEV
is "everything was accepted first" "$(vmstat_bytes) $(emu pages_pending)" "0 0"
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
