#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A platform that refuses a zone's blocks for good: does the acceptor stop asking, say so, and begin
# again when the platform accepts, or when a knob is written?
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

ALL=4000000000

[ "$BINDING" = hooks ] || skip_all "this kernel has no hooks"
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

# stopped: waits until the acceptor has stopped; the tries take 51 s. Prints its state.
stopped() {
	for tries in 1 2 3 4 5 6 7 8 9 10 11 12; do
		[ "$(get acceptor/state)" != 'stopped(refused)' ] || break
		sleep 10
	done
	get acceptor/state
}

# stops DESCRIPTION: everything is refused until the acceptor stops
stops() {
	mark
	ccemu set refuse_next $ALL
	echo all >$SYS/acceptor/mode
	is "$1" "$(stopped) $(added accept_failures)" "stopped(refused) 10"
	wait_for '[ "$(get refused_bytes)" = 0 ]'
	ccemu set refuse_next 0
}

# recent LINE FIELD: of the last two lines of the file recent
recent() {
	tail -n 2 $DBG/recent | awk -v line="$1" -v field="$2" 'NR == line { print $field }'
}

begin 22

load
# Only one zone is left.
onewrite $SYS/node0/DMA32/accept all >/dev/null

# Refused blocks are at the end of the list later: they must not keep the others from being accepted.
mark
ccemu set refuse_next 2
echo "mode=all bytes_per_second=0 floor_bytes=$(($(get unaccepted_bytes) - BLOCK))" >$SYS/acceptor/params
is "one block is accepted" "$(state_is 'throttled(floor_bytes)')" 'throttled(floor_bytes)'
is "after one that was refused" "$(recent 1 9) $(recent 2 9)" "-5 0"
holds "it is from the front of the list" "$(recent 2 7)" -lt "$(recent 1 7)"
echo "mode=off floor_bytes=0" >$SYS/acceptor/params

# For good.
unaccepted=$(get unaccepted_bytes)
mark
ccemu set refuse_next $ALL
echo all >$SYS/acceptor/mode
is "the acceptor stops" "$(stopped)" "stopped(refused)"
is "after ten refusals" "$(added accept_failures)" 10
is "nothing was accepted" "$(get unaccepted_bytes)" "$unaccepted"
is "state" "$(get state)" error
is "reason" "$(get reason)" "the acceptor has stopped: the platform refused 10 blocks in a row"
is "the log says so" \
	"$(dmesg | grep -c 'unaccepted: kacceptd0: gave up zone Normal: the platform refused 10 blocks in a row')" 1
sleep 100
is "it does not ask again" "$(added accept_failures)" 10

# A block that is accepted for another reason shows that the platform accepts.
wait_for '[ "$(get refused_bytes)" = 0 ]'
ccemu set refuse_next 0
echo 40M >$SYS/acceptor/bytes_per_second
echo off >$SYS/acceptor/mode
stops "it stops again"
is "a block is accepted on request" "$(onewrite $SYS/accept 4M)" ok
wait_for '[ "$(added accepted_background_bytes)" -ge $((4 * BLOCK)) ]'
holds "then the acceptor begins again" "$(added accepted_background_bytes)" -ge $((4 * BLOCK))
is "state" "$(get state)" running
echo off >$SYS/acceptor/mode

# If knobs are written, too.
stops "it stops a third time"
echo 20M >$SYS/acceptor/bytes_per_second
wait_for '[ "$(added accepted_background_bytes)" -ge $((4 * BLOCK)) ]'
holds "a written knob makes it begin again" "$(added accepted_background_bytes)" -ge $((4 * BLOCK))
echo off >$SYS/acceptor/mode

agree "the counters agree"
is "everything can be accepted" "$(onewrite $SYS/accept all) $(get unaccepted_bytes)" "ok 0"
unload
is "nothing is left" "$(emu pages_pending)" 0
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
