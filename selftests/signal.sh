#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does a signal stop a write to accept at the next block, and are the counters right then?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

begin 24

# Slow enough to be interrupted: 20 ms for a block.
ccemu set cost_2m 10000000

load
start=$(get unaccepted_bytes)
for signal in INT TERM KILL; do
	user=$(get accepted_user_bytes)
	"$HERE/onewrite" $SYS/accept all >/tmp/answer &
	pid=$!
	wait_for '[ "$(get accepted_user_bytes)" -gt "$user" ]'
	is "at work: state" "$(get state)" running
	is "at work: reason" "$(get reason)" "a write to accept is at work"
	kill -$signal $pid
	seen=$(get accepted_user_bytes)
	wait $pid
	holds "SIG$signal ends it within a block" \
		"$(($(get accepted_user_bytes) - seen))" -le $BLOCK
	[ $signal = KILL ] || is "the writer is told EINTR" "$(cat /tmp/answer)" EINTR
	holds "memory is still unaccepted then" "$(get unaccepted_bytes)" -gt 0
	agree "the counters agree"
	is_balanced "the causes and what is left add up to the amount at the start" "$start"
done

ccemu set cost_2m 0
is "idle again" "$(get state)" idle
is "another write accepts the rest" "$(onewrite $SYS/accept all)" ok
is "nothing is left unaccepted" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
unload
clean_log
ktap_finished
