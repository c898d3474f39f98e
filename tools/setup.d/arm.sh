# SPDX-License-Identifier: GPL-2.0
# What boots the kernels for 32-bit ARM, besides what builds them: QEMU, and a busybox of Debian's architecture armhf.
# shellcheck shell=bash disable=SC2153

setup_arm() {
	once root-arm qemu-system-arm add_arm_qemu
	once arm-busybox "$SUITE" get_arm_busybox
}

add_arm_qemu() { step root-arm "QEMU for ARM" in_root_apt_install qemu-system-arm || explain root-arm "installing QEMU for ARM"; }

get_arm_busybox() {
	step arm-busybox "busybox for 32-bit ARM" unpack_arm_busybox || explain arm-busybox "downloading busybox for 32-bit ARM"
}

# The root itself does not learn of the architecture: its lists of packages stay apart.
unpack_arm_busybox() {
	local dir=$CACHE/arm-busybox apt
	apt=("$CHECKOUT/tools/in-root" apt-get -o APT::Architectures::=amd64 -o APT::Architectures::=armhf -o "Dir::State::Lists=$dir/lists")
	rm -rf "$dir" && mkdir -p "$dir/lists/partial" && cd "$dir" || return
	# Some list of that architecture may be out of step with the others, and not the one that is needed.
	"${apt[@]}" -o "Dir::Cache=$dir/cache" update || true
	"${apt[@]}" -o "Dir::Cache=$dir/cache" download busybox-static:armhf || return
	dpkg-deb -x busybox-static_*_armhf.deb "$dir" || return
	rm -rf "$dir/lists" "$dir/cache" "$dir"/*.deb
}
