#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of tools/bench.py: runs the specs in /specs, one a line, with the
# parameters of the library in /params, on BAR 2 of ivshmem, and those of ports on
# BAR 1 of pci-testdev, and hands over the results. Nothing is asked of the host, whose answers would come at another instruction each time.
# shellcheck shell=busybox
. /lib.sh

dir=/sys/kernel/debug/io_mapping_rs/bench

# The specs, with "all" told apart, to see how far it is.
specs() {
	local spec options
	echo list > $dir/run
	while read -r spec options; do
		if [ "$spec" = all ]; then
			sed -n "s/^\([a-z0-9_]*\)  .*/\1 $options/p" $dir/status
		else
			echo "$spec $options"
		fi
	done < /specs
}

run_specs() {
	local keep='' spec done=0 count
	specs > /tmp/specs
	count=$(wc -l < /tmp/specs)
	while read -r spec; do
		tell "progress $done $count $spec"
		if ! echo "range=$(range_of "$spec") $spec $keep" > $dir/run; then
			sed -n 's/^error: //p' $dir/status
			return 1
		fi
		keep=keep
		done=$((done + 1))
	done < /tmp/specs
}

# send NAME [AS]: what the file says, in one piece.
send() {
	tell "file ${2:-$1}"
	gzip -c "$dir/$1" | base64 >&3
	tell "end"
}

stty -F "$TTY" 115200
mark_log
# shellcheck disable=SC2046  # a word for each parameter
if try "io-mapping-rs.ko loads" insmod /io-mapping-rs.ko $(cat /params) && try "io-mapping-bench.ko loads" insmod /io-mapping-bench.ko &&
	try "the benchmark runs" run_specs; then
	for file in results results.csv samples; do send $file; done
	echo list > $dir/run
	send status workloads.txt
	try "both modules unload" rmmod io_mapping_bench io_mapping_rs
fi
try "kernel log is quiet" quiet_log
finish
