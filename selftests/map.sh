#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the map show the state of each piece of memory?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"
[ -d /sys/devices/system/node/node1 ] && skip_all "needs a machine with one node"

# chunks BYTES: the map at this scale, one character per line
chunks() {
	echo "$1" >$SYS/map_chunk_bytes
	sed -n 's/^0x[0-9a-f]* //p' $DBG/map | fold -w 1
}

# coarser N: the characters that a coarser map must have for each N characters of the finest one
coarser() {
	awk -v n="$1" '
		function out() {
			if (index(seen, "*")) c = "*"
			else if (index(seen, ".")) c = seen ~ /[#?]/ ? "+" : "."
			else if (index(seen, "#")) c = "#"
			else c = index(seen, "?") ? "?" : "-"
			print c
			seen = ""
		}
		{ seen = seen $1 }
		NR % n == 0 { out() }
		END { if (seen != "") out() }'
}

# count CHARACTER: how many lines of stdin contain it
count() {
	grep -cF -- "$1"
}

begin 56

load
is "default scale" "$(get map_chunk_bytes)" $((64 << 20))
is "the first line" "$(head -n 1 $DBG/map)" "chunk_bytes $((64 << 20))"
is "the node" "$(sed -n 2p $DBG/map | cut -d ' ' -f 1-2)" "node 0"
end=$(printf '%d' "$(sed -n 2p $DBG/map | cut -d ' ' -f 4)")
is "the node's own map is the same" "$(cat $DBG/node0/map)" "$(cat $DBG/map)"
is "lines begin at their address" \
	"$(sed -n '3,$p' $DBG/map | awk '{ print $1 }')" \
	"$(for line in $(seq 0 $(((end - 1) / (4 << 30)))); do printf '0x%x\n' $((line << 32)); done)"
chunks 4M >/tmp/fine
is "a character per block, to the end of the node" "$(wc -l </tmp/fine)" $((end / BLOCK))
is "unaccepted" "$(count . </tmp/fine)" "$(($(get unaccepted_bytes) / BLOCK))"
is "64 characters to a line" "$(sed -n '3,$p' $DBG/map | awk '{ print length($2) }' | sort -u)" 64
is "no block is partly unaccepted, none in flight" "$(count + </tmp/fine) $(count '*' </tmp/fine)" "0 0"
base=$(($(table_field phys_base) / BLOCK))
# The kernel accepts the unit behind a range as well, so the unit behind accepted memory may be
# accepted, too.
is "below the first address of the table all is unknown" "$(head -n $((base - 1)) /tmp/fine | sort -u)" "?"
holds "the block before that address may be unaccepted or unknown" "$(sed -n "${base}s/[?.]/ok/p" /tmp/fine)" = ok
is "from that address on nothing is unknown" "$(tail -n +$((base + 1)) /tmp/fine | count '?')" 0
# The machine has 2 GiB below the hole and the rest from 4 GiB up.
is "the hole is from block 512 to 1023" "$(grep -n -- - /tmp/fine | sed -n '1s/:.*//p;$s/:.*//p' | tr '\n' ' ')" "513 1024 "
is "all other blocks are RAM" "$(grep -cv -- - /tmp/fine)" $((end / BLOCK - 512))
for mib in 8 32 64 256 1024; do
	chunks "${mib}M" >/tmp/coarse
	is "at $mib MiB the map agrees with the one of blocks" "$(md5sum </tmp/coarse)" \
		"$(coarser $((mib / 4)) </tmp/fine | md5sum)"
done
is "one character can stand for all memory" "$(chunks 1T)" "$(coarser $((1 << 18)) </tmp/fine)"

# Accept one block.
block=$(grep -nF . /tmp/fine | sed -n '7s/:.*//p')
onewrite $SYS/accept_range "$(printf '0x%x+1' $(((block - 1) * BLOCK)))" >/dev/null
chunks 4M >/tmp/after
is "accepting a block changes its character only" "$(diff /tmp/fine /tmp/after | grep -c '^+[^+]') $(sed -n "${block}p" /tmp/after)" "1 #"

# One block in flight, for long enough to read the map at all scales.
ccemu set cost_2m 2000000000
onewrite $SYS/accept 4M >/tmp/answer &
wait_for 'cat $DBG/map >/tmp/inflight; grep -qF "*" /tmp/inflight'
wait
ccemu set cost_2m 0
is "one block is in flight" "$(sed -n 's/^0x[0-9a-f]* //p' /tmp/inflight | fold -w 1 | count '*')" 1
is "after that none is in flight" "$(chunks 4M | count '*')" 0

# The scale.
for data in 3M 5M 0 -1 abc 4M4 0x400000 "4M 4M" 6442450944; do
	refused $SYS/map_chunk_bytes "$data" EINVAL
done
for data in 1 4096 2M 2T 16E; do
	refused $SYS/map_chunk_bytes "$data" ERANGE
done
is "the scale reads back" "$(onewrite $SYS/map_chunk_bytes 1T) $(get map_chunk_bytes)" "ok $((1 << 40))"

onewrite $SYS/accept all >/dev/null
is "when all is accepted the map shows nothing unaccepted" "$(chunks 4M | count .)" 0
is "all that the table covers is accepted" "$(chunks 4M | tail -n +$((base + 1)) | sort -u | tr -d '\n')" "#-"
is "no page was touched before it was accepted" "$(emu bad_access)" 0
unload
clean_log
ktap_finished
