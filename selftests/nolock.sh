#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# alloc_pages_nolock() may be called in any context, for example by BPF programs, and so by code
# that holds the zone's lock. Does it never accept, and never wait for that lock, with each
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
	holds "calls take the pages that are accepted ($(result pages))" "$(result pages)" -gt 0
	is "these calls accept nothing" "$(result accepted)" 0
	is "1000 calls are made while another CPU holds the lock" "$(result held_calls)" 1000
	is "these calls do not wait for the lock" "$(result held_too_long)" N
	is "these calls accept nothing either" "$(result held_accepted)" 0
	holds "ordinary allocations accept ($(result ordinary) pages)" "$(result ordinary)" -gt 0
	rmmod ua_nolock
	unload
}

begin 16

never_accepts kernel
never_accepts module
is "no page was accepted twice" "$(emu already_accepted)" 0
clean_log
ktap_finished
