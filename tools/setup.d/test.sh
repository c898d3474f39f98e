# SPDX-License-Identifier: GPL-2.0
# The test kernels: Debian's source with kconfig/export.patch, built with clang from allnoconfig and fragments.
# shellcheck shell=bash

# setup_test NAME FRAGMENT...: builds the kernel in $CACHE/NAME.
setup_test() {
	local name=$1 patch=$CHECKOUT/kconfig/export.patch fragments
	shift
	fragments=("${@/#/$CHECKOUT/kconfig/}")
	once test-source "$VERSION $(sum "$patch")" make_patched_source "$patch"
	once "$name" "$VERSION $(sum "$patch") $(sum "${fragments[@]}")" make_kernel "$name" "${fragments[@]}"
}

make_patched_source() {
	step test-source "source of the test kernels" patched_source "$1" || explain test-source "patching the source"
}

make_kernel() {
	need_space 3 "the $1 kernel"
	step "$1" "the $1 kernel (some minutes)" build_kernel "$@" || explain "$1" "building the $1 kernel"
}

# The source as hard links (a minute and a gigabyte saved), then the patch. Where the patch has changed, only
# files that differ get a new time, so the next build compiles those alone.
patched_source() {
	local src=$CACHE/test/src scratch=$CACHE/test/scratch file
	if [ "$(cat "$src/.iomrs-version" 2> /dev/null)" != "$VERSION" ]; then
		mkdir -p "$CACHE/test"
		rm -rf "$src" "$src.new"
		cp -al "$CACHE/source" "$src.new" && echo "$VERSION" > "$src.new/.iomrs-version" || return
		mv "$src.new" "$src" || return
	fi
	rm -rf "$scratch" && mkdir "$scratch" || return
	for file in $(patched_files "$1" "$src/.iomrs-patch"); do
		mkdir -p "$scratch/$(dirname "$file")"
		if [ -e "$CACHE/source/$file" ]; then cp "$CACHE/source/$file" "$scratch/$file"; fi
	done
	# patch is the root's own; its fuzz tolerates a point release's changes nearby.
	"$CHECKOUT/tools/in-root" patch -p1 -F2 --no-backup-if-mismatch -d "$scratch" -i "$1" || return
	for file in $(patched_files "$1" "$src/.iomrs-patch"); do
		cmp -s "$scratch/$file" "$src/$file" || mv -v "$scratch/$file" "$src/$file" || return
	done
	cp "$1" "$src/.iomrs-patch" && rm -rf "$scratch"
}

# The files that this patch or the one applied before touch.
patched_files() { cat "$@" 2> /dev/null | sed -n 's,^+++ b/,,p' | sort -u; }

build_kernel() {
	local name=$1 build=$CACHE/$1/build
	shift
	mkdir -p "$build"
	# One compiler for C and Rust: inline helpers need the same LLVM.
	printf 'LLVM=-%s\n' "$(rust_llvm)" > "$CACHE/$name/make-args"
	cat "$@" > "$CACHE/$name/wanted.config"
	test_make "$name" KCONFIG_ALLCONFIG="$CACHE/$name/wanted.config" allnoconfig || return
	all_taken "$CACHE/$name/wanted.config" "$build/.config" || return
	test_make "$name" bzImage modules
}

test_make() {
	local name=$1
	shift
	"$CHECKOUT/tools/in-root" make -j"$(nproc)" -C "$CACHE/test/src" O="$CACHE/$name/build" \
		"$(cat "$CACHE/$name/make-args")" "$@"
}

rust_llvm() { "$CHECKOUT/tools/in-root" rustc --version --verbose | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p'; }

# Kconfig drops what it cannot have without a word; of a fragment's lines the last one for an option counts.
all_taken() {
	local option line lost=
	while read -r option; do
		line=$(grep -E "^(# )?${option}[= ]" "$1" | tail -n 1)
		grep -qxF "$line" "$2" || case $line in
		*=*) lost+=" $line" ;;
		*) ! grep -q "^$option=" "$2" || lost+=" $line" ;;
		esac
	done < <(sed -nE 's/^(# )?(CONFIG_[A-Z0-9_]+).*/\2/p' "$1" | sort -u)
	[ -z "$lost" ] || { echo "error: the kernel does not take these options:$lost"; return 1; }
}
