# SPDX-License-Identifier: GPL-2.0
# What writes and reads disks in one step of make check-all.
# shellcheck shell=bash

FIO_PACKAGES="fio"

setup_fio() { once root-fio "$FIO_PACKAGES" add_fio; }

add_fio() {
	step root-fio "fio in it" in_root_apt_install "$FIO_PACKAGES" || explain root-fio "installing fio"
}
