#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# run_in_guest.sh [NAME=VALUE]... TEST[:ARGUMENT]...: run tests one after the other in a guest
# of the test bed, with these variables in the environment. Fails if any test fails or skips:
# the caller chose the test for this guest.
cd "$(dirname "$0")" || exit 1

status=0
for test; do
	case $test in
	[A-Z]*=*)
		export "${test?}"
		continue ;;
	esac
	name=${test%%:*}
	argument=${test#"$name"}
	argument=${argument#:}
	echo "# selftest: $test"
	if [ -n "$argument" ]; then
		"./$name.sh" "$argument"
	else
		"./$name.sh"
	fi
	result=$?
	echo "# result: $test $result"
	[ $result = 0 ] || status=1
done
exit $status
