#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Do all who count the unaccepted memory agree, at every moment?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

begin 18

load
start=$(get unaccepted_bytes)
agree "at the start"

onewrite $SYS/accept 64M >/dev/null
agree "after a trigger"
is_balanced "user, background, other and the rest make up the start" "$start"

# The kernel's own acceptance is counted as "other".
mount_fill
free=$(($(meminfo_bytes MemFree) - $(vmstat_bytes)))
dd if=/dev/zero of=$FILL/fill bs=1M count=$(((free >> 20) + 64)) 2>/dev/null
rm $FILL/fill
umount $FILL
holds "what the kernel accepts appears as other" "$(get accepted_other_bytes)" -gt 0
is "and not as ours" "$(get accepted_user_bytes)" $((64 << 20))
is_balanced "and the balance holds" "$start"
agree "after allocations"

calls=$(get accept_calls)
is "calls are our blocks" "$calls" $(((64 << 20) / BLOCK))
holds "the longest took part of the total" "$(get accept_max_ns)" -le "$(get accept_total_ns)"
holds "and not less than the mean" \
	"$(get accept_max_ns)" -ge "$(($(get accept_total_ns) / calls))"

# Slow enough that there are moments of rest between two blocks.
echo 40M >$SYS/acceptor/bytes_per_second
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
