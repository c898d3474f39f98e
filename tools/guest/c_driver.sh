#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/57-c-driver.
# shellcheck shell=busybox
. /lib.sh

FILES=/sys/kernel/debug/io_mapping_rs
half=$(($(sed 's/.*disk_mib=\([0-9]*\).*/\1/' /proc/cmdline) / 2))
expected=$(sed 's/.*disk_sum=\([0-9a-f]*\).*/\1/' /proc/cmdline)

counter() { sed -n "s/^$1 //p" $FILES/stats; }

is_there() {
	local left=100
	while [ ! -e /dev/nvme0n1 ]; do
		left=$((left - 1))
		[ $left -gt 0 ] || { echo "no disk after 10 s" && return 1; }
		sleep 0.1
	done
}

reads_right() {
	local found
	found=$(sha256sum /dev/nvme0n1)
	[ "${found%% *}" = "$expected" ] || { echo "its SHA-256 is $found, not $expected" && return 1; }
}

writes() {
	dd if=/dev/nvme0n1 of=/tmp/half bs=1M count="$half" && dd if=/tmp/half of=/dev/nvme0n1 bs=1M seek="$half" && sync
}

# It is mapped by the library, for the driver's line, and the addresses are those of the controller.
is_listed() {
	local line start
	line=$(grep -E 'host/pci\.c:[0-9]+$' $FILES/mappings) || { echo "no line of pci.c" && return 1; }
	tell "# note: $line"
	start=$(cut -d ' ' -f 1 "/sys/bus/pci/devices/$(pci_device 0x1b36:0x0010)/resource" | head -n 1)
	[ $((${line%%-*})) = $((start)) ] || { echo "$line, and BAR 0 begins at $start" && return 1; }
	[ "$(counter c_made)" -gt "$(counter c_dropped)" ] || { echo "nothing is counted" && return 1; }
}

is_gone() {
	! grep 'pci\.c' $FILES/mappings || return 1
	[ "$(counter c_made)" = "$(counter c_dropped)" ] || { echo "made $(counter c_made), dropped $(counter c_dropped)" && return 1; }
	[ "$(counter c_misuses)" = 0 ] || { echo "$(counter c_misuses) misuses" && return 1; }
}

# said FUNCTION MESSAGE: the library says so of this function's mistake, with the line and who has called.
said() {
	local line
	line=$(dmesg | grep -F "io_mapping_rs: mistaken: $1() at " | grep -F "$2")
	[ -n "$line" ] || { echo "nothing is said" && return 1; }
	tell "# note: ${line#*] }"
	case $line in *"mistaken.c:"*", called by $1+0x"*" [mistaken]") ;; *) echo "$line" && return 1 ;; esac
}

has_line() { dmesg | grep -F "$1"; }

mark_log
try "the library loads" insmod /io-mapping-rs.ko
for module in nvme-keyring nvme-auth nvme-core nvme; do
	try "$module loads" insmod /$module.ko
done
if try "the disk is there" is_there; then
	try "the mapping is the library's" is_listed
	try "the disk has the host's bytes" reads_right
	try "half of it is copied" writes
fi
try "nvme unloads" rmmod nvme
try "nothing is left mapped" is_gone
try "a driver that makes mistakes loads" insmod /mistaken.ko
try "mistake: iounmap() twice" said unmap_badly "iounmap() of an address that is not mapped, or not by io_mapping_rs"
try "mistake: a map outside" said map_badly "a map of what is outside of the io_mapping"
try "mistake: unmap twice" said map_badly "unmap of a page that is not mapped"
try "mistake: fini with a map" said map_badly "io_mapping_fini() while parts are mapped, which stay so: how many"
try "mistake: unmap of what is no page" said map_badly "unmap of what is no mapped page"
try "mistake: a map after fini" said map_badly "a map of what is no io_mapping now"
try "six mistakes are counted" [ "$(counter c_misuses)" = 6 ]
try "the driver's own pr_fmt and DEBUG hold" has_line "mistaken: mistaken_init: here they are"
try "the driver unloads" rmmod mistaken
try "all modules unload" rmmod nvme_core nvme_auth nvme_keyring io_mapping_rs
try "kernel log is quiet" quiet_log
finish
