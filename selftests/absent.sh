#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# absent.sh [CAUSE]: without a table, or with a table that must be refused because of CAUSE,
# does the module load, say so, and change nothing?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" = 0 ] || skip_all "this kernel holds unaccepted memory"
cause=${1-}

begin 18

load
is "state" "$(get state)" absent
is "binding" "$(get binding)" observe
is "caps" "$(get caps)" counters
if [ -n "$cause" ]; then
	is "reason" "$(get reason)" "table refused: $cause"
	is "the log has the cause as well" "$(dmesg | grep -c "unaccepted: table refused: $cause")" 1
	is "the table" "$(table_field present) $(table_field refused)" "1 $cause"
else
	is "reason" "$(get reason)" "no table: the firmware passed none"
	is "the log has no line about the table" "$(dmesg | grep -c 'unaccepted: table')" 0
	is "the table" "$(cat $DBG/table)" "present 0"
fi
is "no bits are shown" "$(table_field bits_set)" ""
agree "all counters say that nothing is unaccepted"
is "a write to accept fails" "$(onewrite $SYS/accept 4M)" ENODEV
is "a write to accept in debugfs fails" "$(onewrite $DBG/accept all)" ENODEV
is "a write that is not an amount fails in the same way" "$(onewrite $SYS/accept abc)" ENODEV
is "the acceptor cannot be started" "$(onewrite $SYS/acceptor/mode all)" ENODEV
unload
is "unloading removes the files" "$(ls -d $SYS $DBG 2>/dev/null)" ""
is "a mode that does not exist is refused" "$(insmod "$KO" mode=nonsense 2>&1 | sed 's/.*: //')" "Invalid argument"
is "the log says so" "$(dmesg | grep -o 'mode=nonsense is .*' | sort -u)" "mode=nonsense is neither off, ahead, idle nor all"
load mode=ahead
is "a mode that exists has no effect, and the log says so" \
	"$(dmesg | grep -c 'mode=ahead has no effect: there is no unaccepted memory')" 1
unload
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
