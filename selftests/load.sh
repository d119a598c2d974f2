#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does loading show what there is, change nothing, and leave nothing behind?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

begin 47

before=$(vmstat_bytes)
calls=$(emu accept_calls)
load
is "loading accepts nothing, says vmstat" "$(vmstat_bytes)" "$before"
is "loading accepts nothing, says the emulator" "$(emu accept_calls)" "$calls"
is "unaccepted_bytes is that of vmstat" "$(get unaccepted_bytes)" "$before"

is "binding" "$(get binding)" "$BINDING"
is "caps" "$(get caps)" "counters table accept acceptor eager$PRESSURE$POLICY"
is "what decides in the allocator" "$(get policy/owner)" "$OWNER"
is "state" "$(get state)" idle
is "reason" "$(get reason)" "memory is unaccepted and nothing asks for it"
is "version" "$(get version)" "$(tr '\0' '\n' <"$KO" | sed -n 's/^version=//p')"
is "acceptor mode" "$(get acceptor/mode)" off
is "acceptor has no threads" "$(get acceptor/pids)" ""
is "acceptor state" "$(get acceptor/state)" off
is "acceptor knobs" "$(get acceptor/params)" \
	"mode=off bytes_per_second=0 cpu_percent=400 headroom_bytes=$((64 << 20)) floor_bytes=0 threads_per_node=1"
is "all nine hits are 0" "$(get acceptor/hits | awk '{ sum += $2 } END { print NR, sum }')" "9 0"
is "acceptor has no limit" "$(get acceptor/bytes_per_second)" 0
for counter in accepted_user_bytes accepted_background_bytes accepted_other_bytes \
	       accepted_watermark_bytes accepted_fallback_bytes shortfalls \
	       accepted_allocation_bytes accepted_isolation_bytes \
	       accept_calls accept_total_ns accept_max_ns accept_failures; do
	is "$counter" "$(get $counter)" 0
done

is "zones has the promised first columns" \
	"$(head -n 1 $DBG/zones | cut -d ' ' -f 1-3)" "node zone unaccepted_bytes"

is "the table was found" "$(table_field present)" 1
is "the table was not refused" "$(table_field refused)" no
is "its version" "$(table_field version)" 1
is "its unit" "$(table_field unit_size)" $((2 << 20))
is "the table and the emulator agree on what is unaccepted" \
	"$(table_field unaccepted_bytes)" "$(($(emu pages_pending) * 4096))"
holds "the last unit does not come before the first" \
	"$(table_field last_unit)" -ge "$(table_field first_unit)"

insmod "$KO" 2>/tmp/twice
holds "a second load is refused" -s /tmp/twice

unload
is "unloading removes the files" "$(ls -d $SYS $DBG 2>/dev/null)" ""
is "unloading accepts nothing" "$(vmstat_bytes)" "$before"

# Without the module the kernel's own lazy acceptance goes on: ask for more memory than is
# accepted and free.
want 64
holds "the kernel accepts by itself after unloading" "$(vmstat_bytes)" -lt "$before"

load
is "loading again" "$(get state)" idle
is "its counters start at 0" "$(get accepted_other_bytes)" 0
is "unaccepted_bytes is that of vmstat again" "$(get unaccepted_bytes)" "$(vmstat_bytes)"
unload

insmod "$KO" binding=nonsense 2>/tmp/refused
holds "an unknown binding is refused" -s /tmp/refused
is "the errno of that is EINVAL" "$(grep -c 'Invalid argument\|Invalid parameters\|22' /tmp/refused)" 1
holds "the log has the cause" \
	"$(dmesg | grep -c 'binding=nonsense is neither auto nor observe')" -ge 1
is "no file is left of the failed load" "$(ls -d $SYS $DBG 2>/dev/null)" ""

is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
