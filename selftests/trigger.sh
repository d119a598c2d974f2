#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does a write to accept accept exactly the requested amount?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

# asks WHAT BYTES [FILE]: writing WHAT must accept exactly BYTES
asks() {
	unaccepted=$(get unaccepted_bytes)
	user=$(get accepted_user_bytes)
	small=$(emu accept_4k)
	big=$(emu accept_2m)
	bits=$(table_field bits_set)
	is "$1 is taken" "$(onewrite "${3:-$SYS/accept}" "$1")" ok
	is "unaccepted_bytes falls by $2" "$((unaccepted - $(get unaccepted_bytes)))" "$2"
	is "accepted_user_bytes rises by $2" "$(($(get accepted_user_bytes) - user))" "$2"
	is "the emulator saw a 2M page for each bit that was cleared" \
		"$(($(emu accept_2m) - big))" "$((bits - $(table_field bits_set)))"
	is "the emulator saw no 4K page" "$(emu accept_4k)" "$small"
}

begin 60

load
# Units of unaccepted blocks that were accepted earlier, as the guard unit of another block.
already=$(($(get unaccepted_bytes) / (2 << 20) - $(table_field bits_set)))
before=$(emu accept_2m)
asks 512M $((512 << 20))
# The unit behind a block, the guard against stray loads, is accepted with it.
guards=$(($(emu accept_2m) - before - 256))
holds "512M are 256 2M pages, a guard unit at most (here: $guards), less those accepted before (of $already)" \
	"$guards" -ge $((-already)) -a "$guards" -le 1
asks 1 $BLOCK
asks 4194304 $BLOCK
asks 4097K $((2 * BLOCK))
asks " 8m " $((2 * BLOCK))
asks 4M $BLOCK $DBG/accept

# Percent of what is unaccepted, rounded up to blocks.
for percent in 10 1; do
	blocks=$((($(get unaccepted_bytes) / BLOCK * percent + 99) / 100))
	asks $percent% $((blocks * BLOCK))
done
is "the state is still idle" "$(get state)" idle

# A request for more than there is accepts what there is, and is no error.
unaccepted=$(get unaccepted_bytes)
asks 15E "$unaccepted"
is "nothing is left" "$(get unaccepted_bytes) $(vmstat_bytes)" "0 0"
is "state" "$(get state)" complete
is "reason" "$(get reason)" "nothing left to accept"
is "the emulator has nothing pending" "$(emu pages_pending)" 0
is "no bit of the bitmap is set" "$(table_field bits_set)" 0

calls=$(emu accept_calls)
user=$(get accepted_user_bytes)
for word in all 1G 100%; do
	is "$word of nothing is no error" "$(onewrite $SYS/accept $word)" ok
done
is "these writes accept nothing" "$(emu accept_calls) $(get accepted_user_bytes)" "$calls $user"
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
is "no acceptance failed" "$(get accept_failures)" 0
unload
clean_log
ktap_finished
