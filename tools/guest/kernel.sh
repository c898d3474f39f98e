# SPDX-License-Identifier: GPL-2.0
# What the kernel says that it should not, and what its checker for leaks finds. Sourced, by lib.sh and kunit.sh. library.py
# reads the line with COMPLAINTS.
# shellcheck shell=dash disable=SC2034 # for who sources this

# What the log has where something is wrong.
COMPLAINTS="WARNING:|BUG:|INFO:|UBSAN:|Oops|rcu:|possible|deprecated|rust_kernel:|unreferenced object|suspected memory leak"

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
