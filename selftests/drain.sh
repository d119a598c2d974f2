#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# drain.sh [PARALLEL]: accept everything by several writers at once, whatever the memory map
# looks like, and use the memory. For guests with unusual maps.
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"
writers=${1:-2}

begin 13

load
start=$(get unaccepted_bytes)
small=$(emu accept_4k)
agree "the counters agree at the start"
is "the bitmap and the emulator agree on what is unaccepted" \
	"$(table_field unaccepted_bytes)" "$(($(emu pages_pending) * 4096))"

pids=
for i in $(seq "$writers"); do
	onewrite $SYS/accept 25% >"/tmp/answer$i" &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
is "$writers writers at once" "$(cat /tmp/answer* | sort -u)" ok
agree "the counters agree after the writes"
is_balanced "the causes and what is left add up to the amount at the start" "$start"

echo all >$SYS/acceptor/mode
wait_for '[ "$(get state)" = complete ]'
is "the acceptor accepts the rest" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
is_balanced "the causes and what is left add up to the amount at the start" "$start"
if [ "$(emu max_level)" = 0 ]; then
	holds "4K pages were accepted, because the host grants no larger ones" "$(emu accept_4k)" -gt "$small"
else
	is "no 4K page was accepted" "$(emu accept_4k)" "$small"
fi

# Accepted memory must be usable: write all of it, and read a pattern back from a part.
mount_fill
yes unaccepted | head -c $((32 << 20)) >$FILL/pattern
# No more than the host has, if the guest believes that it has 64 GiB.
count=$((($(meminfo_bytes MemAvailable) >> 20) - 256))
[ $count -lt 2048 ] || count=2048
dd if=/dev/zero of=$FILL/fill bs=1M count="$count" 2>/dev/null
is "accepted memory keeps what was written to it" \
	"$(yes unaccepted | head -c $((32 << 20)) | cmp - $FILL/pattern && echo same)" same
umount $FILL
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no acceptance was malformed" "$(emu invalid)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
