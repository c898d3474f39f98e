#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/82-xen: the library on Debian's kernel as Xen's first guest, which writes entries
# of page tables and drops translations by calls of the hypervisor.
# shellcheck shell=busybox
. /lib.sh

DRIVER=/sys/bus/pci/drivers/io_mapping_sample
LIBRARY=/sys/kernel/debug/io_mapping_rs

is_guest_of_xen() {
	[ "$(cat /sys/hypervisor/guest_type)" = PV ] || { echo "it is not" && return 1; }
}

# What the test module said, which is in the log.
module_results() {
	dmesg | sed -n 's/.*io_mapping_tests: \(not ok\|ok\) [0-9]* \(.*\) # \(.*\)/\1|\2|\3/p' > /tmp/results
	while IFS='|' read -r result name details; do
		if [ "$result" = ok ]; then ok "$name"; else not_ok "$name" "$details"; fi
	done < /tmp/results
	planned=$(dmesg | sed -n 's/.*io_mapping_tests: 1\.\.//p' | awk '{ sum += $1 } END { print sum + 0 }')
	try "every device was tested" [ "$planned" = "$(wc -l < /tmp/results)" -a "$planned" -gt 20 ]
}

# Writes /data to the memory of the device, where the host looks for it, and reads what the host has put there.
copies() {
	load_sample "$1" &&
		dd if=/data of="$NODE" bs=1M seek="$2" && dd if="$NODE" of=/tmp/back bs=1M skip="$3" count=8 && cmp /tmp/back /data
}

# Small pages only are had there.
small_pages() {
	local pages
	pages=$(awk '$1 ~ /^0x/ { print $(NF - 1) }' $LIBRARY/mappings | tail -n 1)
	[ "$pages" = 4K:65536 ] || { cat $LIBRARY/mappings && return 1; }
}

# Each bind maps all of the memory in the addresses of the one before, so that a translation that is left would show.
binds() {
	local i
	for i in 1 2 3 4 5; do
		echo "$DEVICE" > $DRIVER/unbind && echo "$DEVICE" > $DRIVER/bind && sleep 1 || return
		dd if="$NODE" of=/tmp/back bs=1M skip=32 count=8 2> /dev/null && cmp /tmp/back /data || return
	done
}

no_slots() {
	insmod /io-mapping-sample.ko strategy=2 || return
	sleep 1
	[ ! -e "$NODE" ] || { echo "it maps" && return 1; }
	dmesg | tail -n 5 | grep -q "probe with driver io_mapping_sample failed with error -95" || { dmesg | tail -n 1 && return 1; }
	rmmod io_mapping_sample
}

self_check() {
	echo "$(sed -n '3s/ 0x[^ ]*$//p' "/sys/bus/pci/devices/$(pci_device 0x1af4:0x1110 2)/resource" | cut -d ' ' -f 1) 0x100000" > \
		$LIBRARY/selftest || return
	! grep 'not ok' $LIBRARY/selftest && [ "$(tail -n 1 $LIBRARY/selftest)" = "ok 1 io_mapping_rs" ]
}

DEVICE=$(pci_device 0x1af4:0x1110)
mark_log
try "the kernel is a paravirtualised guest of Xen" is_guest_of_xen
try "the library loads" insmod /io-mapping-rs.ko
try "the test module loads" insmod /io-mapping-tests.ko
module_results
try "the test module unloads" rmmod io_mapping_tests
try "the self-check passes" self_check
try "a sparse aperture is EOPNOTSUPP" no_slots
try "copies, strategy=1" copies 1 16 32
try "the memory is mapped by small pages" small_pages
try "bound and unbound five times" binds
try "the sample unloads" rmmod io_mapping_sample
try "copies, strategy=0" copies 0 24 32
try "all modules unload" rmmod io_mapping_sample io_mapping_rs
try "kernel log is quiet" quiet_log
finish
