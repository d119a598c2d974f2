#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# When the module decides, do allocations accept enough, in time, and not too much?
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

[ "$BINDING" = hooks ] || skip_all "this kernel has no hooks"
[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

knobs() {
	echo "$1" >$SYS/policy/max_blocks
	echo "$2" >$SYS/policy/max_us
}

# Numbers of threads that this machine can run at once.
threads=
for count in 1 2 4; do
	[ "$(nproc)" -lt $count ] || threads="$threads $count"
done

begin $((52 + $(echo "$threads" | wc -w)))

# Freed pages must reach the free lists, not a per-CPU list, which grows to 200 MiB.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
load
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"
start=$(get unaccepted_bytes)
echo 1 >$TRACE/events/unaccepted/enable

# The budget.
is "the module decides" "$(get policy/owner)" module
for placement in tail head; do
	is "placement $placement is taken" "$(onewrite $SYS/policy/placement $placement)" ok
	is "placement $placement reads back" "$(get policy/placement)" $placement
done
knobs 1 1000000
is "max_blocks reads back" "$(get policy/max_blocks)" 1
mark
work burst 5
is "with max_blocks 1, one block per allocation" "$(reported first_blocks most_blocks)" "1 1"
blocks=$(reported blocks)
holds "allocations accept until the watermark is reached (5 blocks: $blocks)" "$blocks" -ge 4 -a "$blocks" -le 6
is "all blocks are counted for the cause watermark" \
	"$(added accepted_watermark_bytes) $(added accepted_fallback_bytes)" "$((blocks * BLOCK)) 0"
holds "all but the last left a shortfall" "$(added shortfalls)" -ge $((blocks - 1)) \
	-a "$(added shortfalls)" -le "$blocks"
is "there is an event for each shortfall" "$(traced 'shortfall: .* blocks_done=1 ')" "$(added shortfalls)"
is "an event begins each block" "$(traced 'accept_begin: .* cause=watermark')" "$blocks"
is "an event ends each block" "$(traced 'accept_end: .* cause=watermark .* result=0')" "$blocks"
is "there are no other events" "$(traced 'accept_end: ')" "$blocks"
is "each allocation that accepted waited once" "$(($(allocations_waited) - was_waits))" "$blocks"

knobs 64 0
work burst 5
is "with max_us 0, one block per allocation" "$(reported first_blocks most_blocks)" "1 1"
knobs 2 1000000
mark
work burst 20
is "with max_blocks 2, two blocks per allocation" "$(reported first_blocks most_blocks)" "2 2"
knobs 64 1000000
mark
work burst 20
blocks=$(reported first_blocks)
holds "with max_blocks 64, one allocation accepts all 20 (here: $blocks)" "$blocks" -ge 19 -a "$blocks" -le 21
is "that leaves no shortfall" "$(added shortfalls)" 0
is "that is counted as one wait" "$(($(allocations_waited) - was_waits))" 1

# Several threads that lack the same blocks accept them once.
knobs 2 1000000
for count in $threads; do
	work parallel "$count" 20
	blocks=$(reported blocks)
	holds "20 blocks short: $count threads accept $blocks" "$blocks" -le 22 -a "$blocks" -ge 16
done

mark
is "a write to accept works" "$(onewrite $SYS/accept 8M)" ok
is "its events have the cause user" "$(traced 'accept_end: .* cause=user .* result=0')" 2

# Contiguous memory, from either half of a block.
for half in first second; do
	work contig $half
	is "a contiguous range in the $half half of an unaccepted block" "$(reported result blocks)" "0 1"
done
is "these blocks are counted for the cause isolation" "$(added_blocks accepted_isolation_bytes)" 2
is "the table of zones has the same number" "$(column zones accepted_isolation_bytes)" \
	"$(get accepted_isolation_bytes)"

# Accepted memory is fragmented, and whole blocks are unaccepted.
for kind in noretry retry plain; do
	work fragment 128
	mark
	for order in 9 10; do
		work high $order 10 $kind
		is "order $order, $kind: all served, no compaction, no reclaim" \
			"$(reported succeeded failed compact_stall allocstall)" "10 0 0 0"
		is "a block was accepted each time when no zone had one free ($(reported short) times)" \
			"$(reported unserved)" 0
		holds "blocks were accepted before another zone was used ($(reported blocks) blocks)" \
			"$(reported blocks)" -ge 1
	done
	are_traced "each block for the cause fallback has its event" \
		accepted_fallback_bytes fallback
	work release
done

# Single pages are found in the fragmented memory, if necessary of another migratetype: having to
# steal one does not count as a failed allocation. The pages are not allocated by a
# program, because on kernels with checkers its start needs larger ones.
work fragment 256
work high 0 16384 movable
is "single pages are served from fragmented memory, without a block" "$(reported succeeded failed blocks)" "16384 0 0"
work release

rmmod ua_workload
is_balanced "the causes and what is left add up to the amount at the start" "$start"
is "everything can be accepted" "$(onewrite $SYS/accept all) $(get unaccepted_bytes)" "ok 0"
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
unload
clean_log
ktap_finished
