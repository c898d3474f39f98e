#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Runs inside a virtme-ng guest: loads our modules with their KUnit suites and prints the results.
#   kunit.sh DIR-OF-MODULES PHYS SIZE [PARAMETER=VALUE]...
# PHYS and SIZE: the range of RAM that the command line sets aside. Parameters are those of the selftests.
# Output for tools/kunit.py: "@suite NAME" before each suite's KTAP, then "@ok NAME" or "@not ok NAME: REASON".

check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then echo "@ok $name"; else echo "@not ok $name: $(echo "$out" | tail -n 1)"; fi
}

quiet_log() {
	local complaints
	complaints=$(dmesg | sed '1,/iomrs: from here on/d' | grep -E 'WARNING:|BUG:|Oops|Call Trace|rcu:|possible' | head -n 3)
	[ -z "$complaints" ] || { echo "$complaints" | tr '\n' '|' && return 1; }
}

unload() {
	rmmod io_mapping_selftests && rmmod io_mapping_rs
}

# Near the end of the range a part of a large page is of another type: not its first part, as mtrr_type_lookup()
# takes a block that begins uncachable for uniform.
small_mtrr() {
	printf 'base=0x%x size=0x100000 type=uncachable\n' $(($1 + $2 - (3 << 20))) > /proc/mtrr
}

results=/sys/kernel/debug/kunit
before=$(ls $results 2> /dev/null)
echo "iomrs: from here on the log is ours" > /dev/kmsg
modules=$1 phys=$2 size=$3
shift 3
check "an MTRR for the tests" small_mtrr "$phys" "$size"
check "io-mapping-rs.ko loads" insmod "$modules/io-mapping-rs.ko"
check "io-mapping-selftests.ko loads" insmod "$modules/io-mapping-selftests.ko" phys="$phys" size="$size" "$@"
for suite in "$results"/*; do
	suite=${suite##*/}
	# The kernel's own suites were there before.
	! echo "$before" | grep -qx "$suite" || continue
	echo "@suite $suite"
	cat "$results/$suite/results"
done
echo "@end"
dmesg | sed -n 's/.*\(iomrs-timing:.*\)/@\1/p'
check "kernel log is quiet" quiet_log
check "both modules unload" unload
echo "@done"
