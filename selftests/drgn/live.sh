#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs live.py in a guest that has Debian's python3-drgn and the symbols of its kernel.
HERE=$(dirname "$(realpath "$0")")
cd "$HERE/../unaccepted" || exit 1

insmod unaccepted.ko || exit 1
# So much that reading, which uses memory, does not make the kernel accept more.
echo 256M >/sys/kernel/unaccepted/accept || exit 1
python3 -m drgn -q -s /vmlinux -s unaccepted.ko "$HERE/live.py"
