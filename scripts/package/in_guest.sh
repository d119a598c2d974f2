#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# in_guest.sh CASE: runs in a guest of the test bed, and does what a user of the Debian
# in /debian does. Prints results as "KEY=VALUE", for the caller to check.
debian=/debian

# env is called by its path, because busybox would run its own.
in_debian() {
	chroot $debian /usr/bin/env PATH=/usr/sbin:/usr/bin "$@"
}

# Prints what doctor says about signatures.
doctor() {
	in_debian unacceptedctl doctor | grep -A 1 lockdown: | sed "s/^/$1=/"
}

insmod_it() {
	in_debian modprobe unaccepted 2>&1
	echo "modprobe=$?"
}

# Runs as a unit that starts when all memory is accepted, and prints the state of the
# other units.
database() {
	echo "state=$(cat /sys/kernel/unaccepted/state)"
	echo "mode=$(cat /sys/kernel/unaccepted/acceptor/mode)"
	echo "acceptor=$(systemctl is-active unaccepted-acceptor)"
	echo "complete=$(systemctl is-active unaccepted-complete)"
	systemctl stop unaccepted-acceptor
	echo "stopped=$(cat /sys/kernel/unaccepted/acceptor/mode)"
}

# A boot of the Debian: systemd as the first process, in namespaces of its own, until
# database.service has run.
boot() {
	in_debian systemctl enable unaccepted-acceptor 2>/dev/null
	echo "enabled=$?"
	mkdir -p $debian/etc/default
	echo 'UNACCEPTED_ACCEPTOR="all --bandwidth 1G"' >$debian/etc/default/unaccepted
	cat >$debian/etc/systemd/system/database.service <<-UNIT
		[Unit]
		Requires=unaccepted-complete.service
		After=unaccepted-complete.service
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c 'exec sh /opt/in_guest.sh database >/answers'
		ExecStopPost=systemctl --force --force poweroff
	UNIT
	unshare -m -p -f sh -c "mount -t proc proc $debian/proc &&
		exec chroot $debian /lib/systemd/systemd --unit=database.service --log-target=console"
	cat $debian/answers
}

# This case already runs in the Debian.
[ "$1" != database ] || { database; exit; }

# A mount, because systemd changes how mounts propagate from its root.
mount --bind $debian $debian
for dir in proc sys dev; do
	mount --bind /$dir $debian/$dir
done
mount -t securityfs none $debian/sys/kernel/security

case $1 in
units | units-no-table)
	boot
	;;
plain)
	insmod_it
	in_debian unacceptedctl status
	echo "status=$?"
	unaccepted=$(cat /sys/kernel/unaccepted/unaccepted_bytes)
	echo "unaccepted=$unaccepted"
	in_debian unacceptedctl accept 64M >/dev/null
	echo "accepted=$((unaccepted - $(cat /sys/kernel/unaccepted/unaccepted_bytes)))"
	echo "version=$(cat /sys/kernel/unaccepted/version)"
	echo "from=$(in_debian modinfo -F filename unaccepted)"
	in_debian unacceptedctl acceptor all >/dev/null
	in_debian unacceptedctl wait --until complete --timeout 100
	echo "wait=$?"
	echo "left=$(cat /sys/kernel/unaccepted/unaccepted_bytes)"
	in_debian modprobe -r unaccepted
	echo "removed=$?"
	;;
signed)
	in_debian insmod /opt/unsigned.ko 2>&1 | sed 's/.*unsigned.ko: /unsigned=/'
	doctor before
	insmod_it
	doctor after
	;;
untrusted)
	insmod_it
	doctor after
	;;
esac
