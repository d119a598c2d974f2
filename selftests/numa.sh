#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# On a machine with several nodes, is there one thread per node, on its node's CPUs, and are the
# counters by node right?
. "$(dirname "$0")/lib.sh"

nodes=$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l)
[ "$nodes" -gt 1 ] || skip_all "needs several memory nodes"

node_meminfo() {
	awk '$3 == "Unaccepted:" { printf "%.0f\n", $4 * 1024 }' \
		"/sys/devices/system/node/node$1/meminfo"
}

node_ours() {
	awk -v node="$1" '$1 == node && NR > 1 { print $2 }' $DBG/nodes
}

begin $((8 + 8 * nodes))

load
for node in $(seq 0 $((nodes - 1))); do
	is "node $node: unaccepted memory is that of its meminfo" "$(node_ours "$node")" "$(node_meminfo "$node")"
	holds "node $node: some memory is unaccepted" "$(node_ours "$node")" -gt 0
done

# Only the last node has demand: a file whose pages must be on it. Its accepted memory is used up
# first. Freed pages must reach the free lists and not the per-CPU lists.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
last=$((nodes - 1))
mkdir -p $FILL
mount -t tmpfs -o size=100%,mpol=bind:$last none $FILL
settled() {
	wait_for '[ "$(get acceptor/state | tr " " "\n" | sort -u)" = waiting ]'
}
echo ahead >$SYS/acceptor/mode
settled
unaccepted=$(node_ours "$last")
i=0
until [ "$(node_ours "$last")" -lt "$unaccepted" ] || [ $i = 50 ]; do
	i=$((i + 1))
	dd if=/dev/zero of="$FILL/hold$i" bs=1M count=32 2>/dev/null
	settled
done
for node in $(seq 0 $last); do
	eval "before_$node=\$(node_ours $node)"
done
spare_before=$(spare_bytes Normal "$last")
allocations=$(by_allocations)
i=0
while [ $i -lt 8 ]; do
	i=$((i + 1))
	dd if=/dev/zero of="$FILL/$i" bs=1M count=32 2>/dev/null
	settled
done
# While the test itself waits for a CPU, the acceptor only keeps half of the headroom; while
# demand was faster it kept more, which is used up first.
wait_for 'echo 64M >$SYS/acceptor/headroom_bytes; [ "$(spare_bytes Normal "$last")" -ge $((44 << 20)) ]'
settled
taken=$(($(eval "echo \$before_$last") - $(node_ours "$last")))
spare=$(spare_bytes Normal "$last")
used_up=$(((spare_before - spare) >> 20))
holds "node $last: 256M are asked for, $((taken >> 20))M accepted, ${used_up}M were ready" \
	$(((taken >> 20) + used_up)) -ge 250 -a $(((taken >> 20) + used_up)) -le 262
holds "node $last: the headroom is there again ($((spare >> 20))M)" "$spare" -ge $((44 << 20))
is "allocations accepted nothing" "$(($(by_allocations) - allocations))" 0
for node in $(seq 0 $((last - 1))); do
	is "node $node: without demand, nothing is accepted" "$(node_ours "$node")" \
		"$(eval "echo \$before_$node")"
done
own_node() {
	awk '$2 == "background" { split($3, name, "/"); n++
		if (name[1] != "kacceptd" $5) bad++ }
		END { print (n ? "some" : "none"), bad + 0 }' $DBG/recent
}
is "each thread accepts from its own node" "$(own_node)" "some 0"
echo off >$SYS/acceptor/mode
umount $FILL

echo 8M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
pids=$(get acceptor/pids)
is "there is a thread per node" "$(echo "$pids" | wc -w)" "$nodes"
node=0
for pid in $pids; do
	is "node $node: the name of its thread" "$(cat "/proc/$pid/comm")" "kacceptd$node"
	is "node $node: the thread runs on its CPUs" \
		"$(awk '/Cpus_allowed_list/ { print $2 }' "/proc/$pid/status")" \
		"$(cat "/sys/devices/system/node/node$node/cpulist")"
	node=$((node + 1))
done

echo 0 >$SYS/acceptor/bytes_per_second
wait_for '[ "$(get state)" = complete ]'
node=0
for pid in $pids; do
	is "node $node: all accepted" "$(node_ours "$node")" 0
	is "node $node: its meminfo agrees" "$(node_meminfo "$node")" 0
	holds "node $node: the acceptor accepted some of it" "$(awk -v node="$node" \
		'$1 == node && NR > 1 { print $5 }' $DBG/nodes)" -gt 0
	node=$((node + 1))
done
is "each thread accepted from its own node to the end" "$(own_node)" "some 0"
is "the emulator has nothing pending" "$(emu pages_pending)" 0
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
