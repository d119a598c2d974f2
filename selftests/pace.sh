#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the background acceptor keep its pace over any period of time, whatever happens to the
# machine meanwhile, and does it leave the CPU to other tasks?
. "$(dirname "$0")/lib.sh"
. "$HERE/work.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"
[ -e /sys/devices/system/cpu/cpu1/online ] || skip_all "needs two CPUs"
[ -e /sys/kernel/tracing/trace_clock ] || mount -t tracefs none /sys/kernel/tracing

# 10 blocks a second. So 10 at most in this period, which is shorter than a second because of the
# time between reading the clock and the event.
RATE=$((10 * BLOCK))
STRETCH=0.97

background() {
	get accepted_background_bytes
}

# blocks N: wait until N more were accepted
stood_still=0
blocks() {
	before=$(background)
	wait_for "[ \"\$(background)\" -ge $((before + $1 * BLOCK)) ]" || stood_still=1
}

# Prints the times at which blocks were begun, in seconds, a line each.
begun() {
	sed -n 's/.* \([0-9.]*\): accept_begin: .*cause=background.*/\1/p' $TRACE/trace
}

# Prints the largest number of blocks that were begun in any period of $STRETCH seconds.
most() {
	begun | awk -v stretch=$STRETCH '
		{ at[NR] = $1; while (at[NR] - at[first + 1] >= stretch) first++ }
		NR - first > most { most = NR - first }
		END { print most + 0 }'
}

longest_gap() {
	begun | awk 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 } END { print int(gap) }'
}

# too_early PERCENT: how often a thread with this share of a CPU began a block too early after the
# last
too_early() {
	awk -v percent="$1" '
		/cause=background/ {
			at = $0; sub(/: accept_.*/, "", at); sub(/.* /, "", at)
		}
		/accept_end: .*cause=background/ {
			ns = $0; sub(/.* ns=/, "", ns)
			rest = ns / 1e9 * (100 - percent) / percent; end = at
		}
		/accept_begin: .*cause=background/ && end && at - end < rest - 0.001 { early++ }
		END { print early + 0 }' $TRACE/trace
}

fresh_trace() {
	echo >$TRACE/trace
	first=$(background)
}

params() {
	echo "$*" >$SYS/acceptor/params || ktap_exit_fail_msg "refused: $*"
}

# Suspends the machine for some seconds; pm_test stops after all tasks are frozen.
sleeps=0
[ ! -e /sys/power/pm_test ] || sleeps=1
machine_sleeps() {
	echo freezer >/sys/power/pm_test
	echo freeze >/sys/power/state
	echo none >/sys/power/pm_test
}

begin $((12 + 2 * sleeps))

load
start=$(get unaccepted_bytes)
echo mono >$TRACE/trace_clock
echo 1 >$TRACE/events/unaccepted/accept_begin/enable
echo 1 >$TRACE/events/unaccepted/accept_end/enable
echo 1 >$TRACE/tracing_on

# The bandwidth, while the clock is set, a CPU goes offline and the machine sleeps.
fresh_trace
params "mode=all threads_per_node=2 bytes_per_second=$RATE"
blocks 15
today=$(date +%s)
date -s "@$((today + 86400))" >/dev/null
blocks 12
date -s "@$((today - 86400))" >/dev/null
blocks 12
date -s "@$today" >/dev/null
holds "while the clock is set a day ahead and back, at most 10 blocks begin in $STRETCH s (here: $(most))" \
	"$(most)" -le 10
echo 0 >/sys/devices/system/cpu/cpu1/online
blocks 12
echo 1 >/sys/devices/system/cpu/cpu1/online
blocks 12
holds "while a CPU goes offline and online, at most 10 begin (here: $(most))" "$(most)" -le 10
if [ $sleeps = 1 ]; then
	machine_sleeps
	blocks 15
	holds "while suspended nothing was accepted for $(longest_gap) s" "$(longest_gap)" -ge 4
	holds "after that at most 10 begin (here: $(most))" "$(most)" -le 10
fi
is "the acceptor never stopped accepting" "$stood_still" 0
params "mode=off"
is "the trace has an event for each block" "$(begun | wc -l)" $((($(background) - first) / BLOCK))

# The share of a CPU: after each block a rest in proportion.
ccemu set cost_2m 5000000
fresh_trace
params "mode=all threads_per_node=1 bytes_per_second=0 cpu_percent=25"
blocks 30
params "mode=off"
is "at 25 % of a CPU, each block is followed by a rest three times as long" "$(too_early 25)" 0
holds "that was seen for $(begun | wc -l) blocks" "$(begun | wc -l)" -ge 30

# Twice as many busy tasks as CPUs: the acceptor must hardly slow them down.
i=0
hogs=
while [ $i -lt $((2 * $(nproc))) ]; do
	(while :; do :; done) &
	hogs="$hogs $!"
	i=$((i + 1))
done
params "mode=all cpu_percent=400"
cpu=$(get acceptor/cpu_ns)
t0=$(now_ms)
wait_for '[ $(($(now_ms) - t0)) -ge 8000 ]'
cpu=$((($(get acceptor/cpu_ns) - cpu) / 1000000))
t0=$(($(now_ms) - t0))
holds "while other tasks use all CPUs, the acceptor uses a fifth of one at most ($cpu of $t0 ms)" "$cpu" -le $((t0 / 5))
# shellcheck disable=SC2086  # a list
kill $hogs
wait
stood_still=0
blocks 4
is "the acceptor goes on when they have ended" "$stood_still" 0

params "mode=off"
is_balanced "the causes and what is left add up to the amount at the start" "$start"
onewrite $SYS/accept all >/dev/null
is "everything can be accepted" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
