# SPDX-License-Identifier: GPL-2.0
# What calls a device's node in ways that no program does: stress-ng, in the root.
# shellcheck shell=bash

STRESS_PACKAGES="stress-ng"

setup_stress() { once root-stress "$STRESS_PACKAGES" add_stress; }

add_stress() {
	step root-stress "stress-ng in it" in_root_apt_install "$STRESS_PACKAGES" || explain root-stress "installing stress-ng"
}
