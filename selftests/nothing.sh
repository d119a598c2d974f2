#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# With a policy that never accepts, and with one that only claims to accept: is the core's own
# fallback enough? No allocation may fail, and no memory may be out of reach.
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

NOTHING_KO=$HERE/ua_nothing.ko

[ "$BINDING" = hooks ] || skip_all "this kernel has no hooks"
[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"
[ -e "$NOTHING_KO" ] || skip_all "no module at $NOTHING_KO"
[ -e "$HERE/hog" ] || skip_all "no program at $HERE/hog"
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

# insert PARAMETER...: load the policy; prints the errno if that fails
insert() {
	insmod "$NOTHING_KO" "$@" 2>&1 | sed 's/.*: //'
}

# counted NAME: a counter of the policy
counted() {
	cat "/sys/module/ua_nothing/parameters/$1"
}

# fill MIB: write a file that is larger by MIB than what is accepted and free; prints the
# MiB that were not written
fill() {
	mib=$((($(meminfo_bytes MemFree) - $(vmstat_bytes) >> 20) + $1))
	dd if=/dev/zero of=$FILL/fill bs=1M count=$mib 2>/dev/null
	echo $((mib - ($(stat -c %s $FILL/fill) >> 20)))
}

# Names each zone that has more unaccepted pages than an allocation of user memory must leave
# free: the watermark min and the zone's part of vm.lowmem_reserve_ratio.
beyond_reserve() {
	awk '/^Node/ { zone = $2 $4 }
		$1 == "min" { keeps = $2 }
		$1 == "protection:" { gsub(/[(),]/, ""); keeps += $NF }
		$1 == "nr_unaccepted" && $2 > keeps { print zone, $2, "of", keeps }' /proc/zoneinfo
}

begin 32

# The OOM killer must not choose the shell that starts a hog.
echo -1000 >/proc/self/oom_score_adj
# Freed pages must reach the free lists, not a per-CPU list, which grows to 200 MiB.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
# Keep the watermarks as they are.
echo 0 >/proc/sys/vm/watermark_boost_factor
mount_fill
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"

is "a policy for another version of the contract is refused" \
	"$(insert version=1000)" "Invalid argument"
is "the refused policy is not loaded" "$(ls -d /sys/module/ua_nothing 2>/dev/null)" ""

for claim in 0 1000; do
	# Accepted memory is fragmented, so high orders need blocks.
	work fragment 64
	is "a policy that accepts nothing and claims $claim blocks" "$(insert claim=$claim)" ""
	lacked=0
	for kind in noretry retry plain; do
		work high 10 12 $kind
		is "claim $claim, order 10, $kind: all served, no compaction, no reclaim" \
			"$(reported succeeded failed compact_stall allocstall)" "12 0 0 0"
		lacked=$((lacked + $(reported lacked)))
	done
	# Twelve, because a kernel with checkers may free pages that merge into blocks.
	holds "the zone had no free block for at least ten of them" $lacked -ge 10
	holds "the policy was called for each failure, and for other allocations ($lacked)" "$(counted failed)" -ge $lacked \
		-a "$(counted asked)" -gt "$(counted failed)"
	work release

	unaccepted=$(vmstat_bytes)
	failed=$(counted failed)
	is "a file beyond what is accepted: all is written" "$(fill 64)" 0
	holds "unaccepted memory was accepted for it" "$((unaccepted - $(vmstat_bytes)))" -ge $((64 << 20))
	holds "at most one block was accepted for each failure" "$((unaccepted - $(vmstat_bytes)))" \
		-le $((($(counted failed) - failed) * BLOCK))
	rm $FILL/fill
	work contig second
	is "a contiguous allocation succeeds, and the policy is told of its block" "$(reported result blocks) $(counted told)" "0 1 1"
	rmmod ua_nothing
done

# After unloading, the kernel's own policy, whose goal is above the watermarks, decides again.
work burst 5
holds "after unloading the kernel accepts up to the watermark again" "$(reported blocks)" -ge 4

# Until memory is used up. Only a process that wants more than there is may die.
insert
kills=$(oom_kills)
mib=$(($(meminfo_bytes MemFree) - $(promo_bytes) >> 20))
dd if=/dev/zero of=$FILL/fill bs=1M count=$mib 2>/dev/null
is "nearly all memory for a file" "$(stat -c %s $FILL/fill)" $((mib << 20))
is "no process was killed, nothing failed" "$(oom_kills) $(complaints 'Call Trace')" "$kills "
holds "all unaccepted memory is free memory" "$(vmstat_bytes)" -le "$(meminfo_bytes MemFree)"
"$HERE/hog" 256
is "a process that wants more than that dies" "$? $(oom_kills)" "137 $((kills + 1))"
is "nothing is unaccepted but what the zones keep in reserve" "$(beyond_reserve)" ""
# The first unit of a block may have been accepted as the guard of the block before.
left=$(vmstat_bytes)
pending=$(($(emu pages_pending) * 4096))
holds "the emulator agrees ($pending of $left bytes)" $pending -le "$left" -a $pending -ge $((left / 2))
is "the kernel has no other complaint" "$(complaints)" ""
dmesg -c >/dev/null

rmmod ua_nothing
rmmod ua_workload
umount $FILL
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
clean_log
ktap_finished
