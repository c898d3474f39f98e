# SPDX-License-Identifier: GPL-2.0
# What draws the benchmark's plots: apart from packages.list, as nobody else needs it.
# shellcheck shell=bash

PLOT_PACKAGES="python3-matplotlib fonts-dejavu-core"

setup_plots() { once root-plots "$PLOT_PACKAGES" add_plots; }

add_plots() {
	step root-plots "matplotlib in it" in_root_apt_install "$PLOT_PACKAGES" ||
		explain root-plots "installing matplotlib"
}
