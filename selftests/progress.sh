#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does accept_progress show the progress of writes to accept, and accept_error the last error?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

MIB=$((1 << 20))

# Sets $done_bytes and $asked_bytes from one reading.
progress() {
	now=$(get accept_progress)
	done_bytes=${now% *}
	asked_bytes=${now#* }
}

# slowly FILE AMOUNT NUMBER: write in the background; $! is the writer. A block takes 20 ms.
slowly() {
	"$HERE/onewrite" "$SYS/$1" "$2" >"/tmp/answer$3" &
}

# Wait until a part of it is done.
under_way() {
	wait_for 'progress; [ "$done_bytes" -gt 0 ]'
}

begin 22

load
is "the progress is 0 before the first write" "$(get accept_progress)" "0 0"
is "no error yet" "$(get accept_error)" none
is "no error of the acceptor yet" "$(get acceptor/error)" none

ccemu set cost_2m 10000000
user=$(get accepted_user_bytes)
slowly accept 128M 1
writer=$!
under_way
is "the amount of the write is shown" "$asked_bytes" $((128 * MIB))
holds "a part is accepted, in whole blocks" "$done_bytes" -lt "$asked_bytes" -a $((done_bytes % BLOCK)) = 0
is "state" "$(get state)" running
holds "that part is counted in accepted_user_bytes" "$(get accepted_user_bytes)" -ge $((user + done_bytes))
first=$done_bytes
wait_for 'progress; [ "$done_bytes" -gt "$first" ]'
holds "the progress rises" "$done_bytes" -gt "$first"
wait $writer
is "at the end all is accepted" "$(cat /tmp/answer1) $(get accept_progress)" "ok $((128 * MIB)) $((128 * MIB))"

# Several writers at once: the file shows their sum. The first is done before the second.
slowly accept 64M 1
first=$!
slowly node0/accept 256M 2
second=$!
wait_for 'progress; [ "$asked_bytes" = $((320 * MIB)) ]'
is "two writes at once: the sum of their amounts is shown" "$asked_bytes" $((320 * MIB))
wait $first
progress
is "one of them has ended: still the sum" "$(cat /tmp/answer1) $asked_bytes" "ok $((320 * MIB))"
holds "the other write goes on" "$done_bytes" -ge $((64 * MIB)) -a "$done_bytes" -lt "$asked_bytes"
wait $second
is "both have ended" "$(cat /tmp/answer2) $(get accept_progress)" "ok $((320 * MIB)) $((320 * MIB))"

slowly accept 512M 1
writer=$!
under_way
t0=$(now_ms)
kill -INT $writer
wait $writer
t1=$(now_ms)
progress
is "a signal ends a write" "$(cat /tmp/answer1)" EINTR
holds "the progress stays where it was" "$done_bytes" -gt 0 -a "$done_bytes" -lt "$asked_bytes"
is "accept_error shows the signal" "$(get accept_error | cut -d ' ' -f 2-)" "-4 accept interrupted by a signal"
at=$(get accept_error | awk '{ printf "%.0f", $1 * 1000 }')
# /proc/uptime has a resolution of 10 ms.
holds "the error has the time of the signal" "$at" -ge $((t0 - 20)) -a "$at" -le $((t1 + 20))
is "the acceptor has no error" "$(get acceptor/error)" none

ccemu set cost_2m 0
onewrite $SYS/accept 101% >/dev/null
is "a refused write does not change the progress, and is the last error" \
	"$(get accept_progress) $(get accept_error | cut -d ' ' -f 2-)" \
	"$done_bytes $asked_bytes -34 accept more than 100 %, or 2^64 bytes or more"
unaccepted=$(get unaccepted_bytes)
onewrite $SYS/accept 1T >/dev/null
is "a write of more than is unaccepted: the amount is what is unaccepted" "$(get accept_progress)" "$unaccepted $unaccepted"
is "a write with nothing unaccepted: the amount is 0" "$(onewrite $SYS/accept all) $(get accept_progress)" "ok 0 0"
unload
clean_log
ktap_finished
