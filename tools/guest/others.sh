#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Programs that others wrote work on the sample driver's node and the files in debugfs, all at the same time, for iomrs_seconds
# with each strategy: fio writes, and finds what it wrote; stress-ng does with the node and the files what nobody does; the
# kernel's test of vmalloc takes and gives back address space; and the library checks itself on a device without a driver.
# selftests/check.d/others.sh looks at what fio left.
# shellcheck shell=busybox disable=SC2154
. /lib.sh

DEBUG=/sys/kernel/debug
WORKERS="stress_node stress_files vmalloc_tests self_checks"
VMALLOC_MARK="iomrs: the tests of vmalloc beside strategy"
# Of the tests of vmalloc, those that want no alignment, and that no allocation fails in. That of vm_map_ram() is by itself: it
# fails where alloc_pages_bulk() gives one page in place of many, as it may while another task has the CPU's list of pages.
VMALLOC_TESTS=$((1 | 2 | 4 | 8 | 512 | 4096))
VM_MAP_RAM_TEST=1024

# What it says of a wrong byte goes to its standard error.
fio_does() {
	# shellcheck disable=SC2046  # words
	fio --name=global --filename="$NODE" --randseed=$seed "$1" $(cat /fio-args) --output=/tmp/fio > /dev/null
}

# Each time in other places and other pieces. The host gets the number of the last.
fio_writes_and_reads() {
	while :; do
		seed=$((seed + 1))
		fio_does --do_verify=0 && fio_does --verify_only || return
		[ "$(date +%s)" -lt "$end" ] || break
	done
}

stress_node() { stress-ng --temp-path /tmp --timeout "$iomrs_seconds" --dev 2 --dev-file "$NODE"; }

# What stress-ng finds in /sys: only our directories of debugfs. In a mount namespace of its own.
stress_files() {
	unshare -m sh -e -c '
		for name in io_mapping_rs io_mapping_sample0; do
			mkdir -p /tmp/sys/$name
			mount --bind $0/$name /tmp/sys/$name
		done
		mount --rbind /tmp/sys /sys
		exec "$@"' $DEBUG stress-ng --temp-path /tmp --timeout "$iomrs_seconds" -v --sysfs 1
}

# some_vmalloc_tests MASK PAGES: the module does them while it is loaded, and does not stay: EAGAIN.
some_vmalloc_tests() {
	! insmod /test_vmalloc.ko nr_threads=2 test_loop_count=3 "run_test_mask=$1" "nr_pages=$2" 2> /tmp/said || return
	grep -q "temporarily unavailable" /tmp/said || { cat /tmp/said && return 1; }
}

vmalloc_tests() {
	while :; do
		some_vmalloc_tests $VMALLOC_TESTS 4 && some_vmalloc_tests $VM_MAP_RAM_TEST 1 || return
		[ "$(date +%s)" -lt "$end" ] || break
	done
}

# The library's own check. stress-ng writes to the same file, so that a report may be of what it asked for.
self_checks() {
	local phys good=0
	phys=$(sed -n '3s/ .*//p' "/sys/bus/pci/devices/$UNUSED/resource")
	while :; do
		echo "$phys 0x100000" > $DEBUG/io_mapping_rs/selftest || return
		cat $DEBUG/io_mapping_rs/selftest > /tmp/report || return
		if grep -q "# 0x100000 bytes at" /tmp/report; then
			grep -q "^ok 1 " /tmp/report || { grep "not ok" /tmp/report && return 1; }
			good=$((good + 1))
		fi
		[ "$(date +%s)" -lt "$end" ] || break
	done
	echo "$good reports" && [ $good != 0 ]
}

# vmalloc_tests_pass STRATEGY: what the tests of vmalloc told meanwhile, which must be all of them.
vmalloc_tests_pass() {
	dmesg | sed -n "1,/$VMALLOC_MARK $1/d; s/.*Summary: //p" > /tmp/vmalloc
	! grep -v 'failed: 0 xfailed: 0' /tmp/vmalloc || return
	[ "$(cut -d ' ' -f 1 /tmp/vmalloc | sort -u | wc -l)" = 7 ] || { cat /tmp/vmalloc && return 1; }
}

# The files read well after all that.
files_are_whole() {
	grep -q "^0x" $DEBUG/io_mapping_rs/mappings && grep -q '}$' $DEBUG/io_mapping_rs/mappings.json &&
		grep -q . $DEBUG/io_mapping_rs/stats && grep -q '^0x' $DEBUG/io_mapping_sample0/interrupt_mask
}

ended_well() {
	tail -n 1 "/tmp/$1.out"
	return "$(cat "/tmp/$1.status")"
}

all_at_once() {
	local what workers='' strategy=$1
	end=$(($(date +%s) + iomrs_seconds))
	echo "$VMALLOC_MARK $strategy" > /dev/kmsg
	for what in $WORKERS; do
		(
			$what > "/tmp/$what.out" 2>&1
			echo $? > "/tmp/$what.status"
		) &
		workers="$workers $!"
	done
	try "fio finds what it wrote, $strategy" fio_writes_and_reads
	# shellcheck disable=SC2086  # words
	wait $workers
	for what in $WORKERS; do
		try "$what ends well, $strategy" ended_well "$what"
	done
	try "the tests of vmalloc pass, $strategy" vmalloc_tests_pass "$strategy"
	try "stress-ng left out none of the files, $strategy" grep "skipped 0 out of [1-9][0-9]* sysfs files" /tmp/stress_files.out
	try "the files can be read, $strategy" files_are_whole
	try "the sample driver unloads, $strategy" rmmod io_mapping_sample
	tell "seed $seed"
}

UNUSED=$(pci_device 0x1af4:0x1110 2)
echo none > "/sys/bus/pci/devices/$UNUSED/driver_override"
echo 1 > "/sys/bus/pci/devices/$UNUSED/enable"
mark_log
try "the library loads" insmod /io-mapping-rs.ko
seed=0
for strategy in 1 2; do
	try "the sample driver loads, $strategy" load_sample $strategy && all_at_once $strategy
done
try "the library unloads" rmmod io_mapping_rs
try "the kernel log is quiet" quiet_log
finish
