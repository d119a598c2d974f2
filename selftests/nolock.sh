#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An allocation by alloc_pages_nolock(), as BPF programs make in any context, may hold or
# interrupt anything. Does it never accept, and never wait for the zone's lock, with each
# policy?
. "$(dirname "$0")/lib.sh"

NOLOCK_KO=$HERE/ua_nolock.ko
[ -e "$NOLOCK_KO" ] || skip_all "this kernel does not export alloc_pages_nolock()"
[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"
[ "$(nproc)" -ge 2 ] || skip_all "needs two CPUs"

result() {
	cat "/sys/module/ua_nolock/parameters/$1"
}

# never_accepts POLICY
never_accepts() {
	load policy="$1"
	is "policy=$1: the test runs" "$(insmod "$NOLOCK_KO" 2>&1)" ""
	holds "it took the pages that were accepted ($(result pages))" "$(result pages)" -gt 0
	is "and accepted none" "$(result accepted)" 0
	is "1000 calls while another CPU held the lock" "$(result held_calls)" 1000
	is "did not wait for it" "$(result held_too_long)" N
	is "and accepted nothing" "$(result held_accepted)" 0
	holds "an ordinary allocation did ($(result ordinary) pages)" "$(result ordinary)" -gt 0
	rmmod ua_nolock
	unload
}

begin 16

never_accepts kernel
never_accepts module
is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
