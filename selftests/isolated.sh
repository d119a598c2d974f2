#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the acceptor keep off CPUs that are isolated, and does it stay on CPUs that root has chosen?
# Does the module say that the kernel does not measure pressure? For a guest with "isolcpus=2,3
# nohz_full=2,3 psi=0".
. "$(dirname "$0")/lib.sh"

[ "$(cat /sys/devices/system/cpu/isolated 2>/dev/null)" = 2-3 ] || skip_all "needs CPUs 2 and 3 isolated"
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

cpus_of() {
	awk '/Cpus_allowed_list/ { print $2 }' "/proc/$1/status"
}

# accepts BLOCKS: wait until the acceptor has accepted so many more
accepts() {
	wanted=$(($(get accepted_background_bytes) + $1 * BLOCK))
	wait_for '[ "$(get accepted_background_bytes)" -ge $wanted ]'
}

begin 15

load
is "caps does not have pressure with psi=0" "$(get caps | grep -c pressure)" 0
is "the log says so" "$(dmesg | grep -c 'unaccepted: the kernel does not measure pressure')" 1

echo "mode=all bytes_per_second=40M" >$SYS/acceptor/params
accepts 1
pid=$(get acceptor/pids)
is "the thread runs on the CPUs that are not isolated" "$(cpus_of "$pid")" 0-1

# A CPU that goes and comes.
echo 0 >/sys/devices/system/cpu/cpu1/online
is "without CPU 1 it stays off the isolated CPUs" "$(cpus_of "$pid")" 0
accepts 1
echo 1 >/sys/devices/system/cpu/cpu1/online
is "with CPU 1 it is back on both" "$(cpus_of "$pid")" 0-1

# Root's choice.
taskset -p 8 "$pid" >/dev/null
is "root can move it to an isolated CPU" "$(cpus_of "$pid")" 3
echo ahead >$SYS/acceptor/mode
echo all >$SYS/acceptor/mode
accepts 1
is "writing a mode does not move it, or start another thread" "$(get acceptor/pids) $(cpus_of "$pid")" "$pid 3"
echo 2 >$SYS/acceptor/threads_per_node
echo 1 >$SYS/acceptor/threads_per_node
is "nor does a change of the number of threads" "$(get acceptor/pids) $(cpus_of "$pid")" "$pid 3"
echo 0 >/sys/devices/system/cpu/cpu1/online
echo 1 >/sys/devices/system/cpu/cpu1/online
is "nor does a CPU that goes and comes" "$(cpus_of "$pid")" 3
echo off >$SYS/acceptor/mode
is "mode off ends it" "$(ls -d "/proc/$pid" 2>/dev/null)" ""

# A task that polls on an isolated CPU is no reason to wait.
taskset 4 sh -c 'while :; do :; done' &
poller=$!
wait_for '[ "$(cpus_of $poller)" = 2 ]'
echo idle >$SYS/acceptor/mode
accepts 2
holds "mode idle accepts while a task polls on an isolated CPU" "$(get accepted_background_bytes)" -ge "$wanted"
is "that task is still there" "$(cpus_of $poller)" 2
kill $poller
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
