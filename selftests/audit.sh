#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the audit say "consistent" whenever it is so, and what differs when not?
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"
[ "$(vmstat_bytes)" -gt $((1536 << 20)) ] || skip_all "needs 1.5 GiB of unaccepted memory"

verdict() {
	tail -n 1 $DBG/audit
}

# zone_line ZONE: of the first node
zone_line() {
	awk -v zone="$1" '$1 == 0 && $2 == zone' $DBG/audit
}

# consistent DESCRIPTION: all zones are, and so is the whole; otherwise show the lines that are
# not
consistent() {
	cat $DBG/audit >/tmp/audit
	is "$1" "$(grep -v ' consistent$' /tmp/audit)" consistent
}

# Times the life of a background command.
consistent_while() {
	while kill -0 "$2" 2>/dev/null; do
		cat $DBG/audit
		rounds=$((rounds + 1))
	done >/tmp/audits
	is "$1" "$(grep -v ' consistent$' /tmp/audits | sort -u)" consistent
}

begin 24

load
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"
consistent "at the start"
zones=$(($(wc -l </tmp/audit) - 1))
is "a line for each zone" "$zones" "$(($(wc -l <$DBG/zones) - 1))"
blocks=$(($(awk '$1 == 0 && $2 == "Normal" { print $3 }' $DBG/zones) / BLOCK))
is "its form, and all numbers the same" "$(zone_line Normal)" \
	"0 Normal list_blocks $blocks counter_blocks $blocks bitmap_blocks $blocks inflight_blocks 0 consistent"
onewrite $SYS/accept 64M >/dev/null
consistent "after a trigger"
is "which took what it took" "$(zone_line Normal | cut -d ' ' -f 4,6)" "$((blocks - 16)) $((blocks - 16))"

# The counter is wrong.
blocks=$(zone_line Normal | cut -d ' ' -f 4)
work skew 2048
is "too much is noticed" "$(verdict)" inconsistent
is "and said" "$(zone_line Normal)" \
	"0 Normal list_blocks $blocks counter_blocks $((blocks + 2)) bitmap_blocks $blocks inflight_blocks 0 differs: the counter says 2048 pages too many;"
is "of that zone alone" "$(grep -c ' consistent$' $DBG/audit)" $((zones - 1))
work skew -3072
is "too little is noticed" "$(verdict)" inconsistent
is "and said" "$(zone_line Normal)" \
	"0 Normal list_blocks $blocks counter_blocks $((blocks - 1)) bitmap_blocks $blocks inflight_blocks 0 differs: the counter says 1024 pages too few;"
work skew 1024
consistent "repaired, it is consistent"

# While other tasks accept.
rounds=0
ccemu set cost_2m 1000000
onewrite $SYS/accept 400M >/dev/null &
consistent_while "while a trigger works" $!
echo 40M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
sleep 2 &
consistent_while "while the acceptor works" $!
echo off >$SYS/acceptor/mode
want 64 &
consistent_while "while allocations have memory accepted" $!
holds "it was asked often enough ($rounds times)" $rounds -ge 20
ccemu set cost_2m 0
consistent "and when all is quiet"

# The bitmap is wrong. All memory is accepted, so only the audit reads it.
onewrite $SYS/accept all >/dev/null
consistent "at the end"
is "where all is 0" "$(zone_line Normal)" \
	"0 Normal list_blocks 0 counter_blocks 0 bitmap_blocks 0 inflight_blocks 0 consistent"
unit=$(table_field unit_size)
base=$(table_field phys_base)
work bit $((((5 << 30) - base) / unit))
is "a stray bit is noticed" "$(verdict)" inconsistent
is "and said" "$(zone_line Normal)" \
	"0 Normal list_blocks 0 counter_blocks 0 bitmap_blocks 1 inflight_blocks 0 differs: 1 blocks have bits set but are neither unaccepted nor in flight, the first at 0x140000000;"
work bit $((((5 << 30) - base) / unit))
consistent "repaired, it is consistent"
rmmod ua_workload
is "no page was accepted twice, none touched before" "$(emu already_accepted) $(emu bad_access)" "0 0"
is "its mode" "$(stat -c %a $DBG/audit)" 444
unload
clean_log
ktap_finished
