#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# reload.sh [TIMES]: can the module be loaded and unloaded, and its mode be changed, while four
# processes allocate and free memory? Is no memory lost? Each process has CHURN_MIB, and pauses
# for CHURN_MS.
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 29)) ] || skip_all "needs 512 MiB of unaccepted memory"
[ -e "$HERE/hog" ] || skip_all "no program at $HERE/hog"
times=${1:-100}
# In ten of the rounds allocations are checked while the module is loaded, and in ten others while
# it is not.
[ $((times % 20)) = 0 ] || skip_all "needs a multiple of 20 as the number of times"

# Raise the watermarks until an allocation accepts, by the module's policy or by the kernel's.
MIN=/proc/sys/vm/min_free_kbytes
allocations_accept() {
	unaccepted=$(vmstat_bytes)
	min=$(cat $MIN)
	tries=0
	until [ "$(vmstat_bytes)" -lt "$unaccepted" ]; do
		tries=$((tries + 1))
		[ "$unaccepted" != 0 ] && [ $tries -le 400 ] || return 1
		min=$((min + free_kb / 200))
		echo $min >$MIN
	done
}

# MemFree includes unaccepted memory, so it must be the same at the end.
settled_free() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 300000
	meminfo_bytes MemFree
}

# disturb NUMBER: start work that unloading interrupts, or change settings just before it.
disturb() {
	case $1 in
	1) onewrite $SYS/accept 4M >/dev/null ;;
	2) echo "mode=all bytes_per_second=4M" >$SYS/acceptor/params ;;
	3)
		"$HERE/onewrite" $SYS/accept 8M >/tmp/answer &
		writer=$!
		;;
	4)
		echo "mode=ahead bytes_per_second=40M threads_per_node=4" >$SYS/acceptor/params &&
			echo idle >$SYS/acceptor/mode && echo ahead >$SYS/acceptor/mode
		;;
	5)
		echo "mode=idle threads_per_node=2" >$SYS/acceptor/params &&
			echo "mode=all bytes_per_second=4M" >$SYS/acceptor/params &&
			echo off >$SYS/acceptor/mode && echo idle >$SYS/acceptor/mode
		;;
	esac
}

begin 12

# Freed pages must reach the free lists, not a per-CPU list, which grows to 200 MiB. KASAN does
# not free objects at once, up to a share of memory.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
quarantine=0
! grep -q ' kasan_quarantine_put$' /proc/kallsyms || quarantine=$(($(meminfo_bytes MemTotal) / 32))
mount_fill
total=$(meminfo_bytes MemTotal)
load
unload
free=$(settled_free)
start=$(vmstat_bytes)

# A block takes 20 ms, so that there is something to interrupt.
ccemu set cost_2m 10000000
# Raise the watermarks, so that allocations soon need more than is accepted.
free_kb=$(($(meminfo_bytes MemFree) - start >> 10))
first_min=$(cat $MIN)
echo $((free_kb / 3)) >$MIN
# At the lowest priority, so that insmod is not kept waiting.
for i in 1 2 3 4; do
	"$HERE/hog" "${CHURN_MIB:-100}" "${CHURN_MS:-1}" >/dev/null &
done

bad=0
gaps=0
ours=0
i=0
while [ $i -lt "$times" ]; do
	i=$((i + 1))
	# shellcheck disable=SC2086  # each word is a parameter
	insmod "$KO" ${UNACCEPTED_ARGS-} || { bad=$((bad + 1)); continue; }
	writer=
	# From now on a work item looks at the state ten times a second.
	get state >/dev/null
	disturb $((i % 6)) || bad=$((bad + 1))
	[ $((i % (times / 10))) != 1 ] || ! allocations_accept || ours=$((ours + 1))
	usleep $((i * 7919 % 20000))
	rmmod unaccepted || bad=$((bad + 1))
	# A write under way at rmmod must have returned an error, unless it was faster.
	if [ "$writer" ]; then
		wait $writer
		grep -q 'ENODEV\|ENOENT\|ok' /tmp/answer || bad=$((bad + 1))
	fi
	# Ten times in all, because it takes time and unaccepted memory.
	[ $((i % (times / 10))) != 0 ] || ! allocations_accept || gaps=$((gaps + 1))
done
is "$times loads and unloads without an error" "$bad" 0
is "allocations accept while the module is loaded" "$ours" 10
is "allocations accept while it is not loaded" "$gaps" 10

is "no process was killed meanwhile" "$(pidof hog | wc -w)" 4
killall hog
wait
echo "$first_min" >$MIN
umount $FILL || ktap_exit_fail_msg "the file system is still in use"

is "MemTotal is the same" "$(meminfo_bytes MemTotal)" "$total"
lost=$((free - $(settled_free)))
holds "no memory was lost (difference $((lost / 1024)) kB)" "$lost" -lt $(((16 << 20) + quarantine))

load
agree "the counters agree"
holds "some memory was accepted" "$(get unaccepted_bytes)" -lt "$start"
ccemu set cost_2m 0
onewrite $SYS/accept all >/dev/null
is "everything can still be accepted" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
