#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Do all counters of unaccepted memory agree, at every moment?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

begin 19

load
start=$(get unaccepted_bytes)
agree "at the start"

onewrite $SYS/accept 64M >/dev/null
agree "after a trigger"
is_balanced "user, background, other and the rest make up the start" "$start"

# The memory that allocations accepted is counted separately: what the kernel's own policy
# accepted is "other".
want 64
holds "what allocations accept is counted" "$(by_allocations)" -gt 0
if [ "$OWNER" = kernel ]; then
	is "as the kernel's own" "$(by_allocations)" "$(get accepted_other_bytes)"
else
	is "as our policy's" "$(get accepted_other_bytes)" 0
fi
is "and not as ours" "$(get accepted_user_bytes)" $((64 << 20))
is_balanced "and the balance holds" "$start"
agree "after allocations"

calls=$(get accept_calls)
is "calls are our blocks" "$calls" \
	$(((start - $(get unaccepted_bytes) - $(get accepted_other_bytes)) / BLOCK))
holds "the longest took part of the total" "$(get accept_max_ns)" -le "$(get accept_total_ns)"
holds "and not less than the mean" \
	"$(get accept_max_ns)" -ge "$(($(get accept_total_ns) / calls))"

# So slow that all counters can be read between two blocks.
echo 2M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
wait_for '[ "$(get accepted_background_bytes)" -gt 0 ]'
agree "while the acceptor runs"
echo off >$SYS/acceptor/mode
is_balanced "the balance after the acceptor" "$start"
agree "after the acceptor"

onewrite $SYS/accept all >/dev/null
agree "at the end"
is "which is nothing" "$(get unaccepted_bytes)" 0
is_balanced "and the balance is that of the start" "$start"
is "the zones agree on each cause" \
	"$(column zones accepted_user_bytes) $(column zones accepted_background_bytes) $(column zones accepted_other_bytes)" \
	"$(get accepted_user_bytes) $(get accepted_background_bytes) $(get accepted_other_bytes)"
unload
clean_log
ktap_finished
