#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Is every file described in the ABI texts, and does every file described there exist? Does each
# have the right mode and form, and does bad input change nothing?
. "$(dirname "$0")/lib.sh"

ABI=$HERE/abi
[ -e "$ABI/sysfs-kernel-unaccepted" ] || skip_all "no ABI texts in $ABI"
[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

ZONE='\(DMA\|DMA32\|Normal\|Movable\)'

# generic: converts paths on stdin to the form of the ABI texts, each once
generic() {
	sed "s,node[0-9][0-9]*,nodeN,;s,nodeN/$ZONE,nodeN/<zone>," | sort -u
}

# files_in DIR: all files below it, in the form of the ABI texts
files_in() {
	find "$1" -type f | generic
}

# described TEXT: the files that an ABI text describes, without directories
described() {
	sed -n 's/^What:[[:space:]]*//p' "$ABI/$1" | grep -v '/$' | sort
}

# entries_are_whole TEXT: each entry has all the fields that the format asks for
entries_are_whole() {
	awk '/^What:/ && !open { open = 1; entries++; for (i in have) delete have[i] }
		{ have[$1] = 1 }
		/^Description:/ { open = 0
			if (!have["Date:"] || !have["KernelVersion:"] || !have["Contact:"]) print FILENAME, entries }
		END { if (open || !entries) print "no entries" }' "$ABI/$1"
}

# For each file: its mode, and a regular expression that all of its lines must match.
NUMBER='[0-9]\+'
ERROR='\(none\|[0-9]\+\.[0-9]\{6\} -[0-9]\+ [^ ]\+ [^ ].*\)'
WORD='[a-z]\+'
forms() {
	cat <<-FORMS
	version 444 [0-9]\+\.[0-9]\+\.[0-9]\+
	binding 444 \(hooks\|stock\|observe\)
	caps 444 counters\( table\)\?\( accept acceptor\)\?\( eager\)\?\( pressure\)\?\( policy\)\?
	features 444 scopes range progress poll params errors map recent audit
	state 444 \(absent\|idle\|running\|complete\|error\)
	reason 444 [a-z].*
	accept 200
	accept_range 600 \(none\|0x[0-9a-f]\+-0x[0-9a-f]\+ asked 0x[0-9a-f]\+-0x[0-9a-f]\+ rounded $NUMBER accepted\)
	accept_progress 444 $NUMBER $NUMBER
	accept_error 444 $ERROR
	map_chunk_bytes 644 $NUMBER
	acceptor/mode 644 \(off\|ahead\|idle\|all\)
	acceptor/bytes_per_second 644 $NUMBER
	acceptor/cpu_percent 644 $NUMBER
	acceptor/headroom_bytes 644 $NUMBER
	acceptor/floor_bytes 644 $NUMBER
	acceptor/threads_per_node 644 [1-4]
	acceptor/params 644 mode=$WORD bytes_per_second=$NUMBER cpu_percent=$NUMBER headroom_bytes=$NUMBER floor_bytes=$NUMBER threads_per_node=[1-4]
	acceptor/state 444 \(off\|[a-z_()]\+\( [a-z_()]\+\)*\)
	acceptor/pids 444 \($NUMBER\( $NUMBER\)*\)\?
	acceptor/cpu_ns 444 \($NUMBER\( $NUMBER\)*\)\?
	acceptor/hits 444 [a-z_]\+ $NUMBER
	acceptor/error 444 $ERROR
	policy/owner 444 \(module\|kernel\)
	policy/max_blocks 644 $NUMBER
	policy/max_us 644 $NUMBER
	policy/placement 644 \(head\|tail\)
	FORMS
	for name in $COUNTERS; do
		echo "$name 444 $NUMBER"
	done
	for dir in $DIRS; do
		echo "$dir/accept 200"
		for name in $COUNTERS; do
			echo "$dir/$name 444 $NUMBER"
		done
	done
}

TABLE='unaccepted_bytes managed_bytes accepted_user_bytes accepted_background_bytes accepted_other_bytes accept_calls accept_total_ns accept_max_ns accept_failures accepted_watermark_bytes accepted_fallback_bytes shortfalls accepted_isolation_bytes'
NUMBERS=$(for name in $TABLE; do printf ' %s' "$NUMBER"; done | cut -c 2-)
CAUSE='\(user\|background\|watermark\|fallback\|isolation\)'
debugfs_forms() {
	cat <<-FORMS
	accept 200
	zones 444 \(node zone $TABLE\|$NUMBER $ZONE $NUMBERS\)
	nodes 444 \(node $TABLE\|$NUMBER $NUMBERS\)
	latency 444 \(node zone below_ns waits cause\|$NUMBER $ZONE $NUMBER $NUMBER $CAUSE\)
	table 444 \(present [01]\|refused .*\|address 0x[0-9a-f]\+\|phys_base 0x[0-9a-f]\+\|[a-z_]\+ $NUMBER\)
	recent 444 \(seconds cause comm pid node zone pfn ns result\|[0-9]\+\.[0-9]\{6\} $CAUSE [^ ]\+ $NUMBER $NUMBER $ZONE -\?$NUMBER $NUMBER -\?$NUMBER\)
	audit 444 \(consistent\|$NUMBER $ZONE list_blocks $NUMBER counter_blocks $NUMBER bitmap_blocks $NUMBER inflight_blocks $NUMBER consistent\)
	map 444 $MAP
	FORMS
	for node in $NODES; do
		echo "$node/map 444 $MAP"
	done
}
MAP='\(chunk_bytes [0-9]\+\|node [0-9]\+ 0x[0-9a-f]\+ 0x[0-9a-f]\+\|0x[0-9a-f]\+ [#.+*?-]\{1,64\}\)'

COUNTERS="unaccepted_bytes refused_bytes managed_bytes accepted_user_bytes accepted_background_bytes
	accepted_watermark_bytes accepted_fallback_bytes accepted_allocation_bytes
	accepted_isolation_bytes accepted_other_bytes accept_calls accept_total_ns
	accept_max_ns accept_failures shortfalls"

# has_form DIR FILE MODE FORM: the file has this mode, and each of its lines this form
has_form() {
	is "${1#/sys/kernel/}/$2: mode" "$(stat -c '%a %u %g' "$1/$2")" "$3 0 0"
	if [ "$4" ]; then
		cat "$1/$2" >/tmp/text 2>/tmp/error
		is "  its form" "$(grep -vx -- "$4" /tmp/text; cat /tmp/error)" ""
	else
		is "  cannot be read" "$(cat "$1/$2" 2>/dev/null || echo refused)" refused
	fi
}

# cannot_be_written FILE ANSWER: writing fails with ANSWER, even for root
cannot_be_written() {
	before=$(everything)
	is "${1#/sys/kernel/} cannot be written" "$(onewrite "$1" 1)" "$2"
	is "  and nothing changed" "$(everything)" "$before"
}

load
DIRS=$(cd $SYS && find . -type d -name 'node*' -o -type d -path './node*/*' | sed 's,^\./,,' | sort)
NODES=$(cd $SYS && ls -d node[0-9]*)
forms >/tmp/forms
debugfs_forms >/tmp/debugfs_forms
read_only=$(grep -c '^[^ ]* 444' /tmp/forms)
debugfs_read_only=$(grep -c '^[^ ]* 444' /tmp/debugfs_forms)
triggers=$(($(echo "$DIRS" | wc -w) + 2))
begin $((7 + 2 * $(cat /tmp/forms /tmp/debugfs_forms | wc -l) + 2 * (read_only + debugfs_read_only) + \
	14 * triggers + 14 + 96 + 18))

is "sysfs: the ABI text describes exactly the files that exist" \
	"$(files_in $SYS >/tmp/there; described sysfs-kernel-unaccepted | diff - /tmp/there)" ""
is "debugfs: the ABI text describes exactly the files that exist" \
	"$(files_in $DBG >/tmp/there; described debugfs-unaccepted | diff - /tmp/there)" ""
is "no file is described twice" \
	"$(cat "$ABI"/* | sed -n 's/^What:[[:space:]]*//p' | sort | uniq -d)" ""
is "each entry has all fields" \
	"$(entries_are_whole sysfs-kernel-unaccepted; entries_are_whole debugfs-unaccepted)" ""
is "this test knows the form of each file in sysfs" \
	"$(cut -d ' ' -f 1 /tmp/forms | sort >/tmp/known; cd $SYS && find . -type f | sed 's,^\./,,' | sort | diff - /tmp/known)" ""
is "this test knows the form of each file in debugfs" \
	"$(cut -d ' ' -f 1 /tmp/debugfs_forms | sort >/tmp/known; cd $DBG && find . -type f | sed 's,^\./,,' | sort | diff - /tmp/known)" ""

# Give every file something to show.
onewrite $SYS/accept 8M >/dev/null
onewrite $SYS/accept_range 1G+1 >/dev/null
onewrite $SYS/accept nonsense >/dev/null
while read -r file mode form; do
	has_form $SYS "$file" "$mode" "$form"
	[ "$mode" != 444 ] || cannot_be_written "$SYS/$file" "open EACCES"
done </tmp/forms
while read -r file mode form; do
	has_form $DBG "$file" "$mode" "$form"
	[ "$mode" != 444 ] || cannot_be_written "$DBG/$file" EINVAL
done </tmp/debugfs_forms

# Every class of bad input, into every file that takes any.
long=$(head -c 5000 /dev/zero | tr '\0' 1)
for file in $SYS/accept $DBG/accept $(for dir in $DIRS; do echo "$SYS/$dir/accept"; done); do
	for data in " " abc -1 0 0x1000 "1 2" "$long"; do
		refused "$file" "$data" EINVAL "$(echo "$data" | head -c 20)"
	done
done
for data in " " abc 1G 2G-1G 1G+0 "$long"; do
	refused $SYS/accept_range "$data" EINVAL "$(echo "$data" | head -c 20)"
done
refused $SYS/accept_range 16E+1 ERANGE
for knob in map_chunk_bytes acceptor/bytes_per_second acceptor/headroom_bytes acceptor/floor_bytes \
	    acceptor/cpu_percent acceptor/threads_per_node acceptor/mode acceptor/params; do
	for data in " " abc -1 1.5 "1 2" "$long"; do
		refused $SYS/$knob "$data" EINVAL "$(echo "$data" | head -c 20)"
	done
done
for knob in max_blocks max_us placement; do
	wanted=EINVAL
	[ "$OWNER" = module ] || wanted=EOPNOTSUPP
	for data in abc -1 "1 2"; do
		refused $SYS/policy/$knob "$data" $wanted
	done
done
unload
clean_log
ktap_finished
