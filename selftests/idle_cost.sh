#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What does the module cost allocations once nothing is unaccepted any more? Not a single
# instruction. For guests with one CPU where time is a count of instructions (the launcher's
# --deterministic).
. "$(dirname "$0")/lib.sh"

WORK_KO=$HERE/ua_workload.ko
WORK=/sys/kernel/debug/ua_workload

[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"
[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"
insmod "$WORK_KO" || skip_all "cannot load $WORK_KO"

# Orders, and the number of allocations: one order is served by the per-CPU lists, the other is
# not. With other orders the kernel's watermark check searches the free lists for a block, and
# the number of instructions depends on what it finds.
LOOPS="0:1000 10:5"

reported() {
	awk -v key="$1" '$1 == key { print $2 }' $WORK/report
}

# Sets $costs to the instructions of each order's loop, and $trouble to what makes them useless:
# results that differ, failures, accepted blocks.
measure() {
	costs=
	trouble=
	for loop in $LOOPS; do
		order=${loop%:*}
		count=${loop#*:}
		echo "loop $order $count" >$WORK/run || ktap_exit_fail_msg "cannot run loop $loop"
		cycles=$(reported first_cycles)
		[ "$cycles" = "$(reported second_cycles)" ] ||
			trouble="$trouble $order:$cycles,$(reported second_cycles)"
		[ "$(reported failed) $(reported blocks)" = "0 0" ] ||
			trouble="$trouble $order:failed=$(reported failed),blocks=$(reported blocks)"
		cost=$((cycles * $(reported nops) / $(reported nop_cycles)))
		costs="$costs $order:$cost"
		ktap_print_msg "cost $1 $order $count $cost"
	done
	is "$1: the same twice, all served, nothing accepted" "$trouble" ""
}

# differ DESCRIPTION ONE OTHER: no order costs the same in both lists
differ() {
	same=
	for pair in $2; do
		case " $3 " in
		*" $pair "*) same="$same $pair" ;;
		esac
	done
	is "$1" "$same" ""
}

# The function that ftrace has redirected to the module.
taken() {
	awk '$1 == "cond_accept_memory" && / I / { print $1 }' \
		/sys/kernel/tracing/enabled_functions
}

# Waits until the module has given the function back: a work item does so some time after nothing
# is unaccepted.
steps_aside() {
	[ $OWNER$BINDING != modulestock ] || wait_for '[ -z "$(taken)" ]'
}

echo "loop 0 1" >$WORK/run
[ $(($(reported nop_cycles) % $(reported nops))) = 0 ] ||
	skip_all "time is not a count of instructions here"

begin 14

# While memory is unaccepted a policy does cost instructions; the loop must show them.
measure unaccepted-before
unaccepted=$costs
load
measure unaccepted-loaded
if [ $OWNER = module ]; then
	differ "the module's policy costs instructions" "$costs" "$unaccepted"
else
	is "with the kernel's policy the module costs nothing" "$costs" "$unaccepted"
fi
unload
measure unaccepted-after
is "after unloading the cost is as before loading" "$costs" "$unaccepted"

load
is "all is accepted" "$(onewrite $SYS/accept all) $(vmstat_bytes)" "ok 0"
steps_aside
measure accepted-loaded
loaded=$costs
unload
measure accepted-after
differ "with nothing unaccepted, the cost of the kernel's own policy is gone" "$costs" "$unaccepted"
is "with nothing unaccepted the module costs nothing" "$loaded" "$costs"
alone=$costs
load
steps_aside
measure accepted-again
is "the module costs nothing if it is loaded with nothing unaccepted" "$costs" "$alone"
unload

rmmod ua_workload
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
clean_log
ktap_finished
