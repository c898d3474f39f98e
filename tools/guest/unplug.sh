#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The device goes, again and again, while others use its memory and files: the host pulls it, its driver is unbound, its
# memory is turned off, another driver takes it. tools/unplug.py is the other side.
# shellcheck shell=busybox
. /lib.sh

DRIVER=/sys/bus/pci/drivers/io_mapping_sample
VFIO=/sys/bus/pci/drivers/vfio-pci
LIBRARY=/sys/kernel/debug/io_mapping_rs
# Half of the memory is read. The other half is written.
HALF_MIB=16
# No access, no unbinding and no cycle may take longer, in seconds. (Emulated, on a loaded machine.)
LIMIT=20

# What the host has put there, a file for each MiB.
read_what_is_there() {
	local n=0
	while [ $n -lt $HALF_MIB ]; do
		dd if="$NODE" of=/tmp/want.$n bs=1M count=1 skip=$n 2> /dev/null || return
		n=$((n + 1))
	done
	[ "$(cat /tmp/want.? /tmp/want.?? | wc -c)" = $((HALF_MIB << 20)) ] || { echo "too few bytes" && return 1; }
	[ "$(n=0 && while [ $n -lt $HALF_MIB ]; do cat /tmp/want.$n && n=$((n + 1)); done | sha256sum | cut -d ' ' -f 1)" = "$(ask sum)" ] ||
		{ echo "other bytes than the host's" && return 1; }
}

# access NAME CMD...: an access to the node. Succeeds, or says that the device is gone by an error that is right for that.
access() {
	local name=$1 status=0 took
	shift
	took=$(now)
	timeout -s KILL $LIMIT "$@" 2> "/tmp/$name.error" || status=$?
	took=$(($(now) - took))
	[ $took -le "$(cat "/tmp/$name.longest")" ] || echo $took > "/tmp/$name.longest"
	case $status in
		0) return 0 ;;
		1) grep -q "No such device\|No such file" "/tmp/$name.error" && return 1 ;;
	esac
	echo "$name: status $status after $took hundredths of a second: $(tail -n 1 "/tmp/$name.error")" >> /tmp/wrong
	return 1
}

# worker NAME CMD...: calls CMD with numbers of MiB until the end, and counts how often it has had its bytes or has not.
worker() {
	local name=$1 n=0 good=0 gone=0
	shift
	echo 0 > "/tmp/$name.longest"
	while [ -e /tmp/run ]; do
		n=$(((n * 5 + 3) % HALF_MIB))
		if "$@" $n; then good=$((good + 1)); else gone=$((gone + 1)); fi
	done
	echo "$good $gone" > "/tmp/$name.count"
}

# Of a read that was cut short by the end of the device, the bytes that there are.
read_mib() {
	local n=$2 size
	access "$1" dd if="$NODE" of="/tmp/$1.data" bs=1M count=1 skip="$n" || return
	size=$(stat -c %s "/tmp/$1.data")
	[ "$size" != 0 ] || return
	head -c "$size" "/tmp/want.$n" | cmp -s - "/tmp/$1.data" || echo "$1: MiB $n has wrong bytes" >> /tmp/wrong
}

# (dd would make a file where there is no node.)
write_mib() {
	access "$1" unplug put "/tmp/want.$2" "$NODE" $((HALF_MIB + $2))
}

read_mappings() {
	cat $LIBRARY/mappings > /dev/null || echo "mappings cannot be read" >> /tmp/wrong
}

# An open file outlives the device, and says so.
gone_for_open_file() {
	local error
	! error=$(dd bs=1 count=1 <&5 2>&1 > /dev/null) || { echo "an open file still reads" && return 1; }
	case $error in *"No such device"*) ;; *) echo "$error" && return 1 ;; esac
}

# unbound_and_back, pulled_and_back: a cycle.
unbound_and_back() {
	echo "$DEVICE" > $DRIVER/unbind && gone_for_open_file || return
	echo "$DEVICE" > $DRIVER/bind
}
pulled_and_back() {
	[ "$(ask unplug)" = "done" ] || { echo "the host cannot pull the device" && return 1; }
	until_true [ ! -e "/sys/bus/pci/devices/$DEVICE" ] && gone_for_open_file || return
	[ "$(ask plug)" = "done" ] || { echo "the host cannot plug the device in" && return 1; }
	until_true [ -e "/sys/bus/pci/devices/$DEVICE" ]
}

# The workers run from here on.
start_workers() {
	touch /tmp/run
	: > /tmp/wrong
	worker reader1 read_mib reader1 &
	worker reader2 read_mib reader2 &
	worker writer write_mib writer &
	worker mappings read_mappings &
}

# Ends them.
stop_workers() {
	rm /tmp/run
	wait
	[ ! -s /tmp/wrong ] || { head -n 1 /tmp/wrong && return 1; }
}

# Each has had bytes, and has seen the device gone.
workers_have_seen_both() {
	local name good gone
	for name in reader1 reader2 writer; do
		read -r good gone < /tmp/$name.count
		tell "kv $name $good accesses, $gone refused, the longest took $(cat /tmp/$name.longest)0 ms"
		[ $((good * gone)) != 0 ] || { echo "$name: $good accesses, $gone refused" && return 1; }
	done
}

# A MiB from the new node.
all_is_back() {
	dd if="$NODE" of=/tmp/cycle bs=1M count=1 skip=1 || return
	cmp /tmp/cycle /tmp/want.1
}

# cycles STRATEGY COUNT: the device goes and comes back so often, in each way by turns, while the workers run.
cycles() {
	local left=$2 took longest=0
	load_sample "$1" && start_workers || return
	while [ "$left" -gt 0 ]; do
		left=$((left - 1))
		exec 5< "$NODE" || return
		took=$(now)
		if [ $((left % 2)) = 0 ]; then unbound_and_back; else pulled_and_back; fi || return
		took=$(($(now) - took))
		exec 5<&-
		[ $took -le $longest ] || longest=$took
		until_true [ -c "$NODE" ] || return
		all_is_back || return
	done
	tell "kv strategy-$1 $2 cycles, the longest took ${longest}0 ms"
	[ "$longest" -lt $((LIMIT * 100)) ] || { echo "a cycle took ${longest}0 ms" && return 1; }
	stop_workers && workers_have_seen_both && rmmod io_mapping_sample
}

# A write whose bytes come from a page that is not there yet does not hold up unbinding, and is told that the device is gone.
write_is_blocked() {
	load_sample || return
	mkfifo /tmp/release
	unplug write "$NODE" < /tmp/release > /tmp/write.out &
	exec 6> /tmp/release
	while ! grep -q . /tmp/write.out; do
		[ -d "/proc/$!" ] || { echo "it has ended" && return 1; }
		sleep 0.05
	done
	timeout $LIMIT sh -c "echo $DEVICE > $DRIVER/unbind" || { echo "unbinding waits" && return 1; }
	echo >&6
	exec 6>&-
	wait
	[ "$(tail -n 1 /tmp/write.out)" = "write: No such device" ] || { tail -n 1 /tmp/write.out && return 1; }
	echo "$DEVICE" > $DRIVER/bind && rmmod io_mapping_sample
}

# set_memory 0|1: whether the device answers at its memory (PCI_COMMAND_MEMORY).
set_memory() {
	local config=/sys/bus/pci/devices/$DEVICE/config command
	command=$(dd if="$config" bs=1 skip=4 count=1 2> /dev/null | od -An -tu1)
	command=$(((command & ~2) | ($1 << 1)))
	# shellcheck disable=SC2059  # the byte
	printf "\\$(printf %o $command)" | dd of="$config" bs=1 seek=4 conv=notrunc 2> /dev/null
}

# None of its bytes is read then, and what is written is lost.
memory_is_off() {
	load_sample "$1" && set_memory 0 || return
	dd if="$NODE" of=/tmp/off bs=1M count=1 skip=3 || return
	unplug put /tmp/want.4 "$NODE" 3 || return
	# QEMU reads zeroes there, a machine reads ones.
	[ "$(tr -d '\377\0' < /tmp/off | wc -c)" = 0 ] || { echo "it reads $(od -An -tx1 -N8 /tmp/off)" && return 1; }
	# A driver may be unbound and bound meanwhile: enabling the device turns its memory on.
	echo "$DEVICE" > $DRIVER/unbind && echo "$DEVICE" > $DRIVER/bind && until_true [ -c "$NODE" ] || return
	dd if="$NODE" of=/tmp/on bs=1M count=1 skip=3 || return
	cmp /tmp/on /tmp/want.3 && rmmod io_mapping_sample
}

# vfio-pci takes the device from under the workers, and user space reads it.
another_driver() {
	local group
	load_sample && start_workers || return
	sleep 1
	echo vfio-pci > "/sys/bus/pci/devices/$DEVICE/driver_override"
	echo "$DEVICE" > $DRIVER/unbind && echo "$DEVICE" > $VFIO/bind || return
	group=$(readlink "/sys/bus/pci/devices/$DEVICE/iommu_group") && until_true [ -e "/dev/vfio/${group##*/}" ] || return
	unplug vfio "/dev/vfio/${group##*/}" "$DEVICE" > /tmp/vfio || { cat /tmp/vfio && return 1; }
	[ "$(cat /tmp/vfio)" = "$(od -An -tx1 -N16 /tmp/want.0 | tr -d ' \n')" ] || { echo "it reads $(cat /tmp/vfio)" && return 1; }
	echo "$DEVICE" > $VFIO/unbind && echo > "/sys/bus/pci/devices/$DEVICE/driver_override"
	echo "$DEVICE" > $DRIVER/bind && until_true [ -c "$NODE" ] && stop_workers && rmmod io_mapping_sample
}

nothing_is_left() {
	[ "$(wc -l < $LIBRARY/mappings)" = "$MAPPINGS_LINES" ] || { tail -n 1 $LIBRARY/mappings && return 1; }
	! grep io_mapping /proc/iomem
}

DEVICE=$(pci_device 0x1af4:0x1110)
mark_log
insmod /io-mapping-rs.ko
MAPPINGS_LINES=$(wc -l < $LIBRARY/mappings)
insmod /irqbypass.ko.xz && insmod /vfio.ko.xz && insmod /vfio_iommu_type1.ko.xz allow_unsafe_interrupts=1
insmod /vfio-pci-core.ko.xz && insmod /vfio-pci.ko.xz
load_sample
if try "the memory is read" read_what_is_there; then
	rmmod io_mapping_sample
	# shellcheck disable=SC2154  # from the kernel's command line
	for strategy in 1 2; do
		try "it goes and comes back $iomrs_cycles times, strategy=$strategy" cycles $strategy "$iomrs_cycles" || break
	done
	try "the bytes that were written" test "$(ask written)" = same
	try "a write that waits for its bytes" write_is_blocked
	for strategy in 1 2; do
		try "its memory is off, strategy=$strategy" memory_is_off $strategy
	done
	try "another driver takes it" another_driver
fi
try "nothing is left" nothing_is_left
try "the library unloads" rmmod io_mapping_rs
try "the kernel log" quiet_log
finish
