#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Once the kernel is locked down, can everything still be controlled and read? The guest cannot
# reach the emulator from then on: the caller checks the emulator's counters. The argument is the
# level: integrity (default) or confidentiality.
. "$(dirname "$0")/lib.sh"

LOCKDOWN=/sys/kernel/security/lockdown
LEVEL=${1-integrity}
CTL=$HERE/unacceptedctl

[ "$(vmstat_bytes)" -gt $((512 << 20)) ] || skip_all "needs 512 MiB of unaccepted memory"
[ -d /sys/kernel/security/lockdown ] || mount -t securityfs none /sys/kernel/security 2>/dev/null
[ -w $LOCKDOWN ] || skip_all "this kernel has no lockdown"
# Lockdown cannot be undone.
grep -q '\[none\]' $LOCKDOWN || skip_all "the kernel is locked down already"

# accepts FILE DATA BYTES
accepts() {
	unaccepted=$(get unaccepted_bytes)
	is "$1 <- $2" "$(onewrite $SYS/"$1" "$2")" ok
	is "  takes effect" $((unaccepted - $(get unaccepted_bytes))) "$3"
}

# sets FILE DATA READING
sets() {
	is "$1 <- $2" "$(onewrite $SYS/"$1" "$2") $(get "$1")" "ok $3"
}

begin 26

load
echo "$LEVEL" >$LOCKDOWN
is "the kernel is locked down" "$(grep -o '\[.*\]' $LOCKDOWN)" "[$LEVEL]"

accepts accept 8M $((8 << 20))
accepts node0/accept 4M $((4 << 20))
accepts node0/Normal/accept 4M $((4 << 20))
block=$(blocks . | sed -n 3p)
accepts accept_range "$(printf '0x%x+4M' $((block * BLOCK)))" $BLOCK
sets map_chunk_bytes 32M $((32 << 20))
sets acceptor/bytes_per_second 40M $((40 << 20))
sets acceptor/cpu_percent 50 50
sets acceptor/headroom_bytes 32M $((32 << 20))
sets acceptor/floor_bytes 64M $((64 << 20))
sets acceptor/threads_per_node 2 2
sets acceptor/params "mode=off bytes_per_second=0 floor_bytes=0" \
	"mode=off bytes_per_second=0 cpu_percent=50 headroom_bytes=$((32 << 20)) floor_bytes=0 threads_per_node=2"
sets acceptor/mode all all
wait_for '[ "$(get state)" = complete ]'
is "the acceptor works" "$(get unaccepted_bytes)" 0

# Files in debugfs can be read, but none can be written.
is "sysfs: all files can be read" \
	"$(find $SYS -type f -perm -400 -exec cat {} + 2>&1 >/dev/null)" ""
is "debugfs: all files can be read" \
	"$(find $DBG -type f -perm -400 -exec cat {} + 2>&1 >/dev/null)" ""
is "debugfs: accept cannot be written" "$(onewrite $DBG/accept 4M)" "open EPERM"
"$CTL" doctor >/tmp/doctor
is "doctor says that the kernel is locked down" "$(grep -c "^ok    lockdown: $LEVEL: .* all control is in sysfs" /tmp/doctor)" 1

unload
insmod "$KO" 2>/tmp/refused
is "an unsigned module is refused" "$(grep -c 'Operation not permitted' /tmp/refused)" 1
"$CTL" doctor >/tmp/doctor
is "doctor says that an unsigned module cannot be loaded" "$(grep -c "^warn  lockdown: $LEVEL: an unsigned module cannot be loaded" /tmp/doctor)" 1
holds "the kernel's log has the cause" "$(dmesg | grep -c 'Lockdown: insmod: unsigned module loading is restricted')" -ge 1
clean_log
ktap_finished
