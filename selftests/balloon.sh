#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A virtio balloon that reports free memory: the host would take back what the acceptor accepts
# ahead. Does the kernel refuse the device in a confidential guest, and does doctor know that?
. "$(dirname "$0")/lib.sh"

DEVICE=
for device in /sys/bus/virtio/devices/*; do
	[ "$(cat "$device/device" 2>/dev/null)" != 0x0005 ] || DEVICE=$device
done
[ "$DEVICE" ] || skip_all "no balloon"
[ -d /sys/bus/virtio/drivers/virtio_balloon ] || skip_all "the kernel has no driver for it"
[ "$(vmstat_bytes)" -gt $((1 << 29)) ] || skip_all "needs 512 MiB of unaccepted memory"
refused=$(dmesg | grep -c 'virtio_balloon .*: device must provide VIRTIO_F_ACCESS_PLATFORM')

begin 7
is "the device offers to take reports of free memory" "$(cut -c 6 "$DEVICE/features")" 1
is "the driver refuses it" "$refused $(ls -d "$DEVICE/driver" 2>/dev/null)" "1 "
load
echo "mode=ahead headroom_bytes=256M" >$SYS/acceptor/params
is "the acceptor fills up" "$(state_is waiting)" waiting
is "doctor has no warning" "$("$HERE/unacceptedctl" doctor | grep -c balloon)" 0
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
