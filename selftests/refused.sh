#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Is a block that the platform has just refused no free memory, and does the allocator leave it alone
# for a second, unless nothing else helps?
. "$(dirname "$0")/lib.sh"
. "$HERE/work.sh"

[ "$BINDING" = hooks ] || skip_all "this kernel has no hooks"
[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"
[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

# refuse N: the next N attempts are refused; a unit takes two, as 2M and then as 4K
refuse() {
	ccemu set refuse_next "$1"
}

# all_returned: wait until the allocator may try all blocks again
all_returned() {
	wait_for '[ "$(get refused_bytes)" = 0 ]'
}

# while_refused COMMAND: prints what COMMAND prints while one block counts as refused. On a host
# that stops the guest for a second the pause may be over too early: try again.
while_refused() {
	for try in 1 2 3 4 5 6 7 8; do
		all_returned
		free=$(meminfo_bytes MemFree)
		refuse 2
		onewrite $SYS/accept 4M >/tmp/written
		result=$(eval "$1")
		[ "$(cat /tmp/written) $(get refused_bytes)" != "EIO $BLOCK" ] || break
		result="no block was refused (try $try)"
	done
	echo "$result"
}

begin 14

load
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"
unaccepted=$(get unaccepted_bytes)
# Other tasks allocate and free some pages meanwhile.
answer=$(while_refused 'now=$(meminfo_bytes MemFree); echo "$(((free - now) >> 20)) $now"')
mib=${answer% *}
free=${answer#* }
holds "a refused block does not count as free: MemFree falls by $mib MiB" "$mib" -ge 3 -a "$mib" -le 8
is "it does count as unaccepted" "$(get unaccepted_bytes)" "$unaccepted"
agree "the counters agree"
all_returned
mib=$((($(meminfo_bytes MemFree) - free) >> 20))
holds "after a second it counts as free: MemFree rises by $mib MiB" "$mib" -ge 3 -a "$mib" -le 8
holds "the log says so" "$(dmesg | grep -c 'node 0, zone [a-zA-Z0-9]*: the platform refused to accept 4096 kB')" -ge 1

# Only one block is left, and no free memory of a high order.
onewrite $SYS/node0/DMA32/accept all >/dev/null
is "all but one block can be accepted" \
	"$(onewrite $SYS/accept $(($(get unaccepted_bytes) - BLOCK))) $(get unaccepted_bytes)" "ok $BLOCK"
work fragment 64
# More allocations than there are free pages of their order.
answer=$(while_refused 'before=$(emu refused); work high 10 40 noretry
	echo "$(reported failed) $(($(emu refused) - before))"')
holds "some allocations fail (${answer% *} of 40)" "${answer% *}" -ge 8
is "they do not ask for the block that was just refused" "${answer#* }" 0
all_returned
refuse 2
is "the last block is refused" "$(onewrite $SYS/accept 4M)" EIO
work high 10 40 retry
holds "if nothing else helps, an allocation fails ($(reported failed) of 40)" "$(reported failed)" -ge 8
is "but its last attempt asks for the block again" "$(get unaccepted_bytes)" 0
work release
rmmod ua_workload
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
