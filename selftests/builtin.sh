#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Built into a kernel without modules, and set up on its command line by
# unaccepted.mode=ahead unaccepted.headroom=96M: does the acceptor work from boot on?
UNACCEPTED_KO=/dev/null		# there is no module to load
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

CTL=$HERE/unacceptedctl
BURST=64	# MiB, less than the headroom

# Has the acceptor made its headroom?
rests() {
	[ "$(get acceptor/state)" = waiting ]
}

begin 15

is "the kernel has no modules" "$(ls -d /proc/modules /sys/module/unaccepted/sections 2>/dev/null)" ""
is "the binding" "$(get binding)" hooks
is "the module decides" "$(get policy/owner)" module
is "the acceptor is set up" "$(get acceptor/params | cut -d ' ' -f 1,4)" \
	"mode=ahead headroom_bytes=$((96 << 20))"
holds "the threads of the acceptor run" "$(get acceptor/pids | wc -w)" -ge 1
wait_for rests
is "the acceptor makes its headroom" "$?" 0

mount_fill
before=$(get accepted_allocation_bytes)
accepted=$(get accepted_background_bytes)
for i in 1 2 3 4 5 6 7 8; do
	dd if=/dev/zero of=$FILL/$i bs=1M count=$BURST 2>/dev/null
	wait_for rests
done
holds "the acceptor accepts what eight bursts of allocations use" \
	"$(($(get accepted_background_bytes) - accepted))" -ge $((6 * BURST << 20))
is "no allocation waits" "$(($(get accepted_allocation_bytes) - before))" 0
umount $FILL

is "unacceptedctl status" "$("$CTL" status >/tmp/status; echo $?)" 0
is "it prints what the acceptor does" "$(grep -c '^acceptor *ahead' /tmp/status)" 1
is "unacceptedctl accept all" "$("$CTL" accept all >/dev/null 2>&1; echo $?)" 0
is "everything is accepted" "$(get state) $(emu pages_pending)" "complete 0"
agree "the counters agree"
is "no page was accepted twice, none touched before it was accepted" \
	"$(emu already_accepted) $(emu bad_access)" "0 0"
clean_log
ktap_finished
