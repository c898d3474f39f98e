# SPDX-License-Identifier: GPL-2.0
# What looks at the benchmark's report (tools/devtools.py): 120 MB to load, so that only make check-all wants it.
# shellcheck shell=bash

BROWSER_PACKAGES="chromium-headless-shell"

setup_browser() { once root-browser "$BROWSER_PACKAGES" add_browser; }

add_browser() {
	step root-browser "Chromium in it, without a window" in_root_apt_install "$BROWSER_PACKAGES" ||
		explain root-browser "installing Chromium"
}
