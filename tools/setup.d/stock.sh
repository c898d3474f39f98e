# SPDX-License-Identifier: GPL-2.0
# The stock trees: Debian's source with Debian's config, prepared as Debian's build had it, so that its Rust
# metadata have the same hashes and modules built against it load on Debian's unmodified image.
# shellcheck shell=bash disable=SC2153

# One more where what follows makes another tree of the same source.
STOCK_RECIPE=1

# setup_stock NAME: stock, or stock-FLAVOUR for another flavour of Debian's kernel of the same version, such as
# stock-cloud. What is unpacked of its packages goes with the tree.
setup_stock() {
	local name=$1 release=$RELEASE unpacked=$CACHE/debian
	if [ "$name" != stock ]; then
		release=${RELEASE%-amd64}-${name#stock-}-amd64 unpacked=$CACHE/debian-$name
		once "debian-$name" "$VERSION" get_flavour "$name" "$release" "$unpacked"
	fi
	once "$name" "$VERSION $STOCK_RECIPE" make_stock "$name" "$release" "$unpacked"
}

# get_flavour NAME RELEASE DIR: the flavour's image and headers, unpacked in DIR.
get_flavour() {
	need_space 3 "the $1 kernel"
	[ "$(package_version "linux-binary-unsigned-$2")" = "$VERSION" ] ||
		die "Debian has no flavour $1 of Linux $RELEASE (no package linux-binary-unsigned-$2)"
	step "debian-$1" "download of $2: image, headers" unpack_flavour "$2" "$3" || explain "debian-$1" "downloading $2"
}

unpack_flavour() {
	local deb
	rm -rf "$2" && mkdir -p "$2/debs" || return
	(cd "$2/debs" && download_debs "linux-binary-unsigned-$1=$VERSION" "linux-headers-$1=$VERSION") || return
	for deb in "$2"/debs/*.deb; do dpkg-deb -x "$deb" "$2" || return; done
	rm -rf "$2/debs"
}

make_stock() {
	need_space 3 "the $1 tree"
	step "$1" "tree for Debian's $2" prepare_stock "$@" || explain "$1" "preparing the $1 tree"
}

# prepare_stock NAME RELEASE UNPACKED
prepare_stock() {
	local name=$1 release=$2 headers=$3/usr/src/linux-headers-$2 build=$CACHE/$1/build cc
	cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' "$headers/.config")
	same_rustc "$headers/.config" || return
	rm -rf "${CACHE:?}/$name" && mkdir -p "$build"
	# Module.symvers: what Debian's image exports. vmlinux: its BTF, which modules' BTF is relative to.
	cp "$headers/.config" "$headers/Module.symvers" "$headers/vmlinux" "$build/" || return
	cp "$3/usr/lib/modules/$release/vmlinuz.unsigned" "$CACHE/$name/vmlinuz" || return
	echo "CC=$cc" > "$CACHE/$name/make-args"
	# Debian's key is not in the package, and its image does not insist on signatures.
	"$CACHE/source/scripts/config" --file "$build/.config" --set-str LOCALVERSION "$(local_version "$release")" \
		--disable MODULE_SIG_ALL --set-str MODULE_SIG_KEY "" || return
	stock_make "$name" olddefconfig && stock_make "$name" modules_prepare || return
	[ "$(cat "$build/include/config/kernel.release")" = "$release" ] ||
		{ echo "error: the tree calls itself $(cat "$build/include/config/kernel.release"), not $release"; return 1; }
	same_config "$headers/.config" "$build/.config"
}

stock_make() {
	local name=$1
	shift
	"$CHECKOUT/tools/in-root" make -j"$(nproc)" -C "$CACHE/source" O="$CACHE/$name/build" \
		"$(cat "$CACHE/$name/make-args")" "$@"
}

# 7.3.4+deb13-amd64 -> +deb13-amd64
local_version() { printf '%s\n' "${1#"${1%%[!0-9.]*}"}"; }

# Rust metadata are of use only to the compiler that wrote them.
same_rustc() {
	local theirs ours
	theirs=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT="\(.*\)"/\1/p' "$1")
	ours=$("$CHECKOUT/tools/in-root" rustc --version)
	[ "$theirs" = "$ours" ] || { echo "error: Debian built its kernel with $theirs, and $SUITE has $ours"; return 1; }
}

# An option that got lost here (a tool is missing) would change structures without a word.
same_config() {
	local changed
	changed=$(diff "$1" "$2" | grep '^[<>]' | grep -vE 'CONFIG_(LOCALVERSION|MODULE_SIG_ALL|MODULE_SIG_KEY)\b' || true)
	[ -z "$changed" ] || { echo "error: options differ from Debian's: $changed"; return 1; }
}
