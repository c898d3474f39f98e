#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/55-readme: runs the commands in /commands, one a line.
# shellcheck shell=busybox
. /lib.sh

# The sample driver has the device until another one is to be loaded, which says what it has mapped.
first_driver() {
	rmmod io_mapping_sample
	sh -c "$1" || return
	dmesg | grep -q "first .*: $((256 << 20)) bytes, write-combining" || { dmesg | tail -n 1 && return 1; }
}

mark_log
while read -r command; do
	case $command in
		insmod*) try "$command" first_driver "$command" ;;
		*) try "$command" sh -c "$command" ;;
	esac
done < /commands
try "kernel log is quiet" quiet_log
finish
