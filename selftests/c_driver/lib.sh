# SPDX-License-Identifier: GPL-2.0
# Drivers of the kernel's own source, unmodified, as external modules: compiled with include/io_mapping_rs.h, or as C has
# them. Sourced after selftests/check.d/lib.sh, by steps that set $work, where it is built.
# shellcheck shell=bash disable=SC2154

# What of the source's drivers/ is built for a driver, in the order of loading. DRIVER-KERNEL: for that kernel. A folder: the
# objects of those of its files that name a function of C's that maps.
declare -A DRIVERS=(
	[nvme-stock]="nvme/common/nvme-keyring.ko nvme/common/nvme-auth.ko nvme/host/nvme-core.ko nvme/host/nvme.ko"
	[nvme-test]="nvme/host/nvme-core.ko nvme/host/nvme.ko"
	[e1000e]="net/ethernet/intel/e1000e/e1000e.ko"
	[bochs]="gpu/drm/tiny/bochs.ko"
	[mlx4_core]="net/ethernet/mellanox/mlx4/mlx4_core.ko"
	[ttm]="gpu/drm/ttm/ttm.ko"
	[nouveau]="gpu/drm/nouveau/nouveau.ko"
	[i915]="gpu/drm/i915/"
)
# What of Debian's modules a driver needs, in the order of loading.
declare -A NEEDS=([bochs]="drm drm_kms_helper drm_client_lib drm_shmem_helper")
# What the test kernel is configured without.
OPTIONS=(CONFIG_ETHERNET=y CONFIG_NET_VENDOR_INTEL=y CONFIG_E1000E=m CONFIG_NVME_CORE=m CONFIG_BLK_DEV_NVME=m)
# C's functions that a driver still calls to map or unmap; docs/c-drivers.md has the reasons.
declare -A LEFT=([nouveau]="pci_map_rom pci_unmap_rom" [i915]="pci_map_rom pci_unmap_rom")
# All of C's, by their symbols.
C_NAMES='(__|devm_|pci_|pcim_|of_|devm_of_|devm_platform_(get_and_)?)?(ioremap|iomap|iounmap)(_\w+)?'
C_NAMES+='|io_mapping_\w+|pci_(un)?map_rom|pci_(un)?remap_\w+|acpi_os_(un)?map_\w+'

# The library: its header, the backend that a kernel gets, and where it is built.
HEADER=$CHECKOUT/include/io_mapping_rs.h
declare -A BACKENDS=([stock]=stock [test]=exported)
library_of() { where "$1" "${BACKENDS[$1]}" ''; }
symvers() { printf '%s/Module.symvers\n' "$(library_of "$1")"; }

# objects_of KERNEL DRIVER. Files of i915's tests are included by others.
objects_of() {
	local objects=${DRIVERS[$2-$1]:-${DRIVERS[$2]}}
	case $objects in
	*/) (cd "$CACHE/source/drivers" && grep -rlwE --include='*.c' "$C_NAMES" "$objects" | grep -v /selftest | sed 's/c$/o/' | sort) ;;
	*) tr ' ' '\n' <<< "$objects" ;;
	esac
}

# modules_of KERNEL WHOSE DRIVER: the files. WHOSE mappings: the "library"'s, or "c"'s.
modules_of() {
	local object
	for object in $(objects_of "$1" "$3"); do printf '%s\n' "$work/$1-$2/$object"; done
}

# needs_of DRIVER: the files, unpacked.
needs_of() {
	local module packed
	for module in ${NEEDS[$1]:-}; do
		packed=$(find "$CACHE/debian-modules" -name "$module.ko.xz")
		tools/in-root xz -dc "$packed" > "$work/$module.ko" || return
		printf '%s\n' "$work/$module.ko"
	done
}

# make_driver KERNEL WHOSE DRIVER [MAKE-ARGS...]
make_driver() {
	local kernel=$1 whose=$2 driver=$3 out=$work/$1-$2 objects
	shift 3
	[ "$whose" = c ] || set -- "$@" KBUILD_EXTRA_SYMBOLS="$(symvers "$kernel")" KCFLAGS="-include $HEADER"
	mapfile -t objects < <(objects_of "$kernel" "$driver")
	mkdir -p "$out"
	IOMRS_M=$CACHE/source/drivers IOMRS_MO=$out tools/kbuild "$kernel" -- "${OPTIONS[@]}" "$@" "${objects[@]}"
}

# calls_of KERNEL WHOSE DRIVER PATTERN: the functions of that name that it calls.
calls_of() {
	modules_of "$1" "$2" "$3" | xargs tools/in-root nm -u | awk '{ print $2 }' | grep -xE "$4" | sort -u | paste -sd ' '
}

# No function of C's is left that maps but those of the list, and the library's are there.
calls_the_library() {
	local left
	left=$(calls_of "$1" library "$2" "$C_NAMES" || true)
	[ "$left" = "${LEFT[$2]:-}" ] || { echo "error: of C's it calls: $left" && return 1; }
	calls_of "$1" library "$2" 'iomrs_\w+' || { echo "error: of the library's it calls nothing" && return 1; }
}
