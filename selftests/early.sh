#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Is memory accepted that is used without an allocation?
#
# "early.sh cma": an area that cma=SIZE@ADDRESS reserves; its pages are allocated like others.
# "early.sh memtest": what memtest= writes to, before there is an allocator.
# "early.sh cut-off": on SEV-SNP, RAM that memmap= takes from the kernel has no mapping and cannot be
# validated. Is it left out, although the unit before it is accepted? For a guest that accepts
# all memory at boot.
# "early.sh memmap": memmap= takes 6 MiB at 0x130200000 from the kernel. Do the counters agree?
# "early.sh soft-reserved": unaccepted memory that the firmware reserves for a driver. Does the driver
# get it, accepted, and the page allocator not? For a guest with 512 MiB of it at 0x120000000.
. "$(dirname "$0")/lib.sh"

[ "$BINDING" = hooks ] || skip_all "this kernel has no patches"

# option NAME: its value on the kernel's command line
option() {
	sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

cma() {
	begin 6
	is "CMA has the area of the command line ($(option cma))" "$(($(meminfo_bytes CmaTotal) >> 20))M" \
		"$(option cma | cut -d @ -f 1)"
	holds "memory is unaccepted ($(vmstat_bytes) bytes)" "$(vmstat_bytes)" -gt 0
	mount_fill
	dd if=/dev/zero of=$FILL/file bs=1M count=$((($(meminfo_bytes MemAvailable) >> 20) - 64))
	holds "three quarters of the area are used ($(meminfo_bytes CmaFree) bytes are not)" \
		$(($(meminfo_bytes CmaFree) * 4)) -lt "$(meminfo_bytes CmaTotal)"
}

memtest() {
	ran=$(dmesg | grep -c 'early_memtest: # of tests: 1')
	begin 6
	is "the memory was tested" "$ran" 1
	is "all of it is accepted" "$(vmstat_bytes) $(emu pages_pending)" "0 0"
	load
	is "the module finds nothing to do" "$(get state)" complete
	unload
}

cut_off() {
	[ "$(platform)" = SEV-SNP ] || skip_all "not an SEV-SNP guest"
	begin 5
	size=$(option memmap | sed 's/M.*//')
	is "the kernel has accepted everything" "$(vmstat_bytes)" 0
	is "what the kernel does not have is unaccepted ($size MiB)" \
		"$(emu pages_pending)" $((size * 256))
}

soft_reserved() {
	kind=$(dmesg | sed -n 's/.*mem 0x0*120000000-0x0*13fffffff\] *\(.*\)/\1/p' | sed -n 1p)
	begin 8
	is "the range is soft-reserved" "$kind" "soft reserved"
	is "the driver has it" "$(cat /sys/bus/dax/devices/dax0.0/size)" $((512 << 20))
	holds "it is no RAM of the kernel's" "$(meminfo_bytes MemTotal)" -lt $((3584 << 20))
	# Of a block that counts as unaccepted, some may be accepted, but not the other way round.
	holds "it is accepted" "$(emu pages_pending)" -le $(($(vmstat_bytes) / 4096))
	load
	is "the counters of the module are consistent" "$(tail -n 1 $DBG/audit)" consistent
	unload
}

# The bits of what memmap= takes stay set.
memmap() {
	kept=$(dmesg | grep -c 'user: \[mem 0x0*130200000-0x0*1307fffff\].*reserved')
	begin 7
	is "the range is reserved" "$kept" 1
	load
	is "the counters of the module are consistent" "$(tail -n 1 $DBG/audit)" consistent
	is "everything else can be accepted" "$(onewrite $SYS/accept all) $(get unaccepted_bytes)" "ok 0"
	# But for its first unit, which is the guard of the memory before it.
	holds "what is not RAM of the kernel's is not accepted" "$(emu pages_pending)" -ge 1024
	unload
}

case ${1-} in
cma) cma ;;
memmap) memmap ;;
memtest) memtest ;;
cut-off) cut_off ;;
soft-reserved) soft_reserved ;;
*) ktap_exit_fail_msg "usage: early.sh cma|memmap|memtest|cut-off|soft-reserved" ;;
esac
is "no page was accepted twice" "$(emu already_accepted)" 0
is "no page was touched before it was accepted" "$(emu bad_access)" 0
clean_log
ktap_finished
