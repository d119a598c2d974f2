#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# On SEV-SNP a page is made private by a request to the host, and then validated. Does each
# acceptance request only what it validates, in pages of 2M? Does it go on if the host does a
# part of a request, or has only 4K pages? Do CPUs, which are started differently there, go
# offline and online?
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC1091
. "$HERE/work.sh"

[ "$(platform)" = SEV-SNP ] || skip_all "not an SEV-SNP guest"
[ "$(vmstat_bytes)" -gt $((256 << 20)) ] || skip_all "needs 256 MiB of unaccepted memory"
[ -e /sys/devices/system/cpu/cpu1/online ] || skip_all "needs two CPUs"
[ -e "$WORK_KO" ] || skip_all "no module at $WORK_KO"

remember() {
	ccemu counters >/tmp/remembered
}

# delta COUNTER...: what each has risen by since remember()
delta() {
	for name; do
		was=$(awk -v name="$name" '$1 == name { print $2 }' /tmp/remembered)
		printf '%d ' $(($(emu "$name") - was))
	done
}

# The kernel accepts in units of 2M; this is the number of units.
units() {
	echo $((-($(delta pages_pending)) / 512))
}

begin 22

load
remember
is "64M are accepted" "$(onewrite $SYS/accept 64M)" ok
units=$(units)
holds "these are 32 units and the guard unit ($units)" "$units" -ge 31 -a "$units" -le 33
is "each is one 2M page, asked for and validated once" \
	"$(delta psc_2m accept_2m)" "$units $units "
is "there is no 4K page" "$(delta psc_4k accept_4k size_mismatch)" "0 0 0 "
# On patched 6.1 a request is for one unit, because interrupts are enabled after each.
case $(uname -r) in
6.1.*) is "each unit is one request" "$(delta map_gpa)" "$units " ;;
*) is "each block is one request" "$(delta map_gpa)" "16 " ;;
esac

# A host may return before a request is done; the kernel asks again for the rest.
ccemu set psc_batch 1
remember
is "16M are accepted, one page per request" "$(onewrite $SYS/accept 16M)" ok
units=$(units)
holds "these are 8 units ($units)" "$units" -ge 7 -a "$units" -le 9
is "each page is a request, and none was asked for twice" \
	"$(delta map_gpa psc_2m accept_2m psc_4k)" "$units $units $units 0 "
ccemu set psc_batch 0

# A host that has only 4K pages agrees to 2M, and then PVALIDATE reports the mismatch.
ccemu set max_level 0
remember
is "16M are accepted on a host that has only 4K pages" "$(onewrite $SYS/accept 16M)" ok
units=$(units)
holds "these are 8 units ($units)" "$units" -ge 7 -a "$units" -le 9
is "the request is for 2M pages" "$(delta psc_2m psc_4k)" "$units 0 "
is "validation fails for 2M and succeeds for 4K" \
	"$(delta accept_2m size_mismatch accept_4k)" "0 $units $((units * 512)) "
ccemu set max_level 2
remember
is "with 2M pages again, there are only 2M pages" "$(onewrite $SYS/accept 4M) $(delta psc_4k accept_4k size_mismatch)" "ok 0 0 0 "
agree "the counters agree"

# Only once: 6.12 leaves the GHCB of a CPU that goes offline marked as in use. Afterwards it uses
# the backup GHCB, and the second time it panics.
echo 0 >/sys/devices/system/cpu/cpu1/online
is "CPU 1 goes offline" "$(nproc)" 1
echo 1 >/sys/devices/system/cpu/cpu1/online
is "CPU 1 comes online" "$(nproc)" 2
is "CPU 1 can accept" "$(taskset 2 "$HERE/onewrite" $SYS/accept 4M)" ok
is "no page was validated twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
is "private memory was not accessed as shared" "$(emu wrong_alias)" 0
insmod "$WORK_KO" || ktap_exit_fail_msg "cannot load $WORK_KO"
work alias private
is "such an access is counted" "$(emu wrong_alias)" 1
rmmod ua_workload
unload
clean_log
ktap_finished
