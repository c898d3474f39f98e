#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/58-c-drivers: loads a driver, on the library or as C has it, and works with it.
# shellcheck shell=busybox
. /lib.sh

FILES=/sys/kernel/debug/io_mapping_rs

word() { sed -n "s/.* iomrs_$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
counter() { sed -n "s/^$1 //p" $FILES/stats; }
library() { [ "$(word whose)" = library ]; }

# wait_for CMD...: until it succeeds, for 60 s.
wait_for() {
	local left=600
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || { echo "not after 60 s: $*" && return 1; }
		sleep 0.1
	done
}

# has_sum FILE
has_sum() {
	local found
	found=$(sha256sum "$1")
	[ "${found%% *}" = "$(word sum)" ] || { echo "its SHA-256 is $found, not $(word sum)" && return 1; }
}

# What the driver's file has mapped is listed, each from where a BAR of the device begins, and counted.
is_listed() {
	local line starts
	starts=$(cut -d ' ' -f 1 "/sys/bus/pci/devices/$(pci_device "$1")/resource")
	grep -E "$2:[0-9]+\$" $FILES/mappings > /tmp/lines || { echo "no line of $2" && return 1; }
	while read -r line; do
		tell "# note: $line"
		echo "$starts" | grep -q "$(printf '^0x%016x$' $((${line%%-*})))" || { echo "no BAR begins so: $line" && return 1; }
	done < /tmp/lines
	[ "$(counter c_made)" -gt "$(counter c_dropped)" ] || { echo "nothing is counted" && return 1; }
}

is_gone() {
	[ ! -s $FILES/mappings ] || ! grep "$1" $FILES/mappings || return 1
	tell "# note: c_made $(counter c_made)"
	[ "$(counter c_made)" -gt 0 ] || { echo "nothing was ever mapped" && return 1; }
	[ "$(counter c_made)" = "$(counter c_dropped)" ] || { echo "made $(counter c_made), dropped $(counter c_dropped)" && return 1; }
	[ "$(counter c_misuses)" = 0 ] || { echo "$(counter c_misuses) misuses" && return 1; }
}

# The disk is three parts: the second becomes a copy of the first, and fio writes the third and reads it back.
nvme() {
	local part=$(($(word mib) / 3))
	try "the disk is there" wait_for [ -e /dev/nvme0n1 ] || return
	try "the disk has the host's bytes" has_sum /dev/nvme0n1
	try "a part is copied" dd if=/dev/nvme0n1 of=/dev/nvme0n1 bs=1M count=$part seek=$part
	# shellcheck disable=SC2046  # words
	try "fio writes a part, and finds there what it wrote" fio $(cat /fio-args) --filename=/dev/nvme0n1 --direct=1 --rw=randwrite \
		--do_verify=1 --ioengine=libaio --iodepth=16
}

carries() {
	[ "$(cat /sys/class/net/eth0/carrier)" = 1 ]
}

e1000e() {
	try "the network is there" wait_for [ -e /sys/class/net/eth0 ] || return
	try "it has an address" ip addr add 10.0.2.15/24 dev eth0
	try "it is up" ip link set eth0 up
	try "it carries" wait_for carries || return
	try "bytes come from the host" eval 'timeout 600 nc 10.0.2.100 7 < /dev/null > /tmp/data'
	try "they are the host's" has_sum /tmp/data
	try "they go back to it" eval 'timeout 600 nc 10.0.2.100 8 < /tmp/data > /dev/null'
	tell "kv seconds $(cut -d ' ' -f 1 /proc/uptime)"
}

# What the console draws is in memory, which the driver copies to the device.
draw() {
	local row=0
	while [ $row -lt 100 ]; do
		printf '\033[3%d;4%dm %d: the quick brown fox jumps over the lazy dog\033[0m\r\n' $((row % 8)) $(((row + 3) % 8)) $row
		row=$((row + 1))
	done > /dev/tty1
}

pixels() {
	local height stride
	height=$(cut -d , -f 2 /sys/class/graphics/fb0/virtual_size)
	stride=$(cat /sys/class/graphics/fb0/stride)
	head -c $((height * stride)) /dev/fb0 > /tmp/pixels
	head -c $((height * stride)) /dev/zero > /tmp/black
	! cmp -s /tmp/pixels /tmp/black || { echo "all is black" && return 1; }
}

is_shown() {
	[ "$(ask screen "$(sha256sum /tmp/pixels | cut -d ' ' -f 1)")" = yes ] || { echo "the screen has other pixels" && return 1; }
}

bochs() {
	try "the framebuffer is there" wait_for [ -e /dev/fb0 ] || return
	try "the console draws" draw
	try "something is drawn" pixels
	try "the screen shows it, pixel by pixel" is_shown
}

driver=$(word driver)
mark_log
if library; then try "the library loads" insmod /io-mapping-rs.ko; fi
loaded=
for module in $(word modules | tr , ' '); do
	try "$module loads" insmod "/$module.ko" && loaded="$module $loaded"
done
$driver
if library; then try "the mappings are the library's" is_listed "$(word device)" "$(word source)"; fi
# shellcheck disable=SC2086  # words
try "$driver unloads" rmmod $loaded
if library; then
	try "nothing is left mapped" is_gone "$(word source)"
	try "the library unloads" rmmod io_mapping_rs
fi
try "kernel log is quiet" quiet_log
finish
