# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154 # kunit.sh has $modules, kernel.sh $KMEMLEAK and $KCSAN
# For kunit.sh: the checkers of the debug and of the kcsan kernel. Sourced. $modules is the directory of the modules.

# finds NUMBER REPORT: the bug makes the kernel print REPORT. See selftests/checkers/io_mapping_bugs.rs.
finds() {
	local mark="iomrs: bug $1"
	echo "$mark" > /dev/kmsg
	insmod "$modules/io-mapping-bugs.ko" bug="$1" && rmmod io_mapping_bugs || return
	dmesg | sed "1,/$mark/d" | grep -q "$2" || { echo "no report: $2" && return 1; }
}

# The bug leaks ten objects of 256 bytes. A word somewhere may look like the address of one of them.
finds_leaks() {
	insmod "$modules/io-mapping-bugs.ko" bug=4 && rmmod io_mapping_bugs || return
	scan_for_leaks || return
	[ "$(grep -c 'unreferenced object .*(size 256)' "$KMEMLEAK")" -ge 5 ] || { echo "$(wc -l < "$KMEMLEAK") lines in $KMEMLEAK" && return 1; }
}

turn_on_kcsan() { echo on > "$KCSAN" && grep "^enabled: *1" "$KCSAN"; }

# KCSAN looks at some accesses only.
finds_races() {
	local tries=5
	until finds 6 "BUG: KCSAN: data-race in .*io_mapping_bugs"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
	done
}

# Each checker, which has found nothing until then, must find the bug that there is for it.
checkers() {
	if [ -e "$KCSAN" ]; then
		check "checkers.data_race" finds_races
		return
	fi
	check "checkers.sleep_under_a_lock" finds 1 "BUG: sleeping function called from invalid context"
	# lockdep stops at the first report of KASAN.
	check "checkers.lock_in_two_orders" finds 5 "WARNING: possible circular locking dependency"
	check "checkers.use_after_free" finds 2 "BUG: KASAN: slab-use-after-free in .*io_mapping_bugs"
	check "checkers.store_past_the_end" finds 3 "BUG: KASAN: vmalloc-out-of-bounds in .*io_mapping_bugs"
	check "checkers.leak" finds_leaks
}
