#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Init of a guest without virtme-ng: runs guest.py, or kunit.sh where there is none, with the words of /params. What it prints
# goes to tools/kunit.py.
# shellcheck shell=busybox
. /lib.sh

if [ -e /range ]; then
	read -r start size < /range
else
	# In place of memory that the command line sets aside: that of an ivshmem device. No firmware has turned them on.
	for device in /sys/bus/pci/devices/*; do echo 1 > "$device/enable"; done
	range=$(sed -n '3s/ 0x[^ ]*$//p' "/sys/bus/pci/devices/$(pci_device 0x1af4:0x1110 2)/resource")
	start=${range% *} last=${range#* }
	size=$((last - start + 1))
fi
program="sh /kunit.sh"
[ ! -e /guest.py ] || program="python3 -B /guest.py"
# shellcheck disable=SC2046,SC2086 # words, or none
$program / "$start" "$size" $(cat /params) >&3 2>&1
finish 0
