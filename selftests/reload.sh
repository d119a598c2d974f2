#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# reload.sh [TIMES]: can the module come and go while memory is filled and
# freed, without losing any?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"
times=${1:-100}

# Fill and free a share of memory, until told to stop. The lowest priority: it is
# to be under way all the time, not to keep us from loading.
churn() {
	while [ ! -e /tmp/stop ]; do
		nice -n 19 dd if=/dev/zero of="$FILL/$1" bs=1M count="$2" 2>/dev/null
		rm -f "$FILL/$1"
	done
}

# Without the module, the kernel accepts by itself what is asked for beyond the
# memory that is accepted and free.
takes_over() {
	parked=$(vmstat_bytes)
	free=$(($(meminfo_bytes MemFree) - parked))
	dd if=/dev/zero of=$FILL/fill bs=1M count=$(((free >> 20) + 16)) 2>/dev/null
	rm $FILL/fill
	[ "$(vmstat_bytes)" -lt "$parked" ]
}

# MemFree counts what is parked, so it is what must come back at the end.
settled_free() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 300000
	meminfo_bytes MemFree
}

begin 10

mount_fill
total=$(meminfo_bytes MemTotal)
load
unload
free=$(settled_free)
start=$(vmstat_bytes)

churners=
for size in 60 90 120 150; do
	churn $size $size &
	churners="$churners $!"
done

bad=0
gaps=0
i=0
while [ $i -lt "$times" ]; do
	i=$((i + 1))
	# shellcheck disable=SC2086  # each word is a parameter
	insmod "$KO" ${UNACCEPTED_ARGS-} || { bad=$((bad + 1)); continue; }
	# Now and then leave with work under way.
	case $((i % 4)) in
	1) onewrite $SYS/accept 4M >/dev/null || bad=$((bad + 1)) ;;
	2) echo all >$SYS/acceptor/mode; echo 8M >$SYS/acceptor/bytes_per_second ;;
	3) "$HERE/onewrite" $SYS/accept all >/tmp/answer & ;;
	esac
	[ $((i % 4)) != 3 ] || usleep 2000
	rmmod unaccepted || bad=$((bad + 1))
	# A big write that rmmod cut short was told so.
	if [ $((i % 4)) = 3 ]; then
		wait $!
		grep -q 'ENODEV\|ENOENT\|ok' /tmp/answer || bad=$((bad + 1))
	fi
	# Ten times in all: it takes time, and parked memory.
	[ $((i % (times / 10))) != 0 ] || ! takes_over || gaps=$((gaps + 1))
done
is "$times loads and unloads, none went wrong" "$bad" 0
is "and in between the kernel accepts by itself" "$gaps" 10

touch /tmp/stop
# shellcheck disable=SC2086  # a list
wait $churners
umount $FILL || ktap_exit_fail_msg "the file system is still in use"

is "what the kernel manages is the same" "$(meminfo_bytes MemTotal)" "$total"
lost=$((free - $(settled_free)))
holds "no memory was lost (difference $((lost / 1024)) kB)" "$lost" -lt $((16 << 20))

load
agree "the counters agree"
holds "something was accepted on the way" "$(get unaccepted_bytes)" -lt "$start"
onewrite $SYS/accept all >/dev/null
is "everything can still be accepted" "$(get unaccepted_bytes) $(emu pages_pending)" "0 0"
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before" "$(emu bad_access)" 0
clean_log
ktap_finished
