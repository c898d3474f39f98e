# SPDX-License-Identifier: GPL-2.0
# What counts as a complaint in the kernel's log, and its checker for leaks. Sourced, by lib.sh and kunit.sh. library.py reads
# the line with COMPLAINTS.
# shellcheck shell=dash disable=SC2034 # for who sources this

COMPLAINTS="WARNING:|BUG:|INFO:|UBSAN:|Oops|rcu:|possible|deprecated|rust_kernel:|unreferenced object|suspected memory leak"

# complaints_since MARK [PATTERN]: the first complaints in the log after the line with MARK, and lines with PATTERN. None are
# those that a test wants, and the kernel's own data races.
complaints_since() {
	dmesg | grep -q "$1" || { echo "the log has lost what it began with" && return; }
	dmesg | sed "1,/$1/d; /complaints are wanted from here/,/complaints are wanted to here/d; /BUG: KCSAN:/{/io_mapping_/!d}" |
		grep -E "$COMPLAINTS${2:+|$2}" | head -n 3 | tr '\n' '|'
}

# quiet_since MARK: to be tried at the end.
quiet_since() {
	local complaints
	complaints=$(complaints_since "$1" "Call Trace")
	[ -z "$complaints" ] || { echo "$complaints" && return 1; }
}

# Where the kernel has them.
KMEMLEAK=/sys/kernel/debug/kmemleak
KCSAN=/sys/kernel/debug/kcsan

# Puts something else where the allocator's lists of each CPU have what they handed out. kmemleak takes that for a use, and would
# not find all objects of a leak. (kunit.sh and files.py have $modules, the directory of the modules. Elsewhere it is /.)
forget() {
	local cpu
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		taskset "$(printf %x $((1 << cpu)))" insmod "${modules:-}/io-mapping-bugs.ko" && rmmod io_mapping_bugs || return
	done
}

# kmemleak wants an object to be some seconds old, and not to change. Where it has given up it does not scan.
scan_for_leaks() {
	forget || return
	sleep 6
	{ echo scan > $KMEMLEAK && echo scan > $KMEMLEAK; } || { echo "kmemleak does not scan" && return 1; }
}

# What was there before is none of ours.
begin_to_look_for_leaks() { scan_for_leaks && echo clear > $KMEMLEAK; }

# To be tried when all of ours is gone.
no_leaks() {
	scan_for_leaks || return
	[ -z "$(cat "$KMEMLEAK")" ] || { tr '\n' '|' < "$KMEMLEAK" | cut -c 1-1000 && return 1; }
}
