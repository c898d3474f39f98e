#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What Debian's kernel refuses with lockdown=integrity, and whether it says so: modules without a signature, and files of
# debugfs that can be written. Where the parameter is not given the modules are loaded, and lockdown is turned on then.
# shellcheck shell=busybox
. /lib.sh

LOCKDOWN=/sys/kernel/security/lockdown
LIBRARY=/sys/kernel/debug/io_mapping_rs

# refused LOG CMD...: CMD gets EPERM, and the kernel's log says so.
refused() {
	local log=$1
	shift
	dmesg -c > /dev/null
	! "$@" > /tmp/said 2>&1 || { echo "it is not refused" && return 1; }
	grep -q "not permitted" /tmp/said || { tail -n 1 /tmp/said && return 1; }
	dmesg | grep -q "Lockdown: .*: $log is restricted" || { dmesg | tail -n 1 && return 1; }
}

# Bytes go to the memory and come back.
copies() {
	dd if=/bin/busybox of="$NODE" bs=1M seek=7 2> /dev/null &&
		dd if="$NODE" bs=1M skip=7 count=3 2> /dev/null | head -c "$(wc -c < /bin/busybox)" | cmp - /bin/busybox
}

write() { echo "$2" > "$1"; }

load() { insmod /io-mapping-rs.ko && load_sample "$1"; }

after_loading() {
	try "the modules load" load 1 || return
	try "lockdown is turned on" write $LOCKDOWN integrity || return
	try "the node is written and read" copies
	for file in mappings mappings.json stats; do try "$file is read" grep -q . $LIBRARY/$file; done
	try "selftest is refused" refused "debugfs access" cat $LIBRARY/selftest
	try "a register in debugfs is refused" refused "debugfs access" cat /sys/kernel/debug/io_mapping_sample0/interrupt_mask
	try "the modules unload" rmmod io_mapping_sample io_mapping_rs
}

mount -t securityfs security /sys/kernel/security
if grep -q '\[none\]' $LOCKDOWN; then after_loading; fi
try "lockdown is on" grep '\[integrity\]' $LOCKDOWN
try "a module without a signature is refused" refused "unsigned module loading" insmod /io-mapping-rs.ko
finish
