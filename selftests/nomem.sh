#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Each allocation that loading the module makes fails once, one at a time: the load reports it, or
# works without, and leaves nothing behind.
. "$(dirname "$0")/lib.sh"

FAULTS=/sys/kernel/debug
PARAMETERS="mode=ahead headroom=32M ${UNACCEPTED_ARGS-}"

[ -d $FAULTS/failslab ] || skip_all "this kernel cannot fail allocations"
[ "$(vmstat_bytes)" -gt $((1 << 29)) ] || skip_all "needs 512 MiB of unaccepted memory"

# What a loaded module adds to the kernel.
traces() {
	ls -d /sys/module/unaccepted $SYS $DBG 2>/dev/null
	cat /proc/[0-9]*/comm 2>/dev/null | grep '^kacceptd'
	cat $FAULTS/kprobes/list
	grep -w unaccepted /sys/kernel/debug/tracing/enabled_functions 2>/dev/null
}

# Allocations that may sleep fail, too, and those of one page.
for attribute in failslab fail_page_alloc; do
	echo N >$FAULTS/$attribute/ignore-gfp-wait
	# The stack of each failure would be in the log.
	echo 0 >$FAULTS/$attribute/verbose
done
echo 0 >$FAULTS/fail_page_alloc/min-order

begin 7
load
unload
traces=$(traces)
"$HERE/failload" "$KO" unaccepted "$PARAMETERS" >/tmp/loads || ktap_exit_fail_msg "failload: $(cat /tmp/loads)"
summary=$(tail -n 1 /tmp/loads)
ktap_print_msg "$summary"
is "a load without a failure works" "${summary##* }" ok
is "each other load fails with ENOMEM, or works" "$(sed '$d' /tmp/loads)" ""
holds "hundreds failed" "$(echo "$summary" | awk '{ print $2 }')" -ge 200
is "nothing is left behind" "$(traces)" "$traces"
load
agree "the counters agree"
unload
if [ -w $FAULTS/kmemleak ]; then
	# An object that was on a stack during the first scan is found by the second.
	echo scan >$FAULTS/kmemleak
	echo scan >$FAULTS/kmemleak
	is "no memory is lost" "$(grep -A 12 unreferenced $FAULTS/kmemleak | head -n 40)" ""
else
	ktap_test_skip "no memory is lost: kmemleak is off"
fi
# The kernel itself warns if it has no memory for the jump labels or trace events of a module.
is "the kernel has no other complaint" \
	"$(dmesg | grep -E "$ALWAYS_BAD" | grep -vE 'WARNING: .*kernel/(jump_label|trace/trace_events)\.c')" ""
ktap_finished
