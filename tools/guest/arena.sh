#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# On Debian's kernel /proc/kcore shows nothing of a device's memory that is mapped in the arena.
# shellcheck shell=busybox
. /lib.sh

# Bytes that are read of a unit.
MIB=32

load() { insmod /io-mapping-rs.ko && load_sample 1; }

# No byte is zero.
fill() {
	dd if=/dev/zero bs=1M count=$MIB 2> /dev/null | tr '\000' '\125' | dd of="$NODE" bs=1M 2> /dev/null
}

# The address and the size of each unit.
units() { sed -n 's/^0x\([0-9a-f]*\)-0x[0-9a-f]* *\([0-9]*\) .*\[io_mapping_rs\].*/\1 \2/p' /proc/vmallocinfo; }

# kcore_word OFFSET: eight bytes of /proc/kcore, as a number.
kcore_word() { echo "0x$(od -A n -v -t x8 -j "$1" -N 8 /proc/kcore | tr -d ' ')"; }

# kcore_offset ADDRESS: where it is in /proc/kcore, which is an ELF file with a segment for each range.
kcore_offset() {
	local header count from
	header=$(($(kcore_word 32)))
	count=$(($(kcore_word 56) & 0xffff))
	while [ $count -gt 0 ]; do
		from=$(($1 - $(kcore_word $((header + 16)))))
		if [ $from -ge 0 ] && [ $from -lt $(($(kcore_word $((header + 32))))) ]; then
			echo $(($(kcore_word $((header + 8))) + from))
			return
		fi
		header=$((header + 56)) count=$((count - 1))
	done
	echo "no segment of /proc/kcore has $1" && return 1
}

# Each unit reads as zeros, as C's mappings do.
read_kcore() {
	local address size offset count=0
	units > /tmp/units
	while read -r address size; do
		count=$((count + 1))
		offset=$(kcore_offset "0x$address") || { echo "$offset" && return 1; }
		size=$((size < MIB << 20 ? size : MIB << 20))
		dd if=/proc/kcore bs=4096 skip=$((offset / 4096)) count=$((size / 4096)) of=/tmp/kcore 2> /tmp/error || { cat /tmp/error && return 1; }
		[ "$(wc -c < /tmp/kcore)" = $size ] || { echo "$(wc -c < /tmp/kcore) bytes, not $size" && return 1; }
		[ "$(tr -d '\000' < /tmp/kcore | wc -c)" = 0 ] || { echo "bytes of a mapping in the unit at $address" && return 1; }
		rm /tmp/kcore
	done < /tmp/units
	tell "units: $count"
	[ $count -ge 1 ] || { echo "no unit is in /proc/vmallocinfo" && return 1; }
}

mark_log
if try "the library and the sample driver load" load && try "the memory is written" fill; then
	try "kcore reads units as zeros" read_kcore
fi
try "all modules unload" rmmod io_mapping_sample io_mapping_rs
try "the kernel log is quiet" quiet_log
finish
