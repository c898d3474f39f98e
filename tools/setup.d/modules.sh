# SPDX-License-Identifier: GPL-2.0
# The modules of Debian's kernel, in $CACHE/debian-modules: what drivers need that are loaded on it.
# shellcheck shell=bash disable=SC2153

setup_modules() { once debian-modules "$VERSION" get_modules; }

get_modules() {
	need_space 3 "the modules of Debian's kernel"
	step debian-modules "download of the modules of $RELEASE" \
		unpack_flavour "$CACHE/debian-modules" "linux-modules-$RELEASE=$VERSION" ||
		explain debian-modules "downloading the modules of Debian's kernel"
}
