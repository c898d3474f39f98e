#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs our KUnit suites on a test kernel, in virtme-ng or an initramfs. Inside the trixie root.

    tools/kunit.py DIR-OF-MODULES NAME [--kernel KERNEL] [--boot BOOT] [--log FILE]

Each case is a test of make check, its name beginning with NAME. The guest has an ivshmem device (bar_gib(), a
sparse file), a device with a port BAR, one with an MSI-X table, a serial port that no driver looks for, and a range of RAM set
aside. (On 32-bit ARM it has two ivshmem devices, the memory of one in place of that range, and the port BAR.) What a case
needs of the kernel's command line or the CPU comes by more boots (BOOTS): a case is skipped if all of them skip it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import namedtuple

import accel
import boot
import initramfs
import ktap
import python
import qemu
import tap

TOOLS = os.path.dirname(os.path.realpath(__file__))
# A whole section of the kernel's memory model, so that it has no struct pages.
RESERVED_PHYS, RESERVED_MIB = 768 << 20, 128
RANGE = f"{RESERVED_PHYS} {RESERVED_MIB << 20}"
INSIDE_MARK = "/etc/io-mapping-rs-root"  # as in tools/lib.sh
# What the init of virtme-ng's guests would run, and no test wants. Emulated on two slow cores it took 25 s.
UDEV = "/usr/lib/systemd/systemd-udevd", "/usr/bin/udevadm", "/usr/bin/systemd-tmpfiles"
# More than the largest unit of the arena, of which a mapping of all of the BAR needs one.
MEMORY = "6G"
# Where the kernel does not look for a serial port.
UART = 0x1c8
# The kernel's own buffer has 128 KiB. The suites fill it, and what was said of the first would be lost.
LOG = "log_buf_len=4M"
# The guests without virtme-ng. There is none for 32-bit ARM. With the debug kernel what it starts before the tests takes
# minutes, and what kmemleak prints under its own lock must not go to its console, whose driver allocates memory.
IN_INITRAMFS = "arm-lowmem", "arm-lpae", "debug"
# What these have of ours, where it is built.
MODULES = "io-mapping-rs.ko", "io-mapping-selftests.ko", "io-mapping-bugs.ko", "io-mapping-sample.ko", "io-mapping-bench.ko"
# Suites look for addresses in /proc/vmallocinfo.
SUITES = "no_hash_pointers"
TIMEOUT = 600
# How many times longer tests take with checkers.
SLOWDOWN = {"debug": 5, "kcsan": 5}
# A guest that has not said a word by then does not come up. On a loaded machine emulation does that now and then, before
# anything of ours has been loaded. It is booted again.
SILENT, TRIES = 150, 3
# The ivshmem devices of a guest for 32-bit ARM: the first is a device, the second in place of the range that is set aside.
ARM_MEMORY = {"bar2": "64M", "range": "64M"}
IN_TIME = "the guest ends in time"

# `globs` pick the cases, in turn (all where there are none), `cpu` needs emulation where it is given.
Boot = namedtuple("Boot", "append cpu globs")
BOOTS = {
    "plain": Boot("", "", []),
    "nohugeiomap": Boot("nohugeiomap", "", ["*.*nohugeiomap*"]),
    "nopat-52-bits": Boot("nopat no5lvl", "max,phys-bits=52", ["*.*without_pat*", "*.*large_aperture*", "*.s2[29]_*"]),
}


def memory_backend(name, size, more):
    return ["-object", f"memory-backend-{more},id={name},size={size},share=on", "-device", f"ivshmem-plain,memdev={name}"]


def bar_gib(kernel):
    """How large the memory of the ivshmem device is. KASAN makes and frees a shadow of an eighth of what is mapped with each
    mapping: with all of 4 GiB mapped again and again, tests take minutes. Tests want 1 GiB."""
    return 1 if kernel == "debug" else 4


def devices_of(kernel, backing):
    """QEMU's arguments for the devices of a guest. `backing` is a file, for the memory of one."""
    devices = ["-device", "pci-testdev,membar=64M"]
    if qemu.is_arm(kernel):
        for name, size in ARM_MEMORY.items():
            devices += memory_backend(name, size, "ram")
        return devices
    return [*memory_backend("bar2", f"{bar_gib(kernel)}G", f"file,mem-path={backing}"), *devices, "-device", "nvme,serial=iomrs",
            "-chardev", "null,id=uart", "-device", f"isa-serial,iobase={UART:#x},irq=5,chardev=uart"]


def append_of(args, wanted):
    """What each guest has on its kernel's command line."""
    reserved = "" if qemu.is_arm(args.kernel) else f"memmap={RESERVED_MIB}M${RESERVED_PHYS >> 20}M"
    suites = SUITES if args.guest == "kunit.sh" else ""
    glob = f"kunit.filter_glob={args.glob}" if args.glob else ""
    return f"{LOG} ignore_loglevel {reserved} {suites} {wanted.append} {args.append} {glob}"


def params_of(args, wanted):
    """MORE of tools/guest/kunit.sh, and what follows it."""
    more = ",".join(["only", *wanted.globs]) if wanted.globs and not args.glob else args.more
    uart = [] if qemu.is_arm(args.kernel) else [f"uart={UART}"]
    return " ".join([more, *uart, *args.param])


def command(args, wanted, image, backing, log):
    """vng's command line. It opens its output by path, so that must be a pipe."""
    devices = " ".join([*devices_of(args.kernel, backing), "-device virtio-serial-pci -device virtconsole,chardev=klog",
                        f"-chardev file,id=klog,path={log}"])
    kvm = []
    cpu = args.cpu or wanted.cpu
    if cpu or accel.choose(image) != "kvm":
        kvm = ["--disable-kvm"]
        devices += f" -cpu {cpu or 'max'}"
    virtme, script = (os.path.join(TOOLS, "guest", name) for name in ("virtme.sh", args.guest))
    return ["vng", "--run", image, *kvm, "--cpus", str(args.cpus), "--memory", args.memory, f"--qemu-opts={devices}",
            "--append", f"no_timer_check console=hvc0 {append_of(args, wanted)}",
            "--", f"{virtme} {script} {args.modules} {RANGE} {params_of(args, wanted)}"]


def without_udev():
    """Hides it from the guests, which have our root. Other steps want it there. The mounts are tools/in-root's own."""
    if not os.path.exists(INSIDE_MARK):
        sys.exit("error: this is not the trixie root: run tools/in-root python3 -B tools/kunit.py")
    for path in filter(os.path.exists, UDEV):
        subprocess.run(["mount", "--bind", os.devnull, path], check=True)


def run_in_initramfs(args, wanted, log):
    """What a guest printed that has busybox and our modules alone."""
    with tempfile.TemporaryDirectory(prefix="kunit-", dir=qemu.cache_dir()) as scratch:
        backing, params, reserved, initrd = (os.path.join(scratch, name) for name in ("bar2", "params", "range", "initrd"))
        write(params, params_of(args, wanted))
        guest = os.path.join(TOOLS, "guest")
        files = {name: os.path.join(guest, name) for name in ("kunit.sh", "checkers.sh")}
        if args.guest.endswith(".py"):
            files.update(python.program(os.path.join(guest, args.guest), "guest.py"))
        files.update((name, os.path.join(args.modules, name)) for name in MODULES if os.path.exists(os.path.join(args.modules, name)))
        files.update(params=params)
        memory = "1G"
        if not qemu.is_arm(args.kernel):
            write(reserved, RANGE)
            make_backing(args.kernel, backing)
            files.update(range=reserved)
            memory = args.memory
        initramfs.build(initrd, os.path.join(guest, "kunit_init.sh"), files, qemu.busybox(args.kernel))
        output = ""
        try:
            with boot.Guest(args.kernel, initrd, log, append_of(args, wanted), devices_of(args.kernel, backing), smp=args.cpus, memory=memory,
                            timeout=args.limit) as running:
                # For who wants to see how far a guest is that takes an hour.
                with open(f"{log}.output", "w", buffering=1) as so_far:
                    for line in running.lines():
                        so_far.write(line + "\n")
                        output += line + "\n"
        except qemu.GuestError as error:
            output += f"@not ok {IN_TIME}: {error}\n@done\n"
    return output


def write(path, text):
    with open(path, "w") as f:
        f.write(text + "\n")


def make_backing(kernel, path):
    with open(path, "wb") as f:
        f.truncate(bar_gib(kernel) << 30)


def run(args, wanted, log):
    """What the guest printed."""
    if args.kernel in IN_INITRAMFS:
        return run_in_initramfs(args, wanted, log)
    for _ in range(TRIES):
        output = run_once(args, wanted, log)
        if output is not None:
            return output
        tap.note("a guest did not come up in time, and was booted again")
    return f"\n@not ok {IN_TIME}: {TRIES} times it did not come up\n@done\n"


def run_once(args, wanted, log):
    """As run(); None if the guest does not come up."""
    image = qemu.kernel_image(args.kernel)
    with tempfile.TemporaryDirectory(prefix="kunit-", dir=qemu.cache_dir()) as scratch:
        backing = os.path.join(scratch, "bar2")
        make_backing(args.kernel, backing)
        process = subprocess.Popen(command(args, wanted, image, backing, log), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=qemu.die_with_parent)
        try:
            try:
                output, _ = process.communicate(timeout=SILENT)
            except subprocess.TimeoutExpired:
                if not (os.path.exists(log) and os.path.getsize(log)):
                    qemu.kill_session(process)
                    last_words(process)
                    return None
                output, _ = process.communicate(timeout=args.limit - SILENT)
        except subprocess.TimeoutExpired:
            qemu.kill_session(process)
            output = last_words(process)
            output += f"\n@not ok {IN_TIME}: it took longer than {args.limit} s\n@done\n".encode()
    return output.decode(errors="replace").replace("\r", "")


def last_words(process):
    """What a process that was killed had printed. A child of it that is still there may keep the pipe open."""
    try:
        return process.communicate(timeout=10)[0]
    except subprocess.TimeoutExpired as error:
        return error.output or b""


def why_it_ended(output, log):
    """For a guest that did not come to its end: the kernel's last words, or its own."""
    with open(log, errors="replace") as f:
        panic = [line.strip() for line in f if any(sign in line for sign in ("Kernel panic", "BUG:", "Oops"))]
    return (panic or output.strip().splitlines()[-1:] or ["no output"])[0]


def split(output):
    """-> [[suite, how it was run, KTAP]], [our own lines]"""
    suites, own, current = [], [], None
    for line in output.splitlines():
        if line.startswith("@suite "):
            suite, _, how = line[len("@suite "):].partition(" ")
            current = [suite, how, ""]
            suites.append(current)
        elif line.startswith("@"):
            current = None
            own.append(line[1:])
        elif current is not None:
            current[2] += line + "\n"
    return suites, own


def results(args, name):
    """One boot: (case, "ok" | "not ok" | "skip", reason) for each."""
    log = f"{args.log}.{name}"
    output = run(args, BOOTS[name], log)
    print(f"    === {name}\n" + "\n".join("    | " + line for line in output.splitlines()), flush=True)
    suites, own = split(output)
    if "done" not in own:
        own.append(f"not ok the guest comes to its end: {why_it_ended(output, log)}")
    for _, how, text in suites:
        for case, verdict, reason in ktap.results(text):
            yield f"{case} {how}".rstrip(), verdict, reason
    if not suites and not args.glob:
        yield f"suites ({name})", "not ok", "the modules brought no KUnit suite"
    for line in own:
        for verdict in ("not ok ", "ok "):
            if line.startswith(verdict):
                what, _, reason = line[len(verdict):].partition(": ")
                yield f"{what} ({name})", verdict.strip(), reason
                break


def more(word):
    if word not in ("once", "again", "readers", "hotplug", "mutations") and not word.startswith("lockdep,"):
        raise argparse.ArgumentTypeError(f"there is no {word}")
    return word


def arguments(words=None):
    """What a guest is like: by these words, or by those of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules")
    parser.add_argument("name")
    parser.add_argument("--kernel", default="test")
    parser.add_argument("--boot", choices=BOOTS, help="this boot alone")
    parser.add_argument("--param", action="append", default=[], help="a parameter of the selftests' module, such as sparse=1")
    parser.add_argument("--glob", help="these cases alone: suite.case")
    parser.add_argument("--guest", default="kunit.sh", help="what runs in the guest: a file of tools/guest")
    parser.add_argument("--more", default="once", type=more, help="what a boot for all cases does besides, see tools/guest/kunit.sh")
    parser.add_argument("--limit", type=int, default=TIMEOUT, help="seconds after which the guest is ended")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--cpu", help="QEMU's CPU, emulated")
    parser.add_argument("--memory", default=MEMORY, help="but for 32-bit ARM")
    parser.add_argument("--append", default="", help="more of the kernel's command line")
    parser.add_argument("--log", default="/tmp/iomrs-kunit.log", help="where consoles go, with the boot's name added")
    args = parser.parse_args(words)
    args.limit *= SLOWDOWN.get(args.kernel, 1)
    if qemu.is_arm(args.kernel) and args.guest != "kunit.sh":
        parser.error(f"{args.guest} needs Python, which the guests for 32-bit ARM do not have")
    if args.cpu and args.kernel in IN_INITRAMFS:
        parser.error(f"--cpu is for guests in virtme-ng, and that of {args.kernel} is none")
    return args


def main():
    args = arguments()
    if args.kernel not in IN_INITRAMFS:
        without_udev()
    merged = {}
    for name in [args.boot] if args.boot else BOOTS:
        for case, verdict, reason in results(args, name):
            worst = ("skip", "ok", "not ok")
            if case not in merged or worst.index(verdict) > worst.index(merged[case][0]):
                merged[case] = (verdict, reason)
        if f"{IN_TIME} ({name})" in merged:
            break  # The next would take as long.
    for case, (verdict, reason) in merged.items():
        if verdict == "skip":
            tap.skip(f"{args.name} {case}", reason)
        else:
            tap.judge(f"{args.name} {case}", verdict == "not ok" and (reason or "it says nothing"))


if __name__ == "__main__":
    try:
        main()
    except qemu.GuestError as error:
        sys.exit(f"error: {error}")
