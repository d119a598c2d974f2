#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# If all memory was accepted before the module was loaded, does it say how?
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
agree "all counters say that nothing is unaccepted"
is "the emulator has nothing pending" "$(emu pages_pending)" 0
is "no bit of the bitmap is set" "$(table_field bits_set)" 0
is "a write to accept is no error" "$(onewrite $SYS/accept all)" ok
is "setting the acceptor is no error" "$(onewrite $SYS/acceptor/mode all)" ok
is "neither accepted anything" "$(get accept_calls) $(get accepted_other_bytes)" "0 0"
unload
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
