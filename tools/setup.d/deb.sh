# SPDX-License-Identifier: GPL-2.0
# What makes Debian packages and reads man pages: apart from packages.list, as only their checks need it.
# shellcheck shell=bash

DEB_PACKAGES="mandoc debhelper dh-dkms dkms lintian dpkg-dev"

setup_deb() { once root-deb "$DEB_PACKAGES" add_deb; }

add_deb() {
	step root-deb "mandoc, debhelper, DKMS and lintian in it" in_root_apt_install "$DEB_PACKAGES" ||
		explain root-deb "installing debhelper"
}
