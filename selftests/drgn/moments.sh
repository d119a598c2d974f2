#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a guest with --dump: brings unaccepted memory into one state after the other. In
# each state it prints what the module, the kernel and the emulator count, and takes a
# vmcore, in which drgn must find the same.
#
# With an argument, there is only one state, with this name, with the module loaded.
#
# The files are printed as "| NAME LINE", for the script "check" to read.
HERE=$(dirname "$(realpath "$0")")
cd "$HERE/../unaccepted" || exit 1

SYS=/sys/kernel/unaccepted
DBG=/sys/kernel/debug/unaccepted

file() {
	sed "s/^/| $1 /"
}

# moment NAME
moment() {
	echo "# moment $1"
	for name in audit table map latency; do
		[ ! -e $DBG ] || file $name <$DBG/$name
	done
	for name in params state pids hits; do
		[ ! -e $SYS ] || file $name <$SYS/acceptor/$name
	done
	awk '$1 == "nr_unaccepted" { print $2 }' /proc/vmstat | file nr_unaccepted
	ccemu get pages_pending | file pages_pending
	dump "$1" || exit 1
}

work() {
	echo "$*" >/sys/kernel/debug/ua_workload/run || exit 1
}

field() {
	awk -v key="$1" '$1 == key { print $2 }' $DBG/table
}

# wait_for CONDITION: repeat a command line until it succeeds, for a minute at most
wait_for() {
	tries=0
	until eval "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || { echo "gave up: $1"; exit 1; }
		usleep 50000
	done
}

if [ -n "$1" ]; then
	insmod unaccepted.ko || exit 1
	moment "$1"
	exit 0
fi

moment unloaded

insmod unaccepted.ko || exit 1
ccemu set cost_2m 3000000
echo 40M >$SYS/accept
# The threads accept some blocks of the last node, then they wait at the floor.
floor=$(($(cat $SYS/unaccepted_bytes) - (32 << 20)))
echo "mode=all floor_bytes=$floor threads_per_node=2" >$SYS/acceptor/params
wait_for '[ "$(cat $SYS/unaccepted_bytes)" = '$floor' ]'
wait_for '! grep -q running $SYS/acceptor/state'
moment half
echo off >$SYS/acceptor/mode

# Each block takes more than a second, so that one is in flight when the dump is taken. It is
# accepted by 4K, since this CPU waits as long as one acceptance takes. Interrupts are off
# during a block, so another CPU than that of this shell must accept.
taskset -p 1 $$ >/dev/null
ccemu set max_level 0
ccemu set cost_4k 1000000
taskset 2 ./onewrite $SYS/accept all >/dev/null &
until grep -qF "*" $DBG/map; do :; done
# Between two blocks none is in flight, so take three dumps.
echo "# moment inflight"
for try in a b c; do
	dump inflight-$try || exit 1
done
# Some memory remains unaccepted for what follows.
kill $!
wait
ccemu set cost_4k 0
ccemu set max_level 2

insmod ua_workload.ko || exit 1
work skew 2048
moment skewed
work skew -2048

# Threads that wait are not told that the write accepts all memory.
echo ahead >$SYS/acceptor/mode
wait_for 'grep -q waiting $SYS/acceptor/state'
echo all >$SYS/accept
moment complete
work bit $((((400 << 20) - $(field phys_base)) / $(field unit_size)))
moment stray
work bit $((((400 << 20) - $(field phys_base)) / $(field unit_size)))
rmmod ua_workload
rmmod unaccepted
moment complete-unloaded
