#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Another module or a live patch has replaced the function of the kernel's policy. Does
# policy=module fail, and say why? Does everything else work, and policy=module too once the
# other owner is gone?
. "$(dirname "$0")/lib.sh"

NOTHING_KO=$HERE/ua_nothing.ko
UNACCEPTED_ARGS=

[ -e "$NOTHING_KO" ] || skip_all "no module at $NOTHING_KO"
[ "$(vmstat_bytes)" -gt $((512 << 20)) ] || skip_all "needs 512 MiB of unaccepted memory"

# Loads the other owner; prints the errno of insmod, if it fails.
insert_nothing() {
	insmod "$NOTHING_KO" 2>&1 | sed 's/.*: //'
}

begin 20

case $BINDING in
stock)
	cause="another module or a live patch owns cond_accept_memory"
	falls_back= ;;
hooks)
	cause="another module has registered a policy"
	falls_back="; the kernel decides what allocations accept: $cause" ;;
esac

is "another module becomes the owner first" "$(insert_nothing)" ""
is "policy=module fails" "$(insmod "$KO" policy=module 2>&1 | sed 's/.*: //')" "Device or resource busy"
# A kernel without CONFIG_SYMBOLIC_ERRNAME prints the number.
is "the log says why" "$(dmesg | grep -o 'policy=module is impossible: .*' | sed 's/(-16)/(-EBUSY)/' | sort -u)" \
	"policy=module is impossible: $cause (-EBUSY)"
is "no file is left of the failed load" "$(ls -d $SYS 2>/dev/null)" ""
load
is "without policy=module the kernel decides" "$(get policy/owner)" kernel
is "the file reason has the cause" "$(get reason)" "memory is unaccepted and nothing asks for it$falls_back"
is "caps" "$(get caps)" "counters table accept acceptor eager$PRESSURE"
start=$(get unaccepted_bytes)
is "the policy's knobs cannot be set" "$(onewrite $SYS/policy/max_blocks 4)" EOPNOTSUPP
is "a write to accept works" "$(onewrite $SYS/accept 8M)" ok
is "it accepts two blocks" "$(get unaccepted_bytes)" $((start - 2 * BLOCK))
echo 64M >$SYS/acceptor/bytes_per_second
is "the acceptor works" "$(onewrite $SYS/acceptor/mode all)" ok
wait_for '[ "$(get accepted_background_bytes)" -ge $((8 * BLOCK)) ]'
is "the acceptor can be stopped" "$(onewrite $SYS/acceptor/mode off)" ok
agree "the counters agree"
is_balanced "the causes and what is left add up to the amount at the start" "$start"
unload
is "unloading does not remove the other owner" "$(lsmod | awk '$1 == "ua_nothing" { print $3 }')" 0
rmmod ua_nothing

load policy=module
is "once there is no other owner, the module decides" "$(get policy/owner)$(get caps | grep -o ' policy')" "module policy"
is "then the other module is refused" "$(insert_nothing)" "Device or resource busy"
is "the module still decides after that" "$(get policy/owner)" module
is "everything can be accepted" "$(onewrite $SYS/accept all) $(get unaccepted_bytes)" "ok 0"
unload
clean_log
ktap_finished
