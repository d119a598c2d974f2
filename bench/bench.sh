#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh boot|ramp|steady|unpack|ahead|idle|threads [ARGUMENT...]: what does lazy
# acceptance cost, and what does the background acceptor save? Only measures: prints "row
# NAME KEY VALUE". For bench/bench, which puts touch and, if needed, unaccepted.ko beside
# it.
HERE=$(dirname "$(realpath "$0")")
SYS=/sys/kernel/unaccepted

get() {
	cat "$SYS/$1"
}

unaccepted_bytes() {
	awk '$1 == "nr_unaccepted" { n = $2 } END { printf "%.0f\n", n * 4096 }' /proc/vmstat
}

total_bytes() {
	awk '$1 == "MemTotal:" { printf "%.0f\n", $2 * 1024 }' /proc/meminfo
}

now_ns() {
	awk '{ printf "%.0f\n", $1 * 1000000000 }' /proc/uptime
}

# set_cost [MS]: milliseconds per 2 MiB; default 5, measured on a host that has to populate it
set_cost() {
	ccemu set cost_4k 10000
	ccemu set cost_2m $((${1-5} * 1000000))
	ccemu set cost_1g $((${1-5} * 512000000))
}

load() {
	insmod "$HERE/unaccepted.ko" || exit 1
	echo "row module binding $(get binding)"
}

# Waits until boot is over: in an emulated machine some of its work goes on for seconds.
quiet() {
	tries=0
	before=0
	idle=0
	until [ $((idle - before)) -gt 80 ]; do
		[ $tries -lt 60 ] || { echo "row machine error 1"; exit 1; }
		tries=$((tries + 1))
		before=$(awk '{ printf "%.0f\n", $2 * 100 }' /proc/uptime)
		sleep 1
		idle=$(awk '{ printf "%.0f\n", $2 * 100 }' /proc/uptime)
	done
}

# CPUs that run in parallel are brought online late (boot with maxcpus=1), because patching
# code, at boot and by insmod, is not safe while other emulated CPUs run.
all_cpus() {
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
		[ ! -e "$cpu" ] || [ "$(cat "$cpu")" = 1 ] || echo 1 >"$cpu" || exit 1
	done
}

# Wait until the acceptor has nothing to do, a minute at most.
settle() {
	tries=0
	until [ "$(get acceptor/state)" = "$1" ]; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || { echo "row module error 1"; exit 1; }
		usleep 50000
	done
}

start_ahead() {
	[ "$1" = off ] || echo "headroom_bytes=$1 mode=ahead" >$SYS/acceptor/params || exit 1
	[ "$1" = off ] || settle waiting
}

# What is accepted and free beyond the watermark, of each zone with more to accept. The
# highest watermark, promo, which 6.1 does not show, is as far above high as high is above
# low.
zone_spare() {
	awk '/^Node/ { zone = $4; free = 0 }
		$1 == "pages" && $2 == "free" { free = $3 }
		$1 == "low" { promo = -$2 }
		$1 == "high" { promo += 2 * $2 }
		$1 == "nr_unaccepted" && $2 > 0 { print zone, (free - $2 - promo) * 4096 }' \
		/proc/zoneinfo
}

# Boot leaves some hundred MiB accepted and free, which must be used up first, in the zone
# that allocations try first.
use_up() {
	spare=$(zone_spare | awk '{ n = $2 } END { printf "%.0f\n", n }')
	[ "$spare" -lt $((8 << 20)) ] || fallocate -l "$spare" /tmp/used-up || exit 1
}

# Starts to count what is accepted, by cause.
begin_count() {
	unaccepted=$(unaccepted_bytes)
	background=$(get accepted_background_bytes)
	others=$(($(get accepted_allocation_bytes) + $(get accepted_other_bytes)))
}

end_count() {
	echo "row $1 accepted_bytes $((unaccepted - $(unaccepted_bytes)))"
	echo "row $1 background_bytes $(($(get accepted_background_bytes) - background))"
	echo "row $1 waited_bytes $(($(get accepted_allocation_bytes) + \
		$(get accepted_other_bytes) - others))"
}

# touches NAME ARGUMENT...
touches() {
	name=$1
	shift
	"$HERE/touch" "$@" >/tmp/touched || exit 1
	sed -e "s/^touch /row $name-touch /; t" -e "s/^sample /row $name-sample /; t" \
		-e "s/^/row $name /" /tmp/touched
}

# mark NAME writes a mark to the kernel log, whose clock starts before memory is accepted;
# marked NAME prints its time in microseconds. Marks are read later, because reading takes
# time.
mark() {
	echo "bench: $1" >/dev/kmsg
}

marked() {
	dmesg | sed -n "s/^\[ *\([0-9]*\)\.\([0-9]*\)\] bench: $1\$/\1\2/p" | sed 's/^0*//'
}

# boot: how long did it take, and what does loading the module add?
boot() {
	mark shell
	echo "row boot cost_ns $(ccemu get cost_ns)"
	echo "row boot unaccepted_bytes $(unaccepted_bytes)"
	echo "row boot shell_us $(marked shell)"
	[ -e "$HERE/unaccepted.ko" ] || return
	quiet
	mark before
	insmod "$HERE/unaccepted.ko" || exit 1
	mark after
	echo "row boot insmod_us $(($(marked after) - $(marked before)))"
	say_accepted
}

# ramp HEADROOM|off|none: touch 1 GiB in bursts. "none": without the module.
ramp() {
	quiet
	[ "$1" = none ] || load
	all_cpus
	set_cost
	use_up
	[ "$1" = none ] || { start_ahead "$1"; begin_count; }
	touches ramp 1024 64 500000
	echo "row ramp memory_bytes $(total_bytes)"
	[ "$1" = none ] || end_count ramp
}

# steady HEADROOM: touch memory for some seconds each, at several shares of the speed of one
# thread. That is 100 MiB/s here, because an emulated processor touches little more.
steady() {
	quiet
	load
	all_cpus
	set_cost 20
	use_up
	start_ahead "$1"
	for percent in 10 25 50 75 100; do
		size=$((8 * percent))
		begin_count
		"$HERE/touch" $size 1 $((1000000 / percent)) >/tmp/touched || exit 1
		end_count "steady-$percent"
		sed -n "s/^[a-z0-9]*_ns /row steady-$percent &/p" /tmp/touched
		echo "row steady-$percent size_mib $size"
		# Use up the memory that the program has freed, so that the next one needs new memory.
		fallocate -l $((size << 20)) "/tmp/held-$percent" || exit 1
		settle waiting
	done
}

# One of two processes that unpack at the same time, four times, into its own directories.
unpack_some() {
	for i in 1 2 3 4; do
		mkdir "/tmp/tree/$1.$i" && tar -xf "$HERE/tree.tar" -C "/tmp/tree/$1.$i" || return
	done
}

# unpack HEADROOM|off|none: unpack kernel headers eight times, as a user might.
unpack() {
	quiet
	[ "$1" = none ] || load
	all_cpus
	set_cost
	use_up
	mkdir /tmp/tree
	mount -t tmpfs -o size=100% none /tmp/tree
	[ "$1" = none ] || { start_ahead "$1"; begin_count; }
	start=$(now_ns)
	unpack_some 1 &
	unpack_some 2 || exit 1
	wait $! || exit 1
	echo "row unpack wall_ns $(($(now_ns) - start))"
	[ "$1" = none ] || end_count unpack
}

# timed NAME COMMAND...: prints the time it takes, and the modelled cost of all that is
# accepted meanwhile
timed() {
	name=$1
	shift
	cost=$(ccemu get cost_ns)
	start=$(now_ns)
	"$@"
	cost=$(($(ccemu get cost_ns) - cost))
	echo "row $name wall_ns $(($(now_ns) - start))"
	echo "row $name cost_ns $cost"
}

accept_all() {
	echo all >$SYS/accept
}

# threads: accept with one thread and then with two, for the same time. Some memory stays
# unaccepted, because at the last block the kernel patches its code.
threads() {
	quiet
	load
	all_cpus
	set_cost
	for n in 1 2; do
		echo "threads_per_node=$n mode=all" >$SYS/acceptor/params
		timed "threads-$n" sleep 3
		echo off >$SYS/acceptor/mode
	done
	echo "row threads unaccepted_bytes $(unaccepted_bytes)"
}

switches() {
	awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$(get acceptor/pids)/status"
}

# rest NAME SECONDS: what the acceptor does in an idle guest
rest() {
	cpu=$(get acceptor/cpu_ns)
	seen=$(switches)
	sleep "$2"
	echo "row $1 wakeups $(($(switches) - seen))"
	echo "row $1 cpu_ns $(($(get acceptor/cpu_ns) - cpu))"
	echo "row $1 seconds $2"
}

# Prints what is accepted a minute later.
say_accepted() {
	sleep 60
	echo "row idle unaccepted_bytes $(unaccepted_bytes)"
	echo "row idle total_bytes $(total_bytes)"
	echo "row idle headroom_bytes $(get acceptor/headroom_bytes)"
	echo "row idle background_bytes $(get accepted_background_bytes)"
	zone_spare | sed 's/^/row idle-spare /'
}

# ahead: what is accepted in an idle guest
ahead() {
	quiet
	load
	start_ahead 64M
	say_accepted
}

# idle SECONDS: as ahead, but with a shortage first, and the CPU time of the acceptor; then
# the speed at which one thread accepts the rest
idle() {
	ahead
	# Now the acceptor has work. Measure how much it accepts.
	use_up
	sleep 60
	echo "row used background_bytes $(get accepted_background_bytes)"
	zone_spare | sed 's/^/row used-spare /'
	rest rest "$1"
	set_cost
	timed speed accept_all
	settle complete
	# A thread that polls looks once more.
	sleep 1
	rest rest-complete "$1"
}

what=${1-}
case $what in
boot | ramp | steady | unpack | ahead | idle | threads) shift ;;
*)
	echo "usage: bench.sh boot|ramp|steady|unpack|ahead|idle|threads [ARGUMENT...]" >&2
	exit 2
	;;
esac
$what "$@"
echo "row machine bad $(($(ccemu get bad_access) + $(ccemu get already_accepted)))"
