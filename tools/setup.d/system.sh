# SPDX-License-Identifier: GPL-2.0
# A Debian system as a person installs it, with systemd and Debian's kernel, in $CACHE/system/root: 58-system makes a disk of it.
# shellcheck shell=bash disable=SC2153

SYSTEM_RECIPE=1
# Drivers of what the guest does not have: apt's depmod takes minutes for them in an emulated guest.
SYSTEM_WITHOUT=('drivers/[c-uw-z]' sound net)
SYSTEM_PACKAGES="systemd-sysv,udev,kmod,initramfs-tools,ca-certificates,zstd"

setup_system() {
	need_space 4 "a Debian system with the packages"
	once root-disk e2fsprogs add_disk_tools
	once system "$VERSION $SYSTEM_RECIPE" make_system
}

add_disk_tools() {
	step root-disk "what makes disks in it" in_root_apt_install e2fsprogs || explain root-disk "installing e2fsprogs"
}

make_system() {
	local mirror
	mirror=$(debian_mirror) || exit
	setup_host mmdebstrap mmdebstrap
	step system "a Debian system with systemd and Linux $RELEASE" install_system "$mirror" || explain system "making a Debian system"
}

install_system() {
	local name options=(--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io)
	for name in "${SYSTEM_WITHOUT[@]}"; do options+=(--dpkgopt="path-exclude=/usr/lib/modules/*/kernel/$name*"); done
	rm -rf --one-file-system "$CACHE/system" && mkdir -p "$CACHE/system" && host_apt_conf > "$CACHE/system/apt.conf" || return
	mmdebstrap --mode=root --variant=apt --include="$SYSTEM_PACKAGES,linux-base/$SUITE-backports,linux-image-$RELEASE" \
		--aptopt="$CACHE/system/apt.conf" "${options[@]}" --customize-hook="$SETUP_D/system-hook" \
		"$SUITE" "$CACHE/system/root" "deb $1 $SUITE main" "deb $1 $SUITE-backports main" || return
	cp "$CACHE/system/root/boot/initrd.img-$RELEASE" "$CACHE/system/initrd"
}
