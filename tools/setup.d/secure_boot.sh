# SPDX-License-Identifier: GPL-2.0
# What a machine with Secure Boot starts Debian by, each part signed: shim, GRUB and the kernel, in $CACHE/secure-boot. In the
# private root: the firmware, with Microsoft's keys, and what changes its variables.
# shellcheck shell=bash disable=SC2153

SECURE_BOOT_PACKAGES="ovmf python3-virt-firmware mtools"

setup_secure_boot() {
	once root-secure-boot "$SECURE_BOOT_PACKAGES" add_secure_boot
	once secure-boot "$VERSION" make_secure_boot
}

add_secure_boot() {
	step root-secure-boot "UEFI firmware in it" in_root_apt_install "$SECURE_BOOT_PACKAGES" ||
		explain root-secure-boot "installing the firmware"
}

make_secure_boot() {
	step secure-boot "Debian's signed shim, GRUB and kernel" \
		unpack_flavour "$CACHE/secure-boot" shim-signed grub-efi-amd64-signed "linux-binary-$RELEASE=$VERSION" ||
		explain secure-boot "downloading Debian's signed shim, GRUB and kernel"
}
