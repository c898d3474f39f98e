# SPDX-License-Identifier: GPL-2.0
# The test kernels: Debian's source with kconfig/export.patch, built with clang from allnoconfig and fragments.
# shellcheck shell=bash

# What it takes to build one, about: for the line that says how far it is.
TEST_OBJECTS=1400

# setup_test NAME FRAGMENT...: builds the kernel in $CACHE/NAME. All have the source of the test kernel.
setup_test() {
	local name=$1 patch=$CHECKOUT/kconfig/export.patch fragments
	shift
	fragments=("${@/#/$CHECKOUT/kconfig/}")
	once test-source "$VERSION $(sum "$patch")" make_patched_source "$patch"
	once "$name" "$VERSION $(sum "$patch") $(sum "${fragments[@]}")" make_kernel "$name" "${fragments[@]}"
}

make_patched_source() {
	step test-source "source of the test kernel" patched_source "$@" || explain test-source "patching the source"
}

make_kernel() {
	need_space 3 "the $1 kernel"
	OBJECTS=$TEST_OBJECTS step "$1" "the $1 kernel (some minutes)" build_kernel "$@" || explain "$1" "building the $1 kernel"
}

# patched_source PATCH: the source as hard links (a minute and a gigabyte saved), then the patch. Where it has changed,
# only files that differ get a new time, so the next build compiles those alone.
patched_source() {
	local patch=$1 src=$CACHE/test/src scratch=$CACHE/test/scratch file
	if [ "$(cat "$src/.iomrs-version" 2> /dev/null)" != "$VERSION" ]; then
		mkdir -p "$(dirname "$src")"
		rm -rf "$src" "$src.new"
		cp -al "$CACHE/source" "$src.new" && echo "$VERSION" > "$src.new/.iomrs-version" || return
		mv "$src.new" "$src" || return
	fi
	rm -rf "$scratch" && mkdir "$scratch" && cp "$patch" "$scratch/.patch" || return
	for file in $(patched_files "$scratch/.patch" "$src/.iomrs-patch"); do
		mkdir -p "$scratch/$(dirname "$file")"
		if [ -e "$CACHE/source/$file" ]; then cp "$CACHE/source/$file" "$scratch/$file"; fi
	done
	# patch is the root's own; its fuzz tolerates a point release's changes nearby.
	"$CHECKOUT/tools/in-root" patch -p1 -F2 --no-backup-if-mismatch -d "$scratch" -i "$scratch/.patch" || return
	for file in $(patched_files "$scratch/.patch" "$src/.iomrs-patch"); do
		cmp -s "$scratch/$file" "$src/$file" || mv -v "$scratch/$file" "$src/$file" || return
	done
	cp "$scratch/.patch" "$src/.iomrs-patch" && rm -rf "$scratch"
}

# The files that this patch or the one applied before touches.
patched_files() { cat "$@" 2> /dev/null | sed -n 's,^+++ b/,,p' | sort -u; }

# build_kernel NAME FRAGMENT...
build_kernel() {
	local name=$1 build=$CACHE/$1/build image=bzImage
	shift
	mkdir -p "$build"
	# One compiler for C and Rust: inline helpers need the same LLVM.
	printf 'LLVM=-%s\n' "$(rust_llvm)" > "$CACHE/$name/make-args"
	case $name in arm-*) echo ARCH=arm >> "$CACHE/$name/make-args" ;; esac
	cat "$@" > "$CACHE/$name/wanted.config"
	test_make "$name" KCONFIG_ALLCONFIG="$CACHE/$name/wanted.config" allnoconfig || return
	all_taken "$CACHE/$name/wanted.config" "$build/.config" || return
	case $name in arm-*) image=zImage ;; esac
	test_make "$name" "$image" modules
}

test_make() {
	local name=$1 args
	shift
	mapfile -t args < "$CACHE/$name/make-args"
	"$CHECKOUT/tools/in-root" make -j"$(nproc)" -C "$CACHE/test/src" O="$CACHE/$name/build" \
		"${args[@]}" "$@"
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
