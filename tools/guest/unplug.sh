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
# The status of unplug.c.
OFF=4

# in_time CMD...: ends it when it takes too long. busybox looks once a second whether CMD has ended, in a process that would have
# our open files until then, and with a file of the node its driver.
in_time() { timeout -s KILL $LIMIT "$@" 5<&- 6>&-; }

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

# Grows by a byte before the memory goes off, and by a byte when it is on again.
TURNS=/tmp/turns
turns() { stat -c %s $TURNS; }

# access NAME CMD...: an access to the node. Succeeds, or is 1 if the device is gone, which an error that is right for that says,
# or 2 if the memory was off meanwhile.
access() {
	local name=$1 status=0 took before
	shift
	before=$(turns)
	took=$(now)
	in_time "$@" 2> "/tmp/$name.error" || status=$?
	took=$(($(now) - took))
	[ $took -le "$(cat "/tmp/$name.longest")" ] || echo $took > "/tmp/$name.longest"
	case $status in
		0) return 0 ;;
		1) grep -q "No such device\|No such file" "/tmp/$name.error" && return 1 ;;
		"$OFF") [ "$((before % 2)) $(turns)" = "0 $before" ] || return 2 ;;
	esac
	echo "$name: status $status after $took hundredths of a second: $(tail -n 1 "/tmp/$name.error")" >> /tmp/wrong
	return 1
}

# worker NAME CMD...: calls CMD with numbers of MiB, and how often it has had all of them, until the end. Counts how often it
# has had its bytes, the device was gone, and the memory was off.
worker() {
	local name=$1 n=0 calls=0 good=0 gone=0 off=0
	shift
	echo 0 > "/tmp/$name.longest"
	while [ -e /tmp/run ]; do
		n=$(((n * 5 + 3) % HALF_MIB))
		"$@" $n $((calls / HALF_MIB))
		case $? in 0) good=$((good + 1)) ;; 1) gone=$((gone + 1)) ;; *) off=$((off + 1)) ;; esac
		calls=$((calls + 1))
	done
	echo "$good $gone $off" > "/tmp/$name.count"
}

read_mib() {
	access "$1" unplug get "/tmp/want.$2" "$NODE" "$2"
}

# Other bytes each time, so that a write that is lost leaves wrong ones. What was written last is kept for the host.
write_mib() {
	local status=0 from=$((($2 + $3) % HALF_MIB))
	rm -f "/tmp/last.$2"
	access "$1" unplug put /tmp/want.$from "$NODE" $((HALF_MIB + $2)) || status=$?
	[ $status != 0 ] || echo "$2:$from" > "/tmp/last.$2"
	return $status
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

# goes WAY: the driver is unbound (unbind), or the host pulls the device (pull).
goes() {
	if [ "$1" = unbind ]; then
		in_time sh -c "echo $DEVICE > $DRIVER/unbind" || { echo "unbinding waits" && return 1; }
	else
		[ "$(ask unplug)" = "done" ] || { echo "the host cannot pull the device" && return 1; }
		until_true [ ! -e "/sys/bus/pci/devices/$DEVICE" ]
	fi
}

# comes_back WAY: after goes.
comes_back() {
	if [ "$1" = unbind ]; then
		echo "$DEVICE" > $DRIVER/bind
	else
		[ "$(ask plug)" = "done" ] || { echo "the host cannot plug the device in" && return 1; }
		until_true [ -e "/sys/bus/pci/devices/$DEVICE" ]
	fi
}

# set_memory 0|1: whether the device answers at its memory (PCI_COMMAND_MEMORY).
set_memory() {
	local config=/sys/bus/pci/devices/$DEVICE/config command
	command=$(dd if="$config" bs=1 skip=4 count=1 2> /dev/null | od -An -tu1)
	command=$(((command & ~2) | ($1 << 1)))
	# shellcheck disable=SC2059  # the byte
	printf "\\$(printf %o $command)" | dd of="$config" bs=1 seek=4 conv=notrunc 2> /dev/null
}

# reads_as_off N: whether MiB N reads as ones or zeroes.
reads_as_off() {
	local status=0
	in_time unplug get "/tmp/want.$1" "$NODE" "$1" || status=$?
	[ $status = $OFF ] || { echo "its memory is off, and a read has status $status" && return 1; }
}

first_bytes() { od -An -tx1 -N16 | tr -d ' \n'; }

# cycle WAY: the device goes, or its memory does (off), and comes back. File 5 is open.
cycle() {
	if [ "$1" != off ]; then
		goes "$1" && gone_for_open_file && comes_back "$1"
		return
	fi
	echo >> $TURNS && set_memory 0 && reads_as_off 2 && sleep 0.3 || return
	set_memory 1 && echo >> $TURNS || return
	[ "$(first_bytes <&5)" = "$(first_bytes < /tmp/want.0)" ] || { echo "an open file has wrong bytes" && return 1; }
}

# The workers run from here on.
start_workers() {
	touch /tmp/run
	: > /tmp/wrong
	: > $TURNS
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

# Each has had bytes, and has seen the device gone and its memory off.
workers_have_seen_all() {
	local name good gone off
	for name in reader1 reader2 writer; do
		read -r good gone off < /tmp/$name.count
		tell "kv $name $good accesses, $gone refused, $off while the memory was off, the longest took $(cat /tmp/$name.longest)0 ms"
		[ $((good * gone * off)) != 0 ] || { echo "$name: $good accesses, $gone refused, $off while off" && return 1; }
	done
}

# cycles STRATEGY COUNT: the device goes and comes back so often, in each way by turns, while the workers run.
cycles() {
	local left=$2 way took longest=0
	load_sample "$1" && start_workers || return
	while [ "$left" -gt 0 ]; do
		left=$((left - 1))
		exec 5< "$NODE" || return
		case $((left % 3)) in 0) way=unbind ;; 1) way=pull ;; 2) way=off ;; esac
		took=$(now)
		cycle $way || return
		took=$(($(now) - took))
		exec 5<&-
		[ $took -le $longest ] || longest=$took
		until_true [ -c "$NODE" ] || return
		# A MiB from the new node.
		unplug get /tmp/want.1 "$NODE" 1 || return
	done
	tell "kv strategy-$1 $2 cycles, the longest took ${longest}0 ms"
	[ "$longest" -lt $((LIMIT * 100)) ] || { echo "a cycle took ${longest}0 ms" && return 1; }
	stop_workers && workers_have_seen_all && rmmod io_mapping_sample
}

# The host's file has what was written last.
host_has_it() {
	local answer
	# shellcheck disable=SC2046  # a line of words
	answer=$(ask written $(cat /tmp/last.*))
	[ "$answer" = same ] || { echo "$answer" && return 1; }
}

# write_is_blocked STRATEGY WAY: a write whose bytes come from a page that is not there yet does not hold the device, and is told
# that it is gone.
write_is_blocked() {
	load_sample "$1" || return
	rm -f /tmp/release && mkfifo /tmp/release
	: > /tmp/write.out
	unplug write "$NODE" < /tmp/release > /tmp/write.out &
	exec 6> /tmp/release
	while ! grep -q . /tmp/write.out; do
		[ -d "/proc/$!" ] || { echo "it has ended" && return 1; }
		sleep 0.05
	done
	goes "$2" || return
	echo >&6
	exec 6>&-
	wait
	[ "$(tail -n 1 /tmp/write.out)" = "write: No such device" ] || { tail -n 1 /tmp/write.out && return 1; }
	comes_back "$2" && until_true [ -c "$NODE" ] && rmmod io_mapping_sample
}

# None of its bytes is read then, and what is written is lost.
memory_is_off() {
	local status=0
	load_sample "$1" && set_memory 0 || return
	dd if="$NODE" of=/tmp/off bs=1M count=1 skip=3 || return
	unplug put /tmp/want.4 "$NODE" 3 || status=$?
	[ $status = $OFF ] || { echo "what was written is not lost: status $status" && return 1; }
	# QEMU reads zeroes there, a machine reads ones.
	[ "$(tr -d '\377\0' < /tmp/off | wc -c)" = 0 ] || { echo "it reads $(first_bytes < /tmp/off)" && return 1; }
	# A driver may be unbound and bound meanwhile: enabling the device turns its memory on.
	echo "$DEVICE" > $DRIVER/unbind && echo "$DEVICE" > $DRIVER/bind && until_true [ -c "$NODE" ] || return
	unplug get /tmp/want.3 "$NODE" 3 && rmmod io_mapping_sample
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
	[ "$(cat /tmp/vfio)" = "$(first_bytes < /tmp/want.0)" ] || { echo "it reads $(cat /tmp/vfio)" && return 1; }
	echo "$DEVICE" > $VFIO/unbind && echo > "/sys/bus/pci/devices/$DEVICE/driver_override"
	echo "$DEVICE" > $DRIVER/bind && until_true [ -c "$NODE" ] && stop_workers && rmmod io_mapping_sample
}

# attempt NAME CMD...: as try. If it fails, whatever it has left is ended: workers, open files, the driver.
attempt() {
	try "$@" && return
	exec 5<&- 6>&-
	rm -f /tmp/run
	wait
	[ ! -e /sys/module/io_mapping_sample ] || until_true rmmod io_mapping_sample
	return 1
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
		attempt "it goes and comes back $iomrs_cycles times, strategy=$strategy" cycles $strategy "$iomrs_cycles" || continue
		try "the host has the bytes that were written, strategy=$strategy" host_has_it
	done
	for strategy in 1 2; do
		for way in unbind pull; do
			attempt "a write that waits for its bytes, strategy=$strategy, $way" write_is_blocked $strategy $way
		done
		attempt "its memory is off, strategy=$strategy" memory_is_off $strategy
	done
	attempt "another driver takes it" another_driver
fi
try "nothing is left" nothing_is_left
try "the library unloads" rmmod io_mapping_rs
try "the kernel log" quiet_log
finish
