#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Memory that is plugged in and taken away while the acceptor works. The table does not cover it, so
# no kernel accepts it (the guest plugged-in-use shows what happens then); here it stays offline.
# The module must neither count it nor ask for it. And a zone that was empty at load.
. "$(dirname "$0")/lib.sh"

MIB=256
PAGES=$((MIB * 256))

command -v plug >/dev/null || skip_all "the launcher does not plug in memory"
grep -q memhp_default_state=offline /proc/cmdline || skip_all "needs memhp_default_state=offline"
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

memory_blocks() {
	find $MEMORY -maxdepth 1 -name 'memory[0-9]*' | wc -l
}

# 4K pages that wait for acceptance or were accepted, as the emulator counts them. The acceptor
# works, so this reads until nothing changed meanwhile.
known_pages() {
	until pending=$(emu pages_pending)
	      pages=$((pending + $(emu accept_4k) + 512 * $(emu accept_2m) + 262144 * $(emu accept_1g)))
	      [ "$(emu pages_pending)" = "$pending" ]; do :; done
	echo $pages
}

sum_of_zones() {
	cat $SYS/node*/*/managed_bytes | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

begin 17
load
start=$(get unaccepted_bytes)
managed=$(get managed_bytes)
blocks=$(memory_blocks)
more=$((blocks + (MIB << 20) / 0x$(cat $MEMORY/block_size_bytes)))
known=$(known_pages)
echo "mode=all bytes_per_second=64M" >$SYS/acceptor/params
for round in 1 2 3; do
	plug $round $MIB || ktap_exit_fail_msg "cannot plug in memory"
	# The kernel adds them one by one.
	wait_for '[ "$(memory_blocks)" -ge "$more" ]'
	is "round $round: the kernel has found the memory" "$(memory_blocks)" "$more"
	is "  and it is not accepted" "$(known_pages)" $((known + PAGES))
	plug -d $round || ktap_exit_fail_msg "cannot take memory away"
	wait_for '[ "$(memory_blocks)" = "$blocks" ] && [ "$(known_pages)" = "$known" ]'
	is "  and it is gone" "$(memory_blocks) $(known_pages)" "$blocks $known"
done
plug 4 $MIB
is "the acceptor accepts the rest" "$(state_is complete)" complete
is "nothing of the new memory" "$(emu pages_pending)" "$PAGES"
is "it counts as neither accepted nor managed" \
	"$(get unaccepted_bytes) $(get accepted_background_bytes) $(get managed_bytes)" "0 $start $managed"

# Accepted memory becomes the first of a zone that was empty at load.
block=$(offline_block)
echo online_movable >"$MEMORY/memory$block/state"
is "a block is in the zone Movable" "$(cat "$MEMORY/memory$block/valid_zones")" Movable
is "the zone that was empty at load has a line" "$(grep -c ' Movable ' $DBG/zones)" 1
holds "the sum at the top has it" "$(get managed_bytes)" -gt "$(sum_of_zones)"
unload
is "no wrong access or acceptance" "$(emu bad_access) $(emu already_accepted)" "0 0"
clean_log
ktap_finished
