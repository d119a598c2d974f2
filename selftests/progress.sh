#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does accept_progress show how far the writers of accept are, and accept_error the last error?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

MIB=$((1 << 20))

# done_bytes, asked_bytes: of one reading
progress() {
	now=$(get accept_progress)
	done_bytes=${now% *}
	asked_bytes=${now#* }
}

# slowly FILE AMOUNT NUMBER: in the background, at 20 ms per block; $! is the writer
slowly() {
	"$HERE/onewrite" "$SYS/$1" "$2" >"/tmp/answer$3" &
}

# Wait until a part of it is done.
under_way() {
	wait_for 'progress; [ "$done_bytes" -gt 0 ]'
}

begin 22

load
is "before the first" "$(get accept_progress)" "0 0"
is "no error yet" "$(get accept_error)" none
is "nor of the acceptor" "$(get acceptor/error)" none

ccemu set cost_2m 10000000
user=$(get accepted_user_bytes)
slowly accept 128M 1
writer=$!
under_way
is "asked for" "$asked_bytes" $((128 * MIB))
holds "part of it is done, in blocks" "$done_bytes" -lt "$asked_bytes" -a $((done_bytes % BLOCK)) = 0
is "state" "$(get state)" running
holds "what is done is counted" "$(get accepted_user_bytes)" -ge $((user + done_bytes))
first=$done_bytes
wait_for 'progress; [ "$done_bytes" -gt "$first" ]'
holds "it goes on" "$done_bytes" -gt "$first"
wait $writer
is "at the end" "$(cat /tmp/answer1) $(get accept_progress)" "ok $((128 * MIB)) $((128 * MIB))"

# Several writers at once: the file shows their sum. The first is done before the second.
slowly accept 64M 1
first=$!
slowly node0/accept 256M 2
second=$!
wait_for 'progress; [ "$asked_bytes" = $((320 * MIB)) ]'
is "two at once" "$asked_bytes" $((320 * MIB))
wait $first
progress
is "one of them has ended: still the sum" "$(cat /tmp/answer1) $asked_bytes" "ok $((320 * MIB))"
holds "and the other is at work" "$done_bytes" -ge $((64 * MIB)) -a "$done_bytes" -lt "$asked_bytes"
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
is "a signal ends it" "$(cat /tmp/answer1)" EINTR
holds "it stays where it was" "$done_bytes" -gt 0 -a "$done_bytes" -lt "$asked_bytes"
is "that is an error" "$(get accept_error | cut -d ' ' -f 2-)" "-4 accept a signal came"
at=$(get accept_error | awk '{ printf "%.0f", $1 * 1000 }')
# /proc/uptime has a resolution of 10 ms.
holds "of that moment" "$at" -ge $((t0 - 20)) -a "$at" -le $((t1 + 20))
is "it is no error of the acceptor" "$(get acceptor/error)" none

ccemu set cost_2m 0
onewrite $SYS/accept 101% >/dev/null
is "what is refused leaves the progress alone, and is the last error" \
	"$(get accept_progress) $(get accept_error | cut -d ' ' -f 2-)" \
	"$done_bytes $asked_bytes -34 accept more than 100 %, or 2^64 bytes and more"
unaccepted=$(get unaccepted_bytes)
onewrite $SYS/accept 1T >/dev/null
is "more than there is: what there is" "$(get accept_progress)" "$unaccepted $unaccepted"
is "nothing left: nothing asked for" "$(onewrite $SYS/accept all) $(get accept_progress)" "ok 0 0"
unload
clean_log
ktap_finished
