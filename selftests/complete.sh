#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Where all memory was accepted before the module was loaded, does it say how?
. "$(dirname "$0")/lib.sh"

if [ "$(vmstat_bytes)" != 0 ]; then
	skip_all "this kernel holds unaccepted memory"
fi

begin 11

if grep -q 'accept_memory=eager' /proc/cmdline; then
	reason="accepted at boot: accept_memory=eager"
else
	reason="everything had been accepted before the module was loaded"
fi

load
is "state" "$(get state)" complete
is "reason" "$(get reason)" "$reason"
is "binding" "$(get binding)" "$BINDING"
agree "the counters agree on nothing"
is "the emulator has nothing pending" "$(emu pages_pending)" 0
is "and the bitmap nothing set" "$(table_field bits_set)" 0
is "a trigger is no error" "$(onewrite $SYS/accept all)" ok
is "nor the acceptor" "$(onewrite $SYS/acceptor/mode all)" ok
is "nothing was done" "$(get accept_calls) $(get accepted_other_bytes)" "0 0"
unload
is "no page was touched before" "$(emu bad_access)" 0
clean_log
ktap_finished
