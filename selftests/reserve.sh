#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vm.lowmem_reserve_ratio keeps memory of a lower zone for allocations that can use no other
# one. Does the unaccepted part of it stay unaccepted when the zone above is used up?
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

[ "$BINDING" = hooks ] || skip_all "this kernel has no hooks"
[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"
[ "$(zone_pages DMA32 nr_unaccepted)" -gt $((64 * BLOCK / 4096)) ] ||
	skip_all "needs 64 unaccepted blocks in zone DMA32"

RATIO=/proc/sys/vm/lowmem_reserve_ratio

begin 12

old_ratio=$(cat $RATIO)
# DMA32 keeps as many pages as Normal has, which is more than it has itself.
echo 1 1 1 1 1 >$RATIO
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"

# exhausts POLICY: both ways of allocating are tried when Normal has nothing left
exhausts() {
	work exhaust
	holds "$1: Normal is used up ($(reported pages) pages)" "$(reported pages)" -gt 1000
	is "$1: all of it was accepted" "$(reported normal_left)" 0
	is "$1: bulk allocation gets nothing either" "$(reported bulk)" 0
	# Up to its own watermark the zone may accept.
	holds "$1: DMA32 keeps its unaccepted blocks (less $(reported dma32_lost) pages)" \
		"$(reported dma32_lost)" -le $((8 * BLOCK / 4096))
}

exhausts kernel
load
exhausts module
unload
echo "$old_ratio" >$RATIO
rmmod ua_workload
is "the ratio is the old one" "$(cat $RATIO)" "$old_ratio"
is "no page was accepted twice" "$(emu already_accepted)" 0
is "the kernel log has no complaint" "$(dmesg | grep -c 'page allocation failure')" 0
clean_log
ktap_finished
