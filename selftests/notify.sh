#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Are events that change the machine handled while memory is unaccepted and the acceptor works:
# CPUs and memory go offline and online, the machine hibernates?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"
[ -e /sys/devices/system/cpu/cpu1/online ] || skip_all "needs two CPUs"

last_thread() {
	get acceptor/pids | awk '{ print $NF }'
}

cpus_of() {
	awk '/Cpus_allowed_list/ { print $2 }' "/proc/$1/status"
}

begin 23

load
start=$(get unaccepted_bytes)

# The CPU of the last node goes offline: its thread moves away, and later back.
echo "mode=all bytes_per_second=8M" >$SYS/acceptor/params
nodes=$(get acceptor/pids | wc -w)
pid=$(last_thread)
# From 6.14 on a thread chooses its CPUs when it first runs.
wait_for '[ "$(get accepted_background_bytes)" -ge $((nodes * 2 * BLOCK)) ]'
home=$(cpus_of "$pid")
echo 0 >/sys/devices/system/cpu/cpu1/online
before=$(get accepted_background_bytes)
wait_for '[ "$(get accepted_background_bytes)" -ge $((before + nodes * 2 * BLOCK)) ]'
holds "the acceptor goes on without CPU 1" "$(get accepted_background_bytes)" -gt "$before"
is "its threads are the same" "$(last_thread)" "$pid"
echo 1 >/sys/devices/system/cpu/cpu1/online
is "when CPU 1 is online again, the thread is back on it" "$(cpus_of "$pid")" "$home"
# A thread that was started while the CPU was offline moves as well.
echo off >$SYS/acceptor/mode
echo 0 >/sys/devices/system/cpu/cpu1/online
echo "mode=all bytes_per_second=8M" >$SYS/acceptor/params
pid=$(last_thread)
before=$(get accepted_background_bytes)
wait_for '[ "$(get accepted_background_bytes)" -ge $((before + nodes * 2 * BLOCK)) ]'
echo 1 >/sys/devices/system/cpu/cpu1/online
is "a thread that was started without CPU 1 moves to it" "$(cpus_of "$pid")" "$home"

# Memory goes offline: the kernel accepts the unaccepted part of it, and the acceptor pauses. Its
# threads have a low priority, so they may not run before it is over: try more than once.
held=$(hits offlining)
echo "mode=all bytes_per_second=2M" >$SYS/acceptor/params
for pid in $(get acceptor/pids); do
	renice -n -20 -p "$pid"
done
block=$(offline_block)
tries=1
until [ "$(hits offlining)" -gt "$held" ] || [ $tries = 20 ]; do
	tries=$((tries + 1))
	echo online >"$MEMORY/memory$block/state"
	echo offline >"$MEMORY/memory$block/state"
done
is "memory can be taken offline" "$(cat "$MEMORY/memory$block/state")" offline
agree "the counters agree"
is "the acceptor is still running" "$(get state)" running
before=$(get accepted_background_bytes)
wait_for '[ "$(get accepted_background_bytes)" -gt "$before" ]'
holds "the acceptor goes on after that" "$(get accepted_background_bytes)" -gt "$before"
holds "the acceptor paused meanwhile" "$(hits offlining)" -gt "$held"
echo online >"$MEMORY/memory$block/state"
is "the memory can be brought online again" "$(cat "$MEMORY/memory$block/state")" online
agree "the counters agree after that"

# Hibernation: with the binding "observe" it is refused; otherwise everything is accepted first.
# There is no swap to write an image to, but the kernel only notices after it has copied memory.
echo off >$SYS/acceptor/mode
unaccepted=$(get unaccepted_bytes)
unload
insmod "$KO" binding=observe
is "hibernation is refused with the binding observe" "$(onewrite /sys/power/state disk)" EOPNOTSUPP
is "nothing was accepted for it" "$(get unaccepted_bytes)" "$unaccepted"
is "the log has the cause" "$(dmesg | grep -c ': hibernation refused, because memory is unaccepted')" 1
# A program that opens this file is about to restore an image.
is "resume is refused, too" "$(onewrite /dev/snapshot '')" "open EOPNOTSUPP"
is "the log has the cause" "$(dmesg | grep -c ': resume from hibernation refused, because memory is unaccepted')" 1
unload
load
answer=$(onewrite /sys/power/state disk)
holds "with the usual binding hibernation fails for another reason ($answer)" "$answer" != EOPNOTSUPP
is "everything was accepted first" "$(get unaccepted_bytes) $(get accepted_background_bytes)" "0 $unaccepted"
is "the log says so" "$(dmesg | grep -c ': accepting .* MiB before hibernation')" 2
is "the guest works after that" "$(get state)" complete
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
