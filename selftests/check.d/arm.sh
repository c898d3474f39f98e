# SPDX-License-Identifier: GPL-2.0
# For the steps of 32-bit ARM; sourced.
# shellcheck shell=bash
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# The kernel's crates cannot divide in 64 bits: who prints such a number in decimal panics. Of the modules that drivers meet none
# has Rust's Display of u64 or i64 (mangled: y, x).
prints_no_words_of_64_bits() {
	local modules found
	modules=$(where "$1" exported '')
	found=$(tools/in-root llvm-nm-19 -A -u "$modules"/io-mapping-{rs,sample,bench,tests}.ko | grep -E '4core3fmt3num.*imp[xy]NtB[0-9]*_7Display')
	[ -z "$found" ] || { echo "error: $found" && return 1; }
}

# arm_modules KERNEL: the modules build with warnings as errors, and the helpers are what Rust declares.
arm_modules() {
	local kernel=$1
	verdict "$kernel: build" build "$kernel" exported '' || return
	verdict "$kernel: no number of 64 bits is printed by Rust's Display" prints_no_words_of_64_bits "$kernel" || true
	verdict "$kernel: clippy" build "$kernel" exported clippy IOMRS_KUNIT=1 CLIPPY=1 W=e || true
	tools/in-root python3 -B tools/bindings.py "$(where "$kernel" exported '')" "bindings/$kernel" ||
		not_ok "bindings/$kernel" "tools/bindings.py failed"
}

# arm_timing KERNEL WINDOW LIMITS: what ours may cost, see tools/timing.py. WINDOW is as in Kbuild: '' is what arm_modules built.
arm_timing() {
	local kernel=$1 window=$2 limits=$3
	verdict "$limits: build of the benchmark" build "$kernel" exported "$window" IOMRS_WINDOW="$window" || return 0
	tools/in-root python3 -B tools/timing.py "$kernel" "$(where "$kernel" exported "$window")" "$limits" "$limits" \
		--log "$LOGS/timing-$limits-console.log" || not_ok "$limits: tools/timing.py" "it failed"
}

# arm_bench KERNEL: what the benchmark says.
arm_bench() {
	tools/in-root python3 -B tools/bench_check.py "$LOGS" "$1=$(where "$1" exported '')" || not_ok "$1: tools/bench_check.py" "it failed"
}

# arm_suites KERNEL WINDOW PARAM...: the KUnit suites. chunk_budget= as the library has it there.
arm_suites() {
	local kernel=$1 window=$2 name
	shift 2
	name="$kernel${*:+ ${*%%=*}}"
	[ "$window" = percpu ] || name="$kernel $window"
	suites "$name" "$kernel" exported "$window" --boot plain --param chunk_budget=32 "${@/#/--param=}"
}
