#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# May only root of the machine write, and not root of a container, to which the modes of the files
# give access?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" -gt $((512 << 20)) ] || skip_all "needs 512 MiB of unaccepted memory"
unshare -U -r true 2>/dev/null || skip_all "needs user namespaces"

# What must not change.
everything() {
	find $SYS -type f -perm -400 ! -name cpu_ns -exec head -n 100 {} + 2>&1
}

# as CONTEXT FILE: write 4M to the file; prints the answer
as() {
	case $1 in
	container) unshare -U -r "$HERE/onewrite" "$2" 4M ;;
	user) onewrite -u 1000 "$2" 4M ;;
	esac
}

load
writable=$(find $SYS -type f -perm -200)
begin $((9 + 2 * $(echo "$writable" | wc -l)))

holds "there are files to write" "$(echo "$writable" | wc -l)" -gt 10
before=$(everything)
for file in $writable; do
	is "${file#"$SYS"/}: root of a container may not write it" "$(as container "$file")" EPERM
	is "  nor another user" "$(as user "$file")" "open EACCES"
done
is "nothing has changed" "$(everything)" "$before"
is "debugfs: root of a container may not write accept" "$(as container $DBG/accept)" EPERM
is "nothing has changed" "$(everything)" "$before"
is "root may, with CAP_SYS_ADMIN" "$(onewrite $SYS/accept 4M)" ok
is "and it accepts a block" "$(get accepted_user_bytes)" $BLOCK
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
