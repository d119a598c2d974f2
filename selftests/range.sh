#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does accept_range accept exactly the blocks that a range touches and that are
# unaccepted, and nothing else?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"
[ -d /sys/devices/system/node/node1 ] && skip_all "needs a machine with one node"

FILE=$SYS/accept_range

# takes DATA START END: a write for this range (in blocks) accepts exactly what is unaccepted
# there; $asked is what the file must show, if that is not DATA itself
takes() {
	blocks . >/tmp/before
	awk -v start="$2" -v end="$3" '$1 < start || $1 >= end' /tmp/before >/tmp/left
	count=$(($(wc -l </tmp/before) - $(wc -l </tmp/left)))
	user=$(get accepted_user_bytes)
	unaccepted=$(get unaccepted_bytes)
	big=$(emu accept_2m)
	small=$(emu accept_4k)
	bits=$(table_field bits_set)
	is "$1 is taken" "$(onewrite $FILE "$1")" ok
	is "  accepts those $count blocks, no others" "$(blocks . | cmp - /tmp/left && echo same)" same
	is "  the counters change by these blocks" \
		"$(($(get accepted_user_bytes) - user)) $((unaccepted - $(get unaccepted_bytes)))" \
		"$((count * BLOCK)) $((count * BLOCK))"
	is "  the emulator saw a 2M page for each bit that was cleared" \
		"$(($(emu accept_2m) - big)) $(($(emu accept_4k) - small))" \
		"$((bits - $(table_field bits_set))) 0"
	is "  the range reads back" "$(get accept_range)" \
		"$(printf '%s asked 0x%x-0x%x rounded %d accepted' "${asked:-$1}" \
			$(($2 * BLOCK)) $(($3 * BLOCK)) $((count * BLOCK)))"
	asked=
}

# hex BLOCK [OFFSET]: address of a block, plus OFFSET bytes
hex() {
	printf '0x%x' $(($1 * BLOCK + ${2-0}))
}

begin 172

load
is "nothing was written yet" "$(get accept_range)" none
is "no error either" "$(get accept_error)" none
is "its mode" "$(stat -c %a $FILE)" 600
is "other users may not write it" "$(onewrite -u 65534 $FILE 1G+4M)" "open EACCES"

# The map of this machine: unaccepted, a hole, accepted, unaccepted, accepted.
low=$(blocks . | sed -n 10p)
last_low=$(blocks . | awk -v end=$((4096 / 4)) '$1 < end' | tail -n 1)
hole=$(blocks - | head -n 1)
high=$(blocks . | awk -v start=$((4096 / 4)) '$1 >= start' | head -n 1)
end=$(($(blocks '#.' | tail -n 1) + 1))
holds "there is a hole between unaccepted blocks" "$last_low" -lt "$hole" -a "$hole" -lt "$high"

asked="$(hex "$low")-$(hex "$low" 1)" takes "$(hex "$low")+1" "$low" $((low + 1))
takes "$(hex "$low")-$(hex $((low + 1)))" "$low" $((low + 1))
low=$((low + 2))
takes "$(hex $low 1048576)-$(hex $((low + 1)) 1)" $low $((low + 2))
low=$((low + 3))
asked="$(hex $low)-$(hex $((low + 2)))" takes " $((low * 4))M+8M " $low $((low + 2))
low=$((low + 3))
asked="$(hex $low)-$(hex $low 4096)" takes "$(printf '0x%xk+0x1000' $((low * 4096)))" $low $((low + 1))
low=$((low + 2))
asked="$(hex $low)-$(hex $((low + 1)))" takes "$((low * BLOCK))-$(((low + 1) * BLOCK))" $low $((low + 1))

# Blocks that are not unaccepted are skipped.
takes "$(hex "$last_low")-$(hex $((high + 1)))" "$last_low" $((high + 1))
takes "0x1000-0x2000" 0 1
takes "$(hex $((hole - 1)))-$(hex $((hole + 1)))" $((hole - 1)) $((hole + 1))
takes "$(hex $((end - 1)) 4096)-$(hex $((end + 100)))" $((end - 1)) $((end + 100))
takes "0x0-$(hex $((high + 10)))" 0 $((high + 10))

# Where there is no RAM at all.
refused $FILE "$(hex "$hole")+4M" ERANGE
refused $FILE "$(hex "$hole")-$(hex $((hole + 20)))" ERANGE
refused $FILE 0xfec00000+4K ERANGE
refused $FILE "$(hex "$end")+4M" ERANGE
is "the error says so" "$(get accept_error | cut -d ' ' -f 2-)" \
	"-34 accept_range there is no RAM at these addresses"
for data in 0xffffffffffffffff+1 0x10000000000000000+1 18446744073709551616-18446744073709551617 \
	    16E+1 1G+16E 1G+0xffffffffffffffff 1G-0xffffffffffffffff 0x4000000000000000+4M \
	    0xfffffffffffff000+4K 0x10000000000000+4M; do
	refused $FILE "$data" ERANGE
done

long=$(head -c 5000 /dev/zero | tr '\0' 1)
for data in " " 1G 1G- 1G+ -1G +1G - + 1G--2G 1G++4M 1G-2G-3G 1G+4M+4M "1G +4M" "1G+ 4M" "1G - 2G" \
	    1G,4M 0x+4M 0xg+4M 1GB+4M 1.5G+4M all 50% 1G+all 1G-50% "1G+4M 2G+4M" "$long"; do
	refused $FILE "$data" EINVAL "$(echo "$data" | head -c 20)"
done
for data in 2G-1G 1G-1G 1G+0 0x40000001-0x40000000 0-0; do
	refused $FILE "$data" EINVAL
done
before=$(everything)
is "a NUL inside: EINVAL" "$(printf '1G\0+4M' | onewrite $FILE)" EINVAL
is "  and nothing changed" "$(everything)" "$before"
is "the error says so" "$(get accept_error | cut -d ' ' -f 2-)" "-22 accept_range not a range"
t0=$(get accept_error | cut -d . -f 1)
holds "the error has a time of the last minute" "$t0" -le "$(($(now_ms) / 1000))" -a "$t0" -ge "$(($(now_ms) / 1000 - 60))"

# A signal ends it; what was accepted stays accepted, and is reported.
ccemu set cost_2m 5000000
user=$(get accepted_user_bytes)
"$HERE/onewrite" $FILE "0-$(hex "$end")" >/tmp/answer &
pid=$!
wait_for '[ "$(get accepted_user_bytes)" -gt $((user + BLOCK)) ]'
kill -INT $pid
wait $pid
ccemu set cost_2m 0
is "a signal ends it" "$(cat /tmp/answer)" EINTR
done=$(($(get accepted_user_bytes) - user))
holds "memory is still unaccepted then" "$(get unaccepted_bytes)" -gt 0
is "accept_range shows what was accepted" "$(get accept_range)" "0x0-$(hex "$end") asked 0x0-$(hex "$end") rounded $done accepted"
is "accept_error shows the signal" "$(get accept_error | cut -d ' ' -f 2-)" "-4 accept_range interrupted by a signal"

takes "0x0-$(hex "$end")" 0 "$end"
is "nothing is left" "$(get unaccepted_bytes) $(get state) $(emu pages_pending)" "0 complete 0"
takes "0x0-$(hex "$end")" 0 "$end"
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
unload
clean_log
ktap_finished
