#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of tools/profile.py: says where functions are, and runs the spec in /specs until it is killed.
# shellcheck shell=busybox
. /lib.sh

dir=/sys/kernel/debug/io_mapping_rs/bench

stty -F "$TTY" 115200
if try "io-mapping-rs.ko loads" insmod /io-mapping-rs.ko && try "io-mapping-bench.ko loads" insmod /io-mapping-bench.ko; then
	tell kallsyms
	gzip -c /proc/kallsyms | base64 >&3
	tell end
	read -r spec < /specs
	range=$(range_of "$spec")
	# Once to see that it runs.
	while echo "range=$range $spec" > $dir/run; do tell running; done
	not_ok "$spec" "$(sed -n 's/^error: //p' $dir/status)"
fi
finish
