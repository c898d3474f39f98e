#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's half of make demo (tools/demo.py is the host's): loads both modules, moves bytes through the device
# node, works the registers, tries what must be refused, unloads, and looks at the kernel log.
# shellcheck shell=busybox
. /lib.sh

NODE=/dev/io_mapping_sample0
DEBUG=/sys/kernel/debug/io_mapping_sample/0
LIBRARY=/sys/kernel/debug/io_mapping_rs
TAB=$(printf '\t')
MIB=64
# Bits of /proc/sys/kernel/tainted: bad page, oops, warning, soft lockup.
TAINTS=$((1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))

# load STRATEGY: the sample, its memory mapped so.
load() {
	local tries=0
	insmod /io-mapping-sample.ko "strategy=$1" || return
	while [ ! -e "$NODE" ]; do
		tries=$((tries + 1))
		[ $tries -le 50 ] || { echo "$NODE has not appeared" && return 1; }
		sleep 0.1
	done
}

# What the debugfs file has to say: lines of key=value.
show_info() {
	local key value
	[ -r "$DEBUG/info" ] || { not_ok info "$DEBUG/info is not there"; return; }
	while IFS='=' read -r key value; do tell "kv $key $value"; done < "$DEBUG/info"
}

# guest_to_host MIB-OFFSET
guest_to_host() {
	local sum answer
	[ -e /tmp/data ] || dd if=/dev/urandom of=/tmp/data bs=1M count=$MIB 2> /dev/null || return
	dd if=/tmp/data of=$NODE bs=1M seek="$1" || return
	sum=$(sha256sum < /tmp/data)
	answer=$(ask compare $(($1 << 20)) $((MIB << 20)) "${sum%% *}")
	[ "$answer" = same ] || { echo "$answer" && return 1; }
}

# host_to_guest MIB-OFFSET
host_to_guest() {
	local theirs ours
	theirs=$(ask change $(($1 << 20)) $((MIB << 20)))
	ours=$(dd if=$NODE bs=1M skip="$1" count=$MIB 2> /dev/null | sha256sum)
	tell "kv read_back ${ours%% *}"
	[ "${ours%% *}" = "$theirs" ] || { echo "read SHA-256 ${ours%% *}, the host wrote $theirs" && return 1; }
}

# One register keeps what is written to it: the interrupt mask.
registers() {
	local value read
	for value in 0x5aa5c33c 0x00000000; do
		echo "intrmask $value" > "$DEBUG/registers" || return
		read=$(sed -n "s/^intrmask //p" "$DEBUG/registers")
		tell "kv register wrote $value, read $read"
		[ "$read" = $value ] || { echo "intrmask: wrote $value, read $read" && return 1; }
	done
}

# testdev KIND: the test of pci-testdev through its BAR of that kind; the device counts what it was written.
testdev() {
	local line word writes='' count=''
	line=$(grep -h "^kind=$1 " "${DEBUG%/*}"/testdev-*/run) || { echo "no pci-testdev, or no BAR of that kind" && return 1; }
	for word in $line; do
		case $word in
		writes=*) writes=${word#*=} ;;
		count=*) count=${word#*=} ;;
		esac
	done
	tell "testdev $line"
	[ "${count:-none}" = "$writes" ] || { echo "$writes writes, the device counted $count" && return 1; }
}

# refusal WHAT ERRNO GOT: a bad request, the errno that it must give, the errno that it gave.
refusal() {
	tell "refusal $1$TAB$2$TAB$3"
	if [ "$2" = "$3" ]; then ok "refused: $1"; else not_ok "refused: $1" "$3, not $2"; fi
}

# refuse WHAT ERRNO CMD...: the same for a command, whose message tells the errno.
refuse() {
	local what=$1 expected=$2 got
	shift 2
	if "$@" > /tmp/refuse.out 2>&1; then
		got=accepted
	else
		case $(tail -n 1 /tmp/refuse.out) in
		*"File exists") got=EEXIST ;;
		*"Resource temporarily unavailable") got=EAGAIN ;;
		*"No space left on device") got=ENOSPC ;;
		*) got=$(tail -n 1 /tmp/refuse.out) ;;
		esac
	fi
	refusal "$what" "$expected" "$got"
}

# Those that the driver makes of the library, then those that a person can make of the node and the modules.
refusals() {
	local what expected got count=0
	while IFS="$TAB" read -r what expected got; do
		refusal "$what" "$expected" "$got"
		count=$((count + 1))
	done < "$DEBUG/refusals"
	[ $count -ge 20 ] || { echo "$count bad requests tried, 20 wanted" && return 1; }
	refuse "write to the node at its end" ENOSPC dd if=/dev/zero of=$NODE bs=1M seek=256 count=1 status=none
	refuse "load the library twice" EEXIST insmod /io-mapping-rs.ko
	refuse "load the sample twice" EEXIST insmod /io-mapping-sample.ko
	refuse "unload the library under the sample" EAGAIN rmmod io_mapping_rs
	exec 4< $NODE 5< "$DEBUG/info"
	refuse "unload the sample while its node is open" EAGAIN rmmod io_mapping_sample
	exec 4<&-
	refuse "unload the sample while its debugfs file is open" EAGAIN rmmod io_mapping_sample
	exec 5<&-
}

unload() {
	rmmod io_mapping_sample && rmmod io_mapping_rs || return
	! grep '^io_mapping' /proc/modules
}

# What the library says of the mappings that there are, and its check of the memory, which needs no KUnit.
library_files() {
	local line phys
	while read -r line; do tell "mapping $line"; done < $LIBRARY/mappings
	tell "json $(tr -d '\n' < $LIBRARY/mappings.json)"
	phys=$(sed -n 's/^bar2_phys=//p' "$DEBUG/info")
	echo "$phys 0x100000" > $LIBRARY/selftest || return
	while IFS= read -r line; do tell "ktap $line"; done < $LIBRARY/selftest
	! echo "0x1000000 0x1000" 2> /dev/null > $LIBRARY/selftest || { echo "the check takes system RAM" && return 1; }
}

quiet_log() {
	local complaints taints
	complaints=$(log_complaints)
	[ -z "$complaints" ] || { echo "$complaints" && return 1; }
	taints=$(($(cat /proc/sys/kernel/tainted) & TAINTS))
	[ $taints = 0 ] || { echo "the kernel is tainted: $taints" && return 1; }
}

# by_strategy NAME NUMBER MIB-OFFSET MIB-OFFSET: loads the sample, and moves bytes both ways, with an offset for each.
by_strategy() {
	try "the sample loads, $1" load "$2" || return
	tell "kv strategy_asked $1"
	show_info
	try "guest to host, $1" guest_to_host "$3"
	try "host to guest, $1" host_to_guest "$4"
}

tell "kv kernel $(uname -r)"
mark_log
if try "the library loads" insmod /io-mapping-rs.ko && by_strategy whole 1 0 65; then
	try "the sample unloads" rmmod io_mapping_sample
	# Neither where a large page begins.
	if by_strategy sparse 2 129 191; then
		try "registers" registers
		try "the library's files" library_files
		try "pci-testdev, memory" testdev memory
		try "pci-testdev, ports" testdev ports
		try "20 bad requests" refusals
		try "both modules unload" unload
	fi
fi
try "kernel log" quiet_log
finish
