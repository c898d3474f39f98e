#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/56-device-private.
# shellcheck shell=busybox
. /lib.sh

mark_log
try "struct pages at the top of the physical address space" insmod /io-mapping-device-private.ko
try "the library loads" insmod /io-mapping-rs.ko
try "its self-test passes" insmod /io-mapping-tests.ko
try "all modules unload" rmmod io_mapping_tests io_mapping_rs io_mapping_device_private
try "kernel log is quiet" quiet_log
finish
