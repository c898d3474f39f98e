#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What make demo does outside of the guest. Runs inside the trixie root.

    tools/demo.py DIR-OF-MODULES KERNEL

Boots Debian's kernel, or the debug kernel, with an ivshmem device whose memory (BAR 2) is a file here, answers the guest's questions about
that file, and prints what happened. tools/guest/demo.sh is the other side. Exit status 0 only if everything is good.
"""

import hashlib
import os
import re
import sys
import tempfile
import time

import boot
import initramfs
import qemu
import tap
from demo_report import Copy, Report

TOOLS = os.path.dirname(os.path.realpath(__file__))
MODULES = ["io-mapping-rs.ko", "io-mapping-sample.ko", "io-mapping-tests.ko"]
# Where address space is small: how large an aperture C makes.
C_APERTURES = "io-mapping-c-apertures.ko"
BAR_MIB = 256
# Four times the address space that there is for areas; the device is above 4 GiB.
ARM_LPAE_BAR_MIB = 1024
UNUSED_MIB = 16
TIMEOUT = 240
# For forget() of tools/guest/kernel.sh, on the debug kernel.
BUGS = "io-mapping-bugs.ko"
# The checkers of the debug kernel take memory and time.
DEBUG = {"memory": "3G", "timeout": 4 * TIMEOUT}
NEXT = """
What to do next:
  samples/device.rs  how the sample driver maps its device and accesses it
  README.md          how to install it, and how to write a driver of your own
  make check         runs tests; make help says how long that takes
  make bench         compares the speed with that of C's ioremap and io_mapping
  make help          lists all commands"""


class Memory:
    """The file that is the memory of the device, as the host sees it."""

    def __init__(self, path, mib):
        self.path = path
        self.mib = mib
        with open(path, "wb") as f:
            f.truncate(mib << 20)

    def read(self, offset, length):
        with open(self.path, "rb") as f:
            f.seek(offset)
            return f.read(length)

    def sha256(self, offset, length):
        return hashlib.sha256(self.read(offset, length)).hexdigest()

    def is_zero_from(self, offset):
        rest = self.read(offset, (self.mib << 20) - offset)
        return rest.count(0) == len(rest)

    def change(self, offset, length):
        """Fills it with random bytes. Returns their SHA-256."""
        with open(self.path, "r+b") as f:
            f.seek(offset)
            f.write(os.urandom(length))
        return self.sha256(offset, length)


def answer(memory, report, question, offset, length, *guest):
    """The answer to the guest's question. What was copied goes into the report."""
    where = f"{length >> 20} MiB at offset {offset >> 20} MiB"
    if question == "change":
        host = memory.change(offset, length)
        report.copies["host to guest", report.strategy] = Copy(f"{where}, changed by the host", host)
        return host
    host = memory.sha256(offset, length)
    report.copies["guest to host", report.strategy] = Copy(f"{where}, written by the guest", host, *guest)
    if guest != (host,):
        return f"the host's file has another SHA-256: {host}"
    return "same" if memory.is_zero_from(offset + length) else "bytes were changed after the end of the write"


def converse(guest, memory, report):
    for line in guest.lines():
        word, *words = line.split()
        if word == "ask":
            question, offset, length, *rest = words
            guest.send(answer(memory, report, question, int(offset), int(length), *rest))
        else:
            report.hear(line)


def backend(library):
    """The backend that the library was built for (modinfo -F backend)."""
    with open(library, "rb") as f:
        found = re.search(rb"\0backend=(\w+)\0", f.read())
    return found[1].decode() if found else "?"


def run(modules, kernel, log, has_whole=True, **options):
    """Boots the guest and has the conversation. Returns the report. Where not `has_whole`, all of the memory cannot be mapped
    once. The `options` are those of boot.Guest."""
    files = {name: os.path.join(modules, name) for name in [*MODULES, *([BUGS] if kernel == "debug" else [])]}
    missing = [path for path in files.values() if not os.path.exists(path)]
    if missing:
        sys.exit(f"error: the build did not make {missing[0]}: look at the output of make modules")
    if qemu.is_arm(kernel):
        files[C_APERTURES] = os.path.join(modules, C_APERTURES)
        has_whole = False
    with tempfile.TemporaryDirectory(prefix="demo-", dir=qemu.cache_dir()) as scratch:
        initrd = os.path.join(scratch, "initrd")
        initramfs.build(initrd, os.path.join(TOOLS, "guest", "demo.sh"), files, qemu.busybox(kernel))
        memory = Memory(os.path.join(scratch, "bar2"), ARM_LPAE_BAR_MIB if kernel == "arm-lpae" else BAR_MIB)
        devices = ["-object", f"memory-backend-file,id=bar2,size={memory.mib}M,mem-path={memory.path},share=on",
                   "-device", "ivshmem-plain,memdev=bar2", "-device", "pci-testdev",
                   # Without a driver, for the library's own check.
                   "-object", f"memory-backend-ram,id=unused,size={UNUSED_MIB}M,share=on", "-device", "ivshmem-plain,memdev=unused"]
        options = (DEBUG if kernel == "debug" else {"timeout": TIMEOUT}) | options
        if not has_whole:
            options["append"] = "iomrs_whole=no " + options.get("append", "")
        with boot.Guest(kernel, initrd, log, qemu=devices, **options) as guest:
            report = Report(guest.accelerator, backend(files[MODULES[0]]), kernel, has_whole)
            print(f"  running the demo on {report.whose} in QEMU ({report.accelerator}), about a minute ...", file=sys.stderr, flush=True)
            converse(guest, memory, report)
    return report


def print_for_check(results):
    """The lines that make check counts."""
    for name, reason in results.reasons.items():
        tap.judge(name, reason)


def main():
    log = os.path.join(sys.argv[1], "demo-console.log")
    start = time.monotonic()
    try:
        report = run(*sys.argv[1:], log)
    except qemu.GuestError as error:
        sys.exit(f"error: {error}\nlog: {log}")
    good = report.judge()
    print(report.table())
    if os.environ.get("IOMRS_RESULTS"):
        print_for_check(report.results)
    for name, reason in report.results.failures().items():
        print(f"FAILED {name}: {reason}")
    took = f"{time.monotonic() - start:.0f} s"
    if not good:
        print(f"The demo failed ({took}): see the lines above, and the kernel's console in {log}")
        return 1
    print(f"The demo passed: {report.results.count()} checks in {took}.\n{NEXT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
