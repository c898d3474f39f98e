#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/75-bench: what the benchmark refuses, and how it is stopped.
# shellcheck shell=busybox
. /lib.sh

dir=/sys/kernel/debug/io_mapping_rs/bench
# Reserved by memmap= on the kernel's command line, and system RAM before that.
reserved="0x30000000+128M reserved" ram="0x10000000+2M reserved"

# write SPEC: to run, with what the shell says of it on stdout.
write() { { echo "$1" > $dir/run; } 2>&1; }

# refused SPEC ERRNO WORDS: with this errno, and status says these words.
refused() {
	local said
	! said=$(write "$1") || { echo "it runs" && return 1; }
	case $said in *"$2") ;; *) echo "another errno: $said" && return 1 ;; esac
	grep -q '^state: refused$' $dir/status || { head -n 1 $dir/status && return 1; }
	grep -q "^error: .*$3" $dir/status || { tail -n 1 $dir/status && return 1; }
}

# measured SPEC COUNT: it runs, and so many rows of ours are there, of whatever verdict but "not run".
measured() {
	local rows
	echo "$1" > $dir/run || { tail -n 1 $dir/status && return 1; }
	rows=$(grep -c ',ours,io_mapping_rs,\(measured\|inconclusive\),' $dir/results.csv)
	[ "$rows" = "$2" ] || { echo "$rows rows of ours: $(grep 'not run' $dir/results.csv | head -n 1)" && return 1; }
}

# not_run SPEC WORDS: it says why, for both sides.
not_run() {
	local rows
	echo "$1" > $dir/run || return 1
	rows=$(grep -c ",not run,[^,]*$2" $dir/results.csv)
	[ "$rows" = 2 ] || { cat $dir/results.csv && return 1; }
}

listed() {
	echo list > $dir/run || return
	grep -q '^map_local_read ' $dir/status || { cat $dir/status && return 1; }
}

# begin [RANGE]: one that would take minutes, in the background. Its process is $runner.
begin() {
	(exec sh -c "echo '${1:+range=$1} map_local batches=100000 strategy=sparse' > $dir/run" 2> /dev/null) &
	runner=$!
	local tries=50
	until grep -q '^state: running$' $dir/status; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { cat $dir/status && return 1; }
		sleep 0.1
	done
}

busy() {
	local said
	! said=$(write list) || { echo "a second one runs" && return 1; }
	case $said in *"resource busy") ;; *) echo "$said" && return 1 ;; esac
}

held() { ! rmmod io_mapping_bench; }

stopped() {
	local tries=50
	kill "$runner"
	until grep -q '^state: stopped by a signal$' $dir/status; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { cat $dir/status && return 1; }
		sleep 0.1
	done
	wait "$runner"
	[ $? = 143 ] || { echo "the writer was not ended by the signal" && return 1; }
}

# The library has no mapping: a job that has one is the only user here.
nothing_mapped() { ! grep -v '^#' /sys/kernel/debug/io_mapping_rs/mappings; }

# removed DEVICE: while a job uses its BAR. The removal waits for the job, and the job ends early.
removed() {
	local tries=50
	while nothing_mapped > /dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "the job maps nothing" && return 1; }
		sleep 0.1
	done
	tries=20
	echo 1 > "/sys/bus/pci/devices/$1/remove" || return
	nothing_mapped || { echo "the BAR is still mapped" && kill "$runner" && return 1; }
	[ ! -e "/sys/bus/pci/devices/$1" ] || { echo "the device is still there" && return 1; }
	# Of the job only its rows are left to be written.
	while grep -q '^state: running$' $dir/status; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "the job runs on, over whoever gets the range" && kill "$runner" && return 1; }
		sleep 0.1
	done
	wait "$runner" || { echo "the writer ended with status $?" && return 1; }
	grep -q ',not run,[^,]*the device was removed' $dir/results.csv || { cat $dir/results.csv && return 1; }
}

# back DEVICE: the same BAR can be claimed anew.
back() {
	echo 1 > /sys/bus/pci/rescan || return
	[ -e "/sys/bus/pci/devices/$1" ] || { echo "the device is not found again" && return 1; }
	measured "range=$1/2 map_local_sized batches=6" 1
}

# A row of ours more than before, and none with "keep" left out.
kept() {
	measured "map_local_sized batches=6" 1 && measured "map_local_const batches=6 keep" 2 &&
		measured "map_local_const batches=6" 1
}

# Of a device: we have it, and its region in our name.
claimed() {
	[ -e "/sys/bus/pci/drivers/io-mapping-bench/$1" ] || { echo "not bound to us" && return 1; }
	grep -q ': io-mapping-bench$' /proc/iomem || { grep -A 1 "$1" /proc/iomem && return 1; }
}

given_back() { [ ! -e "/sys/bus/pci/devices/$1/driver" ] || return 1; }

ivshmem=$(pci_device 0x1af4:0x1110)
testdev=$(pci_device 0x1b36:0x0005)
if [ -e "$KMEMLEAK" ]; then try "kmemleak scans" begin_to_look_for_leaks; fi
mark_log
try "io-mapping-rs.ko loads" insmod /io-mapping-rs.ko
try "io-mapping-bench.ko loads" insmod /io-mapping-bench.ko
try "no range" refused create "Invalid argument" "no range"
try "an unknown workload" refused "creat range=$reserved" "Invalid argument" '"creat": no such workload'
try "a bad size" refused "create size=4x range=$reserved" "Invalid argument" '"size=4x": not a number'
try "system RAM" refused "create range=$ram" "Operation not permitted" "system RAM"
try "RAM in a part of the range" refused "create range=0x2ff00000+2M reserved" "Operation not permitted" "system RAM"
try "memory that is not reserved" refused "create range=0xe00000000+2M reserved" "Operation not permitted" "is not reserved as a whole"
try "reserved memory, as the firmware has it" refused "create range=${reserved% *}" "Invalid argument" "add the word .reserved."
try "past the last physical address" refused "create range=0x10000000000000+2M reserved" "result out of range" "the last physical address"
try "a BAR that is not there" refused "create range=$ivshmem/1" "No such device" "no such BAR"
try "a device that is not there" refused "create range=00:1e.0/0" "No such device" "no such BAR"
try "ports, of memory" not_run "range=$reserved ports_read32" "not an I/O port BAR"
try "a BAR, of reserved memory" not_run "bar size=4K" "not a BAR"
try "memory, of ports" not_run "range=$testdev/1 create strategy=whole size=4K" "is an I/O port BAR"
try "a BAR of ports" measured "ports_read32,ports_write_rep8 size=4 batches=6" 2
try "a list" listed
try "reserved memory" measured "range=$reserved fill_verify,map_local_read cpus=1 batches=6" 4
try "all CPUs" measured "map_local_read cpus=all batches=6" 4
try "more CPUs than there are" not_run "map_local_read strategy=whole cpus=3" "fewer CPUs"
try "a range that is smaller" not_run "create strategy=whole size=256M" "the range is smaller"
try "a constant offset past the end" not_run "map_local_const_write size=4K" "not a multiple"
try "a string with interrupts off" not_run "read_rep8 size=1M" "too many bytes"
try "half a page" not_run "create strategy=sparse size=6K" "not a multiple"
try "results are kept where asked for" kept
try "it runs in the background" begin
try "a second writer" busy
try "the module stays while it runs" held
try "a signal stops it" stopped
try "it runs again" measured "map_local_sized batches=6" 1
try "a BAR" measured "range=$ivshmem/2 map_local_sized batches=6" 1
try "a BAR that is requested again and again" measured "bar,bar_aperture size=4K batches=6" 6
try "a BAR, by two at once" not_run "bar size=4K cpus=2" "one CPU at a time"
try "a BAR that is ours meanwhile" claimed "$ivshmem"
try "another range instead" measured "range=$reserved map_local_sized batches=6" 1
try "the BAR is given back" given_back "$ivshmem"
try "it runs in the background, on a BAR" begin "$ivshmem/2"
try "the device is removed meanwhile" removed "$ivshmem"
try "the device comes back" back "$ivshmem"
try "another range once more" measured "range=$reserved map_local_sized batches=6" 1
try "the sample driver loads" insmod /io-mapping-sample.ko
try "a BAR of a driver" refused "create range=$ivshmem/0" "resource busy" "unbind the driver"
try "all modules unload" rmmod io_mapping_sample io_mapping_bench io_mapping_rs
if [ -e "$KMEMLEAK" ]; then try "no memory is leaked" no_leaks; fi
try "kernel log is quiet" quiet_log
finish
