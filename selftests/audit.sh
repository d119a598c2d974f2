#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the audit say "consistent" if all counters agree, and otherwise what differs?
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

# consistent DESCRIPTION: each line of the audit ends with "consistent"; prints those that do not
consistent() {
	cat $DBG/audit >/tmp/audit
	is "$1" "$(grep -v ' consistent$' /tmp/audit)" consistent
}

# consistent_while DESCRIPTION PID: repeats the audit until a background command ends
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
consistent "the audit is consistent at the start"
zones=$(($(wc -l </tmp/audit) - 1))
is "a line for each zone" "$zones" "$(($(wc -l <$DBG/zones) - 1))"
blocks=$(($(awk '$1 == 0 && $2 == "Normal" { print $3 }' $DBG/zones) / BLOCK))
is "the line of zone Normal has the same number of blocks four times" "$(zone_line Normal)" \
	"0 Normal list_blocks $blocks counter_blocks $blocks bitmap_blocks $blocks inflight_blocks 0 consistent"
onewrite $SYS/accept 64M >/dev/null
consistent "the audit is consistent after a write to accept"
is "list and bitmap have 16 blocks fewer" "$(zone_line Normal | cut -d ' ' -f 4,6)" "$((blocks - 16)) $((blocks - 16))"

# The workload module falsifies the kernel's counter.
blocks=$(zone_line Normal | cut -d ' ' -f 4)
work skew 2048
is "a counter that is too high is noticed" "$(verdict)" inconsistent
is "the line of the zone says what differs" "$(zone_line Normal)" \
	"0 Normal list_blocks $blocks counter_blocks $((blocks + 2)) bitmap_blocks $blocks inflight_blocks 0 differs: the counter says 2048 pages too many;"
is "all other zones are consistent" "$(grep -c ' consistent$' $DBG/audit)" $((zones - 1))
work skew -3072
is "a counter that is too low is noticed" "$(verdict)" inconsistent
is "the line of the zone says what differs" "$(zone_line Normal)" \
	"0 Normal list_blocks $blocks counter_blocks $((blocks - 1)) bitmap_blocks $blocks inflight_blocks 0 differs: the counter says 1024 pages too few;"
work skew 1024
consistent "repaired, the audit is consistent"

# While other tasks accept.
rounds=0
ccemu set cost_2m 1000000
onewrite $SYS/accept 400M >/dev/null &
consistent_while "the audit is consistent during a write to accept" $!
echo 40M >$SYS/acceptor/bytes_per_second
echo all >$SYS/acceptor/mode
sleep 2 &
consistent_while "the audit is consistent while the acceptor works" $!
echo off >$SYS/acceptor/mode
want 64 &
consistent_while "the audit is consistent while allocations accept" $!
holds "the audit ran often enough ($rounds times)" $rounds -ge 20
ccemu set cost_2m 0
consistent "the audit is consistent when nothing accepts"

# The workload module sets a bit of the bitmap. All memory is accepted, so only the audit reads
# it.
onewrite $SYS/accept all >/dev/null
consistent "the audit is consistent with nothing unaccepted"
is "all numbers are 0 then" "$(zone_line Normal)" \
	"0 Normal list_blocks 0 counter_blocks 0 bitmap_blocks 0 inflight_blocks 0 consistent"
unit=$(table_field unit_size)
base=$(table_field phys_base)
work bit $((((5 << 30) - base) / unit))
is "a stray bit is noticed" "$(verdict)" inconsistent
is "the line of the zone says what differs" "$(zone_line Normal)" \
	"0 Normal list_blocks 0 counter_blocks 0 bitmap_blocks 1 inflight_blocks 0 differs: 1 blocks have bits set but are neither unaccepted nor in flight, the first at 0x140000000;"
work bit $((((5 << 30) - base) / unit))
consistent "repaired, the audit is consistent"
rmmod ua_workload
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
is "the mode of the file" "$(stat -c %a $DBG/audit)" 444
unload
clean_log
ktap_finished
