#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Are tasks that poll the state or the numbers woken by a change: soon, not too often, and always
# by the last change? Does nothing run if no task polls? After a read the module looks at the
# numbers for five seconds.
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"
[ -e "$HERE/waitfor" ] || skip_all "no program at $HERE/waitfor"

TRACE=/sys/kernel/tracing
WAITERS=50

# waits NAME FILE VALUE MS: start a waiting task in the background; its output goes to
# /tmp/wait-NAME
waits() {
	"$HERE/waitfor" "$SYS/$2" "$3" "$4" >"/tmp/wait-$1" &
	eval "waiter_$1=$!"
	# The task must be waiting before anything changes.
	wait_for "[ \"\$(cut -d ' ' -f 3 /proc/$!/stat)\" = S ]"
}

# answer NAME: wait for the task to end; sets $answer, and its two words $woken and $at
answer() {
	eval "wait \$waiter_$1"
	answer=$(cat "/tmp/wait-$1")
	woken=${answer% *}
	at=${answer#* }
}

# When the last block was accepted, in ms of the same clock.
last_block_ms() {
	tail -n 1 $DBG/recent | awk '{ printf "%.0f\n", $1 * 1000 + $8 / 1000000 }'
}

# How often the module looked at the numbers.
looks() {
	grep -c 'function watch_look' $TRACE/trace
}

# quiet: the module does not look at the numbers for a second
quiet() {
	echo >$TRACE/trace
	sleep 1
	[ "$(looks)" = 0 ]
}

begin 23

load
echo 1 >$TRACE/events/workqueue/workqueue_execute_start/enable

# No task polls: nothing runs from five seconds after the last read on.
get state >/dev/null
get unaccepted_bytes >/dev/null
wait_for quiet
onewrite $SYS/accept 4M >/dev/null
sleep 1
is "if no task waits, nothing runs" "$(looks)" 0

# Nothing changes, no task is woken.
waits a state complete 1000
waits b unaccepted_bytes 0 1000
answer a
of_a=$answer
answer b
is "if nothing changes, no task is woken" "$of_a $answer" "timeout 0 timeout 0"
holds "the module looked ten times a second ($(looks))" "$(looks)" -ge 8 -a "$(looks)" -le 14
waits a state complete 7000
answer a
is "a task that waits longer is woken once, so that it reads again" "$answer" "timeout 1"
wait_for quiet
is "nothing runs after these tasks have ended" "$(looks)" 0

# A change of less than a percent wakes a task once the numbers no longer change.
unaccepted=$(get unaccepted_bytes)
waits a unaccepted_bytes $((unaccepted - BLOCK)) 10000
onewrite $SYS/accept 4M >/dev/null
t0=$(last_block_ms)
answer a
holds "a change of a single block wakes the task ($woken times)" "$woken" -ge 1 -a "$woken" -le 2
holds "it is woken in time ($((at - t0)) ms)" $((at - t0)) -le 500

# Three seconds at a fixed rate: a task is woken for the state, another for each percent.
unaccepted=$(get unaccepted_bytes)
step=$((unaccepted / 30 / BLOCK * BLOCK))
waits a unaccepted_bytes $((unaccepted - 3 * step)) 20000
waits b state running 20000
echo $step >$SYS/acceptor/bytes_per_second
echo $((unaccepted - 3 * step)) >$SYS/acceptor/floor_bytes
t0=$(now_ms)
echo all >$SYS/acceptor/mode
answer b
holds "a change of the state wakes the task ($((at - t0)) ms)" $((at - t0)) -le 500
answer a
holds "a task that waits for 10 percent is woken for each percent ($woken times)" \
	"$woken" -ge 8 -a "$woken" -le 16
is "unaccepted_bytes has the value that it waited for" "$(get unaccepted_bytes)" $((unaccepted - 3 * step))
echo 0 >$SYS/acceptor/bytes_per_second
echo 0 >$SYS/acceptor/floor_bytes
echo off >$SYS/acceptor/mode

# Not more than ten times a second, however fast memory is accepted.
waits a state nonsense 3000
ccemu set cost_2m 2000000
onewrite $SYS/accept 60% >/dev/null
ccemu set cost_2m 0
answer a
holds "a task is woken ten times a second at most ($at times in 3 seconds)" "$at" -ge 3 -a "$at" -le 32

# Memory that the kernel accepts wakes tasks as well.
mount_fill
unaccepted=$(get unaccepted_bytes)
waits a unaccepted_bytes "!$unaccepted" 60000
free=$(($(meminfo_bytes MemFree) - unaccepted))
dd if=/dev/zero of=$FILL/fill bs=1M count=$(((free >> 20) + 64)) 2>/dev/null
answer a
holds "memory that allocations accept wakes the task (woken $woken times)" "$woken" -ge 1
umount $FILL

# The end, and many waiting tasks.
i=0
while [ $i -lt $WAITERS ]; do
	waits $i state complete 60000
	i=$((i + 1))
done
is "50 tasks wait" "$(pidof waitfor | wc -w)" $WAITERS
onewrite $SYS/accept all >/tmp/answer
wait
t0=$(last_block_ms)
is "all of them are woken at the end" "$(cat /tmp/wait-[0-9]* | grep -c '^[0-9]* [0-9]*$')" $WAITERS
soon=$(awk -v t0="$t0" 'NR == 1 || $2 - t0 < min { min = $2 - t0 } END { print min + 0 }' /tmp/wait-[0-9]*)
late=$(awk -v t0="$t0" '$2 - t0 > max { max = $2 - t0 } END { print max + 0 }' /tmp/wait-[0-9]*)
holds "the first is woken before the next look (the first after $soon)" "$soon" -le 30
holds "all are woken within 100 ms (the last after $late)" "$late" -le 100
is "the files have the final values" "$(get state) $(get unaccepted_bytes)" "complete 0"
sleep 1
echo >$TRACE/trace
waits a state idle 1000
answer a
is "with nothing unaccepted no task is woken" "$answer" "timeout 0"
is "with nothing unaccepted nothing runs, though a task waits" "$(looks)" 0

# Waiting tasks are woken when the module is unloaded.
waits a state idle 20000
waits b unaccepted_bytes 1 20000
unload
answer a
of_a=$answer
answer b
is "unloading wakes the tasks that wait" "$of_a $answer" "ENODEV ENODEV"

load
waits a state idle 20000
get state >/dev/null
unload
answer a
is "after loading again, unloading wakes a task too" "$answer" ENODEV
echo 0 >$TRACE/events/workqueue/workqueue_execute_start/enable
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
clean_log
ktap_finished
