# SPDX-License-Identifier: GPL-2.0
# The stock trees: Debian's source with Debian's config, prepared by tools/kernel-tree.
# shellcheck shell=bash disable=SC2153

# One more where what follows makes another tree of the same source.
STOCK_RECIPE=2
# What builds and boots the kernel for arm64, beside packages.list. The compiler for 32 bits is for its COMPAT_VDSO.
ARM64_PACKAGES="gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf libc6-dev-arm64-cross qemu-system-arm"

# setup_stock NAME: stock, or another kernel that Debian has made of the same source: stock-arm64, or stock-FLAVOUR such
# as stock-cloud. What is unpacked of its packages goes with the tree.
setup_stock() {
	local name=$1 release=$RELEASE unpacked=$CACHE/debian foreign=
	case $name in
	stock) ;;
	stock-arm64) release=${RELEASE%-amd64}-arm64 foreign=:arm64 ;;
	*) release=${RELEASE%-amd64}-${name#stock-}-amd64 ;;
	esac
	if [ -n "$foreign" ]; then once "root-${foreign#:}" "$ARM64_PACKAGES" add_foreign "${foreign#:}" "$ARM64_PACKAGES"; fi
	if [ "$name" != stock ]; then
		unpacked=$CACHE/debian-$name
		once "debian-$name" "$VERSION" get_flavour "$name" "$release" "$unpacked" "$foreign"
	fi
	once "$name" "$VERSION $STOCK_RECIPE" make_stock "$name" "$release" "$unpacked"
}

# add_foreign ARCHITECTURE PACKAGES: what builds for it and boots it. The root's apt learns of its packages.
add_foreign() {
	need_space 3 "the toolchain for $1"
	"$CHECKOUT/tools/in-root" dpkg --add-architecture "$1"
	step "root-$1" "compiler and QEMU for $1" in_root_apt_install "$2" || explain "root-$1" "installing the toolchain for $1"
}

# get_flavour NAME RELEASE DIR FOREIGN: image and headers, unpacked in DIR. FOREIGN is empty, or a colon and the
# architecture. A guest of another architecture needs its busybox, too.
get_flavour() {
	local packages=("linux-binary-unsigned-$2$4=$VERSION" "linux-headers-$2$4=$VERSION")
	need_space 3 "the $1 kernel"
	[ "$(package_version "linux-binary-unsigned-$2$4")" = "$VERSION" ] ||
		die "Debian has no kernel $1 of version $VERSION (no package linux-binary-unsigned-$2$4)"
	if [ -n "$4" ]; then packages+=("busybox-static$4"); fi
	step "debian-$1" "download of $2: image, headers" unpack_flavour "$3" "${packages[@]}" ||
		explain "debian-$1" "downloading $2"
}

# unpack_flavour DIR PACKAGE...
unpack_flavour() {
	local dir=$1 deb
	shift
	rm -rf "$dir" && mkdir -p "$dir/debs" || return
	(cd "$dir/debs" && download_debs "$@") || return
	for deb in "$dir"/debs/*.deb; do dpkg-deb -x "$deb" "$dir" || return; done
	rm -rf "$dir/debs"
}

make_stock() {
	need_space 3 "the $1 tree"
	OBJECTS=$TREE_OBJECTS step "$1" "tree for Debian's $2" prepare_stock "$@" || explain "$1" "preparing the $1 tree"
}

# prepare_stock NAME RELEASE UNPACKED
prepare_stock() {
	local name=$1 release=$2 headers=$3/usr/src/linux-headers-$2 cc args
	cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' "$headers/.config")
	rm -rf "${CACHE:?}/$name" && mkdir -p "$CACHE/$name" || return
	cp "$3/usr/lib/modules/$release/vmlinuz.unsigned" "$CACHE/$name/vmlinuz" || return
	make_args "$name" "$cc" > "$CACHE/$name/make-args" || return
	mapfile -t args < "$CACHE/$name/make-args"
	"$CHECKOUT/tools/in-root" "$CHECKOUT/tools/kernel-tree" "$CACHE/source" "$headers" "$CACHE/$name/build" "$release" "${args[@]}"
}

# make_args NAME CC: a word for make in each line. The compiler of another architecture has a prefix.
make_args() {
	case $1 in
	stock-arm64) printf '%s\n' ARCH=arm64 "CROSS_COMPILE=${2%gcc*}" CROSS_COMPILE_COMPAT=arm-linux-gnueabihf- ;;
	esac
	echo "CC=$2"
}
