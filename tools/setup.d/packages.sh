# SPDX-License-Identifier: GPL-2.0
# Which kernel: the newest of the series in the package lists that is there as image, headers and source.
# Leaves $CACHE/kernel with RELEASE (what uname -r says) and VERSION (of the packages), and the packages in debs/.
# shellcheck shell=bash disable=SC2153

setup_packages() {
	if [ -n "$UPDATE" ]; then
		step lists "new package lists" "$CHECKOUT/tools/in-root" apt-get update || explain lists "reading package lists"
	fi
	if [ -n "$UPDATE" ]; then rm -f "$STAMPS/kernel"; fi
	once kernel "$SERIES" choose_kernel
	# shellcheck source=/dev/null
	. "$CACHE/kernel"
	once debs "$VERSION" get_packages
}

choose_kernel() {
	local release version
	for release in $(image_releases); do
		version=$(package_version "linux-binary-unsigned-$release")
		if [ "$(package_version "linux-headers-$release")" = "$version" ] &&
			[ "$(package_version "linux-source-$SERIES")" = "$version" ]; then
			printf 'RELEASE=%s\nVERSION=%s\n' "$release" "$version" > "$CACHE/kernel"
			say "  kernel: $release, package version $version"
			return
		fi
	done
	die "no complete Linux $SERIES in the package lists (image, headers and source of one version): \
run with --update, or set IOMRS_SERIES to one of: $(packaged_series)"
}

# uname -r of the images of the series, the newest first.
image_releases() {
	"$CHECKOUT/tools/in-root" apt-cache pkgnames "linux-binary-unsigned-$SERIES." |
		sed -n 's/^linux-binary-unsigned-\([0-9.]*+deb[0-9]*-amd64\)$/\1/p' | sort -rV
}

package_version() {
	"$CHECKOUT/tools/in-root" apt-cache show --no-all-versions "$1" 2> /dev/null | sed -n 's/^Version: //p'
}

packaged_series() {
	"$CHECKOUT/tools/in-root" apt-cache pkgnames linux-source- |
		sed -n 's/^linux-source-\([0-9]*\.[0-9]*\)$/\1/p' | sort -V | tr '\n' ' '
}

get_packages() {
	need_space 6 "the kernel source"
	step debs "download of Linux $RELEASE: image, headers, source" download || explain debs "downloading the kernel packages"
}

download() {
	rm -rf "$CACHE/debs" && mkdir -p "$CACHE/debs" && cd "$CACHE/debs" || return
	download_debs "linux-binary-unsigned-$RELEASE=$VERSION" "linux-headers-$RELEASE=$VERSION" "linux-source-$SERIES=$VERSION"
}

# The lists may be older than the pool that they describe: then once more with new ones.
download_debs() {
	"$CHECKOUT/tools/in-root" apt-get download "$@" ||
		{ "$CHECKOUT/tools/in-root" apt-get update && "$CHECKOUT/tools/in-root" apt-get download "$@"; }
}
