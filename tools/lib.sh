# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts in tools/: where things are, and how a script speaks to a person.
# Sourced, never run.
# shellcheck shell=bash

set -euo pipefail
umask 022

CHECKOUT=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
CACHE=$(readlink -m "${IOMRS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/io-mapping-rs}")
export IOMRS_CACHE=$CACHE
ROOT=$CACHE/root
LOGS=$CACHE/log
STAMPS=$CACHE/stamp
# What it takes to prepare a kernel tree for modules, about. (For step.)
TREE_OBJECTS=95
# Variables that a person gave to make are for us; the makes that we run get what we choose. (For KDIR: kept.)
MAKE_VARIABLES=${MAKEFLAGS:-}
case $MAKE_VARIABLES in *' -- '*) MAKE_VARIABLES=" -- ${MAKE_VARIABLES#* -- }" ;; *) MAKE_VARIABLES= ;; esac
unset MAKEFLAGS MFLAGS MAKELEVEL
# Where a file of this name exists we are inside the root already.
INSIDE_MARK=/etc/io-mapping-rs-root
VERBOSE=${IOMRS_VERBOSE:-}

say() { printf '%s\n' "$*" >&2; }

# die CAUSE-AND-CURE [LOG]: the one line that an error ends in, then where to read more.
die() {
	say "error: $1"
	[ -z "${2:-}" ] || say "log: $2"
	exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "not root: chroot and mounts need it; run this with sudo"; }

# need_space GIB WHAT: die early instead of half way.
need_space() {
	local free
	mkdir -p "$CACHE"
	free=$(df --output=avail -BG "$CACHE" | tail -n 1 | tr -dc 0-9)
	[ "$free" -ge "$1" ] ||
		die "too little disk: $2 needs $1 GiB and $CACHE has $free; free some, or set IOMRS_CACHE to a larger disk"
}

# step NAME WHAT CMD...: one line at the start, one at the end, output to a log. Returns CMD's status. Where OBJECTS is set, it
# says in between how far the build of that many objects is.
step() {
	local log=$LOGS/$1.log what=$2 start=$SECONDS status=0 watcher=
	shift 2
	mkdir -p "$LOGS"
	say "  $what ... (log: $log)"
	: > "$log"
	if [ -n "${OBJECTS:-}" ] && [ -z "$VERBOSE" ]; then progress "$log" "$OBJECTS" 8>&- 9>&- & watcher=$!; fi
	if [ -n "$VERBOSE" ]; then
		"$@" < /dev/null 2>&1 | tee "$log" >&2 || status=$?
	else
		"$@" < /dev/null > "$log" 2>&1 || status=$?
	fi
	if [ -n "$watcher" ]; then kill "$watcher" || true; fi
	[ "$status" != 0 ] || say "  $what: done in $((SECONDS - start)) s"
	return "$status"
}

# progress LOG OBJECTS: until it is killed, and on a terminal always on one line.
progress() {
	local log=$1 objects=$2 start=$SECONDS end=$'\n' pause=30
	if [ -t 2 ]; then end=$'\r' pause=2; fi
	while sleep "$pause" > /dev/null 2>&1 && kill -0 "$$" 2> /dev/null; do
		printf '    %s%s' "$(progress_line "$(grep -c '\.o$' "$log")" "$objects" $((SECONDS - start)))" "$end" >&2
	done
}

# progress_line DONE OBJECTS SECONDS
progress_line() {
	local percent=$(($1 * 100 / $2))
	# The number of objects is that of the last kernel.
	[ $percent -lt 100 ] || percent=99
	printf '%d %%' $percent
	[ $percent = 0 ] || printf ', about %d s left' $(($3 * (100 - percent) / percent))
}

# Stamps say that a step is complete, and with what input. An interrupted step has none and runs again.
stamped() { [ "$(cat "$STAMPS/$1" 2> /dev/null)" = "$2" ]; }
stamp() { mkdir -p "$STAMPS" && printf '%s\n' "$2" > "$STAMPS/$1"; }

# once NAME INPUT FUNCTION ARGS...: runs it unless it has been complete with this input. Others who want the same
# wait for it; who wants something else does not.
once() {
	local name=$1 input=$2
	shift 2
	stamped "$name" "$input" && return
	mkdir -p "$STAMPS"
	exec 9> "$STAMPS/.lock-$name"
	flock -n 9 || { say "  $name: waiting for another set-up of it" && flock 9; }
	if ! stamped "$name" "$input"; then
		rm -f "$STAMPS/$name"
		"$@" || return
		stamp "$name" "$input"
	fi
	exec 9>&-
}

sum() { cat "$@" | sha256sum | cut -c 1-16; }

# What this checkout builds and logs: two clones that share the cache do not share this.
CLONE=$CACHE/build/$(basename "$CHECKOUT")-$(printf %s "$CHECKOUT" | sha256sum | cut -c 1-6)

# build_modules KERNEL WHO: against a kernel of the cache, for a command that goes on to use them.
build_modules() {
	local log=$CLONE/log/$2-build.log
	mkdir -p "$CLONE/log"
	KDIR='' KERNEL=$1 "$CHECKOUT/tools/build" modules > "$log" 2>&1 ||
		{ tail -n 20 "$log" >&2 && die "the modules do not build: see above" "$log"; }
}

# Where its modules are built for KERNEL (stock, test, ...) and BACKEND (may be empty).
out_dir() { printf '%s\n' "$CLONE/$1${2:+-$2}"; }
