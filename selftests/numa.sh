#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# On a machine with several nodes: one thread per node, on its node's CPUs, and
# counters by node.
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

begin $((4 + 7 * nodes))

load
for node in $(seq 0 $((nodes - 1))); do
	is "node $node: as its meminfo says" "$(node_ours "$node")" "$(node_meminfo "$node")"
	holds "node $node: has something to accept" "$(node_ours "$node")" -gt 0
done

echo 8M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
pids=$(get acceptor/pids)
is "a thread per node" "$(echo "$pids" | wc -w)" "$nodes"
node=0
for pid in $pids; do
	is "node $node: its thread" "$(cat "/proc/$pid/comm")" "kacceptd$node"
	is "node $node: on its CPUs" \
		"$(awk '/Cpus_allowed_list/ { print $2 }' "/proc/$pid/status")" \
		"$(cat "/sys/devices/system/node/node$node/cpulist")"
	node=$((node + 1))
done

echo 0 >$SYS/acceptor/bytes_per_second
wait_for '[ "$(get state)" = complete ]'
node=0
for pid in $pids; do
	is "node $node: all accepted" "$(node_ours "$node")" 0
	is "node $node: says its meminfo" "$(node_meminfo "$node")" 0
	holds "node $node: by the acceptor" "$(awk -v node="$node" \
		'$1 == node && NR > 1 { print $5 }' $DBG/nodes)" -gt 0
	node=$((node + 1))
done
is "the emulator has nothing pending" "$(emu pages_pending)" 0
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
