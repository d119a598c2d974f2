#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does each limit of the background acceptor hold exactly, and does the acceptor wait while other
# tasks need the CPU?
. "$(dirname "$0")/lib.sh"
. "$HERE/work.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

params() {
	echo "$*" >$SYS/acceptor/params || ktap_exit_fail_msg "refused: $*"
}

background() {
	get accepted_background_bytes
}

# As wait_for, but it checks so rarely that the acceptor does not see a busy CPU.
wait_idly() {
	tries=0
	until eval "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 20 ] || { ktap_print_msg "gave up: $1"; return 1; }
		sleep 5
	done
}

begin 34

load
start=$(get unaccepted_bytes)

# The floor, for the whole machine, exact to a block.
floor=$((start - 40 * BLOCK))
params "mode=all floor_bytes=$floor"
is "the floor stops the acceptor" "$(state_is 'throttled(floor_bytes)')" "throttled(floor_bytes)"
is "the floor stays unaccepted" "$(get unaccepted_bytes)" $floor
holds "the file hits counts that limit" "$(hits floor_bytes)" -ge 1
is "writes to accept are not bound by the floor" "$(onewrite $SYS/accept 8M) $(get unaccepted_bytes)" \
	"ok $((floor - 2 * BLOCK))"
is "a floor between blocks is not crossed" \
	"$(params "floor_bytes=$((floor - 6 * BLOCK + 1))"; state_is 'throttled(floor_bytes)') $(get unaccepted_bytes)" \
	"throttled(floor_bytes) $((floor - 5 * BLOCK))"
# Nor one above which there can be no block.
before=$(get unaccepted_bytes)
params "mode=off floor_bytes=18446744073709551615"
params "mode=all"
is "the highest floor is kept, too" \
	"$(state_is 'throttled(floor_bytes)') $(get unaccepted_bytes)" "throttled(floor_bytes) $before"
params "mode=off floor_bytes=0"
is "mode off stops the acceptor" "$(get acceptor/state)" off

# Each of several threads reserves its block above the floor before it begins.
floor=$(($(get unaccepted_bytes) - 60 * BLOCK))
params "mode=all threads_per_node=4 floor_bytes=$floor"
is "four threads" "$(get acceptor/pids | wc -w)" 4
is "the threads have different names" \
	"$(for pid in $(get acceptor/pids); do cat "/proc/$pid/comm"; done | tr '\n' ' ')" \
	"kacceptd0 kacceptd0/1 kacceptd0/2 kacceptd0/3 "
wait_for '[ "$(get acceptor/state | tr " " "\n" | sort -u)" = "throttled(floor_bytes)" ]'
is "four threads stop at the floor, not a block below" "$(get unaccepted_bytes)" $floor
params "mode=off floor_bytes=0 threads_per_node=1"

# The share of a CPU: a block takes 20 ms, then the thread must sleep three times as long.
ccemu set cost_2m 10000000
params "mode=all cpu_percent=25"
t0=$(now_ms)
before=$(background)
wait_for '[ "$(background)" -ge $((before + 10 * BLOCK)) ]'
blocks=$((($(background) - before) / BLOCK))
holds "10 blocks of 20 ms take 720 ms and more at 25 % (here: $blocks in $(($(now_ms) - t0)) ms)" \
	$(($(now_ms) - t0)) -ge $(((blocks - 1) * 80))
holds "the file hits counts that limit" "$(hits cpu_percent)" -ge 9
is "the state names cpu_percent" "$(state_is 'throttled(cpu_percent)')" "throttled(cpu_percent)"
params "mode=off cpu_percent=400"
ccemu set cost_2m 0

# The bandwidth, shared by all threads.
params "mode=all threads_per_node=2 bytes_per_second=80M"
t0=$(now_ms)
before=$(background)
wait_for '[ "$(background)" -ge $((before + 20 * BLOCK)) ]'
blocks=$((($(background) - before) / BLOCK))
holds "two threads keep 80M per second together ($blocks blocks in $(($(now_ms) - t0)) ms)" \
	$(($(now_ms) - t0)) -ge $(((blocks - 2) * 50))
holds "the file hits counts that limit" "$(hits bytes_per_second)" -ge 1
params "mode=off threads_per_node=1 bytes_per_second=0"

# Mode idle: accepts nothing while another process computes, and everything when none does.
i=0
hogs=
while [ $i -lt "$(nproc)" ]; do
	(while :; do :; done) &
	hogs="$hogs $!"
	i=$((i + 1))
done
before=$(background)
params "mode=idle"
is "idle: while other tasks compute the acceptor is paused" "$(state_is 'paused(busy)')" "paused(busy)"
wait_for '[ "$(hits busy)" -ge 3 ]'
is "idle: it accepts nothing then" "$(background)" "$before"
holds "the file hits counts that limit" "$(hits busy)" -ge 3
# Other modes are not held back. (The floor leaves some memory for the next tests.)
params "mode=all bytes_per_second=40M floor_bytes=$(($(get unaccepted_bytes) - 60 * BLOCK))"
wait_for '[ "$(background)" -ge $((before + 4 * BLOCK)) ]'
holds "mode all accepts while other tasks compute" "$(background)" -ge $((before + 4 * BLOCK))
params "mode=idle bytes_per_second=0"
is "idle: the acceptor is paused again" "$(state_is 'paused(busy)')" "paused(busy)"
is "reason" "$(get state) $(get reason)" "running the acceptor is paused(busy)"
before=$(background)
# shellcheck disable=SC2086  # a list
kill $hogs
wait_idly '[ "$(background)" -gt "$before" ]'
holds "idle: it accepts when the other tasks have ended" "$(background)" -gt "$before"

# The same for CPU time that the host takes ("steal"). This host takes none, so the kernel's
# statistics are forged.
params "mode=off"
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"
echo "steal 50 30000" >$WORK/run &
params "mode=idle floor_bytes=$(($(get unaccepted_bytes) - 60 * BLOCK))"
wait_idly '[ "$(get acceptor/state)" = "paused(steal)" ]'
is "idle: while the host takes the CPUs the acceptor is paused" "$(get acceptor/state)" "paused(steal)"
before=$(background)
wait_idly '[ "$(hits steal)" -ge 3 ]'
is "idle: it accepts nothing then" "$(background)" "$before"
wait_idly '[ "$(background)" -gt "$before" ]'
holds "idle: it accepts when the host gives the CPUs back" "$(background)" -gt "$before"
wait
rmmod ua_workload

# In idle mode the acceptor slows down if the host becomes slow.
params "mode=off"
ccemu set cost_2m 1000000
before=$(background)
params "mode=idle floor_bytes=$(($(get unaccepted_bytes) - 80 * BLOCK))"
wait_idly '[ "$(background)" -ge $((before + 80 * BLOCK)) ]'
slow=$(hits slow)
ccemu set cost_2m 50000000
params "floor_bytes=$(($(get unaccepted_bytes) - 40 * BLOCK))"
wait_idly '[ "$(hits slow)" -gt "$slow" ]'
holds "idle: the file hits counts that the host became slow" "$(hits slow)" -gt "$slow"
ccemu set cost_2m 0
params "mode=off floor_bytes=0"

# Several limits in one write: all take effect, or none.
is "a mistake at the end of a write makes all of it fail" \
	"$(onewrite $SYS/acceptor/params "mode=all floor_bytes=1G cpu_percent=0")" ERANGE
is "no setting was changed by it" "$(get acceptor/params)" \
	"mode=off bytes_per_second=0 cpu_percent=400 headroom_bytes=$((64 << 20)) floor_bytes=0 threads_per_node=1"
before=$(get unaccepted_bytes)
params "mode=all floor_bytes=$((before - 3 * BLOCK)) threads_per_node=2"
wait_for '[ "$(get acceptor/state)" = "throttled(floor_bytes) throttled(floor_bytes)" ]'
is "mode, floor and threads of one write all take effect" "$(get unaccepted_bytes)" $((before - 3 * BLOCK))

params "mode=all floor_bytes=0"
wait_for '[ "$(get state)" = complete ]'
is "without limits everything is accepted" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
is_balanced "the causes and what is left add up to the amount at the start" "$start"
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
