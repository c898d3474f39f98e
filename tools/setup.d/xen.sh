# SPDX-License-Identifier: GPL-2.0
# Debian's Xen hypervisor. Its image is all that is used of the package.
# shellcheck shell=bash

setup_xen() { once xen "$SUITE" make_xen; }

make_xen() { step xen "Debian's Xen hypervisor" get_xen || explain xen "getting the Xen hypervisor"; }

# The newest in the package lists. QEMU wants the image as it is loaded: not compressed.
get_xen() {
	local package
	package=$("$CHECKOUT/tools/in-root" apt-cache pkgnames xen-hypervisor- |
		grep -xE 'xen-hypervisor-[0-9.]+-amd64' | sort -V | tail -n 1)
	[ -n "$package" ] || { echo "error: no xen-hypervisor-...-amd64 in the package lists"; return 1; }
	rm -rf "$CACHE/xen" && mkdir -p "$CACHE/xen" && cd "$CACHE/xen" || return
	"$CHECKOUT/tools/in-root" apt-get download "$package" ||
		{ "$CHECKOUT/tools/in-root" apt-get update && "$CHECKOUT/tools/in-root" apt-get download "$package"; } || return
	dpkg-deb -x "$package"_*.deb . && zcat boot/xen-*-amd64.gz > image
}
