#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# CPUs go offline and come back while workers read and write the memory of a device and the library checks itself, the
# machine sleeps, and another kernel is started in place of this one. What is mapped has its mode and its content, nothing is
# lost, and nothing is refused.
# shellcheck shell=busybox
. /lib.sh

LIBRARY=/sys/kernel/debug/io_mapping_rs
CPUS=/sys/devices/system/cpu
# How often all CPUs go but the first.
CYCLES=5
WORKERS="0 1 2"
# Where nobody writes, in MiB.
QUIET=32
# PAT, and the MTRRs: the default type, the variable ranges, the fixed ones.
MODE_MSRS="0x277 0x2ff 0x200 0x201 0x202 0x203 0x204 0x205 0x206 0x207 0x208 0x209 0x20a 0x20b 0x20c 0x20d 0x20e 0x20f
	0x250 0x258 0x259 0x268 0x269 0x26a 0x26b 0x26c 0x26d 0x26e 0x26f"

count() { sed -n "s/^$1 //p" $LIBRARY/stats; }

# worker NUMBER: writes a MiB to places of its own, and reads it back. A line in its file for each. (A task that is frozen
# before the machine sleeps is woken as by a signal, which ends its read() early: fullblock goes on.)
worker() {
	local rounds=0 place want
	while [ -e /tmp/run ]; do
		rounds=$((rounds + 1)) place=$(($1 * 8 + rounds % 8)) want=/tmp/want.$((rounds % 3))
		{
			dd if=$want of="$NODE" bs=1M seek=$place conv=notrunc 2> "/tmp/error.$1" &&
				dd if="$NODE" of="/tmp/data.$1" bs=1M skip=$place count=1 iflag=fullblock 2> "/tmp/error.$1" &&
				cmp "/tmp/data.$1" $want > "/tmp/error.$1" 2>&1
		} || tail -n 1 "/tmp/error.$1" >> /tmp/wrong
		echo $rounds >> "/tmp/rounds.$1"
	done
}

# Maps and unmaps in each way.
self_checks() {
	local phys
	phys=$(sed -n '3s/ .*//p' "/sys/bus/pci/devices/$UNUSED/resource")
	while [ -e /tmp/run ]; do
		{ echo "$phys 0x400000" > $LIBRARY/selftest && grep -q "^ok 1 " $LIBRARY/selftest; } ||
			echo "the self-check: $(grep "not ok" $LIBRARY/selftest || echo "no result")" >> /tmp/wrong
		echo checked >> /tmp/rounds.checks
	done
}

start_workers() {
	local name
	touch /tmp/run
	: > /tmp/wrong
	for name in $WORKERS; do worker "$name" & done
	self_checks &
	for name in $WORKERS checks; do until_true [ -s "/tmp/rounds.$name" ] || return; done
}

# rounds NAME: how many it has done.
rounds() { wc -l < "/tmp/rounds.$1"; }

# Each goes on, from now on.
workers_go_on() {
	local name before
	for name in $WORKERS checks; do
		before=$(rounds "$name")
		until_true eval "[ \$(rounds $name) -ge $((before + 2)) ]" || { echo "$name has stopped" && return 1; }
	done
}

stop_workers() {
	rm /tmp/run
	wait
	tell "kv rounds of workers, and checks $(wc -l /tmp/rounds.* | sed -n 's/^ *\([0-9]*\) .*rounds.*/\1/p' | tr '\n' ' ')"
	rm /tmp/rounds.*
	[ ! -s /tmp/wrong ] || { head -n 1 /tmp/wrong && return 1; }
}

# All CPUs go but the first, and come back.
cycle() {
	local cpu
	for cpu in "$CPUS"/cpu*/online; do echo 0 > "$cpu" || return; done
	[ "$(cat $CPUS/online)" = 0 ] || { echo "CPUs $(cat $CPUS/online) are still online" && return 1; }
	for cpu in "$CPUS"/cpu*/online; do echo 1 > "$cpu" || return; done
	[ "$(cat $CPUS/online)" = "$(cat $CPUS/present)" ] || { echo "CPUs $(cat $CPUS/online) are online" && return 1; }
}

# Slots are cleaned, and the arena is flushed, meanwhile.
cpus_go() {
	local left=$CYCLES flushes
	flushes=$(count arena_flushes)
	load_sample "$1" && start_workers || return
	while [ $left -gt 0 ]; do
		cycle && workers_go_on || return
		left=$((left - 1))
	done
	stop_workers || return
	flushes=$(($(count arena_flushes) - flushes))
	tell "kv flushes $flushes"
	[ $flushes -gt $CYCLES ] || { echo "$flushes flushes" && return 1; }
	rmmod io_mapping_sample && nothing_is_lost
}

nothing_is_lost() {
	[ "$(count slots_in_use) $(count slot_exhaustions)" = "0 0" ] ||
		{ echo "$(count slots_in_use) slots are in use, $(count slot_exhaustions) times there was none" && return 1; }
	# A page less where the last pages of a unit, which no guard page follows, await a flush.
	[ "$(count arena_bytes_mapped)" -le "$MAPPED" ] || { echo "$(count arena_bytes_mapped) bytes are mapped, not $MAPPED" && return 1; }
}

# By what the CPUs make a mode of an entry.
mode_registers() {
	local cpu msr
	for cpu in /dev/cpu/[0-9]*; do
		: > "/tmp/${cpu##*/}.msr"
		for msr in $MODE_MSRS; do
			dd if="$cpu/msr" bs=8 count=1 iflag=skip_bytes skip=$((msr)) >> "/tmp/${cpu##*/}.msr" 2> /tmp/error || { cat /tmp/error && return 1; }
		done
	done
	cat /tmp/[0-9]*.msr > "$1"
	[ "$(cat /tmp/[0-9]*.msr | wc -c)" = $(($(nproc) * 29 * 8)) ] || { echo "not all registers of all CPUs" && return 1; }
}

# The entries of all mappings, without how old each is and the temporary maps of the moment.
entries() { cut -c 1-106,129-142 $LIBRARY/mappings | grep '^0x'; }

sum() { dd if="$NODE" bs=1M skip=$QUIET count=8 2> /dev/null | sha256sum | cut -d ' ' -f 1; }

fill() { dd if=/dev/urandom of="$NODE" bs=1M seek=$QUIET count=8 2> /dev/null; }

# Wakes by the clock: an alarm before the machine sleeps would be none.
sleep_and_wake() {
	echo deep > /sys/power/mem_sleep && echo +20 > /sys/class/rtc/rtc0/wakealarm && echo mem > /sys/power/state || return
	[ "$(cat /sys/power/suspend_stats/success)" = "$1" ] || { echo "it has not slept" && return 1; }
}

# suspends STRATEGY: with open files, and workers that are frozen meanwhile.
suspends() {
	local before
	load_sample "$1" && fill || return
	exec 5<> "$NODE"
	before=$(sum)
	mode_registers /tmp/registers && entries > /tmp/entries && start_workers && sleep_and_wake "$1" && workers_go_on && stop_workers || return
	[ "$(sum)" = "$before" ] || { echo "the memory has changed" && return 1; }
	dd bs=1M count=1 of=/tmp/data <&5 2> /tmp/error || { cat /tmp/error && return 1; }
	exec 5<&-
	entries | cmp - /tmp/entries || { echo "the entries have changed" && return 1; }
	mode_registers /tmp/registers.after || return
	cmp /tmp/registers /tmp/registers.after || { echo "PAT or MTRRs have changed" && return 1; }
	rmmod io_mapping_sample && nothing_is_lost
}

# What io-mapping-tests.ko has kept mapped all the time.
modes_are_as_before() {
	rmmod io_mapping_tests || return
	dmesg | sed -n 's/.*io_mapping_tests: //p' > /tmp/report
	while read -r line; do tell "kv $line"; done < /tmp/report
	! grep "not ok" /tmp/report || return
	[ "$(sed -n 's/^ok [0-9]* \([a-z-]*\) .*/\1/p' /tmp/report | sort -u | wc -l)" = 6 ] || { cat /tmp/report && return 1; }
}

# The next kernel has no part in what is open, mapped and going on here.
start_next_kernel() {
	load_sample 2 && fill && insmod /io-mapping-tests.ko modes=1 && start_workers || return
	exec 6<> "$NODE"
	quiet_log || return
	echo "iomrs: the next kernel" > /dev/kmsg
	stty -F "$TTY" raw # returns when all is sent
	kexec /kernel /second "$(cat /proc/cmdline) iomrs_sum=$(sum)"
}

bytes_are_there() {
	load_sample 2 || return
	# shellcheck disable=SC2154  # from the kernel's command line
	[ "$(sum)" = "$iomrs_sum" ] || { echo "other bytes than the first kernel's" && return 1; }
	fill && start_workers && workers_go_on && stop_workers
}

DEVICE=$(pci_device 0x1af4:0x1110)
MODES=$(pci_device 0x1af4:0x1110 2)
UNUSED=$(pci_device 0x1af4:0x1110 3)
echo io_mapping_sample > "/sys/bus/pci/devices/$DEVICE/driver_override"
echo io_mapping_tests > "/sys/bus/pci/devices/$MODES/driver_override"
echo none > "/sys/bus/pci/devices/$UNUSED/driver_override"
echo 1 > "/sys/bus/pci/devices/$UNUSED/enable"
for number in 0 1 2; do dd if=/dev/urandom of=/tmp/want.$number bs=1M count=1 2> /dev/null; done
mark_log
# Few slots, and little that may be dirty: they are cleaned often.
try "the library loads" insmod /io-mapping-rs.ko window_slots=64 arena_dirty=1
MAPPED=$(count arena_bytes_mapped)
if [ -z "${iomrs_sum:-}" ]; then
	for strategy in 1 2; do
		try "CPUs go $CYCLES times, strategy=$strategy" cpus_go $strategy
	done
	insmod /msr.ko.xz
	try "memory is mapped in every mode" insmod /io-mapping-tests.ko modes=1
	MAPPED=$(count arena_bytes_mapped)
	for strategy in 1 2; do
		try "mappings outlive a suspend to RAM, strategy=$strategy" suspends $strategy
	done
	try "every mode is as before" modes_are_as_before
	try "kexec" start_next_kernel
else
	try "the next kernel reads what the first has written" bytes_are_there
	try "all modules unload" rmmod io_mapping_sample io_mapping_rs
	try "the kernel log is quiet" quiet_log
fi
finish
