#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does each node and each zone have its own trigger and its own counters?
. "$(dirname "$0")/lib.sh"

nodes=$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l)
[ "$nodes" -gt 1 ] || skip_all "needs several memory nodes"
grep -q '^Node 0, zone  *Normal' /proc/zoneinfo || skip_all "needs a node 0 of several zones"

COUNTERS="unaccepted_bytes refused_bytes managed_bytes accepted_user_bytes accepted_background_bytes
	accepted_watermark_bytes accepted_fallback_bytes accepted_allocation_bytes
	accepted_isolation_bytes accepted_other_bytes accept_calls accept_total_ns
	accept_failures shortfalls"

# Prints the directories of all nodes.
node_dirs() {
	(cd $SYS && ls -d node[0-9]*)
}

# zone_dirs [NODE]: prints the directories of all zones, or of those of one node
zone_dirs() {
	(cd $SYS && find . -mindepth 2 -type d -path "./${1:-node*}/*" | sed 's,^\./,,' | sort)
}

# sum COUNTER DIR...
sum() {
	counter=$1
	shift
	for dir; do get "$dir/$counter"; done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Every counter of the machine is the sum of its nodes' counters, and those are the sums of
# their zones'.
adds_up() {
	wrong=
	for counter in $COUNTERS; do
		# shellcheck disable=SC2046  # words
		sums="$(sum "$counter" $(node_dirs)) $(sum "$counter" $(zone_dirs))"
		[ "$sums" = "$(get "$counter") $(get "$counter")" ] || wrong="$wrong $counter"
	done
	is "$1" "$wrong" ""
}

# Unaccepted and accepted memory of all zones except one
others() {
	for dir in $(zone_dirs); do
		[ "$dir" = "$1" ] || echo "$dir $(get "$dir/unaccepted_bytes") $(get "$dir/accepted_user_bytes")"
	done
}

# highest NODE: the zone of the node in which a write to accept begins
highest() {
	for dir in $(zone_dirs "$1"); do
		[ "$(get "$dir/unaccepted_bytes")" = 0 ] || last=$dir
	done
	echo "$last"
}

# asks DIR DATA BYTES ZONE: writing DATA to accept in DIR accepts BYTES, all of them in ZONE
asks() {
	rest=$(others "$4")
	unaccepted=$(get "$4/unaccepted_bytes")
	user=$(get "$4/accepted_user_bytes")
	total=$(get accepted_user_bytes)
	is "$1/accept <- $2" "$(onewrite "$SYS/$1/accept" "$2")" ok
	is "  takes $3 from $4" "$((unaccepted - $(get "$4/unaccepted_bytes"))) $(($(get "$4/accepted_user_bytes") - user)) $(($(get accepted_user_bytes) - total))" \
		"$3 $3 $3"
	is "  and nothing from others" "$(others "$4")" "$rest"
	is "  accept_progress shows this write" "$(get accept_progress)" "$3 $3"
}

begin 68

load
is "a directory for each node" "$(node_dirs | wc -l)" "$nodes"
is "a directory for each zone" "$(zone_dirs | tr / ' ')" "$(awk 'NR > 1 { print "node" $1, $2 }' $DBG/zones | sort)"
adds_up "the counters add up"
for node in $(node_dirs); do
	is "$node has what the kernel says" "$(get "$node/unaccepted_bytes")" \
		"$(awk '$3 == "Unaccepted:" { printf "%.0f\n", $4 * 1024 }' "/sys/devices/system/node/$node/meminfo")"
done

for node in node1 node0; do
	zone=$(highest $node)
	asks $node 4M $BLOCK "$zone"
	asks "$zone" 9M $((3 * BLOCK)) "$zone"
	asks "$zone" 10% $((($(get "$zone/unaccepted_bytes") / BLOCK * 10 + 99) / 100 * BLOCK)) "$zone"
done
adds_up "the counters add up"

# A write to a zone of more than is unaccepted there accepts nothing elsewhere.
zone=$(zone_dirs node0 | grep DMA32)
asks "$zone" all "$(get "$zone/unaccepted_bytes")" "$zone"
asks "$zone" 1G 0 "$zone"
is "that is not recorded as an error" "$(get accept_error)" none

# Bad input, and users without permission.
for dir in node1 "$(highest node1)"; do
	refused "$SYS/$dir/accept" abc EINVAL
	is "  accept_error names that file" "$(get accept_error | cut -d ' ' -f 2-)" "-22 $dir/accept not an amount"
	refused "$SYS/$dir/accept" 101% ERANGE
	refused "$SYS/$dir/accept" 0 EINVAL
	is "  other users may not write it" "$(onewrite -u 65534 "$SYS/$dir/accept" 4M)" "open EACCES"
done

# A whole node.
left=$(get node0/unaccepted_bytes)
is "node1 is accepted" "$(onewrite $SYS/node1/accept all) $(get node1/unaccepted_bytes)" "ok 0"
is "node0 is not" "$(get node0/unaccepted_bytes) $(get unaccepted_bytes)" "$left $left"
is "state" "$(get state)" idle
is "the map of node1 has nothing unaccepted" "$(grep -c '^0x.*[.+*]' $DBG/node1/map)" 0
holds "the map of node0 has unaccepted memory" "$(grep -c '^0x.*[.+*]' $DBG/node0/map)" -gt 0
is "the map of the machine is that of both nodes" "$(tail -n +2 $DBG/map)" \
	"$(tail -n +2 $DBG/node0/map; tail -n +2 $DBG/node1/map)"
is "the audit is consistent" "$(tail -n 1 $DBG/audit)" consistent
echo all >$SYS/acceptor/mode
wait_for '[ "$(get state)" = complete ]'
is "accepted by the acceptor: counted for node0 alone" \
	"$(get node1/accepted_background_bytes) $(get node0/accepted_background_bytes)" \
	"0 $(get accepted_background_bytes)"
adds_up "the counters add up"
is "accept_max_ns is the largest of all zones" \
	"$(for dir in $(zone_dirs); do get "$dir/accept_max_ns"; done | sort -n | tail -n 1)" "$(get accept_max_ns)"
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
unload
is "unloading removes all directories" "$(ls -d $SYS 2>/dev/null)" ""
clean_log
ktap_finished
