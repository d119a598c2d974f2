#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The platform refuses to accept. Does the block stay unaccepted, and is the refusal counted? Do
# allocations use other memory or fail cleanly? Does the guest survive, and is the block
# accepted once the platform agrees?
#
# The emulator refuses the next N attempts (after the first M that pass). One unit
# is refused by two of them: as 2M, and then as 4K.
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

ALL=4000000000

# zone_bytes NAME: unaccepted memory of the zone
zone_bytes() {
	awk -v name="$1" '$2 == name { print $3 }' $DBG/zones
}

[ "$BINDING" = hooks ] || skip_all "this kernel has no hooks"
[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"
[ -e "$HERE/hog" ] || skip_all "no program at $HERE/hog"
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

# refuse N [AFTER]: refuse N attempts after AFTER that pass; refuse_next must be set last, because
# it starts the count
refuse() {
	ccemu set refuse_after "${2-0}"
	ccemu set refuse_next "$1"
	was_refused=$(emu refused)
	was_pending=$(emu pages_pending)
}

refused() {
	echo $(($(emu refused) - was_refused))
}

accepted_pages() {
	echo $((was_pending - $(emu pages_pending)))
}

# free_blocks ZONE: number of accepted blocks that are free as a whole
free_blocks() {
	awk -v zone="$1" '$4 == zone { print $NF }' /proc/buddyinfo
}

# free_accepted: free memory that is accepted; a refused block is unaccepted, and not in MemFree
free_accepted() {
	echo $(($(meminfo_bytes MemFree) + $(get refused_bytes) - $(get unaccepted_bytes)))
}

# all_returned: wait until the allocator may try all blocks again
all_returned() {
	wait_for '[ "$(get refused_bytes)" = 0 ]'
}

begin 66

# The OOM killer must not choose the shell that starts a hog.
echo -1000 >/proc/self/oom_score_adj
# Freed pages must reach the free lists, not a per-CPU list, which grows to 200 MiB.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
load
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"
start=$(get unaccepted_bytes)
echo 1 >$TRACE/events/unaccepted/enable
holds "two zones have memory unaccepted" "$(zone_bytes Normal)" -gt $((256 << 20)) \
	-a "$(zone_bytes DMA32)" -gt $((256 << 20))

# A write to accept.
unaccepted=$(get unaccepted_bytes)
mark
refuse 2
is "a write to accept that is refused fails with EIO" "$(onewrite $SYS/accept 4M)" EIO
is "the emulator refused twice" "$(refused)" 2
is "that is counted as one failure" "$(added accept_failures)" 1
is "the block stays unaccepted" "$(get unaccepted_bytes)" "$unaccepted"
agree "the counters agree"
is "state" "$(get state)" error
is "reason" "$(get reason)" "the platform refused a block: error -5"
is "its event has the error" "$(traced 'accept_end: .* cause=user .* result=-5')" 1
is "it is the last error" "$(get accept_error | cut -d ' ' -f 2-)" \
	"-5 accept the platform refused a block"
is "the refused block is in the file recent" "$(tail -n 1 $DBG/recent | cut -d ' ' -f 2,3,9)" "user onewrite -5"
is "accept_progress shows that nothing was accepted" "$(get accept_progress)" "0 $BLOCK"
is "the next attempt works" "$(onewrite $SYS/accept 4M)" ok
is "it accepts one block" "$(get unaccepted_bytes)" "$((unaccepted - BLOCK))"
is "state is idle again" "$(get state)" idle

# A block by its address.
block=$(blocks . | sed -n 20p)
refuse 2
is "a write to accept_range that is refused fails with EIO" \
	"$(onewrite $SYS/accept_range "$(printf '0x%x+1' $((block * BLOCK)))") $(refused)" "EIO 2"
is "it accepts nothing, and shows the error" "$(get accept_range | sed 's/.* rounded //') $(get accept_error | cut -d ' ' -f 2-)" \
	"0 accepted -5 accept_range the platform refused a block"
is "the block of the range stays unaccepted" "$(blocks . | grep -cx "$block")" 1
is "it is accepted when the platform agrees" \
	"$(onewrite $SYS/accept_range "$(printf '0x%x+1' $((block * BLOCK)))") $(blocks . | grep -cx "$block")" "ok 0"

# Blocks that were refused return to the end of the list. What was accepted meanwhile has taken the
# first unit of such a block as its guard unit; the next test needs a whole block.
all_returned
onewrite $SYS/accept 16M >/dev/null

# The next attempt begins with the unit that was refused: units accepted before it must not be
# accepted again, which the emulator would count. Of the refused unit the kernel does not know
# how far it came: it asks for all of its pages again, and must take "already accepted"
# for success, once for 2M, then for each page.
unaccepted=$(get unaccepted_bytes)
refuse 2 1
is "the second unit of a block is refused" "$(onewrite $SYS/accept 4M) $(refused)" "EIO 2"
is "the first unit of the block is accepted" "$(accepted_pages)" 512
is "the block stays unaccepted" "$(get unaccepted_bytes)" "$unaccepted"
ccemu set max_level 0
refuse 1 101
is "the 101st page of a unit is refused" "$(onewrite $SYS/accept 4M) $(refused)" "EIO 1"
is "a hundred pages of the unit are accepted" "$(accepted_pages)" 100
is "the block of that unit stays unaccepted" "$(get unaccepted_bytes)" "$unaccepted"
ccemu set max_level 2
again=101

# The acceptor: a thread whose block is refused tries again, each time after a longer pause.
unaccepted=$(get unaccepted_bytes)
mark
refuse $ALL
t0=$(now_ms)
echo all >$SYS/acceptor/mode
wait_for '[ "$(added accept_failures)" -ge 4 ]'
tries=$(added accept_failures)
t1=$(now_ms)
# The first at once, then after 100, 200, 400 ms.
holds "the acceptor waits longer after each refusal ($tries times in $((t1 - t0)) ms)" \
	$((t1 - t0)) -ge $((100 * ((1 << (tries - 1)) - 1)))
is "its state" "$(state_is 'paused(refused)')" "paused(refused)"
holds "the file hits counts the refusals" "$(hits refused)" -ge 3
is "the acceptor accepts nothing" "$(get unaccepted_bytes)" "$unaccepted"
is "state" "$(get state)" error
is "reason" "$(get reason)" "the platform refused a block: error -5"
holds "its events have the error" "$(traced 'accept_end: .* cause=background .* result=-5')" -ge 4
is "its last error" "$(get acceptor/error | cut -d ' ' -f 2-)" \
	"-5 kacceptd0 the platform refused a block"
is "the mode of the acceptor is unchanged" "$(get acceptor/mode)" all
# So slow that no further attempt is due while the refusals end.
tries=$(added accept_failures)
echo 1 >$SYS/acceptor/bytes_per_second
wait_for '[ "$(added accept_failures)" -gt "$tries" ]'
refuse 0
echo 1 >$SYS/acceptor/bytes_per_second
wait_for '[ "$(get unaccepted_bytes)" != "$unaccepted" ]'
is "writing a knob makes the acceptor try again" "$(get accepted_background_bytes)" $BLOCK
is "the state is running after the success" "$(get state)" running
echo off >$SYS/acceptor/mode

# Allocations: the next ones try again.
all_returned
mark
refuse 2
work burst 5
holds "allocations go on after a refusal" "$(reported blocks)" -ge 4
is "the refusal is counted" "$(added accept_failures)" 1

# Allocations that cannot be served must fail cleanly, whatever their kind.
work fragment 128
unaccepted=$(get unaccepted_bytes)
kills=$(oom_kills)
refuse $ALL
for kind in noretry retry plain; do
	# Pages of accepted memory may merge into a block or two, but not into so many.
	count=$((($(free_accepted) / BLOCK) + 8))
	work high 10 $count $kind
	holds "if all is refused, allocations fail ($kind: $(reported failed) of $count)" \
		"$(reported failed)" -ge 8
done
for half in first second; do
	work contig $half
	is "a contiguous allocation fails too (-EBUSY), from the $half half of a block" "$(reported result blocks)" "-16 0"
done
is "everything stays unaccepted" "$(get unaccepted_bytes)" "$unaccepted"
is "no process was killed" "$(oom_kills)" "$kills"
agree "the counters agree"

# If a zone is refused (its policy first, then the core, which tries one block itself),
# allocations go to the next zone.
all_returned
normal=$(zone_bytes Normal)
low=$(zone_bytes DMA32)
for_normal=$(($(free_blocks DMA32) + 1))
count=$(($(free_blocks Normal) + for_normal))
mark
refuse $((4 * for_normal))
work high 10 $count noretry
is "an allocation that is refused in one zone is served" "$(reported succeeded failed)" "$count 0"
is "the next zone serves it" "$(zone_bytes Normal) $(zone_bytes DMA32) $(refused)" \
	"$normal $((low - BLOCK)) $((4 * for_normal))"
is "the policy's attempts are counted" "$(added accept_failures)" $for_normal
work high 10 3 noretry
is "all are served when the platform agrees" "$(reported succeeded failed)" "3 0"
all_returned
work contig second
is "contiguous allocations are served, too" "$(reported result blocks)" "0 1"
work release

# A process wants more than is accepted, but less than there is: because the platform refuses
# the rest, it must be killed, and no other process.
dmesg -c >/dev/null
mark
unaccepted=$(get unaccepted_bytes)
mib=$((($(free_accepted) >> 20) + 64))
refuse $ALL
ms=$(now_ms)
"$HERE/hog" $mib >/tmp/held
status=$?
ktap_print_msg "refused $(refused) times in $(($(now_ms) - ms)) ms, $(added accept_failures) counted"
is "a process that is refused memory is killed" $status 137
# Below the watermark, but with pages left, not every page fault tries to accept again.
holds "not every page fault tries to accept" "$(added accept_failures)" -lt 10000
is "no other process is killed" "$(oom_kills) $(cat /tmp/held)" "$((kills + 1)) "
is "the refused memory stays unaccepted" "$(get unaccepted_bytes)" "$unaccepted"
is "the kernel has no other complaint" "$(complaints)" ""
dmesg -c >/dev/null

# With a refusal now and then allocations must not fail.
mark
refuse 40
"$HERE/hog" $mib >/tmp/held &
"$HERE/hog" 256 >/tmp/held2 &
wait_for '[ -s /tmp/held ] && [ -s /tmp/held2 ]'
is "two processes get their memory in spite of some refusals" "$(cat /tmp/held /tmp/held2 | grep -c held)" 2
is "there were refusals" "$(refused)" 40
holds "the refusals are counted as failures" "$(added accept_failures)" -ge 1 -a "$(added accept_failures)" -le 20
is "no other process was killed" "$(oom_kills)" $((kills + 1))
killall -q hog
wait

rmmod ua_workload
agree "the counters agree"
is_balanced "the causes and what is left add up to the amount at the start" "$start"
is "what was refused is accepted in the end" "$(onewrite $SYS/accept all) $(get unaccepted_bytes)" "ok 0"
is "nothing is left unaccepted" "$(emu pages_pending) $(get state)" "0 complete"
ktap_print_msg "expected already_accepted $again"
is "no page was accepted twice except the expected ones, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "$again 0"
unload
clean_log
ktap_finished
