# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions for tests that run the workloads of ua_workload.ko and count the module's events. To
# be sourced after lib.sh.

WORK_KO=$HERE/ua_workload.ko
WORK=/sys/kernel/debug/ua_workload
TRACE=/sys/kernel/tracing

# work WORKLOAD...: run a workload to its end
work() {
	echo "$*" >$WORK/run || ktap_exit_fail_msg "cannot run: $*"
}

# reported KEY...: values that the last workload reported
reported() {
	for key; do
		awk -v key="$key" '$1 == key { printf "%s%s", sep, $2; exit }' sep="$sep" $WORK/report
		sep=" "
	done
	sep=
}

# traced PATTERN: number of matching events since mark()
traced() {
	grep -c ": $1" $TRACE/trace
}

# Remember the counters, and print what was added since. The shell's own commands allocate as
# well, so the events and the counters must begin at the same moment.
COUNTERS="accepted_watermark_bytes accepted_fallback_bytes accepted_isolation_bytes
	accept_failures shortfalls"
# shellcheck disable=SC2086  # a list
all_counters() {
	(cd $SYS && cat $COUNTERS)
}

# How many allocations waited for acceptance.
allocations_waited() {
	awk '$5 == "watermark" || $5 == "fallback" { sum += $4 } END { print sum + 0 }' "$DBG/latency"
}

mark() {
	while :; do
		seen=$(all_counters)
		echo >$TRACE/trace
		for counter in $COUNTERS; do
			eval "was_$counter=$(get "$counter")"
		done
		was_waits=$(allocations_waited)
		[ "$(all_counters)" != "$seen" ] || break
	done
}

added() {
	eval "echo \$((\$(get $1) - was_$1))"
}

added_blocks() {
	echo $(($(added "$1") / BLOCK))
}

# are_traced DESCRIPTION COUNTER CAUSE: there are as many events of CAUSE as blocks in COUNTER
are_traced() {
	while :; do
		seen=$(all_counters)
		events=$(traced "accept_end: .* cause=$3 .* result=0")
		blocks=$(added_blocks "$2")
		[ "$(all_counters)" != "$seen" ] || break
	done
	is "$1" "$events" "$blocks"
}
