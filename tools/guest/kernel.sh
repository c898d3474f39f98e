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

# kmemleak wants an object to be some seconds old, and not to change. What the allocator's lists of each CPU have, it takes for
# used: of a leak some objects may not be found. Where kmemleak has given up it does not scan.
scan_for_leaks() {
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
