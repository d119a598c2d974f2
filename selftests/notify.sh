#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Are events that change the machine handled while memory is unaccepted and the acceptor works:
# CPUs and memory go offline and online, the machine hibernates?
. "$(dirname "$0")/lib.sh"

MEMORY=/sys/devices/system/memory

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"
[ -e /sys/devices/system/cpu/cpu1/online ] || skip_all "needs two CPUs"

last_thread() {
	get acceptor/pids | awk '{ print $NF }'
}

cpus_of() {
	awk '/Cpus_allowed_list/ { print $2 }' "/proc/$1/status"
}

# The number of the last block of memory that is not in use.
offline_block() {
	for block in $(find $MEMORY -maxdepth 1 -name 'memory[0-9]*' | sed 's/.*memory//' | sort -rn); do
		echo offline 2>/dev/null >"$MEMORY/memory$block/state" && break
	done
	echo "$block"
}

begin 21

load
start=$(get unaccepted_bytes)

# The CPU of the last node goes away, its thread moves, and moves back.
echo "mode=all bytes_per_second=8M" >$SYS/acceptor/params
nodes=$(get acceptor/pids | wc -w)
pid=$(last_thread)
home=$(cpus_of "$pid")
echo 0 >/sys/devices/system/cpu/cpu1/online
before=$(get accepted_background_bytes)
wait_for '[ "$(get accepted_background_bytes)" -ge $((before + nodes * 2 * BLOCK)) ]'
holds "without CPU 1 it goes on" "$(get accepted_background_bytes)" -gt "$before"
is "with the same threads" "$(last_thread)" "$pid"
echo 1 >/sys/devices/system/cpu/cpu1/online
is "when it is back, so is the thread" "$(cpus_of "$pid")" "$home"
# A mode that is written meanwhile takes effect as well.
echo 0 >/sys/devices/system/cpu/cpu1/online
echo "mode=all bytes_per_second=8M" >$SYS/acceptor/params
pid=$(last_thread)
echo 1 >/sys/devices/system/cpu/cpu1/online
is "one that began without it, too" "$(cpus_of "$pid")" "$home"

# Memory goes offline: the kernel accepts the unaccepted part of it, and the acceptor stands
# back. Its threads have a low priority, so they may only run when it is over; they may even
# miss it once.
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
is "nothing is unaccepted in it" "$(get state)" running
before=$(get accepted_background_bytes)
wait_for '[ "$(get accepted_background_bytes)" -gt "$before" ]'
holds "the acceptor goes on behind it" "$(get accepted_background_bytes)" -gt "$before"
holds "it stood back meanwhile" "$(hits offlining)" -gt "$held"
echo online >"$MEMORY/memory$block/state"
is "and the memory comes back" "$(cat "$MEMORY/memory$block/state")" online
agree "the counters agree still"

# Hibernation: the binding "observe" ignores it; otherwise everything is accepted before. There
# is no swap to write an image to, but the kernel copies memory before it notices.
echo off >$SYS/acceptor/mode
unaccepted=$(get unaccepted_bytes)
unload
insmod "$KO" binding=observe
is "hibernation is refused while we may only look" "$(onewrite /sys/power/state disk)" EOPNOTSUPP
is "and nothing accepted" "$(get unaccepted_bytes)" "$unaccepted"
is "the log says why" "$(dmesg | grep -c 'no hibernation with memory unaccepted')" 1
unload
load
answer=$(onewrite /sys/power/state disk)
holds "otherwise it gets as far as having no swap ($answer)" "$answer" != EOPNOTSUPP
is "all was accepted before" "$(get unaccepted_bytes) $(get accepted_background_bytes)" "0 $unaccepted"
is "which the log says" "$(dmesg | grep -c 'accepting .* MiB before hibernation')" 2
is "the guest lives" "$(get state)" complete
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before" "$(emu bad_access)" 0
clean_log
ktap_finished
