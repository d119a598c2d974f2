#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Where the module can only observe, does it count, tell the reason, and refuse everything else?
. "$(dirname "$0")/lib.sh"

[ -e "$HERE/unaccepted-no-symbol.ko" ] || skip_all "needs unaccepted-no-symbol.ko"
[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

# only_looks REASON
only_looks() {
	unaccepted=$(vmstat_bytes)
	is "binding" "$(get binding)" observe
	is "caps" "$(get caps)" "counters table"
	is "state" "$(get state)" idle
	is "reason" "$(get reason)" \
		"memory is unaccepted and nothing asks for it; cannot accept: $1"
	agree "the counters agree"
	is "a write to accept fails" "$(onewrite $SYS/accept 4M)" EOPNOTSUPP
	is "a write to accept in debugfs fails" "$(onewrite $DBG/accept 4M)" EOPNOTSUPP
	is "a write that is not an amount fails in the same way" "$(onewrite $SYS/accept abc)" EOPNOTSUPP
	is "the acceptor cannot be started" "$(onewrite $SYS/acceptor/mode all)" EOPNOTSUPP
	is "nothing was accepted" "$(vmstat_bytes)" "$unaccepted"
}

begin 34

load binding=observe
only_looks "loaded with binding=observe"
unload

# A copy of the module that looks for a function which no kernel has.
KO=$HERE/unaccepted-no-symbol.ko
load
only_looks "the kernel has no function accept_pag_"
is "the log names the function" \
	"$(dmesg | grep -c 'unaccepted: the kernel has no function accept_pag_, cannot accept')" 1
unload

# A copy that looks for kernel_read() instead, which has four arguments. Calling a function with a
# wrong prototype corrupts memory.
KO=$HERE/unaccepted-other-prototype.ko
load
only_looks "the kernel's kernel_read() takes arguments other than a page"
is "the log has the cause" \
	"$(dmesg | grep -c "unaccepted: the kernel's kernel_read() takes arguments other than a page")" 1
unload
is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
