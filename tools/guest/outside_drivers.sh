#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/55-outside-drivers. In /another there are the library and the sample driver of other
# sources.
# shellcheck shell=busybox
. /lib.sh

# The driver refers to all of the public API, and all of it is there.
public_api() {
	insmod /public_api.ko || return
	rmmod public_api
	dmesg | grep -q "io_mapping_public_api: $(cat /items) items of the public API" || { dmesg | tail -n 1 && return 1; }
}

# refused MODULE: it does not load, and the kernel log says what to do.
refused() {
	dmesg -c > /tmp/log
	! insmod "$1" || { echo "it loads" && return 1; }
	dmesg | grep -q "io_mapping_sample: Unknown symbol io_mapping_rs_is_another_build_so_rebuild_this_driver_" ||
		{ dmesg | tail -n 1 && return 1; }
}

another_library() { rmmod io_mapping_rs && insmod /another/io-mapping-rs.ko; }

# unsigned WORDS: no module is signed, and these are the words of README.md for it.
unsigned() {
	! insmod /public_api.ko 2> /tmp/said || { echo "it loads" && return 1; }
	grep "$1" /tmp/said || { cat /tmp/said && return 1; }
}

locked_down() {
	mount -t securityfs security /sys/kernel/security && echo integrity > /sys/kernel/security/lockdown &&
		unsigned "Operation not permitted"
}

signatures_enforced() { echo 1 > /sys/module/module/parameters/sig_enforce && unsigned "Key was rejected by service"; }

try "the library loads" insmod /io-mapping-rs.ko
try "a driver of all of the public API loads" public_api
try "a stale driver is refused, and the log says what to do" refused /another/io-mapping-sample.ko
try "another library loads" another_library
try "with a stale library a driver is refused, and the log says what to do" refused /io-mapping-sample.ko
try "the driver of that library loads" insmod /another/io-mapping-sample.ko
# Neither can be undone.
try "unsigned modules are refused under lockdown" locked_down
try "unsigned modules are refused with module.sig_enforce=1" signatures_enforced
finish
