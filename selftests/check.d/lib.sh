# SPDX-License-Identifier: GPL-2.0
# For the steps beside this file; sourced.
# shellcheck shell=bash
# shellcheck source=../../tools/lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../tools/lib.sh"
cd "$CHECKOUT"
LOGS=$CLONE/log
mkdir -p "$LOGS"

# verdict NAME CMD...: one line about CMD, with its last error as the reason.
verdict() {
	local name=$1 log status=0
	shift
	log=$(mktemp)
	"$@" > "$log" 2>&1 || status=$?
	sed 's/^/    | /' "$log"
	if [ "$status" = 0 ]; then
		echo "ok $name"
	else
		echo "not ok $name: $(why "$log") (status $status)"
	fi
	rm -f "$log"
	return "$status"
}

why() {
	grep -m 1 -E '^error|: error:|^ERROR|: fatal' "$1" || grep -m 1 -E '^warning|: warning:' "$1" || tail -n 1 "$1"
}

# The kernels, backends and windows that the modules are built for.
CONFIGURATIONS=("stock stock percpu" "test exported percpu" "test stock percpu" "kmap exported kmap")

# build KERNEL BACKEND KIND MAKE-ARGS...: into a place of its own, so that flags of one kind do not undo another's.
build() {
	local kernel=$1 backend=$2 kind=$3
	shift 3
	IOMRS_MO=$(where "$kernel" "$backend" "$kind") tools/kbuild "$kernel" "$backend" -- "$@" modules
}

where() { printf '%s%s\n' "$(tools/kbuild "$1" "$2" --where)" "${3:+-$3}"; }
