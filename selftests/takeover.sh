#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# On a stock kernel, does policy=module replace the kernel's function in the allocator, retire
# when nothing is left to decide, and give the function back?
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

[ "$BINDING" = stock ] || skip_all "this kernel has the hooks"
[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

# The kernel's function, if the module has replaced it.
taken() {
	awk '$1 ~ /^cond_accept_memory(.part.0)?$/ && / I / { print "cond_accept_memory" }' \
		$TRACE/enabled_functions
}

begin 20

load
is "by default the kernel's function is not replaced" "$(get policy/owner) $(taken)" "kernel "
unload
load policy=kernel
is "with policy=kernel the function is not replaced" "$(get policy/owner) $(taken)" "kernel "
unload

# 7.3 only warns that this sysctl has no effect.
echo 0 >/proc/sys/kernel/ftrace_enabled
refused=
dmesg | grep -q 'no longer disables ftrace' ||
	refused="policy=module is impossible: function tracing is off (sysctl kernel.ftrace_enabled) (-EBUSY)"
insmod "$KO" policy=module 2>/dev/null
is "policy=module fails if tracing is off" "$([ -d $SYS ] || echo failed)" "${refused:+failed}"
is "the log has the cause" "$(dmesg | grep -o 'policy=module is impossible: .*' | sort -u)" "$refused"
[ "$refused" ] || unload
echo 1 >/proc/sys/kernel/ftrace_enabled

load policy=module
is "the module decides" "$(get policy/owner)" module
is "the binding is the same" "$(get binding)" stock
is "the function is replaced" "$(taken)" cond_accept_memory
start=$(get unaccepted_bytes)
want 64
holds "allocations accept" "$(get unaccepted_bytes)" -lt "$start"
is "the module's policy accepted all of it" "$(get accepted_other_bytes)" 0
is_balanced "the causes and what is left add up to the amount at the start" "$start"
holds "no more waits are in the histogram than blocks were accepted" \
	"$(allocations_waited)" -le "$(get accept_calls)"
holds "there are waits in the histogram" "$(allocations_waited)" -gt 0
unload
is "unloading gives the function back" "$(taken)" ""
before=$(vmstat_bytes)
want 64
holds "the kernel decides again" "$(vmstat_bytes)" -lt "$before"

load policy=module
onewrite $SYS/accept all >/dev/null
wait_for '[ -z "$(taken)" ]'
is "with nothing unaccepted the module gives the function back" "$(taken)" ""
is "the state is complete then" "$(get state)" complete
unload
is "unloading after that is no error" "$(taken)" ""

insmod "$KO" policy=nonsense 2>/dev/null
is "an unknown policy is refused" "$(ls -d $SYS 2>/dev/null)" ""
is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
