#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the instructions of a workload of the benchmark go, function by function, C's beside ours. Inside the trixie root.

    tools/profile.py KERNEL DIR-OF-MODULES SPEC [--seconds N]

SPEC names one workload and one size, such as "ioremap size=4K". For some seconds QEMU writes down every instruction that
the guest executes; what is printed is of the commonest run of each side, from the call to its return, harness included.
"""

import argparse
import bisect
import base64
import collections
import gzip
import os
import re
import subprocess
import sys
import tempfile
import time

import bench_boot
import boot
import initramfs
import qemu

TOOLS = os.path.dirname(os.path.realpath(__file__))
TIMEOUT = 300
LINES = 45
# Of the benchmark, where our workloads are.
OURS = ("ranges", "maps", "accesses", "c_api")
# QEMU's "exec" log: Trace 0: HOST [CS/PC/FLAGS/CFLAGS] ...
PC = re.compile(r"\[[0-9a-f]+/([0-9a-f]+)/")

Symbol = collections.namedtuple("Symbol", "addr name module")


class Symbols:
    """The guest's functions, by address."""

    def __init__(self, kallsyms):
        fields = (line.split() for line in kallsyms.splitlines())
        self.all = sorted(Symbol(int(f[0], 16), f[2], f[3] if len(f) > 3 else "") for f in fields if f[1] in "tTwW")
        self.addrs = [symbol.addr for symbol in self.all]

    def at(self, pc):
        return self.all[bisect.bisect_right(self.addrs, pc) - 1]


def receive(guest):
    """A file that the guest hands over."""
    text = ""
    while (line := guest.line()) != "end":
        text += line
    return gzip.decompress(base64.b64decode(text)).decode()


def record(kernel, modules, spec, seconds, scratch):
    """The guest's symbols, and the file with what it executed."""
    sources = {name: os.path.join(modules, name) for name in bench_boot.MODULES}
    sources["specs"] = os.path.join(scratch, "specs")
    with open(sources["specs"], "w") as f:
        f.write(spec + "\n")
    initrd, monitor, trace = (os.path.join(scratch, name) for name in ("initrd", "monitor", "trace"))
    initramfs.build(initrd, os.path.join(TOOLS, "guest", "profile.sh"), sources, qemu.busybox(kernel))
    size, memory = bench_boot.room(kernel)
    devices = [*bench_boot.devices(scratch, size), "-monitor", f"unix:{monitor},server,nowait", "-D", trace]
    with boot.Guest(kernel, initrd, os.path.join(scratch, "console"), "nokaslr", devices, icount=True, timeout=TIMEOUT, memory=memory,
                    wide=True) as guest:
        symbols = None
        for line in guest.lines():
            if line == "kallsyms":
                symbols = Symbols(receive(guest))
            elif line.startswith("not ok "):
                raise qemu.GuestError(line[len("not ok "):], 1)
            elif line == "running":
                break
        tell = qemu.Monitor(monitor)
        for command in ("stop", "one-insn-per-tb on", "log exec,nochain", "cont"):
            tell(command)
        time.sleep(seconds)
        for command in ("stop", "log none"):
            tell(command)
        guest.process.kill()
    return symbols, trace


def runs(symbols, trace):
    """By the function of the benchmark that was called: the functions of each run, one for each instruction."""
    found, entry, current = collections.defaultdict(list), None, []
    with open(trace, errors="replace") as f:
        for line in f:
            match = PC.search(line)
            if not match:
                continue
            pc = int(match.group(1), 16)
            symbol = symbols.at(pc)
            if symbol.module == "[io_mapping_bench]" and "runner" in symbol.name:
                if entry:
                    found[entry].append(current)
                entry, current = None, []
            elif entry is None and not current and symbol.module == "[io_mapping_bench]" and pc == symbol.addr:
                entry, current = symbol.name, [symbol.name]
            elif entry:
                current.append(symbol.name)
    return found


def helpers():
    """C's functions that measure, and are not measured."""
    text = ""
    for name in ("machine.c", "claim.c"):
        with open(os.path.join(TOOLS, "..", "bench", "c", name)) as f:
            text += f.read()
    return set(re.findall(r"\biomrs_b_\w+", text))


def commonest(all_runs):
    """The first run that takes as long as most do."""
    length = collections.Counter(map(len, all_runs)).most_common(1)[0][0]
    return next(run for run in all_runs if len(run) == length)


def sides(found):
    """C's run and ours: of what was called by each name, the one that most instructions went to."""
    by_side = {True: [], False: []}
    for name in found.keys() - helpers():
        all_runs, is_c = found[name], name.startswith("iomrs_b_")
        if is_c or "4ours" in name and any(f"{len(module)}{module}" in name for module in OURS):
            by_side[is_c].append((sum(map(len, all_runs)), commonest(all_runs)))
    if not all(by_side.values()):
        raise qemu.GuestError("one side was not seen to run: try more --seconds", 1)
    return tuple(max(by_side[is_c])[1] for is_c in (True, False))


def readable(names):
    """Names of Rust as people write them."""
    names = list(names)
    out = subprocess.run(["c++filt", "--format=rust", *names], capture_output=True, text=True, check=True).stdout
    return dict(zip(names, re.sub(r"\[[0-9a-f]{16}\]", "", out).splitlines()))


def table(c, ours):
    counts = [collections.Counter(run) for run in (c, ours)]
    names = readable(set(c) | set(ours))
    yield f"{'C':>8} {'ours':>8} {'more':>8}  function"
    yield f"{len(c):8} {len(ours):8} {len(ours) - len(c):+8}  in all"
    order = sorted(names, key=lambda name: (-max(count[name] for count in counts), name))
    for name in order[:LINES]:
        in_c, in_ours = (count[name] for count in counts)
        yield f"{in_c:8} {in_ours:8} {in_ours - in_c:+8}  {names[name]}"
    if order[LINES:]:
        rest = [sum(count[name] for name in order[LINES:]) for count in counts]
        yield f"{rest[0]:8} {rest[1]:8} {rest[1] - rest[0]:+8}  {len(order) - LINES} more"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel")
    parser.add_argument("modules")
    parser.add_argument("spec")
    parser.add_argument("--seconds", type=float, default=6)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="profile-", dir=qemu.cache_dir()) as scratch:
        try:
            symbols, trace = record(args.kernel, args.modules, args.spec, args.seconds, scratch)
            c, ours = sides(runs(symbols, trace))
        except qemu.GuestError as error:
            sys.exit(f"error: {error}")
    print(f"{args.spec}, {args.kernel} kernel: instructions of one run")
    print("\n".join(table(c, ours)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
