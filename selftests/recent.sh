#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Do the records of recent acceptances say when, for which cause and which task, which block,
# and how long?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1536 << 20)) ] || skip_all "needs 1.5 GiB of unaccepted memory"
[ -d /sys/devices/system/node/node1 ] && skip_all "needs a machine with one node"

entries() {
	tail -n +2 $DBG/recent
}

# waited CAUSE: number of blocks in the histogram
waited() {
	awk -v cause="$1" 'NR > 1 && $5 == cause { sum += $4 } END { print sum + 0 }' $DBG/latency
}

# The numbers of the blocks on record, sorted.
numbers() {
	entries | awk '{ print $7 / 1024 }' | sort -n
}

begin 24

load
is "the heading" "$(head -n 1 $DBG/recent)" "seconds cause comm pid node zone pfn ns result"
is "no entries yet" "$(entries)" ""
is "the histogram has no entries yet" "$(cat $DBG/latency)" "node zone below_ns waits cause"

blocks . >/tmp/before
t0=$(now_ms)
"$HERE/onewrite" $SYS/accept 12M >/tmp/answer &
pid=$!
wait $pid
t1=$(now_ms)
is "a write to accept of three blocks makes three entries" "$(cat /tmp/answer) $(entries | wc -l)" "ok 3"
is "cause, task, result" "$(entries | cut -d ' ' -f 2-5,9 | sort -u)" "user onewrite $pid 0 0"
is "the zone is the highest" "$(entries | cut -d ' ' -f 6 | sort -u)" Normal
is "the blocks are those that were accepted" "$(numbers)" "$(blocks . | diff - /tmp/before | sed -n 's/^[+>]//p' | grep -v '[^0-9]')"
is "the oldest entry is first" "$(entries | sort -n | md5sum)" "$(entries | md5sum)"
holds "the times are within the write" "$(entries | awk -v t0="$t0" -v t1="$t1" \
	'$1 * 1000 < t0 - 20 || $1 * 1000 > t1 + 20' | wc -l)" = 0
is "the durations add up to accept_total_ns" "$(entries | awk '{ sum += $8 } END { print sum }')" \
	"$(get accept_total_ns)"
is "the longest is accept_max_ns" "$(entries | awk '$8 > max { max = $8 } END { print max }')" \
	"$(get accept_max_ns)"
is "the histogram has three blocks" "$(waited user) $(waited background)" "3 0"
is "each is in the bucket of its duration" "$(awk 'NR > 1 { print $3, $4 }' $DBG/latency)" \
	"$(entries | awk '{ below = 1; while (below <= $8) below *= 2; print below }' | sort -n | uniq -c | awk '{ print $2, $1 }')"

# A block by its address.
block=$(blocks . | sed -n 5p)
onewrite $SYS/accept_range "$(printf '0x%x+1' $((block * BLOCK)))" >/dev/null
is "a block of a range" "$(entries | tail -n 1 | cut -d ' ' -f 7)" $((block * 1024))
is "its zone is DMA32" "$(entries | tail -n 1 | cut -d ' ' -f 6)" DMA32

# The background.
echo 40M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
wait_for '[ "$(get accepted_background_bytes)" -gt 0 ]'
echo off >$SYS/acceptor/mode
is "entries of the acceptor have the name of its thread" "$(entries | awk '$2 == "background" { print $3 }' | sort -u)" kacceptd0
is "the histogram has its blocks" "$(waited background)" $(($(get accepted_background_bytes) / BLOCK))

# A task name of more than one word.
cp "$HERE/onewrite" "/tmp/one write"
"/tmp/one write" $SYS/accept 4M >/dev/null
is "a name with a blank is shown as one word" "$(entries | tail -n 1 | cut -d ' ' -f 2-3)" 'user one\040write'
is "all lines have all columns" "$(awk '{ print NF }' $DBG/recent | sort -u)" 9

# No more than 256.
onewrite $SYS/accept 1200M >/dev/null
is "there are 256 entries at most" "$(entries | wc -l)" 256
is "each is of a different block" "$(numbers | uniq | wc -l)" 256
is "they are of the last write" "$(entries | cut -d ' ' -f 2 | sort -u)" user
is "the oldest entry is first" "$(entries | sort -n | md5sum)" "$(entries | md5sum)"
unload
clean_log
ktap_finished
