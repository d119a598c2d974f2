# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What all tests share: the kernel's own KTAP helpers, comparisons that print the values, and
# functions that read the module's, the kernel's and the emulator's numbers.

HERE=$(dirname "$(realpath "$0")")
# shellcheck disable=SC1091
. "$HERE/../kselftest/ktap_helpers.sh"

KO=${UNACCEPTED_KO:-$HERE/unaccepted.ko}
SYS=/sys/kernel/unaccepted
DBG=/sys/kernel/debug/unaccepted
MEMORY=/sys/devices/system/memory
BLOCK=$((4 << 20))

# The binding that the module must choose: only a kernel with patches/ has this function.
BINDING=stock
POLICY=
OWNER=kernel
if grep -q ' unaccepted_hooks_register$' /proc/kallsyms; then
	BINDING=hooks
	OWNER=module
fi
# Parameters for each load, from the environment.
case ${UNACCEPTED_ARGS-} in
*policy=module*) OWNER=module ;;
esac
[ $OWNER = kernel ] || POLICY=" policy"
# With psi=0, or without CONFIG_PSI, the kernel has no such directory.
PRESSURE=
[ ! -d /proc/pressure ] || PRESSURE=" pressure"

skip_all() {
	ktap_print_header
	ktap_skip_all "$@"
	exit "$KSFT_SKIP"
}

[ "$(id -u)" = 0 ] || skip_all "must be root"
[ -e "$KO" ] || skip_all "no module at $KO"
grep -q ' /sys/kernel/debug ' /proc/mounts || mount -t debugfs none /sys/kernel/debug 2>/dev/null

# begin TESTS: print the plan, and have some accepted memory to spare
begin() {
	dmesg -c >/dev/null
	ktap_print_header
	ktap_set_plan "$1"
	# A guest whose CPUs run in parallel boots with one of them, because patching code that
	# other CPUs run can end an emulated machine. Elsewhere a CPU may be offline on purpose.
	if grep -qw maxcpus=1 /proc/cmdline; then
		for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
			[ ! -e "$cpu" ] || echo 1 >"$cpu"
		done
	fi
	case $(vmstat_bytes) in
	0|'') ;;
	*) spare ;;
	esac
}

# is DESCRIPTION GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		ktap_print_msg "got '$2', expected '$3'"
		ktap_test_fail "$1"
	fi
}

# holds DESCRIPTION CONDITION...: CONDITION is one of test(1)
holds() {
	desc=$1
	shift
	if [ "$@" ]; then
		ktap_test_pass "$desc"
	else
		ktap_print_msg "does not hold: $*"
		ktap_test_fail "$desc"
	fi
}

# A kernel with checkers takes ten times as long for everything, and does not reuse freed memory
# for some time.
SLOWER=1
SPARE_MIB=64
if grep -qE ' (kasan_report|__kcsan_check_access)$' /proc/kallsyms; then
	SLOWER=10
	SPARE_MIB=384
fi

# wait_for CONDITION: repeat a command line until it succeeds, for a minute at most
wait_for() {
	tries=0
	until eval "$1"; do
		tries=$((tries + 1))
		[ $tries -lt $((1200 * SLOWER)) ] || { ktap_print_msg "gave up: $1"; return 1; }
		usleep 50000
	done
}

# state_is STATE: waits for this state of the acceptor; prints the last one that was seen, because
# it may change at once.
state_is() {
	wait_for "seen=\$(get acceptor/state); [ \"\$seen\" = '$1' ]"
	echo "$seen"
}

load() {
	# shellcheck disable=SC2086  # each word is a parameter
	insmod "$KO" ${UNACCEPTED_ARGS-} "$@" || ktap_exit_fail_msg "cannot load $KO"
}

# All counters must agree whenever a test unloads the module.
unload() {
	verdict=$(tail -n 1 $DBG/audit)
	[ "$verdict" = consistent ] || ktap_exit_fail_msg "audit: $(cat $DBG/audit)"
	rmmod unaccepted || ktap_exit_fail_msg "cannot unload"
}

get() {
	cat "$SYS/$1"
}

onewrite() {
	"$HERE/onewrite" "$@"
}

vmstat_bytes() {
	awk '$1 == "nr_unaccepted" { printf "%.0f\n", $2 * 4096 }' /proc/vmstat
}

meminfo_bytes() {
	awk -v key="$1:" '$1 == key { printf "%.0f\n", $2 * 1024 }' /proc/meminfo
}

# Everything that a refused write could change.
everything() {
	cat $SYS/unaccepted_bytes $SYS/accepted_* $SYS/accept_calls $SYS/accept_failures \
	    $SYS/policy/* $SYS/state $SYS/acceptor/params $SYS/acceptor/state \
	    $SYS/accept_range $SYS/accept_progress $SYS/map_chunk_bytes | tr '\n' ' '
	emu accept_calls
}

# refused FILE DATA ANSWER [NAME]: a write fails with ANSWER and changes nothing
refused() {
	before=$(everything)
	is "${1#/sys/kernel/} <- ${4:-'$2'}: $3" "$(onewrite "$1" "$2")" "$3"
	is "  and nothing changed" "$(everything)" "$before"
}

# blocks CHARACTERS: numbers of the blocks that the map of a machine with one node
# shows as one of these
blocks() {
	chunk=$(get map_chunk_bytes)
	echo 4M >$SYS/map_chunk_bytes
	awk -v wanted="$1" '
		/^0x/ { for (i = 1; i <= length($2); i++)
				if (index(wanted, substr($2, i, 1)))
					print (line * 64 + i - 1)
			line++ }' $DBG/map
	echo "$chunk" >$SYS/map_chunk_bytes
}

# column FILE NAME: sum of a column of a debugfs table
column() {
	awk -v name="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
		NR > 1 { sum += $at }
		END { printf "%.0f\n", sum }' "$DBG/$1"
}

table_field() {
	awk -v key="$1" '$1 == key { $1 = ""; print substr($0, 2) }' "$DBG/table"
}

# agree DESCRIPTION: all counters of unaccepted memory agree. They can only be compared if nothing
# changed between the first and the last reading, so this reads until nothing did.
agree() {
	tries=0
	while :; do
		ours=$(get unaccepted_bytes)
		seen="vmstat=$(vmstat_bytes) meminfo=$(meminfo_bytes Unaccepted)"
		seen="$seen zones=$(column zones unaccepted_bytes)"
		seen="$seen nodes=$(column nodes unaccepted_bytes)"
		[ "$(get unaccepted_bytes)" != "$ours" ] || break
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { seen="always changed meanwhile"; break; }
	done
	is "$1" "$seen" "vmstat=$ours meminfo=$ours zones=$ours nodes=$ours"
}

# is_balanced DESCRIPTION START: what each cause accepted and what is left add up to START bytes
is_balanced() {
	is "$1" "$(($(get accepted_user_bytes) + $(get accepted_background_bytes) + \
		$(get accepted_watermark_bytes) + $(get accepted_fallback_bytes) + \
		$(get accepted_isolation_bytes) + \
		$(get accepted_other_bytes) + $(get unaccepted_bytes)))" "$2"
}

# Prints what allocations accepted, by the module's policy or by the kernel's.
by_allocations() {
	echo $(($(get accepted_allocation_bytes) + $(get accepted_other_bytes)))
}

# The watermarks up to which the kernel's own policy accepts, of all zones. 6.1 does not
# show WMARK_PROMO, which is as far above high as high is above low.
promo_bytes() {
	awk '$1 == "low" { pages -= $2 }
		$1 == "high" { pages += 2 * $2 }
		END { print pages * 4096 }' /proc/zoneinfo
}

# zone_pages ZONE KEY [NODE]: a number from /proc/zoneinfo
zone_pages() {
	awk -v zone="$1" -v key="$2" -v node="${3-}" '
		/^Node/ { on = $4 == zone && (node == "" || $2 == node ",") }
		on && ($1 == key || $1 " " $2 == key) { print $NF; exit }' /proc/zoneinfo
}

# spare_bytes ZONE [NODE]: memory that is free and accepted beyond the watermark up to which the
# kernel accepts
spare_bytes() {
	echo $((($(zone_pages "$1" "pages free" "${2-}") - $(zone_pages "$1" nr_unaccepted "${2-}") - \
		2 * $(zone_pages "$1" high "${2-}") + $(zone_pages "$1" low "${2-}")) * 4096))
}

# How many processes the OOM killer has killed since boot.
oom_kills() {
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

# want MIB: a process touches this much more memory than is accepted and free, and exits. It uses
# huge pages, because a kernel with checkers takes a millisecond for each small page.
want() {
	pages=/sys/kernel/mm/transparent_hugepage/enabled
	as_before=$(sed 's/.*\[\(.*\)\].*/\1/' $pages)
	echo always >$pages
	: >/tmp/held
	"$HERE/hog" $((($(meminfo_bytes MemFree) - $(vmstat_bytes) >> 20) + $1)) >/tmp/held &
	hog=$!
	wait_for '[ -s /tmp/held ] || ! kill -0 $hog 2>/dev/null'
	kill $hog 2>/dev/null
	wait $hog 2>/dev/null
	echo "$as_before" >$pages
}

# ran_short NODE: do allocations of this node accept? They go to its highest zone that has free
# memory: is less free and accepted there than its highest watermark, although some is unaccepted?
ran_short() {
	zones=$(awk -v node="$1," '
		/^Node/ { ours = $2 == node; zone = $4 }
		$1 == "managed" && $2 > 0 && ours { zones = zone " " zones }
		END { print zones }' /proc/zoneinfo)
	for zone in $zones; do
		[ "$(spare_bytes "$zone" "$1")" -lt 0 ] || return 1
		[ "$(zone_pages "$zone" nr_unaccepted "$1")" = 0 ] || return 0
	done
	return 1
}

# Have more memory accepted in all zones than their watermarks need, so that allocations of other
# tasks accept nothing while the test compares numbers.
spare() {
	min=$(cat /proc/sys/vm/min_free_kbytes)
	echo $((min + (SPARE_MIB << 10))) >/proc/sys/vm/min_free_kbytes
	enough=0
	for node in /sys/devices/system/node/node[0-9]*; do
		# A node without a CPU is the first choice of no allocation.
		[ "$(cat "$node/cpulist")" ] || continue
		wait_for 'taskset 0x$(cat $node/cpumap) true; ! ran_short ${node##*node}' || enough=1
	done
	echo "$min" >/proc/sys/vm/min_free_kbytes
	[ $enough = 0 ] || ktap_exit_fail_msg "cannot have ${SPARE_MIB}M accepted beforehand"
}

# A directory that can hold as much as the whole memory.
FILL=/tmp/fill
mount_fill() {
	mkdir -p $FILL
	mount -t tmpfs -o size=100% none $FILL
}

# Lines of the kernel's log that no test may cause. Those of the OOM killer are not among them,
# because some tests expect them.
ALWAYS_BAD='WARNING|BUG|Oops|general protection|soft lockup|hung task|list_(add|del) corruption|Bad page|blocked for more|rcu.*stall'
# hits LIMIT: how often background threads waited because of it
hits() {
	awk -v cause="$1" '$1 == cause { print $2 }' $SYS/acceptor/hits
}

# Takes the last block of memory offline that can be, and prints its number.
offline_block() {
	for block in $(find $MEMORY -maxdepth 1 -name 'memory[0-9]*' | sed 's/.*memory//' | sort -rn); do
		echo offline 2>/dev/null >"$MEMORY/memory$block/state" && break
	done
	echo "$block"
}

# The platform of this guest. Linux clears the SEV flags in /proc/cpuinfo, but has a device by
# which drivers talk to the firmware.
platform() {
	if grep -qw tdx_guest /proc/cpuinfo; then
		echo TDX
	elif [ -e /sys/bus/platform/devices/sev-guest ]; then
		echo SEV-SNP
	fi
}

# Milliseconds since boot, from the clock that the module uses as well.
now_ms() {
	awk '{ printf "%.0f\n", $1 * 1000 }' /proc/uptime
}

# KCSAN reports races of the whole kernel: leave out those that the module is not part of.
own_races() {
	awk '
		/BUG: KCSAN/ { race = $0; next }
		race && /\[unaccepted\]/ { print race; race = "" }
		/={40}/ { race = "" }
		{ print }'
}

# complaints [PATTERN]: lines of the kernel's log since begin() that are bad, or match PATTERN
complaints() {
	dmesg | own_races | grep -E "$ALWAYS_BAD${1:+|$1}" | head -5
}

# Lockdep stops checking after its first report.
lockdep_gave_up() {
	[ ! -e /proc/lockdep_stats ] || grep -q 'debug_locks: *1' /proc/lockdep_stats ||
		echo "lockdep has given up"
}

clean_log() {
	is "${1:-the kernel log is clean}" \
		"$(complaints 'Call Trace|Out of memory'; lockdep_gave_up)" ""
}

# Prints a counter of the emulator, which counts independently of the guest.
emu() {
	ccemu get "$1"
}
