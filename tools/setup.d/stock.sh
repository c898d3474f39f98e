# SPDX-License-Identifier: GPL-2.0
# The stock tree: Debian's source with Debian's config, prepared as Debian's build had it, so that its Rust
# metadata have the same hashes and modules built against it load on Debian's unmodified image.
# shellcheck shell=bash

# One more where what follows makes another tree of the same source.
STOCK_RECIPE=1

setup_stock() { once stock "$VERSION $STOCK_RECIPE" make_stock; }

make_stock() {
	need_space 3 "the stock tree"
	step stock "tree for Debian's $RELEASE" prepare_stock || explain stock "preparing the stock tree"
}

prepare_stock() {
	local headers=$CACHE/debian/usr/src/linux-headers-$RELEASE build=$CACHE/stock/build cc
	cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' "$headers/.config")
	same_rustc "$headers/.config" || return
	rm -rf "$CACHE/stock" && mkdir -p "$build"
	# Module.symvers: what Debian's image exports. vmlinux: its BTF, which modules' BTF is relative to.
	cp "$headers/.config" "$headers/Module.symvers" "$headers/vmlinux" "$build/" || return
	cp "$CACHE/debian/usr/lib/modules/$RELEASE/vmlinuz.unsigned" "$CACHE/stock/vmlinuz" || return
	echo "CC=$cc" > "$CACHE/stock/make-args"
	# Debian's key is not in the package, and its image does not insist on signatures.
	"$CACHE/source/scripts/config" --file "$build/.config" --set-str LOCALVERSION "$(local_version)" \
		--disable MODULE_SIG_ALL --set-str MODULE_SIG_KEY "" || return
	stock_make olddefconfig && stock_make modules_prepare || return
	[ "$(cat "$build/include/config/kernel.release")" = "$RELEASE" ] ||
		{ echo "error: the tree calls itself $(cat "$build/include/config/kernel.release"), not $RELEASE"; return 1; }
	same_config "$headers/.config" "$build/.config"
}

stock_make() {
	"$CHECKOUT/tools/in-root" make -j"$(nproc)" -C "$CACHE/source" O="$CACHE/stock/build" \
		"$(cat "$CACHE/stock/make-args")" "$@"
}

# 7.3.4+deb13-amd64 -> +deb13-amd64
local_version() { printf '%s\n' "${RELEASE#"${RELEASE%%[!0-9.]*}"}"; }

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
