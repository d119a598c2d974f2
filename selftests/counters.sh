#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Do all counters of unaccepted memory agree, at every moment?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

begin 19

load
start=$(get unaccepted_bytes)
agree "the counters agree at the start"

onewrite $SYS/accept 64M >/dev/null
agree "the counters agree after a write to accept"
is_balanced "the causes and what is left add up to the amount at the start" "$start"

# The memory that allocations accepted is counted separately: what the kernel's own policy
# accepted is "other".
want 64
holds "memory that allocations accept is counted" "$(by_allocations)" -gt 0
if [ "$OWNER" = kernel ]; then
	is "it is counted as other" "$(by_allocations)" "$(get accepted_other_bytes)"
else
	is "none of it is counted as other" "$(get accepted_other_bytes)" 0
fi
is "none of it is counted as user" "$(get accepted_user_bytes)" $((64 << 20))
is_balanced "the causes and what is left add up to the amount at the start, with allocations" "$start"
agree "the counters agree after allocations"

calls=$(get accept_calls)
is "there is a call for each block that the module accepted" "$calls" \
	$(((start - $(get unaccepted_bytes) - $(get accepted_other_bytes)) / BLOCK))
holds "the longest call took no more than the total" "$(get accept_max_ns)" -le "$(get accept_total_ns)"
holds "the longest call took no less than the mean" \
	"$(get accept_max_ns)" -ge "$(($(get accept_total_ns) / calls))"

# So slow that all counters can be read between two blocks.
echo 2M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
wait_for '[ "$(get accepted_background_bytes)" -gt 0 ]'
agree "the counters agree while the acceptor runs"
echo off >$SYS/acceptor/mode
is_balanced "the causes and what is left add up to the amount at the start, after the acceptor" "$start"
agree "the counters agree after the acceptor"

onewrite $SYS/accept all >/dev/null
agree "the counters agree at the end"
is "nothing is unaccepted at the end" "$(get unaccepted_bytes)" 0
is_balanced "the causes and what is left add up to the amount at the start, at the end" "$start"
is "the zones agree on each cause" \
	"$(column zones accepted_user_bytes) $(column zones accepted_background_bytes) $(column zones accepted_other_bytes)" \
	"$(get accepted_user_bytes) $(get accepted_background_bytes) $(get accepted_other_bytes)"
unload
clean_log
ktap_finished
