#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# If more processes than CPUs allocate nearly all memory while it is unaccepted, is that as free
# of reclaim and lockups as after accepting at boot? And if they want more than there is, is a
# process killed while memory is left to accept?
#
# There are three rounds: memory is unaccepted, then the processes want more than there is, then
# all memory is accepted. The costs are printed each time, as "# hogs ROUND key value...". A
# guest that accepted everything at boot runs the same rounds, for comparison.
. "$(dirname "$0")/lib.sh"

TRACE=/sys/kernel/tracing
STATUS=/tmp/hogs
HOGS="1 2 3 4"	# of each kind: anonymous memory, and files in a tmpfs
GREEDY="1 2 3 4 5 6"
SPARE=$((32 << 20))

[ -e "$HERE/hog" ] || skip_all "no program at $HERE/hog"
[ "$(nproc)" -lt 8 ] || skip_all "has as many CPUs as there are hogs"
# The caller knows how the guest was booted, and whether this is a reason to skip.
unaccepted=$(vmstat_bytes)
[ "$unaccepted" = 0 ] || [ "$unaccepted" -gt $((256 << 20)) ] || skip_all "needs 256 MiB of unaccepted memory, or none"

# What reclaim and the OOM killer have done since boot.
reclaim() {
	awk '/^allocstall_/ { stalls += $2 }
	     $1 ~ /^(pgscan_direct|pgscan_kswapd|pageoutrun|oom_kill)$/ { was[$1] = $2 }
	     END { print stalls + 0, was["pgscan_direct"], was["pgscan_kswapd"],
			 was["pageoutrun"], was["oom_kill"] }' /proc/vmstat
	awk '{ print $14 + $15 }' "/proc/$kswapd/stat"
	awk '{ printf "%.0f\n", $1 * 1000 }' /proc/uptime
}

COSTS="allocstall pgscan_direct pgscan_kswapd pageoutrun oom_kill kswapd_ticks ms"
# costs() also stores left_kb, the free memory at the end.

# cost ROUND COST: a cost of one of the rounds
cost() {
	eval "echo \$$1_$2"
}

mark() {
	# shellcheck disable=SC2046  # seven words
	set -- $(reclaim)
	for key in $COSTS; do
		eval "was_$key=$1"
		shift
	done
}

# costs ROUND: what was added since mark(), kept for cost() and printed
costs() {
	round=$1
	line="hogs $1"
	# shellcheck disable=SC2046  # seven words
	set -- $(reclaim)
	for key in $COSTS; do
		eval "${round}_$key=\$(($1 - was_$key))"
		line="$line $key $(cost "$round" "$key")"
		shift
	done
	eval "${round}_left_kb=$(($(meminfo_bytes MemFree) >> 10))"
	ktap_print_msg "$line left_kb $(cost "$round" left_kb) unaccepted_kb $(($(vmstat_bytes) >> 10))"
}

# start NAME COMMAND...: run it in the background; its output and its exit status go to files
start() {
	name=$STATUS/$1
	shift
	{
		"$@" >"$name"
		echo $? >"$name.ended"
	} 2>/dev/null &
}

write_file() {
	dd if=/dev/zero of="$FILL/$1" bs=1M count="$2" && echo held
}

# Does each of these processes have the memory that it wanted, or has it exited?
all_settled() {
	for one; do
		[ -s "$STATUS/$one" ] || [ -e "$STATUS/$one.ended" ] || return 1
	done
}

held() {
	cat $STATUS/* | grep -c held
}

# End the processes, and remove their files and outputs.
end_all() {
	killall -q hog
	wait
	rm -f $FILL/* $STATUS/*
}

# nearly_full ROUND: all processes at once allocate nearly all memory
nearly_full() {
	mark
	for i in $HOGS; do
		start "anon$i" "$HERE/hog" "$mib"
		start "file$i" write_file "$i" "$mib"
	done
	# shellcheck disable=SC2046  # names
	wait_for 'all_settled $(printf "anon%s file%s " $(for i in $HOGS; do echo $i $i; done))'
	costs "$1"
}

nothing_went_wrong() {
	is "hogs, $1: each process has its memory" "$(held)" 8
	is "$1: no process was killed" "$(cost "$1" oom_kill)" 0
	# The pages left are above all watermarks, so a guest that accepts eagerly needs none
	# of them either.
	is "$1: no reclaim, direct or by kswapd" "$(cost "$1" allocstall) $(cost "$1" pgscan_direct) \
$(cost "$1" pgscan_kswapd) $(cost "$1" pageoutrun)" "0 0 0 0"
	clean_log "$1: no lockup, no hung task, no failure"
}

# too_much: processes that can be killed want more memory than there is
too_much() {
	mark
	for i in $GREEDY; do
		start "greedy$i" "$HERE/hog" $((mib * 2))
	done
	# shellcheck disable=SC2046  # names
	wait_for 'all_settled $(printf "greedy%s " $GREEDY)'
	costs greedy
}

# Blocks accepted after the first process had been chosen to be killed: it died although they
# were there.
accepted_too_late() {
	awk '/ mark_victim: / { late = 1 }
	     late && / accept_end: .* result=0/ { blocks++ }
	     END { print blocks + 0 }' $TRACE/trace
}

tests=15
[ "$unaccepted" = 0 ] || tests=$((tests + 6))
[ "$unaccepted" = 0 ] || [ "$OWNER" = kernel ] || tests=$((tests + 1))
begin $tests

kswapd=$(pidof kswapd0)
# The OOM killer must not choose the shell that starts the hogs.
echo -1000 >/proc/self/oom_score_adj
# Freed pages must reach the free lists, not a per-CPU list, which grows to 200 MiB.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
# Low watermarks, which do not change: the round "nearly full" ends there.
echo 16384 >/proc/sys/vm/min_free_kbytes
echo 0 >/proc/sys/vm/watermark_boost_factor
hung=/proc/sys/kernel/hung_task_timeout_secs
[ ! -e $hung ] || echo 10 >$hung
is "the kernel looks out for lockups" "$(cat /proc/sys/kernel/soft_watchdog)" 1
# Acceptance takes time on hardware. Here it takes so long that the processes wait for one
# another.
ccemu set cost_2m 500000

mkdir -p $STATUS
mount_fill
load
start=$(get unaccepted_bytes)
free=$(meminfo_bytes MemFree)
# What the processes leave is just above the promo watermarks, up to which the kernel accepts.
mib=$(((free - $(promo_bytes) - SPARE) / 8 >> 20))

nearly_full first
nothing_went_wrong first
holds "first: little was left ($(cost first left_kb) kB)" \
	"$(cost first left_kb)" -lt $(($(meminfo_bytes MemTotal) / 10 >> 10))
if [ "$unaccepted" != 0 ]; then
	holds "first: nearly all memory was accepted" "$(get unaccepted_bytes)" -lt $((2 * SPARE))
	agree "the counters agree"
	is_balanced "the causes and what is left add up to the amount at the start" "$start"
fi
end_all

[ "$unaccepted" = 0 ] ||
	holds "greedy: some memory is unaccepted before" "$(get unaccepted_bytes)" -gt 0
dmesg -c >/dev/null
echo global >$TRACE/trace_clock
echo 1 >$TRACE/events/oom/mark_victim/enable
echo 1 >$TRACE/events/unaccepted/accept_end/enable
too_much
holds "greedy: a process is killed" "$(cost greedy oom_kill)" -gt 0
holds "greedy: some processes live" "$(pidof hog | wc -w)" -gt 0
if [ "$unaccepted" != 0 ]; then
	is "greedy: all memory is accepted" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
	agree "the counters agree"
fi
[ "$unaccepted" = 0 ] || [ "$OWNER" = kernel ] ||
	is "greedy: no block is accepted after a process was chosen to be killed" "$(accepted_too_late)" 0
end_all
is "greedy: the kernel has no other complaint" "$(complaints)" ""
dmesg -c >/dev/null
lost=$((free - $(meminfo_bytes MemFree)))
holds "all memory is free again (difference $((lost >> 10)) kB)" $lost -lt $((16 << 20))

nearly_full again
nothing_went_wrong again
end_all

umount $FILL
unload
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
ktap_finished
