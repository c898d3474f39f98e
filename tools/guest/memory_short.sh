#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Memory is short: a program has all that there is, and the kernel looks for some in every corner, and ends that program now
# and then. Meanwhile the sample driver's node is written and read, a driver is bound and unbound, the library checks itself,
# and its files are read. On a kernel with KUnit the suite iomrs_reclaim runs in place of all that. See
# selftests/check.d/84-memory-short.
# shellcheck shell=busybox disable=SC2154
. /lib.sh

DRIVER=/sys/bus/pci/drivers/io_mapping_sample
LIBRARY=/sys/kernel/debug/io_mapping_rs
WORKERS="write_and_read.1 write_and_read.2 bind_and_unbind self_check read_files"
# What a call may say that fails where memory is short, or all slots are in use.
SHORT="Cannot allocate memory\|Out of memory\|Resource temporarily unavailable\|can't fork"
# For what the kernel prints a stack: it ends a program, or the hog itself gets no memory, or waits for it for 10 s.
REASONS="invoked oom-killer|stress-ng[^ ]*: page allocation (failure|stall)"
# No call may take longer, in seconds. (Emulated, on a loaded machine.)
LIMIT=30

# meminfo NAME: in KiB.
meminfo() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }

# Without what the kernel gives back for the asking.
available_at_rest() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
	meminfo MemAvailable
}

# All memory but so many KiB becomes a file, of which nothing can be written to a disk.
take_all_but() { head -c $(($(meminfo MemAvailable) - $1))k /dev/zero > /ballast/file; }

# hog PROGRAM...: the kernel ends it before anything else.
hog() {
	(
		echo 1000 > /proc/self/oom_score_adj
		exec "$@"
	) > /tmp/hog 2>&1 &
	hog=$!
}

# hog_has MIB: so much of the last 32 MiB, in four processes. With one, the kernel would end programs of the test, too: after it
# has ended that one, it looks for another before the memory of the first is free (exit_mmap() in mm/mmap.c).
hog_has() {
	take_all_but 32768
	hog stress-ng --temp-path /tmp --vm 4 --vm-bytes "$1m" --vm-keep --timeout $((iomrs_seconds * 20))
}

# The kernel finds what others want, mostly.
hog_to_the_edge() { hog_has 26; }

# It is ended, and begins again.
hog_beyond() { hog_has 40; }

hog_ends() {
	hog_was_there=yes
	kill "$hog" 2> /dev/null || hog_was_there=no
	wait "$hog"
	killall -q -KILL stress-ng
	rm /ballast/file
}

# call CMD...: in time, and without an error but of memory. Returns whether it succeeded.
call() {
	local status=0 took
	took=$(now)
	timeout -s KILL $LIMIT "$@" > "/tmp/$worker.out" 2>&1 || status=$?
	took=$(($(now) - took))
	[ "$took" -le "$longest" ] || longest=$took
	[ $status != 0 ] || return 0
	if [ $status != 1 ] || ! grep -q "$SHORT" "/tmp/$worker.out"; then
		echo "$*: status $status after $took hundredths of a second: $(tail -n 1 "/tmp/$worker.out")" >> "/tmp/$worker.wrong"
	fi
	return 1
}

# Two patterns in turn, and many places, so that no bytes are those from before.
write_and_read() {
	local place=$((($1 - 1) * 256 + rounds % 31 * 4)) pattern=/tmp/pattern.$((rounds % 2))
	call dd if=$pattern of="$NODE" bs=64k count=4 seek=$place conv=notrunc || return
	call dd if="$NODE" of="/tmp/got.$1" bs=64k count=4 skip=$place || return
	cmp $pattern "/tmp/got.$1" >> "/tmp/$worker.wrong" 2>&1
}

bind_and_unbind() {
	if [ -e "$DRIVER/$OTHER" ]; then call sh -c "echo $OTHER > $DRIVER/unbind" || return; fi
	call sh -c "echo $OTHER > $DRIVER/bind"
}

self_check() {
	call sh -c "echo $PHYS 0x400000 > $LIBRARY/selftest" || return
	call cat $LIBRARY/selftest || return
	grep -q "^ok 1 " "/tmp/$worker.out" && return
	grep "not ok" "/tmp/$worker.out" | grep -v "ENOMEM\|EAGAIN" >> "/tmp/$worker.wrong"
	return 1
}

read_files() { call cat $LIBRARY/mappings $LIBRARY/mappings.json $LIBRARY/stats; }

# work NAME[.NUMBER]: until the end.
work() {
	local worker=$1 rounds=0 good=0 longest=0
	while [ -e /tmp/run ]; do
		# shellcheck disable=SC2086  # its number
		if ${worker%.*} ${worker#*.}; then good=$((good + 1)); fi
		rounds=$((rounds + 1))
	done
	echo "$good of $rounds rounds, the longest call took $longest hundredths of a second" > "/tmp/$worker.end"
}

# ended_well NAME: nothing was wrong, and half of the rounds at least succeeded.
ended_well() {
	local good rounds
	cat "/tmp/$1.wrong" 2> /dev/null
	[ ! -s "/tmp/$1.wrong" ] || return
	read -r good _ rounds _ < "/tmp/$1.end" || return
	cat "/tmp/$1.end"
	[ "$good" -gt 0 ] && [ $((good * 2)) -ge "$rounds" ]
}

# Notes the least memory that was free, until the end.
watch_memory() {
	local free least=999999999
	while [ -e /tmp/watch ]; do
		free=$(meminfo MemFree)
		[ "$free" -ge "$least" ] || least=$free
		sleep 0.1
	done
	echo "$least" > /tmp/least
}

count_killed() { dmesg | grep -c "Killed process"; }

# begin HOG: memory is short from here on.
begin() {
	killed_before=$(count_killed)
	touch /tmp/watch
	watch_memory &
	watcher=$!
	$1
	sleep 1
}

end() {
	rm /tmp/watch
	wait $watcher
	hog_ends
}

# was_short HOG
was_short() {
	local least killed
	least=$(cat /tmp/least)
	killed=$(($(count_killed) - killed_before))
	tell "# $least KiB were free, $killed processes were ended"
	echo "$least KiB were free, $killed processes were ended"
	[ "$hog_was_there" = yes ] || [ $killed -gt 0 ] || { tail -n 1 /tmp/hog && return 1; }
	[ "$least" -lt 16384 ] || return
	[ "$1" != hog_beyond ] || [ $killed -gt 0 ]
}

# workers_with HOG: all at once, for a while.
workers_with() {
	local worker workers=''
	rm -f /tmp/*.wrong /tmp/*.end
	begin "$1"
	touch /tmp/run
	for worker in $WORKERS; do
		work "$worker" &
		workers="$workers $!"
	done
	sleep "$iomrs_seconds"
	rm /tmp/run
	# shellcheck disable=SC2086  # words
	wait $workers
	end
	for worker in $WORKERS; do
		try "$worker ends well, strategy $strategy, $1" ended_well "$worker" || true
		tell "# $worker: $(cat "/tmp/$worker.end")"
	done
	try "memory was short, strategy $strategy, $1" was_short "$1" || true
}

# The suite runs while its module is loaded.
suite_passes() {
	insmod /io-mapping-selftests.ko phys=0x10000000 size=0x8000000 short_seconds="$iomrs_seconds" || return
	cat /sys/kernel/debug/kunit/iomrs_reclaim/results > /tmp/results
	rmmod io_mapping_selftests || return
	sed -n 's/^ *# \([a-z0-9_]*: [0-9]* rounds.*\|.*trimmed.*\)/# \1/p' /tmp/results >&3
	if grep "not ok\|SKIP\|\.rs:" /tmp/results > /tmp/wrong; then
		sed -i 's/^[ #]*//' /tmp/wrong
		sed 's/^/# /' /tmp/wrong >&3
		head -n 1 /tmp/wrong
		return 1
	fi
	[ "$(grep -c "^  *ok [1-3] " /tmp/results)" = 3 ]
}

suite_with() {
	begin "$1"
	try "the suite passes, $1" suite_passes || true
	end
	try "memory was short, $1" was_short "$1" || true
}

# It says whom the kernel has ended else.
only_the_hog_was_killed() { ! dmesg | grep "Killed process" | grep -v "(stress-ng"; }

# No stack is there for another reason.
log_is_quiet() {
	local traces reasons complaints
	complaints=$(complaints_since "$LOG_MARK" "blocked for")
	[ -z "$complaints" ] || { echo "$complaints" && return 1; }
	dmesg | sed "1,/$LOG_MARK/d" > /tmp/log
	traces=$(grep -c "Call Trace" /tmp/log)
	reasons=$(grep -cE "$REASONS" /tmp/log)
	[ "$traces" = "$reasons" ] && return
	# A reason is the line before the stack's first, but for what another CPU prints between the two.
	echo "$traces stacks for $reasons reasons: $(awk '/CPU: [0-9]+ .*PID: / { print before } !/drop_caches/ { before = $0 }' /tmp/log |
		grep -vE "$REASONS" | head -n 3 | tr '\n' '|')"
	return 1
}

# The module's own memory is gone by then, too.
nothing_is_left() {
	! grep "iomrs\|io_mapping" /proc/vmallocinfo /proc/iomem
}

memory_comes_back() {
	local now
	now=$(available_at_rest)
	echo "$now KiB are available, and $memory_before were"
	[ "$now" -ge $((memory_before - 6144)) ]
}

mkdir /ballast
mount -t tmpfs -o size=100% ballast /ballast
dmesg -n 1
echo 0 > /proc/sys/vm/oom_dump_tasks
memory_before=$(available_at_rest)
tell "# $memory_before KiB are available"
mark_log
try "the library loads" insmod /io-mapping-rs.ko
if [ -e /io-mapping-selftests.ko ]; then
	suite_with hog_to_the_edge
	suite_with hog_beyond
else
	OTHER=$(pci_device 0x1af4:0x1110 2)
	UNUSED=$(pci_device 0x1af4:0x1110 3)
	echo none > "/sys/bus/pci/devices/$UNUSED/driver_override"
	echo 1 > "/sys/bus/pci/devices/$UNUSED/enable"
	PHYS=$(sed -n '3s/ .*//p' "/sys/bus/pci/devices/$UNUSED/resource")
	for pattern in 0 1; do dd if=/dev/urandom of=/tmp/pattern.$pattern bs=64k count=4 2> /dev/null; done
	for strategy in 1 2; do
		try "the sample driver loads, strategy $strategy" load_sample $strategy || continue
		workers_with hog_to_the_edge
		workers_with hog_beyond
		try "the sample driver unloads, strategy $strategy" rmmod io_mapping_sample
	done
fi
try "the library unloads" rmmod io_mapping_rs
try "nothing is left" nothing_is_left
rm -f /tmp/*.* /tmp/log /tmp/results /tmp/wrong
try "memory comes back" until_true memory_comes_back
try "only the hog was killed" only_the_hog_was_killed
try "the kernel log is quiet" log_is_quiet
finish
