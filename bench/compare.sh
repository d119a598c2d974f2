#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# compare.sh single|parallel [PARAMETER...]: how are allocations served while
# memory is unaccepted? Only measures: prints "row NAME KEY VALUE". If unaccepted.ko is
# beside it, it is loaded first, with these parameters; otherwise the kernel's own policy is
# measured. For bench/compare.
HERE=$(dirname "$(realpath "$0")")
WORK=/sys/kernel/debug/ua_workload

# row NAME WORKLOAD...: run a workload, and print what it reports as rows of NAME
row() {
	name=$1
	shift
	if echo "$*" >$WORK/run; then
		sed "s/^/row $name /" $WORK/report
	else
		echo "row $name error 1"
	fi
}

# One after the other, on one CPU.
single() {
	row burst burst 20
	row irqs burst 20 probe
	row contig-first contig first
	row contig-second contig second
	for kind in noretry retry plain; do
		row "fragment-$kind" fragment 128
		row "high-9-$kind" high 9 10 $kind
		row "high-10-$kind" high 10 10 $kind
		row "release-$kind" release
	done
}

# The same deficit for 1, 2 and 4 CPUs: first how much is accepted for it, then, with a
# larger one, how long that takes. The CPUs are brought online late (boot with maxcpus=1),
# because patching code, at boot and by insmod, is not safe while other emulated CPUs run.
parallel() {
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
		[ "$(cat "$cpu")" = 1 ] || echo 1 >"$cpu" || exit 1
	done
	for threads in 1 2 4; do
		row "short-$threads" parallel $threads 20
	done
	# Long enough that other work of the host matters little.
	ccemu set cost_2m 40000000
	for threads in 1 2 4; do
		row "many-$threads" parallel $threads 24
	done
	echo "row many unit_ns $(ccemu get cost_2m)"
}

what=${1-}
case $what in
single | parallel) shift ;;
*)
	echo "usage: compare.sh single|parallel [PARAMETER...]" >&2
	exit 2
	;;
esac

# Freed pages must reach the free lists, not a per-CPU list, which grows to 200 MiB.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
if [ -e "$HERE/unaccepted.ko" ]; then
	insmod "$HERE/unaccepted.ko" "$@" || exit 1
	sysfs=/sys/kernel/unaccepted
	echo "row module binding $(cat $sysfs/binding)"
	echo "row module owner $(cat $sysfs/policy/owner)"
	echo "row module max_blocks $(cat $sysfs/policy/max_blocks)"
fi
insmod "$HERE/ua_workload.ko" || exit 1
ccemu set cost_2m 5000000
echo "row machine unit_ns $(ccemu get cost_2m)"
$what
rmmod ua_workload || exit 1
[ ! -e "$HERE/unaccepted.ko" ] || rmmod unaccepted || exit 1
echo "row machine bad $(($(ccemu get bad_access) + $(ccemu get already_accepted)))"
