# SPDX-License-Identifier: GPL-2.0
# The kernel's source, and what Debian's build of it left: image, config, Module.symvers.
# shellcheck shell=bash

setup_source() { once source "$VERSION" get_source; }

get_source() {
	need_space 5 "the kernel source"
	step source "source of Linux $RELEASE" unpack || explain source "unpacking the kernel source"
}

unpack() {
	local deb
	rm -rf "$CACHE/source" "$CACHE/source.new" "$CACHE/debian"
	mkdir -p "$CACHE/source.new" "$CACHE/debian"
	for deb in "$CACHE"/debs/linux-binary-unsigned-*.deb "$CACHE"/debs/linux-headers-*.deb; do
		dpkg-deb -x "$deb" "$CACHE/debian" || return
	done
	[ -e "$CACHE/debian/usr/lib/modules/$RELEASE/vmlinuz.unsigned" ] || return
	[ -e "$CACHE/debian/usr/src/linux-headers-$RELEASE/Module.symvers" ] || return
	dpkg-deb --fsys-tarfile "$CACHE"/debs/linux-source-*.deb | tar -xO "./usr/src/linux-source-$SERIES.tar.xz" |
		tar -xJ --strip-components=1 -C "$CACHE/source.new" || return
	mv "$CACHE/source.new" "$CACHE/source"
}
