# SPDX-License-Identifier: GPL-2.0
# The trixie root: a minimal system by mmdebstrap, then the packages of packages.list, and those of requirements.txt.
# shellcheck shell=bash

setup_root() {
	local list
	list=$(sed '/^#/d; /^$/d' "$SETUP_D/packages.list")
	once root-base "$SUITE" make_root_base
	once root-packages "$(sum <<< "$list")" add_packages "$list"
	once root-python "$(sed '/^#/d' "$SETUP_D/requirements.txt" | sum)" add_python
}

make_root_base() {
	local mirror
	mirror=$(debian_mirror) || exit
	need_space 14 "a fresh set-up"
	setup_host mmdebstrap mmdebstrap
	rm -f "$STAMPS/root-packages" "$STAMPS/root-python" "$STAMPS/root-plots" "$STAMPS/root-browser" "$STAMPS/root-deb" "$STAMPS/root-sparse" "$STAMPS/root-fio" "$STAMPS/root-stress"
	step root-base "a minimal Debian $SUITE root" bootstrap "$mirror" || explain root-base "making the $SUITE root"
}

# The mirror that this machine's own apt uses.
debian_mirror() {
	local mirror=${DEBIAN_MIRROR:-}
	[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(LABEL) $(TARGET_OF) $(COMPONENT) $(REPO_URI)' |
		awk '$1 == "Debian" && $2 == "deb" && $3 == "main" { print $4; exit }')
	[ -n "$mirror" ] || die "no Debian mirror known: run apt-get update, or set DEBIAN_MIRROR to the URL of one"
	printf '%s\n' "$mirror"
}

# setup_host COMMAND PACKAGE: the little that this machine itself must have.
setup_host() {
	command -v "$1" > /dev/null || step "$1" "$1 on this machine" install_on_host "$2" || explain "$1" "installing $2"
}

install_on_host() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends "$1" || { apt-get update && apt-get install -y --no-install-recommends "$1"; }
}

bootstrap() {
	rm -rf --one-file-system "$ROOT.new" "$ROOT"
	host_apt_conf > "$CACHE/apt.conf"
	mmdebstrap --mode=root --variant=minbase --include=ca-certificates --aptopt="$CACHE/apt.conf" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
		"$SUITE" "$ROOT.new" "deb $1 $SUITE main" "deb $1 $SUITE-backports main" || return
	# No service of a package is started in here.
	printf '#!/bin/sh\nexit 101\n' > "$ROOT.new/usr/sbin/policy-rc.d"
	chmod +x "$ROOT.new/usr/sbin/policy-rc.d"
	: > "$ROOT.new$INSIDE_MARK"
	mv "$ROOT.new" "$ROOT"
}

# How this machine's apt reaches its mirror: proxies, timeouts, what it thinks of dates.
host_apt_conf() {
	apt-config dump | grep -E '^Acquire::(http|https|Check-|Max-|Retries|Force|Proxy)' || true
	echo 'APT::Sandbox::User "root";'
	echo 'APT::Install-Recommends "false";'
}

add_packages() {
	need_space 9 "the toolchain"
	step root-packages "the toolchain and QEMU in it" in_root_apt_install "$1" ||
		explain root-packages "installing the toolchain"
}

add_python() {
	step root-python "virtme-ng in it" "$CHECKOUT/tools/in-root" python3 -m pip install --break-system-packages \
		--root-user-action=ignore --no-cache-dir --ignore-installed --no-deps --require-hashes -r "$SETUP_D/requirements.txt" ||
		explain root-python "installing virtme-ng"
}

in_root_apt_install() {
	export DEBIAN_FRONTEND=noninteractive
	"$CHECKOUT/tools/in-root" dpkg --configure -a || return
	"$CHECKOUT/tools/in-root" apt-get update || return
	# shellcheck disable=SC2086  # a list of words
	"$CHECKOUT/tools/in-root" apt-get install -y $1 || return
	"$CHECKOUT/tools/in-root" apt-get clean
}
