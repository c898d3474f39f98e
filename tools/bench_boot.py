#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel with the benchmark, and gets its results. Inside the trixie root.

    tools/bench_boot.py KERNEL DIR-OF-MODULES OUT-DIR [--accel icount|kvm|tcg] [--cpus N] [--append ARGS] SPEC...

Leaves results, results.csv, samples and workloads.txt (the names and what they mean) in OUT-DIR. With icount (the default), each boot gives the same bytes.
"""

import argparse
import base64
import gzip
import os
import sys
import tempfile

import boot
import initramfs
import qemu

TOOLS = os.path.dirname(os.path.realpath(__file__))
MODULES = ["io-mapping-rs.ko", "io-mapping-bench.ko"]
FILES = ["results", "results.csv", "samples", "workloads.txt"]
# More than the largest unit of the arena that a workload needs; on 32-bit ARM there is none.
MEMORY, ARM_MEMORY = "4G", "1G"
TIMEOUT = 600


class BenchError(Exception):
    """The guest has not done all of it."""


def room(kernel):
    """Bytes of BAR 2 and the guest's memory that a kernel has room for."""
    return (256 << 20, ARM_MEMORY) if qemu.is_arm(kernel) else (1 << 40, MEMORY)


def devices(scratch, size):
    """An ivshmem device whose BAR 2 is of that size, the file behind it sparse; and one with a BAR of ports and one of 4K of memory."""
    backing = os.path.join(scratch, "bar2")
    with open(backing, "wb") as f:
        f.truncate(size)
    return ["-object", f"memory-backend-file,id=bar2,size={size},mem-path={backing},share=on",
            "-device", "ivshmem-plain,memdev=bar2", "-device", "pci-testdev,membar=4K"]


def converse(guest, progress):
    """The files that the guest hands over."""
    files, passed, failed = {}, [], []
    for line in guest.lines():
        word, _, rest = line.partition(" ")
        if word == "progress":
            done, count, spec = rest.split(" ", 2)
            progress(int(done), int(count), spec)
        elif word == "file":
            text = ""
            while (line := guest.line()) != "end":
                text += line
            files[rest] = gzip.decompress(base64.b64decode(text))
        elif word == "ok":
            passed.append(rest)
        elif line.startswith("not ok "):
            failed.append(line[len("not ok "):])
    missing = [name for name in FILES if not files.get(name)]
    if failed or missing:
        raise BenchError("; ".join(failed) or f"the guest has not sent {missing[0]}")
    return files


def run(kernel, modules, specs, log, mode="icount", cpus=None, append="", params=(), progress=lambda *_: None):
    """The contents of FILES, by name. `params` are the library's."""
    sources = {name: os.path.join(modules, name) for name in MODULES}
    icount = mode == "icount"
    with tempfile.TemporaryDirectory(prefix="bench-", dir=qemu.cache_dir()) as scratch:
        initrd = os.path.join(scratch, "initrd")
        for name, lines in ("specs", specs), ("params", params):
            sources[name] = os.path.join(scratch, name)
            with open(sources[name], "w") as f:
                f.writelines(line + "\n" for line in lines)
        initramfs.build(initrd, os.path.join(TOOLS, "guest", "bench.sh"), sources, qemu.busybox(kernel))
        # A machine of KVM has the host's width of addresses; what the others have is enough for 1 TiB.
        size, memory = room(kernel)
        if mode == "kvm":
            size = 64 << 30
        with boot.Guest(kernel, initrd, log, append, devices(scratch, size), icount=icount, smp=cpus, timeout=TIMEOUT,
                        memory=memory, accelerator=None if icount else mode, wide=True) as guest:
            return converse(guest, progress)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel")
    parser.add_argument("modules")
    parser.add_argument("out")
    parser.add_argument("--accel", default="icount", choices=["icount", "kvm", "tcg"])
    parser.add_argument("--cpus", type=int)
    parser.add_argument("--append", default="")
    parser.add_argument("spec", nargs="+")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    try:
        files = run(args.kernel, args.modules, args.spec, os.path.join(args.out, "console.log"), args.accel, args.cpus,
                    args.append, progress=lambda *what: print(*what, file=sys.stderr))
    except (BenchError, qemu.GuestError) as error:
        sys.exit(f"error: {error}")
    for name, content in files.items():
        with open(os.path.join(args.out, name), "wb") as f:
            f.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
