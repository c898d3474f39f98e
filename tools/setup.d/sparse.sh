# SPDX-License-Identifier: GPL-2.0
# The kernel's semantic checker, for one step of make check: apart from packages.list, as only that needs it.
# shellcheck shell=bash

SPARSE_PACKAGES="sparse"

setup_sparse() { once root-sparse "$SPARSE_PACKAGES" add_sparse; }

add_sparse() {
	step root-sparse "sparse in it" in_root_apt_install "$SPARSE_PACKAGES" || explain root-sparse "installing sparse"
}
