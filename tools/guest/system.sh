#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/58-system: a Debian system that a person installs the packages on. It is started three
# times; the kernel's command line says how often before.
# shellcheck disable=SC1091,SC2013
cd /run/second || exit
# shellcheck disable=SC2034
iomrs_tty=ttyS1
. ./lib.sh
export DEBIAN_FRONTEND=noninteractive HOME=/root

files() {
	find / -xdev \( -path /tmp -o -path /run -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt \
		-o -path /var/lib/systemd -o -path /var/tmp -o -path /root \) -prune -o -print | LC_ALL=C sort
}

loaded() { grep -q "^$1 " /proc/modules || { echo "$1 is not loaded" && return 1; }; }

# copies MIB [COUNT]: writes data to the device's memory, reads it again; the host compares too.
copies() {
	dd if=data of="$NODE" bs=1M seek="$1" count="${2:-16}" && dd if="$NODE" bs=1M skip="$1" count="${2:-16}" |
		cmp -n $((${2:-16} << 20)) - data
}

# The first driver takes the sample's device.
first_driver() {
	cp -r first /root/ && rmmod io_mapping_sample && dmesg -c > /dev/null && sh ./insmod || return
	dmesg | grep -q "first .*: $((256 << 20)) bytes, write-combining" || { dmesg | tail -n 1 && return 1; }
	rmmod first && modprobe io-mapping-sample
}

# The library in memory is the old one: a driver of the new package does not load with it.
not_mixed() {
	rmmod io_mapping_sample && dmesg -c > /dev/null || return
	! modprobe io-mapping-sample || { echo "the new driver has loaded with the old library" && return 1; }
	dmesg | grep "Unknown symbol io_mapping_rs_is_another_build" || { dmesg | tail -n 1 && return 1; }
}

reloads() {
	rmmod io_mapping_rs && modprobe io-mapping-sample && udevadm settle && copies 48
}

old_driver() {
	dmesg -c > /dev/null
	! sh ./insmod || { echo "it loads" && return 1; }
	dmesg | grep "Unknown symbol io_mapping_rs_is_another_build" || { dmesg | tail -n 1 && return 1; }
}

installed() { dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' 'io-mapping-rs*' | sed -n 's/^installed //p'; }

# All but /root is as before the packages came.
unchanged() {
	files > /root/after
	changed=$(diff /root/before /root/after | grep '^[<>]')
	[ -z "$changed" ] || { echo "$changed" | head -n 3 | tr '\n' ' ' && return 1; }
	! grep io-mapping "/lib/modules/$(uname -r)/modules.dep"
}

case $(sed 's/.*iomrs_start=\([0-9]\).*/\1/' /proc/cmdline) in
1)
	files > /root/before
	try "apt installs the packages" apt-get install -y ./old/*.deb
	;;
2)
	try "after a restart the library is there" loaded io_mapping_rs
	try "modprobe loads the sample" modprobe io-mapping-sample
	udevadm settle
	try "16 MiB are written and read again" copies 16
	try "a driver of one's own loads" first_driver
	udevadm settle
	try "apt upgrades the packages while the driver is bound" apt-get install -y ./new/*.deb
	try "the driver that is bound goes on" copies 32
	try "the new driver is refused by the old library" not_mixed
	try "with the library loaded again it is taken" reloads
	try "the new library refuses the old driver" old_driver
	;;
3)
	try "after another restart the library is there" loaded io_mapping_rs
	try "the sample of the new package loads" modprobe io-mapping-sample
	udevadm settle
	try "1 MiB is written and read again" copies 64 1
	rmmod io_mapping_sample
	# shellcheck disable=SC2046
	try "apt purges the packages" apt-get purge -y $(installed)
	try "nothing is left" unchanged
	;;
esac
sync
finish
