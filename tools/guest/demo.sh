#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What make demo does inside the guest: loads the modules, copies bytes through the device node, uses the registers,
# makes bad requests, unloads everything, and looks at the kernel log. tools/demo.py is the other side.
# shellcheck shell=busybox
. /lib.sh

REGISTER=/sys/kernel/debug/io_mapping_sample0/interrupt_mask
DRIVER=/sys/bus/pci/drivers/io_mapping_sample
LIBRARY=/sys/kernel/debug/io_mapping_rs
# Begins what the test module says.
TESTS_MARK="iomrs: from here on the tests speak"
# How much is copied at once.
MIB=64
# Bits of /proc/sys/kernel/tainted: bad page, oops, warning, soft lockup.
TAINTS=$((1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))

wait_for_node() { until_true [ -c "$NODE" ]; }

# memory_range DEVICE: physical address of the first and the last byte of the memory.
memory_range() {
	sed -n '3s/ 0x[^ ]*$//p' "/sys/bus/pci/devices/$1/resource"
}

# How many MiB the memory has.
memory_mib() {
	local start last
	read -r start last << END
$(memory_range "$DEVICE")
END
	echo $(((last - start + 1) >> 20))
}

# guest_to_host MIB-OFFSET: writes to the memory, and the host looks at its file.
guest_to_host() {
	local sum answer
	[ -e /tmp/data ] || dd if=/dev/urandom of=/tmp/data bs=1M count=$MIB 2> /dev/null || return
	dd if=/tmp/data of="$NODE" bs=1M seek="$1" || return
	sum=$(sha256sum < /tmp/data)
	answer=$(ask compare $(($1 << 20)) $((MIB << 20)) "${sum%% *}")
	[ "$answer" = same ] || { echo "$answer" && return 1; }
}

# host_to_guest MIB-OFFSET MIB: the host changes its file, and the guest reads the memory.
host_to_guest() {
	local host guest
	host=$(ask change $(($1 << 20)) $(($2 << 20)))
	guest=$(dd if="$NODE" bs=1M skip="$1" count="$2" 2> /dev/null | sha256sum)
	tell "read ${guest%% *}"
	[ "${guest%% *}" = "$host" ] || { echo "the guest read SHA-256 ${guest%% *}, the host wrote $host" && return 1; }
}

# with_strategy NAME NUMBER MIB-OFFSET MIB-OFFSET MIB: loads the sample driver, copies to the host, and MIB from it.
with_strategy() {
	try "the sample driver loads, $1" load_sample "$2" || return
	tell "strategy $1"
	tell "json $(tr -d '\n' < $LIBRARY/mappings.json)"
	try "guest to host, $1" guest_to_host "$3"
	try "host to guest, $1" host_to_guest "$4" "$5"
}

# How large an aperture C makes. It returns NULL for one as large as this.
refuse_whole_in_c() {
	local c
	insmod /io-mapping-c-apertures.ko "start=$(memory_range "$DEVICE" | cut -d ' ' -f 1)" size=$((MEMORY << 20)) || return
	dmesg | sed -n 's/.*io_mapping_c_apertures: //p' > /tmp/c
	rmmod io_mapping_c_apertures
	while IFS= read -r c; do tell "c $c"; done < /tmp/c
	grep -q " $MEMORY MiB: NULL\$" /tmp/c || { echo "C maps it" && return 1; }
}

# An aperture as large as this one is refused, as there is not as much address space for it.
refuse_whole() {
	if [ -e /io-mapping-c-apertures.ko ]; then refuse_whole_in_c || return; fi
	insmod /io-mapping-sample.ko strategy=1 || return
	[ ! -e "$NODE" ] || { echo "$NODE has appeared" && return 1; }
	rmmod io_mapping_sample
	dmesg | grep -q 'io_mapping_sample .*failed with error -12$' || { echo "it was no ENOMEM" && return 1; }
}

# What is mapped once: where there is not enough address space nothing as large as the memory.
whole() {
	if [ "${iomrs_whole:-}" = no ]; then
		try "all of the memory is refused" refuse_whole
	else
		with_strategy whole 1 0 65 $MIB && try "the sample driver unloads" rmmod io_mapping_sample
	fi
}

# A page is mapped while it is accessed. Neither offset is a multiple of a large page, but where C maps none of it: there
# every page is read.
sparse() {
	if [ -e /io-mapping-c-apertures.ko ]; then
		with_strategy sparse 2 129 0 "$MEMORY"
	else
		with_strategy sparse 2 129 191 $MIB
	fi
}

use_register() {
	local value read
	for value in 0x5aa5c33c 0x00000000; do
		echo $value > "$REGISTER" || return
		read=$(cat "$REGISTER")
		tell "register wrote $value, read $read"
		[ "$read" = $value ] || { echo "wrote $value, read $read" && return 1; }
	done
}

# The library's list of mappings, and its check on the memory of a device that no driver has, which needs no KUnit.
library_files() {
	local line
	while read -r line; do tell "mapping $line"; done < $LIBRARY/mappings
	tell "json $(tr -d '\n' < $LIBRARY/mappings.json)"
	echo "$(memory_range "$UNUSED" | cut -d ' ' -f 1) 0x100000" > $LIBRARY/selftest || return
	while IFS= read -r line; do tell "selftest $line"; done < $LIBRARY/selftest
}

selftest() { echo "$1" > $LIBRARY/selftest; }

# refuse WHAT ERRNO CMD...: CMD must fail with ERRNO, which its output says in words.
refuse() {
	local what=$1 expected=$2 got
	shift 2
	if "$@" > /tmp/refuse.out 2>&1; then
		got=accepted
	else
		case $(cat /tmp/refuse.out) in
		*"File exists"*) got=EEXIST ;;
		*"No such device"*) got=ENODEV ;;
		*"No space left on device"*) got=ENOSPC ;;
		*"Resource temporarily unavailable"*) got=EAGAIN ;;
		*"resource busy"*) got=EBUSY ;;
		*"not permitted"*) got=EPERM ;;
		*"out of range"*) got=ERANGE ;;
		*) got=$(grep -v ' records ' /tmp/refuse.out | tail -n 1) ;;
		esac
	fi
	if [ "$got" = "$expected" ]; then
		tell "test ok $what # $got"
	else
		tell "test not ok $what # $got, not $expected"
	fi
}

# first_address NAME: that of the last resource of this name that the kernel lists.
first_address() { sed -n "s/^ *\([0-9a-f]*\)-.* : $1.*/0x\1/p" /proc/iomem | tail -n 1; }

# What a person can ask of the node and the modules, and must not get.
bad_commands() {
	refuse "write to the node at its end" ENOSPC dd if=/dev/zero of="$NODE" bs=1M seek="$MEMORY" count=1
	refuse "check the library on memory that a driver has" EBUSY selftest "$(memory_range "$DEVICE" | cut -d ' ' -f 1) 0x1000"
	refuse "check the library on system RAM" EPERM selftest "$(first_address "System RAM") 0x1000"
	refuse "check the library on registers of the machine" EPERM selftest "$(first_address "\(HPET\|.*pl011.*\)") 0x1000"
	refuse "check the library past the last address" ERANGE selftest "0x10000000000000 0x1000"
	refuse "load the library twice" EEXIST insmod /io-mapping-rs.ko
	refuse "load the sample driver twice" EEXIST insmod /io-mapping-sample.ko
	refuse "unload the library while the sample driver uses it" EAGAIN rmmod io_mapping_rs
	exec 4< "$NODE" 5< "$REGISTER"
	refuse "unload the sample driver while its node is open" EAGAIN rmmod io_mapping_sample
	exec 4<&-
	refuse "unload the sample driver while its debugfs file is open" EAGAIN rmmod io_mapping_sample
	exec 5<&-
}

# Unbinds the driver while a file is open: the file stays, the memory is gone.
unbind_while_open() {
	exec 4<> "$NODE"
	echo "$DEVICE" > $DRIVER/unbind || return
	[ ! -e "$NODE" ] || { echo "$NODE is still there" && return 1; }
	refuse "read an open file after the driver was unbound" ENODEV sh -c 'dd bs=1 count=1 <&4'
	refuse "write to an open file after the driver was unbound" ENODEV sh -c 'dd if=/dev/zero bs=1 count=1 >&4'
	exec 4<&-
	echo "$DEVICE" > $DRIVER/bind && wait_for_node
}

# How often the device has been enabled and not disabled again.
enable_count() { cat "/sys/bus/pci/devices/$DEVICE/enable"; }

# enable_count_is COUNT: each bind enables the device, and each unbind undoes it.
enable_count_is() {
	[ "$(enable_count)" = "$1" ] || { echo "it is $(enable_count), not $1" && return 1; }
}

# Binds and unbinds the driver four times.
bind_again() {
	local count
	count=$(enable_count)
	for _ in 1 2 3 4; do
		echo "$DEVICE" > $DRIVER/unbind || return
		echo "$DEVICE" > $DRIVER/bind || return
		wait_for_node || return
	done
	enable_count_is "$count"
}

# The tests of selftests/driver: they run when the module is loaded, and their results are in the kernel log.
driver_tests() {
	local line
	echo "$TESTS_MARK" > /dev/kmsg
	insmod /io-mapping-tests.ko || return
	dmesg | sed -n 's/^.*io_mapping_tests: //p' > /tmp/results
	while IFS= read -r line; do tell "test $line"; done < /tmp/results
	rmmod io_mapping_tests
	# A refusal is told by its errno alone, but for a range that leaves its resource. The PCI core says which BAR it could
	# not reserve, and that it enables a device that the firmware has not.
	line=$(dmesg | sed "1,/$TESTS_MARK/d" |
		grep -v "io_mapping_tests: \|can't reserve\|leaves its resource\|enabling device" | head -n 1)
	[ -z "$line" ] || { echo "the log is not silent: $line" && return 1; }
}

# What a driver has leaked does not refer to its memory, which is gone.
leak() {
	insmod /io-mapping-tests.ko leak=1 || return
	rmmod io_mapping_tests || return
	leaked_name || return
	[ ! -e /sys/kernel/debug/io_mapping_leak ] || { echo "its file in debugfs is still there" && return 1; }
	grep -q '(unloaded)$' $LIBRARY/mappings || { echo "the leaked mapping is not listed" && return 1; }
}

leaked_name() {
	grep -q ' : io_mapping_leak$' /proc/iomem || { echo "the leaked region has lost its name" && return 1; }
}

unload() {
	rmmod io_mapping_rs || return
	! grep '^io_mapping' /proc/modules
}

# Before anything is leaked on purpose.
unloaded_without_leaks() {
	rmmod io_mapping_rs && no_leaks && insmod /io-mapping-rs.ko
}

quiet_and_untainted() {
	local taints
	quiet_log || return
	taints=$(($(cat /proc/sys/kernel/tainted) & TAINTS))
	[ $taints = 0 ] || { echo "the kernel is tainted: $taints" && return 1; }
}

DEVICE=$(pci_device 0x1af4:0x1110)
MEMORY=$(memory_mib)
# Another one, which no driver gets.
UNUSED=$(pci_device 0x1af4:0x1110 2)
echo none > "/sys/bus/pci/devices/$UNUSED/driver_override"
# No firmware has turned it on where there is none.
echo 1 > "/sys/bus/pci/devices/$UNUSED/enable"
tell "kernel $(uname -r)"
tell "machine $(nproc) $(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) $(sed -n 's/^flags.*: //p' /proc/cpuinfo | head -n 1)"
tell "device $DEVICE $(memory_range "$DEVICE")"
ENABLED=$(enable_count)
if [ -e "$KMEMLEAK" ]; then try "kmemleak scans" begin_to_look_for_leaks; fi
mark_log
if try "the library loads" insmod /io-mapping-rs.ko && whole; then
	if sparse; then
		try "registers" use_register
		try "the library's files" library_files
		bad_commands
		try "the driver is unbound while a file is open" unbind_while_open
		try "the driver is bound four times more" bind_again
		try "the sample driver unloads again" rmmod io_mapping_sample
		try "the test module runs" driver_tests
		if [ -e "$KMEMLEAK" ]; then try "no memory is leaked" unloaded_without_leaks; fi
		try "a driver that leaks unloads" leak
		try "all modules unload" unload
		try "the name of a leaked region outlives all modules" leaked_name
		try "the device is disabled again" enable_count_is "$ENABLED"
	fi
fi
try "the kernel log" quiet_and_untainted
finish
