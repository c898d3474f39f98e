#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2086,SC2154 # words; kernel.sh has $KMEMLEAK and $KCSAN
# Runs inside a guest: loads our modules with their KUnit suites and prints the results.
#   kunit.sh DIR-OF-MODULES PHYS SIZE MORE [PARAMETER=VALUE]...
# PHYS and SIZE: the range of RAM that the kernel's command line sets aside. Each PARAMETER is one of
# io-mapping-selftests.ko, and arena=1 one of the library, too. MORE is "once", or what is done besides:
#   again    the modules are loaded with other parameters, too, for the tests of these
#   readers  tests of address space run while others read what the kernel shows of it
#   hotplug  tests run while CPUs go offline and come back; those that let CPUs go themselves run before
#   only,GLOB...  the tests that these pick alone
#   lockdep,COMMAND  no suite runs, and lockdep must report what COMMAND does (selftests/kunit/control.rs)
#   mutations  what the file DIR-OF-MODULES/mutations says, for tools/mutations.py
# Output for tools/kunit.py: "@suite NAME [HOW]" before each suite's KTAP, then "@ok NAME" or "@not ok NAME: REASON".

check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then echo "@ok $name"; else echo "@not ok $name: $(echo "$out" | tail -n 1)"; fi
}

quiet_log() { quiet_since "$mark"; }

unload() {
	rmmod io_mapping_selftests && rmmod io_mapping_rs
}

# Makes a part of a large page near the end of the range uncachable. It is not the first part: mtrr_type_lookup() takes
# a block that begins uncachable for uniform.
small_mtrr() {
	printf 'base=0x%x size=0x100000 type=uncachable\n' $(($1 + $2 - (3 << 20))) > /proc/mtrr
}

# refuses PARAMETER MESSAGE: io-mapping-rs.ko does not load with it, and says why in the kernel's log.
refuses() {
	local said
	! said=$(insmod "$modules/io-mapping-rs.ko" "$1" 2>&1) || { rmmod io_mapping_rs && echo "it loads" && return 1; }
	case $said in *Invalid*) ;; *) echo "$said" && return 1 ;; esac
	dmesg | tail -n 5 | grep -q "$2" || { dmesg | tail -n 1 && return 1; }
}

# suites HOW: prints the results of the suites of the modules that are loaded, which must be one at least.
suites() {
	local suite ran=
	for suite in "$results"/*; do
		suite=${suite##*/}
		# The kernel's own suites were there before.
		! echo "$before" | grep -qx "$suite" || continue
		echo "@suite $suite $1"
		ran=yes
		cat "$results/$suite/results"
	done
	echo "@end"
	[ -n "$ran" ]
}

# again GLOB PARAMETER...: runs the tests that GLOB picks on a library with these parameters.
again() {
	local glob=$1 with
	shift
	with=${*:-"no parameters"}
	printf %s "$glob" > /sys/module/kunit/parameters/filter_glob
	check "io-mapping-rs.ko loads with $with" insmod "$modules/io-mapping-rs.ko" $arena "$@"
	check "io-mapping-selftests.ko loads for $with" insmod "$modules/io-mapping-selftests.ko" phys="$phys" size="$size" $arena "$@"
	suites "$*" || echo "@not ok $glob: no suite has such a test"
	check "both modules unload after $with" unload
}

# Reads what the kernel shows of its page table and its areas, again and again.
read_kernel_files() {
	while cat /sys/kernel/debug/page_tables/kernel /proc/vmallocinfo > /dev/null; do echo read; done
}

# with_readers: runs tests while the kernel's files are read.
with_readers() {
	local reader glob
	read_kernel_files > /tmp/reads &
	reader=$!
	for glob in "iomrs_reuse.*" "iomrs_arena.*" "iomrs_address_space.[!c]*"; do again "$glob"; done
	again "*.*arena_idle*" arena_idle=10
	check "page table and areas are read meanwhile" kill $reader
	check "how often they were read: more than 5 times" [ "$(wc -l < /tmp/reads)" -gt 5 ]
}

# set_online FILE 0|1: waits while a driver is being bound, when the kernel lets no CPU come or go.
set_online() {
	local tries=1000
	until echo "$2" > "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.01
	done 2> /tmp/set_online
}

# Takes each CPU but the first offline, and brings it back when the next one is offline.
take_cpus() {
	local cpu off=
	while :; do
		for cpu in /sys/devices/system/cpu/cpu*/online; do
			set_online "$cpu" 0 && echo gone
			[ -z "$off" ] || set_online "$off" 1
			off=$cpu
		done
	done
}

bring_cpus_back() {
	local cpu
	for cpu in /sys/devices/system/cpu/cpu*/online; do set_online "$cpu" 1 || { cat /tmp/set_online && return 1; }; done
	[ "$(cat /sys/devices/system/cpu/online)" = "$(cat /sys/devices/system/cpu/present)" ]
}

# with_hotplug: runs tests while CPUs go.
with_hotplug() {
	local taker glob
	for glob in "iomrs_slot_migration.*" "iomrs_stress.*offline*" "iomrs_reuse.a_cpu*"; do again "$glob"; done
	take_cpus > /tmp/gone &
	taker=$!
	for glob in "iomrs_stress.*interrupts*" "iomrs_reuse.s29*" "iomrs_arena.*" "iomrs_address_space.[!ac]*" "iomrs_chunks.*" \
		"iomrs_fuzz.*" "iomrs_sleepable_devres.*"; do
		again "$glob"
	done
	again "*.*arena_idle*" arena_idle=10
	check "CPUs go meanwhile" kill $taker
	wait $taker
	check "how often a CPU went: more than 50 times" [ "$(wc -l < /tmp/gone)" -gt 50 ]
	check "all CPUs come back" bring_cpus_back
}

# mutations DIR: of each line "NUMBER ORIGINAL MUTATED GLOB PARAMETER...", the tests that GLOB picks run with the modules in
# DIR/ORIGINAL and then with those in DIR/MUTATED.
mutations() {
	local number original mutated glob params
	while read -r number original mutated glob params; do
		echo "@mutation $number"
		modules=$1/$original
		again "$glob" $params
		echo "@mutated"
		modules=$1/$mutated
		mark="iomrs: mutation $number begins"
		echo "$mark" > /dev/kmsg
		again "$glob" $params
		check "kernel log is quiet" quiet_log
	done < "$1/mutations"
}

# lockdep_reports COMMAND NUMBER: COMMAND of the file control is a call in the wrong place, of which lockdep knows by what the
# library tells it. lockdep prints one report.
lockdep_reports() {
	echo "iomrs: lockdep is to report $*" > /dev/kmsg
	echo "$1 $phys $2" > /sys/kernel/debug/io_mapping_selftests/control || return
	dmesg | sed "1,/iomrs: lockdep is to report/d" > /tmp/said
	grep -q "WARNING: possible circular locking dependency" /tmp/said || { echo "no report" && return 1; }
	grep -q "iomrs_might_alloc" /tmp/said || { echo "a report of something else" && return 1; }
}

# lockdep COMMAND: a bug on purpose. That lockdep is silent about what is right the run of all suites shows.
lockdep() {
	check "io-mapping-rs.ko loads" insmod "$modules/io-mapping-rs.ko"
	check "io-mapping-selftests.ko loads" insmod "$modules/io-mapping-selftests.ko" phys="$phys" size="$size"
	check "kernel log is quiet" quiet_log
	check "lockdep reports $1" lockdep_reports "${1%-*}" "${1##*-}"
	check "both modules unload" unload
}

. "${0%/*}/kernel.sh"
. "${0%/*}/checkers.sh"
results=/sys/kernel/debug/kunit
before=$(ls $results 2> /dev/null)
modules=$1 phys=$2 size=$3 more=$4
shift 4
# A scan takes a minute.
if [ -e "$KMEMLEAK" ] && [ "${more%%,*}" != lockdep ]; then
	check "kmemleak scans" begin_to_look_for_leaks
fi
if [ -e "$KCSAN" ]; then check "KCSAN is turned on" turn_on_kcsan; fi
mark="iomrs: the tests begin here"
echo "$mark" > /dev/kmsg
if [ -e /proc/mtrr ]; then check "an MTRR for the tests" small_mtrr "$phys" "$size"; fi
if [ "$more" = mutations ]; then
	arena=
	mutations "$modules"
	echo "@done"
	exit
fi
case $more in lockdep,*)
	lockdep "${more#lockdep,}"
	echo "@done"
	exit
	;;
esac
arena= # A word, or none.
for param in "$@"; do case $param in arena=*) arena=$param ;; esac done
case $more in
only,*)
	echo "${more#only,}" | tr , '\n' > /tmp/globs
	while read -r glob; do again "$glob"; done < /tmp/globs
	;;
*)
	check "io-mapping-rs.ko loads" insmod "$modules/io-mapping-rs.ko" $arena
	check "io-mapping-selftests.ko loads" insmod "$modules/io-mapping-selftests.ko" phys="$phys" size="$size" "$@"
	case $more in readers | hotplug) ;; *) suites "" ;; esac
	check "both modules unload" unload
	;;
esac
if [ "$more" = readers ]; then with_readers; fi
if [ "$more" = hotplug ]; then with_hotplug; fi
if [ "$more" = again ]; then
	for slots in 1 32 63 65 4097 4160 4294967295; do
		check "window_slots=$slots is refused" refuses window_slots=$slots "window_slots=$slots is not a multiple of 64"
	done
	again "iomrs_slot_*" window_slots=64
	again "*.*chunk_budget*" chunk_budget=0 window_slots=64
	again "*.*chunk_budget*" chunk_budget=1 window_slots=128
	again "*.*chunk_budget*" chunk_budget=4 window_slots=4096
	again "*.*chunk_budget*" chunk_budget=18446744073709551615
	again "*.*arena_max*" arena_max=128
	again "*.*arena_idle*" arena_idle=10
	again "*.*without_slots*" window_slots=0
	again "*.*_strict_*" strict=1
fi
dmesg | sed -n 's/.*\(iomrs-timing:.*\)/@\1/p'
if [ -e "$KMEMLEAK" ]; then
	check "no memory is leaked" no_leaks
	cat "$KMEMLEAK"
fi
check "kernel log is quiet" quiet_log
if [ -e "$KMEMLEAK" ] || [ -e "$KCSAN" ]; then checkers; fi
echo "@done"
