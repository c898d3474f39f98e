#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/82-secure-boot. The same modules are in /unsigned, in /enrolled, signed with a key that
# the machine's owner has enrolled, and in /other, signed with a key that the machine does not know. What a person reads is in
# docs/troubleshooting.md.
# shellcheck shell=busybox
. /lib.sh

has_secure_boot() {
	mount -t securityfs security /sys/kernel/security || return
	if dmesg | grep "Secure boot enabled"; then grep '\[integrity\]' /sys/kernel/security/lockdown; else echo "it is off" && return 1; fi
}

# refused DIR LOG: the library is refused, and these words are in the kernel log.
refused() {
	dmesg -c > /dev/null
	! insmod "/$1/io-mapping-rs.ko" 2> /tmp/said || { echo "it loads" && return 1; }
	grep "Key was rejected by service" /tmp/said || { cat /tmp/said && return 1; }
	dmesg | grep "$2" || { dmesg | tail -n 1 && return 1; }
}

accepted() {
	insmod /enrolled/io-mapping-rs.ko && insmod /enrolled/io-mapping-sample.ko && rmmod io_mapping_sample &&
		rmmod io_mapping_rs || return
	# Bit 13: a module without a good signature.
	[ $(($(cat /proc/sys/kernel/tainted) >> 13 & 1)) = 0 ] || { echo "the kernel is tainted" && return 1; }
}

# The firmware and GRUB speak on this port before, and may not end their line.
tell ""
try "the machine has Secure Boot" has_secure_boot
try "an unsigned module is refused" refused unsigned "Loading of unsigned module is rejected"
try "a module signed with an unknown key is refused" refused other "Loading of module with unavailable key is rejected"
try "modules signed with the enrolled key load" accepted
finish
