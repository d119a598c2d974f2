#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Is bad input refused, with the right error, and without any effect?
. "$(dirname "$0")/lib.sh"

[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"

long=$(head -c 5000 /dev/zero | tr '\0' 1)
zeros=$(head -c 5000 /dev/zero | tr '\0' 0)
newline='
'

begin 242

load
for file in $SYS/accept $DBG/accept; do
	for data in "$newline" "   " abc -1 0 0M 1X 1KB 1.5G 0x1000 +1M 5% % 0% -5% "1 2" "1G 1G" \
		    "1G${newline}1G" alles ALL 1% 1; do
		case $data in
		5%|1%|1) continue ;;	# good ones; in trigger.sh
		esac
		refused "$file" "$data" EINVAL
	done
	for data in 101% 4294967296% 99999999999999999999 18446744073709551616 16E 18446744073709551615K; do
		refused "$file" "$data" ERANGE
	done
	refused "$file" "$long" EINVAL "5000 digits"
	refused "$file" "${zeros}1M" EINVAL "5000 zeros before 1M"
	before=$(everything)
	is "a NUL inside: EINVAL" "$(printf '4M\0004M' | onewrite "$file")" EINVAL
	is "  and nothing changed" "$(everything)" "$before"
done

refused $SYS/acceptor/mode "" ok "nothing at all"
for data in "$newline" fast on ALL "all off" "$long"; do
	refused $SYS/acceptor/mode "$data" EINVAL "$(echo "$data" | head -c 20)"
done
for knob in bytes_per_second headroom_bytes floor_bytes; do
	for data in "$newline" abc -1 1X 5% all "1 2"; do
		refused $SYS/acceptor/$knob "$data" EINVAL
	done
	refused $SYS/acceptor/$knob 99999999999999999999 ERANGE
done
for knob in cpu_percent threads_per_node; do
	for data in "$newline" abc -1 1.5 "1 2"; do
		refused $SYS/acceptor/$knob "$data" EINVAL
	done
	refused $SYS/acceptor/$knob 0 ERANGE
	refused $SYS/acceptor/$knob 401 ERANGE
done

# A write with a mistake has no effect at all, so the words before the mistake have none.
for data in "$newline" floor_bytes "floor_bytes 1M" "floor_bytes=1M nonsense=1" "=1" \
	    "floor_bytes=1M mode=fast" "cpu_percent=5 floor_bytes=" "mode=all threads_per_node=x" "$long"; do
	refused $SYS/acceptor/params "$data" EINVAL "$(echo "$data" | head -c 40)"
done
refused $SYS/acceptor/params "mode=all cpu_percent=500" ERANGE

if [ "$OWNER" = kernel ]; then
	# The kernel decides by itself.
	for data in 4 abc; do
		refused $SYS/policy/max_blocks "$data" EOPNOTSUPP
		refused $SYS/policy/max_us "$data" EOPNOTSUPP
		refused $SYS/policy/placement "$data" EOPNOTSUPP
	done
else
	for data in abc -1 1.5; do
		refused $SYS/policy/max_blocks "$data" EINVAL
	done
	refused $SYS/policy/max_blocks 0 ERANGE
	refused $SYS/policy/max_blocks 65 ERANGE
	refused $SYS/policy/max_us 1000001 ERANGE
fi

# Users without permission, and files that cannot be written.
before=$(everything)
for file in $SYS/accept $DBG/accept $SYS/acceptor/mode $SYS/acceptor/params; do
	is "${file#/sys/kernel/} cannot be written by other users" "$(onewrite -u 65534 "$file" 4M)" "open EACCES"
done
is "root may not read accept" \
	"$(cat $SYS/accept 2>&1)" "cat: can't open '$SYS/accept': Permission denied"
is "root may not write unaccepted_bytes" "$(onewrite $SYS/unaccepted_bytes 0)" "open EACCES"
is "none of these attempts changed anything" "$(everything)" "$before"

unload
clean_log
ktap_finished
