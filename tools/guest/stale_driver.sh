#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/55-stale-driver: a driver that was built with another library.
# shellcheck shell=busybox
. /lib.sh

# The driver is refused, and the kernel log says what to do.
refused() {
	! insmod /io-mapping-sample.ko || { echo "it loads" && return 1; }
	dmesg | grep -q "io_mapping_sample: Unknown symbol io_mapping_rs_is_another_build_so_rebuild_this_driver_" ||
		{ dmesg | tail -n 1 && return 1; }
}

try "the library loads" insmod /io-mapping-rs.ko
try "a stale driver is refused, and the log says what to do" refused
finish
