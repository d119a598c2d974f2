#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the background acceptor start, keep its pace, stop, and finish?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

begin 41

# The mode and the headroom as parameters of the module.
load mode=ahead headroom=96M
is "mode and headroom can be set when the module is loaded" "$(get acceptor/params | cut -d ' ' -f 1,4)" \
	"mode=ahead headroom_bytes=$((96 << 20))"
holds "mode=ahead at load starts the threads" "$(get acceptor/pids | wc -w)" -ge 1
unload
for wrong in mode=nonsense headroom=much; do
	insmod "$KO" $wrong 2>/dev/null
	is "$wrong is refused" "$(ls -d $SYS 2>/dev/null)" ""
	holds "the log has the cause" "$(dmesg | grep -cE "unaccepted: $wrong is (neither off, ahead, idle nor all|not an amount of memory)")" -ge 1
done
load mode=off
is "mode=off starts no thread" "$(get acceptor/pids)" ""
unload

load
start=$(get unaccepted_bytes)
echo 32M >$SYS/acceptor/bytes_per_second
is "the limit reads back" "$(get acceptor/bytes_per_second)" $((32 << 20))

t0=$(now_ms)
is "mode all can be set" "$(onewrite $SYS/acceptor/mode all)" ok
is "the mode reads back" "$(get acceptor/mode)" all
is "state" "$(get state)" running
wait_for '[ "$(get acceptor/state)" = "throttled(bytes_per_second)" ]'
wait_for '[ "$(get reason)" = "the acceptor is throttled(bytes_per_second)" ]'
is "reason" "$?" 0
holds "the file hits counts the limit" "$(hits bytes_per_second)" -ge 1
pid=$(get acceptor/pids)
is "there is one thread, with the number of its node in its name" "$(cat "/proc/$pid/comm")" kacceptd0
is "the thread has the lowest priority" "$(awk '{ print $19 }' "/proc/$pid/stat")" 19

# However long the readings take, at most the rate plus one block is accepted, and at
# least something.
wait_for '[ "$(get accepted_background_bytes)" -ge $((8 * BLOCK)) ]'
done_bytes=$(get accepted_background_bytes)
t1=$(now_ms)
holds "no more is accepted than the limit allows" "$done_bytes" -le $(((t1 - t0 + 10) * (32 << 20) / 1000 + BLOCK))
is "only whole blocks are accepted" $((done_bytes % BLOCK)) 0

# Under a limit that would take days, writers and "rmmod" must not wait for days.
echo 1 >$SYS/acceptor/bytes_per_second
is "stopping does not wait for the pace" "$(onewrite $SYS/acceptor/mode off)" ok
is "mode off leaves no thread" "$(get acceptor/pids)" ""
is "the process of the thread is gone" "$(ls -d "/proc/$pid" 2>/dev/null)" ""
is "state" "$(get state)" idle
rested=$(get unaccepted_bytes)
agree "the counters agree"
is_balanced "the causes and what is left add up to the amount at the start" "$start"

# Many writers at a time: whichever is the last, the threads are those of the mode.
i=0
while [ $i -lt 12 ]; do
	echo "mode=all bytes_per_second=1" >$SYS/acceptor/params &
	echo off >$SYS/acceptor/mode &
	i=$((i + 1))
done
# shellcheck disable=SC2046  # a list; "wait" alone would wait for other jobs, too
wait $(jobs -p)
case $(get acceptor/mode) in
all) wanted=1 ;;
*) wanted=0 ;;
esac
is "after 24 writers at a time the threads are those of the mode ($(get acceptor/mode))" \
	"$(get acceptor/pids | wc -w) $(pidof kacceptd0 | wc -w)" "$wanted $wanted"
echo off >$SYS/acceptor/mode
rested=$(get unaccepted_bytes)

# A limit that is written starts a new schedule.
echo 1 >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
wait_for '[ "$(get unaccepted_bytes)" -lt "$rested" ]'
is "the first block goes at once, the second after 48 days" \
	"$((rested - $(get unaccepted_bytes)))" $BLOCK
is "unloading does not wait either" "$(rmmod unaccepted 2>&1)" ""
is "after unloading the thread is gone" "$(pidof kacceptd0)" ""

load
echo 1 >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
wait_for '[ "$(get accepted_background_bytes)" -ge $BLOCK ]'
is "a write to accept works while the acceptor waits" "$(onewrite $SYS/accept 16M)" ok
is "the two are counted for different causes" \
	"$(get accepted_user_bytes) $(get accepted_background_bytes)" "$((16 << 20)) $BLOCK"

# A thread that sleeps under the old limit follows the new one at once.
echo 0 >$SYS/acceptor/bytes_per_second
wait_for '[ "$(get state)" = complete ]'
is "without a limit it finishes" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
is "reason" "$(get reason)" "nothing left to accept"

# With nothing unaccepted the thread is not woken.
pid=$(get acceptor/pids)
is "the state of its thread" "$(get acceptor/state)" complete
holds "the thread used CPU time" "$(get acceptor/cpu_ns)" -gt 0
switches() {
	awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$pid/status"
}
wait_for '[ "$(cut -d " " -f 3 "/proc/$pid/stat")" = S ]'
seen=$(switches)
sleep 2
is "with nothing unaccepted the thread sleeps" "$(switches)" "$seen"
is "mode off can be set" "$(onewrite $SYS/acceptor/mode off)" ok
is "mode all can be set with nothing unaccepted" "$(onewrite $SYS/acceptor/mode all)" ok
is "it starts no thread then" "$(get acceptor/pids)" ""
is "the state stays complete" "$(get state)" complete
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
