# SPDX-License-Identifier: GPL-2.0
# For the steps beside this file; sourced. A step's output becomes TAP: whoever prints "ok - NAME", "not ok - NAME" or
# "ok - NAME # SKIP REASON" on a line of its own, by the functions here or those of tools/tap.py, has told of a test.
# "# reason: TEXT" after a failed test says why, and "# note: TEXT" is shown to whoever runs make check. All else is for
# the step's log.
# shellcheck shell=bash
# shellcheck source=../../tools/lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../tools/lib.sh"

# Gives each test its number, makes a comment of what is none, and ends with the plan.
tap() {
	awk '
	match($0, /^(not )?ok - /) { print substr($0, 1, RLENGTH - 2) ++count substr($0, RLENGTH - 2); fflush(); next }
	{ print (/^#/ ? "" : "# | ") $0 }
	END {
		if (!count) { print "not ok " ++count " - a test"; print "# reason: the step ran no test" }
		print "1.." count
	}'
}

# The step runs once more, with its output going through tap(). (Not by a process substitution: bash would wait for that in
# the step's own `wait`, without end.)
if [ -z "${IOMRS_TAP:-}" ]; then
	status=0
	IOMRS_TAP=1 "$0" "$@" 2>&1 | tap || status=$?
	exit "$status"
fi
unset IOMRS_TAP
cd "$CHECKOUT"
LOGS=$CLONE/log
mkdir -p "$LOGS"
# Extra warnings, and warnings as errors, also where a step builds by make: so that it finds built what build() has.
export W=1e

ok() { printf 'ok - %s\n' "${1//\#/\\#}"; }
skip() { printf 'ok - %s # SKIP %s\n' "${1//\#/\\#}" "$2"; }
not_ok() {
	printf 'not ok - %s\n' "${1//\#/\\#}"
	printf '# reason: %s\n' "${2//$'\n'/ }"
}

# verdict NAME CMD...: a test about CMD, with its last error as the reason.
verdict() {
	local name=$1 log status=0
	shift
	log=$(mktemp)
	"$@" > "$log" 2>&1 || status=$?
	sed 's/^/    | /' "$log"
	if [ "$status" = 0 ]; then ok "$name"; else not_ok "$name" "$(why "$log") (status $status)"; fi
	rm -f "$log"
	return "$status"
}

why() {
	grep -m 1 -E '^error|: error:|^ERROR|: fatal' "$1" || grep -m 1 -E '^warning|: warning:' "$1" || tail -n 1 "$1"
}

# guest PREFIX: what a guest of tools/boot says ("ok NAME", "not ok NAME: REASON"), as tests.
guest() {
	awk -v prefix="$1" '
	/^ok / { print "ok - " prefix ": " substr($0, 4); next }
	/^not ok / {
		end = index($0, ": ")
		print "not ok - " prefix ": " substr($0, 8, end - 8)
		print "# reason: " substr($0, end + 2)
		next
	}
	{ print }'
}

# at_once FUNCTION...: runs them at the same time. The output of each comes in one piece. One that dies is a failure.
at_once() {
	local outputs name pids=()
	outputs=$(mktemp -d)
	for name in "$@"; do
		"$name" > "$outputs/$name" 2>&1 &
		pids+=($!)
	done
	for name in "$@"; do
		wait "${pids[0]}" || not_ok "$name" "it ended with status $?" >> "$outputs/$name"
		pids=("${pids[@]:1}")
		cat "$outputs/$name"
	done
	rm -r "$outputs"
}

# build KERNEL BACKEND KIND MAKE-ARGS...: into a place of its own, so that flags of one kind do not undo another's.
build() {
	local kernel=$1 backend=$2 kind=$3
	shift 3
	IOMRS_MO=$(where "$kernel" "$backend" "$kind") tools/kbuild "$kernel" "$backend" -- "W=$W" "$@" modules
}

# suites NAME KERNEL BACKEND WINDOW RUNNER-ARGS...: the KUnit suites, see tools/kunit.py.
suites() {
	local name=$1 kernel=$2 backend=$3 window=$4
	shift 4
	verdict "$name: build with KUnit" build "$kernel" "$backend" kunit IOMRS_KUNIT=1 IOMRS_WINDOW="$window" || return 0
	tools/in-root python3 -B tools/kunit.py "$(where "$kernel" "$backend" kunit)" "$name" --kernel "$kernel" \
		--log "$LOGS/kunit-$name-console.log" "$@" || not_ok "$name" "the runner failed"
}

where() { printf '%s%s\n' "$(tools/kbuild "$1" "$2" --where)" "${3:+-$3}"; }

# program_files PROGRAM...: these and their libraries, as tools/initramfs.py wants them.
program_files() {
	local program
	for program in "$@"; do
		printf '%s\n' "/usr/bin/$program:bin/$program"
		tools/in-root ldd "/usr/bin/$program" | grep -o '/[^ ]*' | sed 's/.*/&:&/'
	done | sort -u
}

# demo KERNEL: make demo. Each of its checks is a test.
demo() {
	IOMRS_RESULTS=1 KERNEL=$1 tools/demo | sed -E "s/^((not )?ok - )/\\1$1: /" || not_ok "make demo KERNEL=$1" "it failed"
}

# bench_bounds KERNEL BACKEND [BOOT-ARGS...]: what the benchmark refuses, and its short runs, see tools/guest/bench_bounds.sh.
bench_bounds() {
	local kernel=$1 dir names="rs bench sample" modules=() name scratch=$CLONE/bounds-$1 status=0
	dir=$(where "$1" "$2" "")
	shift 2
	[ "$kernel" != debug ] || names+=" bugs"
	for name in $names; do modules+=("$dir/io-mapping-$name.ko"); done
	rm -rf "$scratch" && mkdir -p "$scratch" && truncate -s 256M "$scratch/bar2"
	tools/in-root python3 -B tools/initramfs.py "$scratch/initrd" tools/guest/bench_bounds.sh "${modules[@]}" || return
	tools/boot --kernel "$kernel" --initrd "$scratch/initrd" --append 'memmap=128M$0x30000000' --timeout 400 \
		--log "$LOGS/bench-bounds-$kernel-console.log" "$@" -- \
		-object "memory-backend-file,id=bar2,size=256M,mem-path=$scratch/bar2,share=on" \
		-device ivshmem-plain,memdev=bar2 -device pci-testdev | guest "$kernel" || status=$?
	rm -rf "$scratch"
	return "$status"
}

# readme_commands LANGUAGE: those in README.md's blocks of that language, one a line, without comments. Where blocks have
# prompts, those that a root prompt ("# ") stands before.
readme_commands() {
	awk -v fence="^\`\`\`$1\$" '$0 ~ fence { inside = 1; next } /^```/ { inside = 0 } inside' README.md |
		if [ "$1" = sh ]; then sed 's/ *#.*//; /^$/d'; else sed -n 's/^# //p'; fi
}
