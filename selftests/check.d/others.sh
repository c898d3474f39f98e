# SPDX-License-Identifier: GPL-2.0
# Programs of others on the sample driver's node, on kernels of Debian: see tools/guest/others.sh. Sourced by the steps, after lib.sh.
#
# Of the tests in the kernel's tree lib/test_vmalloc.c runs here: it is what tools/testing/selftests/mm/test_vmalloc.sh loads. No
# other in tools/testing/selftests fits. Nearest are mm/pfnmap.c and ia64/aliasing-test.c, which mmap() the memory of a device
# (the sample's node has no mmap()), and pci_endpoint/ and vfio/, which want drivers of their own for the device. What cpu-hotplug/
# does, 84-cpus-go does.
# shellcheck shell=bash

# Each of the four jobs has a fourth of the memory, and writes there wherever it likes, in pieces of any size. fio knows no end of
# a character device, and there no offset either: so a job begins no piece but in its percents of the memory.
OTHERS_FIO=()
for others_zone in 100/24:0/76 0/25:100/24:0/51 0/50:100/24:0/26 0/75:100/24:0/1; do
	OTHERS_FIO+=("--name=percents-$others_zone" --random_distribution="zoned:$others_zone" --size=256m --io_size=4m --rw=randwrite
		--bsrange=1k-100k --bs_unaligned --verify=crc32c --verify_fatal=1 --verify_state_save=0 --thread --ioengine=psync)
done

make_vmalloc_test() {
	IOMRS_M=$CACHE/source/lib IOMRS_MO=$others tools/kbuild "$1" -- CONFIG_TEST_VMALLOC=m \
		KCFLAGS="-include $CHECKOUT/selftests/c_driver/test_vmalloc.h" test_vmalloc.ko
}

# host_finds SEED: what fio wrote at last is in the file that is the device's memory.
host_finds() {
	tools/in-root fio --name=global --filename="$others/bar2" --randseed="$1" --verify_only "${OTHERS_FIO[@]}" --output=/dev/null > /dev/null
}

# run_others KERNEL SECONDS: for so long with each strategy.
run_others() {
	local kernel=$1 seconds=$2 files modules
	others=$CLONE/others-$kernel
	mkdir -p "$others"
	verdict "build of the modules, $kernel" build "$kernel" stock '' || return 0
	verdict "build of the test of vmalloc, $kernel" make_vmalloc_test "$kernel" || return 0
	modules=$(where "$kernel" stock '')
	mapfile -t files < <(program_files fio stress-ng)
	truncate -s 0 "$others/bar2" && truncate -s 256M "$others/bar2"
	printf '%s\n' "${OTHERS_FIO[@]}" > "$others/fio-args"
	tools/in-root python3 -B tools/initramfs.py "$others/initrd" tools/guest/others.sh "${files[@]}" \
		"$others"/{fio-args,test_vmalloc.ko} "$modules"/io-mapping-{rs,sample}.ko
	# The second device has no driver, for the library's own check.
	tools/boot --kernel "$kernel" --initrd "$others/initrd" --append "iomrs_seconds=$seconds log_buf_len=4M" --memory 2G \
		--timeout $((seconds * 6 + 240)) --log "$LOGS/others-$kernel-console.log" -- \
		-object "memory-backend-file,id=bar2,size=256M,mem-path=$others/bar2,share=on" -device ivshmem-plain,memdev=bar2 \
		-object memory-backend-ram,id=unused,size=16M,share=on -device ivshmem-plain,memdev=unused |
		tee "$others/said" | guest "others, $kernel" || not_ok "others, $kernel: the guest" "it ended with status $?"
	verdict "others, $kernel: the host finds what fio wrote" host_finds "$(sed -n 's/^seed //p' "$others/said" | tail -n 1)" || true
}
