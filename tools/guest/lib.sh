# SPDX-License-Identifier: GPL-2.0
# What the init scripts of our guests have in common. Sourced.
# shellcheck shell=busybox
#
# The second serial port, which tools/qemu.py names, is a conversation with the host, line by line (tools/boot.py is the
# other end):
#   ok NAME | not ok NAME: REASON | kv KEY VALUE | exit STATUS, and whatever else the two agree on.

# All begin in the directory that has it.
. ./kernel.sh
TTY=/dev/${iomrs_tty:-ttyS1}

mount -t proc proc /proc
mount -t sysfs sys /sys
[ -e "$TTY" ] || mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
mount -t tmpfs tmp /tmp

# On the debug kernel it is a port of virtio, which is no terminal.
case $TTY in */vport) TTY=$(echo /dev/vport*p*) ;; *) stty -F "$TTY" raw -echo ;; esac
exec 3<> "$TTY"

# The sample driver's.
# shellcheck disable=SC2034  # for who sources this
NODE=/dev/io_mapping_sample0
FAILURES=0
LOG_MARK="iomrs: from here on the log is ours"

tell() { printf '%s\n' "$*" >&3; }
ok() { tell "ok $1"; }
not_ok() {
	FAILURES=$((FAILURES + 1))
	tell "not ok $1: $2"
}

# ask WORDS: says so, and prints the host's answer.
ask() {
	local answer
	tell "ask $*"
	read -r answer <&3
	printf '%s\n' "$answer"
}

# try NAME CMD...: ok if CMD succeeds; otherwise the last line that it wrote is the reason.
try() {
	local name=$1 status
	shift
	if "$@" > /tmp/try.out 2>&1; then
		ok "$name"
	else
		status=$?
		not_ok "$name" "$(tail -n 1 /tmp/try.out) (status $status)"
		return 1
	fi
}

# pci_device VENDOR:DEVICE [N]: the address of the first device with these IDs, or of the Nth.
pci_device() {
	local device left=${2:-1}
	for device in /sys/bus/pci/devices/*; do
		[ "$(cat "$device/vendor"):$(cat "$device/device")" = "$1" ] || continue
		left=$((left - 1))
		[ $left -gt 0 ] || { echo "${device##*/}" && return; }
	done
	return 1
}

# range_of SPEC: the BAR that a workload of the benchmark is for.
range_of() {
	case $1 in
		ports_*) echo "$(pci_device 0x1b36:0x0005)/1" ;;
		# The kernel crate maps all of a BAR.
		bar_whole*) echo "$(pci_device 0x1b36:0x0005)/2" ;;
		*) echo "$(pci_device 0x1af4:0x1110)/2" ;;
	esac
}

mark_log() { echo "$LOG_MARK" > /dev/kmsg; }

quiet_log() { quiet_since "$LOG_MARK"; }

# In hundredths of a second.
now() {
	local up
	read -r up _ < /proc/uptime
	echo "${up%.*}${up#*.}"
}

# load_sample [STRATEGY]: the sample driver, whose parameter says how the memory is mapped, until its node is there. (A write to
# what is not there would make a file.)
load_sample() { insmod /io-mapping-sample.ko ${1:+"strategy=$1"} && until_true [ -c $NODE ]; }

# until_true CMD...: waits until it succeeds, 20 seconds at most.
until_true() {
	local tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -le 400 ] || { echo "in vain for 20 s: $*" && return 1; }
		sleep 0.05
	done
}

# finish [STATUS]: the end. Without a status: whether anything was not ok.
finish() {
	local status=${1:-$FAILURES}
	[ "$status" -lt 100 ] || status=100
	tell "exit $status"
	[ ! -t 3 ] || stty -F "$TTY" raw # returns when all is sent
	poweroff -f
}
