#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ctl.sh [nodes|absent]: does unacceptedctl do what it prints? The tests that need no kernel are
# in unit/ctl_tool_test.py.
. "$(dirname "$0")/lib.sh"

CTL=$HERE/unacceptedctl
TRACE=/sys/kernel/tracing
[ -x "$CTL" ] || skip_all "no unacceptedctl beside the tests"

# run ARGUMENT...: runs the tool; sets $code, $out and $err
run() {
	out=$("$CTL" "$@" 2>/tmp/err </dev/null)
	code=$?
	err=$(cat /tmp/err)
}

# exits CODE ARGUMENT...
exits() {
	want=$1
	shift
	run "$@"
	is "$*: exit $want" "$code" "$want"
}

# exits_as_nobody CODE ARGUMENT...
exits_as_nobody() {
	want=$1
	shift
	out=$(su -s /bin/sh nobody -c "cd / && '$CTL' $*" 2>/tmp/err </dev/null)
	code=$?
	err=$(cat /tmp/err)
	is "not root, $*: exit $want" "$code" "$want"
}

# has DESCRIPTION TEXT PATTERN: TEXT has a line that matches
has() {
	if echo "$2" | grep -qE -- "$3"; then
		ktap_test_pass "$1"
	else
		ktap_print_msg "no '$3' in: $2"
		ktap_test_fail "$1"
	fi
}

# Everything that a command could change, and the emulator's counters.
everything() {
	cat $SYS/unaccepted_bytes $SYS/accepted_* $SYS/acceptor/params | tr '\n' ' '
	emu accept_calls
}

# accepts BYTES ARGUMENT...: the command accepts exactly that much, and prints it
accepts() {
	bytes=$1
	shift
	unaccepted=$(get unaccepted_bytes)
	exits 0 accept "$@"
	is "  unaccepted_bytes falls by $bytes" "$((unaccepted - $(get unaccepted_bytes)))" "$bytes"
	has "  and it says so" "$out" \
		"^accepted [^ ]+ \($bytes bytes\) in .*; left unaccepted: "
}

absent() {
	begin 14
	load
	exits 0 status
	has "status says why" "$out" "^state        absent: no table: the firmware passed none$"
	exits 4 accept 1G
	has "accept says why" "$err" "nothing can be accepted here: no table: "
	exits 4 accept all --background
	exits 4 acceptor ahead
	exits 0 acceptor
	exits 4 wait
	exits 4 wait --timeout 5 --json
	has "wait says so to programs" "$out" '"reached": false'
	exits 0 doctor
	has "doctor says that there is nothing to do" "$out" "acceptance is not the cause$"
	exits 0 report -o /tmp/report
	unload
	clean_log
	ktap_finished
	exit
}

nodes() {
	begin 17
	load
	for node in 1 0; do
		there=$(get node$node/unaccepted_bytes)
		accepts 67108864 64M --node $node
		is "  on this node" "$((there - $(get node$node/unaccepted_bytes)))" 67108864
	done
	zone=Normal
	accepts "$(get node1/$zone/unaccepted_bytes)" all --node 1 --zone $zone
	is "nothing of the zone is left" "$(get node1/$zone/unaccepted_bytes)" 0
	exits 2 accept all --node 1 --zone DMA32
	exits 2 accept all --node 2
	run status
	is "status: nothing of the zone is left" \
		"$(echo "$out" | awk '$1 == 1 && $2 == "Normal" { print $3, $NF, $(NF - 1) }')" "0 % 100"
	unload
	is "no page was accepted twice" "$(emu already_accepted)" 0
	clean_log
	ktap_finished
	exit
}

[ "${1-}" != absent ] || absent
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"
[ "${1-}" != nodes ] || nodes
grep -q ^nobody: /etc/passwd || echo 'nobody:x:65534:65534::/:/bin/sh' >>/etc/passwd

begin 106

# Without the module.
for command in status watch "accept 1G" acceptor "acceptor all" map wait; do
	# shellcheck disable=SC2086  # words
	exits 3 $command
done
exits 1 doctor
has "doctor says what to do" "$out" "modprobe unaccepted"
has "doctor sees the guest" "$out" "^ok    guest: this is a $(platform) guest$"
has "doctor sees the table" "$out" "^ok    table: "

# A task that waits is told when the module is unloaded.
load
"$CTL" wait 2>/dev/null &
pid=$!
wait_for 'grep -q poll "/proc/$pid/wchan"'
unload
wait $pid
is "wait, unloaded: exit 3" $? 3

load
exits 0 status
has "status: state" "$out" "^state        idle: memory is unaccepted and nothing asks for it$"
has "status: binding" "$out" "^binding      $BINDING; the $OWNER decides"
has "status: the bytes" "$out" "^unaccepted .*\($(get unaccepted_bytes) bytes\)$"
is "status: as many zones as the module shows" \
	"$(echo "$out" | grep -cE '^ *[0-9]+ [A-Z]')" "$(grep -c '^[0-9]' $DBG/zones)"
holds "status fits on a screen" "$(echo "$out" | wc -l)" -le 24
is "nor is it too wide" "$(echo "$out" | grep -cE '.{81}')" 0
exits 0 status --json
has "status --json: the bytes" "$out" "^  \"unaccepted_bytes\": $(get unaccepted_bytes),$"
exits 0 doctor
has "doctor advises the acceptor" "$out" "unacceptedctl acceptor ahead"
has "doctor asks the audit" "$out" "^ok    audit: "

# A wrong command has no effect.
before=$(everything)
exits 2 accept
exits 2 accept 1.5G
exits 2 accept 0
exits 2 accept 101%
exits 2 accept 1G --node 7
exits 2 accept 1G --zone Normal
exits 2 accept --range 5G-4G
exits 2 acceptor on
exits 2 acceptor all --cpu 500
exits 2 wait --until nonsense
exits 2 map --node 7
exits 1 accept --range 0x1000000000000000+4M
has "what the module refused, and why" "$err" "the module says: .* accept_range "

# Users other than root may read what the file modes allow, and wait.
exits_as_nobody 0 status
has "status says what cannot be read" "$out" "^stalls .*not readable here"
exits_as_nobody 0 acceptor
exits_as_nobody 0 doctor
exits_as_nobody 124 wait --timeout 0.2
exits_as_nobody 5 accept 4M
has "accept says what to do" "$err" "try as root$"
exits_as_nobody 5 accept 4M --background
exits_as_nobody 5 acceptor all
exits_as_nobody 5 map
is "none of these commands changed anything" "$(everything)" "$before"

# By amount and by place.
accepts 67108864 64M
accepts 4194304 1
address=$(awk '/^0x/ { at = index($2, "."); if (at) { print $1, at - 1; exit } }' $DBG/map)
chunk=$(get map_chunk_bytes)
start=$((${address% *} + ${address#* } * chunk))
accepts 8388608 --range "$((start + 4096))+4M"
accepts 0 --range "$start-$((start + 8388608))"
is "accept_range shows the same range" "$(get accept_range)" \
	"$(printf '0x%x-0x%x asked 0x%x-0x%x rounded 0 accepted' $start $((start + 8388608)) $start $((start + 8388608)))"

# Ctrl-C ends the write, and the tool prints to the byte what was accepted.
ccemu set cost_2m 5000000
user=$(get accepted_user_bytes)
"$CTL" accept all >/tmp/out 2>&1 &
pid=$!
wait_for '[ "$(get accepted_user_bytes)" -ge $((user + 5 * BLOCK)) ]'
kill -INT $pid
wait $pid
is "accept, Ctrl-C: exit 130" $? 130
done=$(($(get accepted_user_bytes) - user))
is "nothing is accepted after the tool has ended" "$(sleep 0.3; echo $(($(get accepted_user_bytes) - user)))" $done
has "the tool prints what was accepted" "$(cat /tmp/out)" "^interrupted: accepted .* \($done bytes\) in "
is "no process is left" "$(pidof unacceptedctl)" ""

# Stopped and continued, as by Ctrl-Z and fg, which interrupts the write: the rest follows.
ccemu set cost_2m 40000000
user=$(get accepted_user_bytes)
"$CTL" accept 512M >/tmp/out 2>&1 &
pid=$!
wait_for '[ "$(get accepted_user_bytes)" -ge $((user + 5 * BLOCK)) ]'
both=$(pidof unacceptedctl)
# shellcheck disable=SC2086  # two numbers
kill -STOP $both
for one in $both; do
	wait_for "grep -q '^State:.T' /proc/$one/status"
done
holds "accept, stopped: not all is accepted" $(($(get accepted_user_bytes) - user)) -lt $((512 << 20))
# shellcheck disable=SC2086
kill -CONT $both
wait $pid
is "continued: exit 0" $? 0
is "that much is accepted, and no more" $(($(get accepted_user_bytes) - user)) $((512 << 20))
has "the tool says so" "$(cat /tmp/out)" "^accepted 512M \($((512 << 20)) bytes\) in "
ccemu set cost_2m 5000000

# If the tool is killed, its child that writes must not go on.
"$CTL" accept all >/dev/null 2>&1 &
pid=$!
user=$(get accepted_user_bytes)
wait_for '[ "$(get accepted_user_bytes)" -ge $((user + 5 * BLOCK)) ]'
kill -KILL $pid
wait $pid 2>/dev/null
wait_for '[ -z "$(pidof unacceptedctl)" ]'
is "accept, killed: its writer ends" "$(pidof unacceptedctl)" ""
holds "then memory is still unaccepted" "$(get unaccepted_bytes)" -gt 0
ccemu set cost_2m 0

# The acceptor: several settings at once.
exits 0 acceptor ahead --headroom 32M --cpu 50 --threads 2
is "the module has the new settings" "$(get acceptor/params)" \
	"mode=ahead bytes_per_second=0 cpu_percent=50 headroom_bytes=$((32 << 20)) floor_bytes=0 threads_per_node=2"
has "the tool shows the new settings" "$out" "^limits       headroom 32M, floor 0, bandwidth any, cpu 50 %, threads 2 per node$"
exits 0 acceptor off --headroom 64M --cpu 400 --threads 1
unaccepted=$(get unaccepted_bytes)
exits 0 accept 80M --background
wait_for '[ "$(get acceptor/state)" = "throttled(floor_bytes)" ]'
is "accept --background: that much" $((unaccepted - $(get unaccepted_bytes))) $((80 << 20))
exits 0 acceptor off --floor 0

# watch, without a terminal.
exits 0 watch -n 0.2 -c 3
is "watch: three lines" "$(echo "$out" | grep -cE '^[0-9:]{8} idle unaccepted [0-9.]+[MG] rate ')" 3

# The map.
exits 0 map
has "map: a node" "$out" "^node 0  0x"
exits 2 map --png /tmp/map.png
is "map: an unknown option writes nothing" "$(ls /tmp/map.png 2>/dev/null)" ""
exits 0 map --svg /tmp/map.svg
is "map: an SVG" "$(head -c 4 /tmp/map.svg)$(tail -n 1 /tmp/map.svg)" "<svg</svg>"

# report: contains all files that can be read.
exits 0 report -o /tmp/report
is "report has every file" "$(find $SYS $DBG -type f -perm -400 | while read -r file; do
	grep -qx "==== $file" /tmp/report || echo "$file"
done)" ""

# wait for an amount, and for a time.
"$CTL" wait --until "bytes<=$(($(get unaccepted_bytes) - 100 * BLOCK))" &
pid=$!
exits 124 wait --timeout 0.5
holds "a waiter for an amount waits" -d /proc/$pid
onewrite $SYS/accept 100M >/dev/null
sleep 2
holds "it waits on while the amount is not reached" -d /proc/$pid
onewrite $SYS/accept 300M >/dev/null
t0=$(now_ms)
wait $pid
is "it exits when the amount is reached" $? 0
holds "it exits within a second of that (here: $(($(now_ms) - t0)) ms)" $(($(now_ms) - t0)) -le 1500

# 50 processes wait until all is accepted: they sleep until then, and are woken at once.
pids=
i=0
while [ $i -lt 50 ]; do
	"$CTL" wait --timeout $((60 * SLOWER)) &
	pids="$pids $!"
	i=$((i + 1))
done
# Each by one process, because a kernel with checkers needs much time to start one.
status=$(for pid in $pids; do echo "/proc/$pid/status"; done)
wchan=$(for pid in $pids; do echo "/proc/$pid/wchan"; done)
switches() {
	# shellcheck disable=SC2086  # a list
	awk '$1 == "voluntary_ctxt_switches:" { sum += $2 } END { print sum }' $status
}
polling() {
	# shellcheck disable=SC2086  # a list
	grep -l poll $wchan | wc -l
}
wait_for '[ "$(polling)" = 50 ]'
# Their system calls, counted without strace, which this guest does not have.
[ -e $TRACE/trace_clock ] || mount -t tracefs none $TRACE
echo 'comm == "unacceptedctl"' >$TRACE/events/raw_syscalls/sys_enter/filter
echo 1 >$TRACE/events/raw_syscalls/sys_enter/enable
# The module wakes pollers after five seconds without a change: begin just after that.
before=$(switches)
wait_for '[ "$(switches)" != "$before" ] && [ "$(polling)" = 50 ]'
echo >$TRACE/trace
before=$(switches)
sleep 3
is "50 waiters sleep: switches in 3 s" $(($(switches) - before)) 0
is "they make no system call" "$(grep -c ' NR ' $TRACE/trace)" 0
began=$(now_ms)
onewrite $SYS/accept all >/dev/null
t0=$(now_ms)
bad=0
for pid in $pids; do
	wait "$pid" || bad=$((bad + 1))
done
t1=$(now_ms)
echo 0 >$TRACE/events/raw_syscalls/sys_enter/enable
is "all of them exit with success" $bad 0
# A waiting process is woken ten times a second at most, and at the end. Each time it reads the
# state, and sleeps again or exits.
most=$((2 * ((t1 - began) / 100 + 2)))
is "none makes more system calls than its wake-ups need ($most)" \
	"$(awk -v most=$most '/ NR / { n[$1]++ } END { for (i in n) { all++; bad += n[i] > most }; print all, bad + 0 }' \
		$TRACE/trace)" "50 0"
holds "all have ended within 100 ms (here: $((t1 - t0)))" $((t1 - t0)) -le 100
exits 0 wait
exits 0 status
has "status: complete" "$out" "^state        complete: nothing left to accept$"
exits 0 doctor

unload
exits 3 wait
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
