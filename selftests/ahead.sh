#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the mode "ahead", is there always some accepted memory, and never much?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

by_others() {
	echo $(($(by_allocations) + $(get accepted_isolation_bytes)))
}

# Prints how long tasks have waited for a CPU, in microseconds.
stalled_us() {
	sed -n 's/^some .*total=//p' /proc/pressure/cpu
}

settled() {
	wait_for '[ "$(get acceptor/state)" = waiting ]'
}

begin 26

# Freed pages must reach the free lists, not a per-CPU list, which grows to 200 MiB.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
mount_fill
# Use up what was accepted at boot; otherwise the acceptor would have nothing to do.
dd if=/dev/zero of=$FILL/hold bs=1M count=$((($(spare_bytes Normal) >> 20) - 8)) 2>/dev/null
load
holds "at first there is no headroom ($(($(spare_bytes Normal) >> 20))M)" \
	"$(spare_bytes Normal)" -lt $((32 << 20))
is "mode ahead can be set" "$(onewrite $SYS/acceptor/mode ahead)" ok
is "the mode reads back" "$(get acceptor/mode)" ahead
settled
is "with its headroom made, the acceptor waits" "$(get acceptor/state) $(get state)" "waiting idle"
is "reason" "$(get reason)" "the acceptor waits until free memory runs short"
spare=$(spare_bytes Normal)
# The acceptor does not start for less than a quarter of the headroom.
holds "there is the headroom (64M: $((spare >> 20))M)" "$spare" -ge $((44 << 20))
holds "there is no more than the headroom" "$spare" -le $((68 << 20))
background=$(get accepted_background_bytes)
holds "only that much was accepted ($((background >> 20))M)" \
	"$background" -ge $((32 << 20)) -a "$background" -le $((136 << 20))

# 512 MiB, in bursts of less than the headroom.
others=$(by_others)
unaccepted=$(get unaccepted_bytes)
i=0
while [ $i -lt 16 ]; do
	dd if=/dev/zero of=$FILL/$i bs=1M count=32 2>/dev/null
	settled
	i=$((i + 1))
done
taken=$((unaccepted - $(get unaccepted_bytes)))
holds "512M were accepted for 512M (here: $((taken >> 20))M)" \
	"$taken" -ge $((440 << 20)) -a "$taken" -le $((640 << 20))
is "the acceptor accepted all of it, allocations nothing" "$(($(by_others) - others))" 0
rm $FILL/[0-9]*

# A new headroom takes effect at once; it is limited to an eighth of the zone.
dd if=/dev/zero of=$FILL/hold2 bs=1M count=$((($(spare_bytes Normal) >> 20) - 8)) 2>/dev/null
settled
echo 128M >$SYS/acceptor/headroom_bytes
is "a larger headroom reads back" "$(get acceptor/headroom_bytes)" $((128 << 20))
wait_for '[ "$(spare_bytes Normal)" -ge $((90 << 20)) ]'
settled
spare=$(spare_bytes Normal)
holds "the larger headroom is made (128M: $((spare >> 20))M)" \
	"$spare" -ge $((90 << 20)) -a "$spare" -le $((132 << 20))

# While other tasks wait for a CPU, half of the headroom is enough. The kernel updates the
# waiting times every two seconds, and each write makes the acceptor look at them.
hogs=
for _ in 1 2; do
	taskset 2 sh -c 'while :; do :; done' &
	hogs="$hogs $!"
done
echo 128M >$SYS/acceptor/headroom_bytes
stalled=$(stalled_us)
wait_for '[ $(($(stalled_us) - stalled)) -ge 4000000 ]'
dd if=/dev/zero of=$FILL/hold3 bs=1M count=$((($(spare_bytes Normal) >> 20) - 8)) 2>/dev/null
echo 128M >$SYS/acceptor/headroom_bytes
wait_for '[ "$(spare_bytes Normal)" -ge $((46 << 20)) ]'
settled
spare=$(spare_bytes Normal)
holds "while tasks wait for a CPU, half of the headroom is made (64M: $((spare >> 20))M)" \
	"$spare" -ge $((44 << 20)) -a "$spare" -le $((68 << 20))
# shellcheck disable=SC2086  # a list
kill $hogs
wait_for 'sleep 1; echo 128M >$SYS/acceptor/headroom_bytes; [ "$(spare_bytes Normal)" -ge $((90 << 20)) ]'
holds "after that the other half is made ($(($(spare_bytes Normal) >> 20))M)" "$(spare_bytes Normal)" -ge $((90 << 20))

limit=$(($(zone_pages Normal managed) * 4096 / 8))
echo 1T >$SYS/acceptor/headroom_bytes
wait_for '[ "$(spare_bytes Normal)" -ge $((limit * 2 / 3)) ]'
settled
spare=$(spare_bytes Normal)
holds "1T ends at an eighth of the zone ($((limit >> 20))M: $((spare >> 20))M)" \
	"$spare" -le $((limit + BLOCK))
echo 0 >$SYS/acceptor/headroom_bytes
settled
is "a headroom of 0 can be set" "$(get acceptor/headroom_bytes)" 0

# With a floor above what is unaccepted the acceptor does nothing.
echo "floor_bytes=8T headroom_bytes=1T" >$SYS/acceptor/params
settled
unaccepted=$(get unaccepted_bytes)
dd if=/dev/zero of=$FILL/fill bs=1M count=$((($(spare_bytes Normal) >> 20) - 8)) 2>/dev/null
is "the floor holds the acceptor back" "$(state_is 'throttled(floor_bytes)')" "throttled(floor_bytes)"
holds "the file hits counts that" "$(hits floor_bytes)" -ge 1
rm $FILL/fill
echo 0 >$SYS/acceptor/floor_bytes

# While nothing allocates, the thread does not run.
echo $((64 << 20)) >$SYS/acceptor/headroom_bytes
settled
cpu=$(get acceptor/cpu_ns)
background=$(get accepted_background_bytes)
sleep 5
cpu=$(($(get acceptor/cpu_ns) - cpu))
is "while nothing allocates, nothing is accepted" "$(get accepted_background_bytes)" "$background"
holds "and next to no CPU time is used (5 s: $((cpu / 1000)) us)" "$cpu" -lt 50000000

onewrite $SYS/accept all >/dev/null
is "with nothing unaccepted the acceptor is complete" "$(state_is complete)" complete
is "mode off can be set" "$(onewrite $SYS/acceptor/mode off)" ok
is "state" "$(get acceptor/state)" off
unload
umount $FILL
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
