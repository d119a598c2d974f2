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

# Blocks of a cause, by the histogram.
waited() {
	awk -v why="$1" 'NR > 1 && $5 == why { sum += $4 } END { print sum + 0 }' $DBG/latency
}

# The numbers of the blocks on record, sorted.
numbers() {
	entries | awk '{ print $7 / 1024 }' | sort -n
}

begin 24

load
is "the heading" "$(head -n 1 $DBG/recent)" "seconds cause comm pid node zone pfn ns result"
is "no entries yet" "$(entries)" ""
is "nor in the histogram" "$(cat $DBG/latency)" "node zone below_ns waits cause"

blocks . >/tmp/before
t0=$(now_ms)
"$HERE/onewrite" $SYS/accept 12M >/tmp/answer &
pid=$!
wait $pid
t1=$(now_ms)
is "a trigger of three blocks" "$(cat /tmp/answer) $(entries | wc -l)" "ok 3"
is "cause, task, result" "$(entries | cut -d ' ' -f 2-5,9 | sort -u)" "user onewrite $pid 0 0"
is "in the highest zone" "$(entries | cut -d ' ' -f 6 | sort -u)" Normal
is "the blocks that are gone" "$(numbers)" "$(blocks . | diff - /tmp/before | sed -n 's/^[+>]//p' | grep -v '[^0-9]')"
is "oldest first" "$(entries | sort -n | md5sum)" "$(entries | md5sum)"
holds "at their time" "$(entries | awk -v t0="$t0" -v t1="$t1" \
	'$1 * 1000 < t0 - 20 || $1 * 1000 > t1 + 20' | wc -l)" = 0
is "the times are those of the counters" "$(entries | awk '{ sum += $8 } END { print sum }')" \
	"$(get accept_total_ns)"
is "the longest, too" "$(entries | awk '$8 > max { max = $8 } END { print max }')" \
	"$(get accept_max_ns)"
is "the histogram has each once" "$(waited user) $(waited background)" "3 0"
is "below the time that it took" "$(awk 'NR > 1 { print $3, $4 }' $DBG/latency)" \
	"$(entries | awk '{ below = 1; while (below <= $8) below *= 2; print below }' | sort -n | uniq -c | awk '{ print $2, $1 }')"

# A certain block, by its address.
block=$(blocks . | sed -n 5p)
onewrite $SYS/accept_range "$(printf '0x%x+1' $((block * BLOCK)))" >/dev/null
is "a block of a range" "$(entries | tail -n 1 | cut -d ' ' -f 7)" $((block * 1024))
is "in its zone" "$(entries | tail -n 1 | cut -d ' ' -f 6)" DMA32

# The background.
echo 40M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
wait_for '[ "$(get accepted_background_bytes)" -gt 0 ]'
echo off >$SYS/acceptor/mode
is "the acceptor has its name" "$(entries | awk '$2 == "background" { print $3 }' | sort -u)" kacceptd0
is "and its blocks in the histogram" "$(waited background)" $(($(get accepted_background_bytes) / BLOCK))

# A task name of more than one word.
cp "$HERE/onewrite" "/tmp/one write"
"/tmp/one write" $SYS/accept 4M >/dev/null
is "a name is one word" "$(entries | tail -n 1 | cut -d ' ' -f 2-3)" 'user one\040write'
is "all lines have all columns" "$(awk '{ print NF }' $DBG/recent | sort -u)" 9

# No more than 256.
onewrite $SYS/accept 1200M >/dev/null
is "256 entries" "$(entries | wc -l)" 256
is "each another block" "$(numbers | uniq | wc -l)" 256
is "the last 256" "$(entries | cut -d ' ' -f 2 | sort -u)" user
is "oldest first" "$(entries | sort -n | md5sum)" "$(entries | md5sum)"
unload
clean_log
ktap_finished
