#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs our KUnit suites on a test kernel in virtme-ng. Inside the trixie root.

    tools/kunit.py DIR-OF-MODULES NAME [--kernel test|debug|kmap|arm-lowmem] [--boot BOOT] [--log FILE]

Each case is a test of make check, its name beginning with NAME. The guest has an ivshmem device of 4 GiB (a sparse
file), a device with a port BAR, one with an MSI-X table, a serial port that no driver looks for, and a range of RAM set
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
import qemu
import tap

TOOLS = os.path.dirname(os.path.realpath(__file__))
# A whole section of the kernel's memory model, so that it has no struct pages.
RESERVED_PHYS, RESERVED_MIB = 768 << 20, 128
# More than the largest unit of the arena, of which a mapping of all of the BAR needs one.
MEMORY = "6G"
# Where the kernel does not look for a serial port.
UART = 0x1c8
# vng's own console goes nowhere; the kernel's complaints are wanted, on a console of ours.
CONSOLE = "ignore_loglevel no_timer_check"
# The kernel's own buffer has 128 KiB. The suites fill it, and what was said of the first would be lost.
LOG = "log_buf_len=4M"
VIRTIO = "console=hvc0", "-device virtio-serial-pci -device virtconsole,chardev=klog"
# For the debug kernel: what kmemleak prints under its own lock must not go to a driver that allocates memory. There is but
# one console=ttyS, which vng has.
SERIAL = "earlycon=uart8250,io,0x3e8 keep_bootcon", "-device isa-serial,iobase=0x3e8,irq=4,chardev=klog"
# Suites look for addresses in /proc/vmallocinfo.
SUITES = "no_hash_pointers"
TIMEOUT = 600
# How many times longer the checkers of the debug kernel take.
SLOWDOWN = {"debug": 4}
APPEND = {"debug": qemu.DEBUG_APPEND}
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


def more_of(args, wanted):
    """MORE of tools/guest/kunit.sh."""
    return ",".join(["only", *wanted.globs]) if wanted.globs and not args.glob else args.more


def glob_of(args):
    """What the kernel's command line has to pick cases."""
    return f"kunit.filter_glob={args.glob}" if args.glob else ""


def command(args, wanted, image, backing, log):
    """vng's command line. It opens its output by path, so that must be a pipe."""
    console, klog = SERIAL if args.kernel == "debug" else VIRTIO
    devices = (f"-object memory-backend-file,id=bar2,size=4G,mem-path={backing},share=on "
            "-device ivshmem-plain,memdev=bar2 -device pci-testdev,membar=64M -device nvme,serial=iomrs "
            f"-chardev null,id=uart -device isa-serial,iobase={UART:#x},irq=5,chardev=uart "
            f"-chardev file,id=klog,path={log} {klog}")
    kvm = []
    if wanted.cpu or accel.choose(image) != "kvm":
        kvm = ["--disable-kvm"]
        devices += f" -cpu {wanted.cpu or 'max'}"
    script = os.path.join(TOOLS, "guest", args.guest)
    append = f"{APPEND.get(args.kernel, '')} {wanted.append}"
    suites = SUITES if args.guest == "kunit.sh" else ""
    params = " ".join([more_of(args, wanted), f"uart={UART}", *args.param])
    return ["vng", "--run", image, *kvm, "--cpus", str(args.cpus), "--memory", MEMORY, f"--qemu-opts={devices}",
            "--append", f"{LOG} memmap={RESERVED_MIB}M${RESERVED_PHYS >> 20}M {CONSOLE} {console} {suites} {append} {glob_of(args)}",
            "--", f"{script} {args.modules} {RESERVED_PHYS} {RESERVED_MIB << 20} {params}"]


def run_arm(args, wanted, log):
    """What a guest printed for which there is no virtme-ng: its files are in an initramfs."""
    with tempfile.TemporaryDirectory(prefix="kunit-", dir=qemu.cache_dir()) as scratch:
        params, initrd = (os.path.join(scratch, name) for name in ("params", "initrd"))
        with open(params, "w") as f:
            f.write(" ".join([more_of(args, wanted), *args.param]))
        guest = os.path.join(TOOLS, "guest")
        files = {name: os.path.join(guest, name) for name in ("lib.sh", "kunit.sh")}
        files.update({name: os.path.join(args.modules, name) for name in ("io-mapping-rs.ko", "io-mapping-selftests.ko")}, params=params)
        initramfs.build(initrd, os.path.join(guest, "kunit_init.sh"), files, qemu.busybox(args.kernel))
        devices = []
        for name, size in ARM_MEMORY.items():
            devices += ["-object", f"memory-backend-ram,id={name},size={size},share=on", "-device", f"ivshmem-plain,memdev={name}"]
        append = f"{LOG} ignore_loglevel {SUITES} {wanted.append} {glob_of(args)}"
        output = ""
        try:
            with boot.Guest(args.kernel, initrd, log, append, [*devices, "-device", "pci-testdev,membar=64M"],
                            smp=args.cpus, timeout=TIMEOUT) as guest:
                for line in guest.lines():
                    output += line + "\n"
        except qemu.GuestError as error:
            output += f"@not ok {IN_TIME}: {error}\n@done\n"
    return output


def run(args, wanted, log):
    """What the guest printed."""
    if qemu.is_arm(args.kernel):
        return run_arm(args, wanted, log)
    for _ in range(TRIES):
        output = run_once(args, wanted, log)
        if output is not None:
            return output
        tap.note("a guest did not come up in time, and was booted again")
    return f"\n@not ok {IN_TIME}: {TRIES} times it did not come up\n@done\n"


def run_once(args, wanted, log):
    """As run(); None if the guest does not come up."""
    image = qemu.kernel_image(args.kernel)
    silent, limit = (seconds * SLOWDOWN.get(args.kernel, 1) for seconds in (SILENT, args.limit))
    with tempfile.TemporaryDirectory(prefix="kunit-", dir=qemu.cache_dir()) as scratch:
        backing = os.path.join(scratch, "bar2")
        with open(backing, "wb") as f:
            f.truncate(4 << 30)
        process = subprocess.Popen(command(args, wanted, image, backing, log), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=qemu.die_with_parent)
        try:
            try:
                output, _ = process.communicate(timeout=silent)
            except subprocess.TimeoutExpired:
                if not (os.path.exists(log) and os.path.getsize(log)):
                    qemu.kill_session(process)
                    last_words(process)
                    return None
                output, _ = process.communicate(timeout=limit - silent)
        except subprocess.TimeoutExpired:
            qemu.kill_session(process)
            output = last_words(process)
            output += f"\n@not ok {IN_TIME}: it took longer than {limit} s\n@done\n".encode()
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules")
    parser.add_argument("name")
    parser.add_argument("--kernel", default="test")
    parser.add_argument("--boot", choices=BOOTS, help="this boot alone")
    parser.add_argument("--param", action="append", default=[], help="a parameter of the selftests' module, such as sparse=1")
    parser.add_argument("--glob", help="these cases alone: suite.case")
    parser.add_argument("--guest", default="kunit.sh", help="what runs in the guest: a file of tools/guest")
    parser.add_argument("--more", default="once", choices=["once", "again", "readers"],
                        help="what a boot for all cases does besides, see tools/guest/kunit.sh")
    parser.add_argument("--limit", type=int, default=TIMEOUT, help="seconds after which the guest is ended")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--log", default="/tmp/iomrs-kunit.log", help="where consoles go, with the boot's name added")
    args = parser.parse_args()
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
