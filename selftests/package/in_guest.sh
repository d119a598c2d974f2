#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# in_guest.sh CASE: in a guest of the test bed, what a user of the Debian in /debian
# sees. Answers are printed as "KEY=VALUE", for the caller to judge.
debian=/debian
for dir in proc sys dev; do
	mount --bind /$dir $debian/$dir
done
mount -t securityfs none $debian/sys/kernel/security

# By its path, or busybox would take its own.
in_debian() {
	chroot $debian /usr/bin/env PATH=/usr/sbin:/usr/bin "$@"
}

# What doctor has to say of signatures.
doctor() {
	in_debian unacceptedctl doctor | grep -A 1 lockdown: | sed "s/^/$1=/"
}

insmod_it() {
	in_debian modprobe unaccepted 2>&1
	echo "modprobe=$?"
}

case $1 in
plain)
	insmod_it
	in_debian unacceptedctl status
	echo "status=$?"
	parked=$(cat /sys/kernel/unaccepted/unaccepted_bytes)
	echo "parked=$parked"
	in_debian unacceptedctl accept 64M >/dev/null
	echo "accepted=$((parked - $(cat /sys/kernel/unaccepted/unaccepted_bytes)))"
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
	in_debian insmod /root/unsigned.ko 2>&1 | sed 's/.*unsigned.ko: /unsigned=/'
	doctor before
	insmod_it
	doctor after
	;;
untrusted)
	insmod_it
	doctor after
	;;
esac
