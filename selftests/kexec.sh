#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Can a guest with unaccepted memory start a second kernel, and does that kernel find the same
# memory unaccepted? This test loads the kernel in /bzImage, with an initramfs so large that a
# part is copied to unaccepted memory, and starts it. The second kernel runs "kexec.sh arrived",
# and its result is that of the guest.
#
# "kexec.sh crash": the second kernel is loaded for a crash; the first one crashes, and the second
# one reads all of its memory. For guests with crashkernel= on the command line.
#
# "kexec.sh noruntime": for guests with efi=noruntime, where the second kernel finds no table. With
# patches/ it is not loaded before all memory is accepted; on stock kernels the module accepts
# everything before the jump.
#
# If /bzImage is another version, /second.ko is the module for it.
. "$(dirname "$0")/lib.sh"

IMAGE=/bzImage
SECOND_KO=/second.ko
MORE=/tmp/more		# what the second kernel has and this one has not
INITRAMFS=/tmp/initramfs
MARK=second_kernel

# The kernel is copied to the top of memory, a part of which is in use and accepted since boot:
# the padding must be larger than that part. No wrong copy has its pattern by accident.
PADDING_COPIES=50

pending_bytes() {
	echo $(($(emu pages_pending) * 4096))
}

# Prints the bytes that are accepted, but on the kernel's list of unaccepted blocks.
accepted_in_unaccepted() {
	echo $(($(vmstat_bytes) - $(pending_bytes)))
}

# Packs an initramfs: all files of this one, and behind them a second archive with the other files
# and the tests to run.
pack() {
	mkdir -p $MORE/dev $MORE/kept $MORE/testbed "$MORE$HERE"
	[ ! -e $SECOND_KO ] || cp $SECOND_KO "$MORE$KO"
	# /init needs this file, which is hidden here by a mount.
	mknod $MORE/dev/console c 5 1
	i=0
	while [ $i -lt $PADDING_COPIES ]; do
		echo $i
		cat /bin/busybox
		i=$((i + 1))
	done >$MORE/kept/padding
	md5sum <$MORE/kept/padding >$MORE/kept/padding.md5
	echo "exec $HERE/run_in_guest.sh kexec:arrived-${1-}" >$MORE/testbed/command
	vmstat_bytes >$MORE/kept/unaccepted_before
	uname -r >$MORE/kept/release
	(cd / && find . -xdev ! -path ./bzImage | cpio -o -H newc) >$INITRAMFS
	(cd $MORE && find . | cpio -o -H newc) >>$INITRAMFS
	rm -r $MORE
}

# The command line tells the second kernel that it is the second.
command_line() {
	sed "s/crashkernel=[^ ]*//; s/\$/ $MARK ${1-}/" /proc/cmdline
}

depart() {
	# $1: "loaded" to jump with the module loaded
	[ -e $IMAGE ] || skip_all "no kernel at $IMAGE"
	[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"
	begin 4
	pack "$1" 2>/dev/null
	before=$(accepted_in_unaccepted)
	is "a kernel and an initramfs are loaded" \
		"$("$HERE/kexec" load $IMAGE $INITRAMFS "$(command_line)" 2>&1)" ""
	# For a block that an allocation accepts, the kernel also accepts the guard unit.
	added=$((($(accepted_in_unaccepted) - before) >> 20))
	# Does this kernel itself accept the memory when the image is loaded?
	case $BINDING-$(uname -r) in
	hooks-* | stock-7.*)
		holds "the memory it will be copied to was unaccepted, and is accepted ($added MiB)" \
			$added -ge 16 ;;
	*)
		holds "the memory it will be copied to is not accepted ($added MiB)" $added -le 8 ;;
	esac
	is "no page was touched before it was accepted" "$(emu bad_access)" 0
	clean_log
	(ktap_finished) || exit 1
	# On a kernel that does not accept the memory that it copies to, the module does.
	[ "$1" != loaded ] || load
	"$HERE/kexec" jump
	ktap_exit_fail_msg "the jump to the second kernel returned"
}

arrive() {
	is_second=$(grep -cw $MARK /proc/cmdline)
	tables=$(dmesg | grep -c 'efi:.* Unaccepted=0x')
	before=$(cat /kept/unaccepted_before)
	begin 11
	is "this is the second kernel" "$is_second" 1
	is "it found the table of unaccepted memory" "$tables" 1
	is "its initramfs arrived whole" "$(md5sum </kept/padding)" "$(cat /kept/padding.md5)"
	load
	start=$(get unaccepted_bytes)
	holds "memory is still unaccepted ($((start >> 20)) of $((before >> 20)) MiB)" \
		"$start" -gt $((1 << 30)) -a "$start" -lt "$before"
	agree "all counters agree"
	is "the bitmap and the emulator agree on what is unaccepted" \
		"$(table_field unaccepted_bytes)" "$(pending_bytes)"
	is "all can be accepted" "$(onewrite $SYS/accept all) $(get unaccepted_bytes)" "ok 0"
	is "the emulator has nothing pending" "$(emu pages_pending)" 0
	is "it is complete" "$(get state)" complete
	unload
	is "no page was accepted twice, none touched before it was accepted" \
		"$(emu already_accepted) $(emu bad_access)" "0 0"
	clean_log
	ktap_finished
}

crash() {
	[ -e $IMAGE ] || skip_all "no kernel at $IMAGE"
	[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"
	begin 3
	PADDING_COPIES=1
	load
	pack crash 2>/dev/null
	is "a kernel is loaded in case this one crashes" \
		"$("$HERE/kexec" load-panic $IMAGE $INITRAMFS "$(command_line nr_cpus=1)" 2>&1)" ""
	is "no page was touched before it was accepted" "$(emu bad_access)" 0
	clean_log
	(ktap_finished) || exit 1
	echo c >/proc/sysrq-trigger
	ktap_exit_fail_msg "this kernel did not crash"
}

# Without EFI runtime services the table cannot be handed over.
depart_without_table() {
	[ -e $IMAGE ] || skip_all "no kernel at $IMAGE"
	[ "$(vmstat_bytes)" != 0 ] || skip_all "this kernel holds no unaccepted memory"
	if [ $BINDING = hooks ]; then
		begin 6
		echo small >$INITRAMFS
		is "a kernel that would not find the table is refused" \
			"$("$HERE/kexec" load $IMAGE $INITRAMFS x 2>&1)" \
			"kexec: kexec_file_load: Operation not supported"
		is "the log has the cause" "$(dmesg | grep -c 'without EFI runtime services')" 1
		load
		is "all is accepted" "$(onewrite $SYS/accept all)" ok
		unload
		is "then a kernel is loaded" "$("$HERE/kexec" load $IMAGE $INITRAMFS x 2>&1)" ""
		is "no page was touched before it was accepted" "$(emu bad_access)" 0
		clean_log
		ktap_finished
	fi
	begin 3
	PADDING_COPIES=1
	pack noruntime 2>/dev/null
	is "a kernel is loaded" \
		"$("$HERE/kexec" load $IMAGE $INITRAMFS "$(command_line)" 2>&1)" ""
	load
	is "no page was touched before it was accepted" "$(emu bad_access)" 0
	clean_log
	(ktap_finished) || exit 1
	"$HERE/kexec" jump
	ktap_exit_fail_msg "the jump to the second kernel returned"
}

arrive_without_table() {
	is_second=$(grep -cw $MARK /proc/cmdline)
	tables=$(dmesg | grep -c 'Unaccepted=0x')
	begin 6
	is "this is the second kernel, without a table" "$is_second $tables" "1 0"
	is "everything was accepted before" "$(emu pages_pending)" 0
	load
	is "the module finds no table" "$(get state)" absent
	rmmod unaccepted
	mount_fill
	size=$((($(meminfo_bytes MemAvailable) >> 20) - 128))
	dd if=/dev/zero of=$FILL/file bs=1M count=$size
	is "$size MiB of it can be filled" "$(stat -c %s $FILL/file)" $((size << 20))
	is "no page was accepted twice, none touched before it was accepted" \
		"$(emu already_accepted) $(emu bad_access)" "0 0"
	clean_log
	ktap_finished
}

# Reads the memory of the kernel that crashed. Memory that it had not accepted reads as zeroes.
arrive_crashed() {
	begin 7
	is "this is the second kernel" "$(grep -cw $MARK /proc/cmdline)" 1
	size=$(stat -c %s /proc/vmcore)
	holds "/proc/vmcore has all memory of the first kernel" \
		"$size" -gt "$(cat /kept/unaccepted_before)"
	is "the release of the first kernel is in it" \
		"$(head -c 1000000 /proc/vmcore | grep -a -o -m 1 'OSRELEASE=.*')" "OSRELEASE=$(cat /kept/release)"
	case $BINDING-$(uname -r) in
	stock-6.12.*) told=0 ;;
	*) told=1 ;;
	esac
	is "the dump says how unaccepted pages are marked (not on stock 6.12)" \
		"$(head -c 1000000 /proc/vmcore | grep -a -c '^NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=')" $told
	is "all of it can be read" "$(dd if=/proc/vmcore of=/dev/null bs=4k 2>&1 | sed -n 's/ records in//p')" \
		"$((size / 4096))+0"
	is "no page was accepted twice, none touched before it was accepted" \
		"$(emu already_accepted) $(emu bad_access)" "0 0"
	clean_log
	ktap_finished
}

case ${1-} in
arrived-crash) arrive_crashed ;;
crash) crash ;;
arrived-noruntime) arrive_without_table ;;
noruntime) depart_without_table ;;
arrived*) arrive "${1#arrived-}" ;;
*) depart "${1-}" ;;
esac
