#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Another module has the place of the kernel's policy already: a live patch, another
# module. Does ours do everything else all the same, say so, and get the place when
# it is free?
. "$(dirname "$0")/lib.sh"

NOTHING_KO=$HERE/ua_nothing.ko
UNACCEPTED_ARGS=policy=module	# a stock kernel's place must be asked for
POLICY=" policy"

[ -e "$NOTHING_KO" ] || skip_all "no module at $NOTHING_KO"
[ "$(vmstat_bytes)" -gt $((512 << 20)) ] || skip_all "needs 512 MiB of unaccepted memory"

# What it is told.
insert_nothing() {
	insmod "$NOTHING_KO" 2>&1 | sed 's/.*: //'
}

begin 17

is "another policy comes first" "$(insert_nothing)" ""
load
is "then it is not the module that decides" "$(get policy/owner)" kernel
is "caps" "$(get caps)" "counters table accept acceptor eager"
is "the log says why" "$(dmesg | grep -c 'goes on deciding.*: error -16, the function is in use')" 1
start=$(get unaccepted_bytes)
is "the policy's knobs cannot be set" "$(onewrite $SYS/policy/max_blocks 4)" EOPNOTSUPP
is "a trigger works" "$(onewrite $SYS/accept 8M)" ok
is "and accepts" "$(get unaccepted_bytes)" $((start - 2 * BLOCK))
echo 64M >$SYS/acceptor/bytes_per_second
is "so does the acceptor" "$(onewrite $SYS/acceptor/mode all)" ok
wait_for '[ "$(get accepted_background_bytes)" -ge $((8 * BLOCK)) ]'
is "until it is stopped" "$(onewrite $SYS/acceptor/mode off)" ok
agree "the counters agree"
is_balanced "and balance" "$start"
unload
is "unloading leaves the other where it is" "$(lsmod | awk '$1 == "ua_nothing" { print $3 }')" 0
rmmod ua_nothing

load
is "once the place is free it is the module's" "$(get policy/owner)$(get caps | grep -o ' policy')" "module$POLICY"
is "and the other module is refused" "$(insert_nothing)" "Device or resource busy"
is "which changes nothing" "$(get policy/owner)" module
is "everything can be accepted" "$(onewrite $SYS/accept all) $(get unaccepted_bytes)" "ok 0"
unload
clean_log
ktap_finished
