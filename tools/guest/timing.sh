#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of tools/timing.py: loads the modules with only the timing suites chosen (on the kernel's command
# line), and says what they said.
# shellcheck shell=busybox
. /lib.sh

results=/sys/kernel/debug/kunit
mark_log
try "io-mapping-rs.ko loads" insmod /io-mapping-rs.ko
try "io-mapping-selftests.ko loads" insmod /io-mapping-selftests.ko timing=strict
for suite in "$results"/*timing*; do
	[ -e "$suite/results" ] || continue
	tell "suite ${suite##*/}"
	cat "$suite/results" >&3
	tell "end"
done
dmesg | sed -n 's/.*iomrs-timing: */table /p' >&3
complaints=$(log_complaints)
if [ -z "$complaints" ]; then ok "kernel log is quiet"; else not_ok "kernel log is quiet" "$complaints"; fi
finish
