#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# stress.sh [SECONDS]: 25 tasks write everything that can be written, right and wrong, and 25
# read everything, for SECONDS (default: 20). Are the counters right to the byte after that?
. "$(dirname "$0")/lib.sh"

SECONDS_LONG=${1:-20}
EACH=25
WHAT=/tmp/stress

[ "$(vmstat_bytes)" -gt $((1 << 30)) ] || skip_all "needs 1 GiB of unaccepted memory"

# writes SEED: prints what one of the writers does, as lines "FILE DATA", in an order of its own.
# Most writes take effect; few accept, so that some memory stays unaccepted to the end.
writes() {
	awk -v seed="$1" -v dirs="$DIRS" -v top="$TOP_MIB" '
		function pick(n) { return int(rand() * n) }
		function one_of(words,    list) { return list[1 + pick(split(words, list, " "))] }
		BEGIN {
			srand(seed)
			split(dirs, dir, " ")
			for (i = 0; i < 400; i++) {
				what = pick(40)
				if (what < 1) print "accept 4M"
				else if (what < 2) print dir[1 + pick(length(dir))] "/accept 1"
				else if (what < 3) print "accept_range " pick(top) "M+1M"
				else if (what < 8) print one_of("accept accept_range node0/accept"), one_of("0 -1 x 101% 16E 1-0 1+")
				else if (what < 12) print "map_chunk_bytes", one_of("4M 64M 1G 1T 3M 0")
				else if (what < 16) print "acceptor/mode", one_of("off ahead idle all nonsense")
				else if (what < 20) print "acceptor/bytes_per_second", one_of("1 1M 4M 8M -1")
				else if (what < 23) print "acceptor/cpu_percent", one_of("1 10 100 0 1000")
				else if (what < 26) print "acceptor/headroom_bytes", one_of("0 16M 64M x")
				else if (what < 29) print "acceptor/floor_bytes", one_of("0 64M 128M x")
				else if (what < 32) print "acceptor/threads_per_node", one_of("1 2 3 4 5")
				else if (what < 36) print "acceptor/params mode=" one_of("off ahead all") " bytes_per_second=" one_of("1M 8M") " threads_per_node=" one_of("1 4 9")
				else if (what < 38) print "policy/max_blocks", one_of("1 4 16 0")
				else print "policy/placement", one_of("head tail x")
			}
		}'
}

# Writes with a shell builtin, because a process for each write would make fewer writes.
writer() {
	writes "$1" >$WHAT/writes-"$1"
	while [ -e $WHAT/go ]; do
		while read -r file data; do
			[ -e $WHAT/go ] || break
			echo "$data" >"$SYS/$file"
			count=$((count + 1))
		done <$WHAT/writes-"$1" 2>/dev/null
	done
	echo "$count" >$WHAT/wrote-"$1"
}

# Every file that can be read must stay readable, whatever is written meanwhile.
reader() {
	while [ -e $WHAT/go ]; do
		while read -r file; do
			[ -e $WHAT/go ] || break
			cat "$file" >/dev/null || echo "$file"
			count=$((count + 1))
		done <$WHAT/files
	done >$WHAT/bad-"$1" 2>&1
	echo "$count" >$WHAT/read-"$1"
}

# sum FILE...: the sum of the numbers in these files
sum() {
	cat "$@" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# sum_zones NAME: the sum of this file over all zones
sum_zones() {
	sum $SYS/node*/*/"$1"
}

begin 17

mkdir -p $WHAT
load
DIRS=$(cd $SYS && find . -type d -name 'node*' -o -type d -path './node*/*' | sed 's,^\./,,')
TOP_MIB=$(($(printf '%d' "$(sed -n 2p $DBG/map | cut -d ' ' -f 4)") >> 20))
find $SYS $DBG -type f -perm -400 >$WHAT/files
start=$(vmstat_bytes)
calls=$(emu accept_calls)
ccemu set cost_2m 20000000

: >$WHAT/go
i=0
count=0
while [ $i -lt $EACH ]; do
	i=$((i + 1))
	writer $i &
	reader $i &
done
sleep "$SECONDS_LONG"
rm $WHAT/go
wait
ccemu set cost_2m 0
echo off >$SYS/acceptor/mode

echo "# $(sum $WHAT/wrote-*) writes, $(sum $WHAT/read-*) readings in $SECONDS_LONG s"
holds "each writer wrote" "$(cat $WHAT/wrote-* | grep -cvx 0)" = $EACH
holds "each reader read" "$(cat $WHAT/read-* | grep -cvx 0)" = $EACH
is "no reading failed" "$(cat $WHAT/bad-*)" ""
holds "something was accepted" "$(get unaccepted_bytes)" -lt "$start"

is "unaccepted_bytes is that of vmstat" "$(get unaccepted_bytes)" "$(vmstat_bytes)"
gone=$((start - $(get unaccepted_bytes)))
is "the causes add up to what was accepted" "$gone" $(($(get accepted_user_bytes) + \
	$(get accepted_background_bytes) + $(get accepted_watermark_bytes) + \
	$(get accepted_fallback_bytes) + $(get accepted_isolation_bytes) + $(get accepted_other_bytes)))
is "there is a call for each block that the module accepted" $(($(get accept_calls) * BLOCK)) $(($(get accepted_user_bytes) + \
	$(get accepted_background_bytes) + $(get accepted_watermark_bytes) + $(get accepted_fallback_bytes)))
is "no call failed" "$(get accept_failures)" 0
holds "the emulator saw acceptances" "$(emu accept_calls)" -gt "$calls"
for name in unaccepted_bytes accepted_user_bytes accepted_background_bytes accepted_other_bytes; do
	is "the zones' $name add up to that of the machine" "$(sum_zones $name)" "$(get $name)"
done
is "the audit is consistent" "$(tail -n 1 $DBG/audit)" consistent
is "no page was accepted twice, none touched before it was accepted" "$(emu already_accepted) $(emu bad_access)" "0 0"
onewrite $SYS/accept all >/dev/null
is "the rest can be accepted" "$(get state) $(vmstat_bytes)" "complete 0"
unload
clean_log
ktap_finished
