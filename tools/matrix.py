#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the demo on Debian's kernels on other machines and with other parameters of the kernel. Inside the trixie root.

    tools/matrix.py LOGS KERNEL=DIR-OF-MODULES...

CELLS says where it runs, and what differs there. Each cell is a test of make check: all checks of the demo, and that the
machine was what the cell says.
"""

import os
import re
import sys
from collections import namedtuple

import accel
import demo
import qemu
import tap

GIB = 1 << 30
# `append`: of the kernel's command line. `cpu`: of emulation. `smp`, `memory`: of the machine. `flags`: what /proc/cpuinfo must
# have, and with "-" what it must not have. `console`: what the kernel must say. `but`: what is other there, and why; all of
# the memory cannot be mapped at once then. `kvm`: why there is none of it in emulation.
Cell = namedtuple("Cell", "name append cpu smp memory flags console but kvm kernel",
                  defaults=("", None, 2, 1 * GIB, "", "", "", "", "stock"))
CELLS = [
    Cell("pti=on, without PCID and INVPCID", append="pti=on", cpu="max", flags="pti -pcid -invpcid",
         console="Kernel/User page tables isolation: enabled"),
    Cell("pti=on, with PCID and INVPCID", append="pti=on", flags="pti pcid invpcid",
         kvm="QEMU's emulation has no PCID; the suite tlb_flushes of selftests/host has a model of it"),
    Cell("pti=on, with PCID and without INVPCID", append="pti=on clearcpuid=invpcid", flags="pti pcid -invpcid",
         kvm="QEMU's emulation has no PCID; the suite tlb_flushes of selftests/host has a model of it"),
    Cell("nopat", append="nopat", console="PAT support disabled via boot option"),
    Cell("five levels of page table", cpu="max", flags="la57"),
    Cell("no5lvl", append="no5lvl", cpu="max", flags="-la57"),
    Cell("a CPU without pages of 1G", cpu="max,pdpe1gb=off", flags="-pdpe1gb"),
    Cell("one CPU", smp=1),
    Cell("eight CPUs", smp=8),
    Cell("256 MiB of memory", memory=GIB // 4,
         but="vmap() makes no area that is larger than the memory: Strategy::Whole for 256 MiB is ENOMEM"),
    Cell("8 GiB of memory", memory=8 * GIB),
    Cell("Debian's cloud flavour", kernel="stock-cloud"),
    Cell("Debian's rt flavour", kernel="stock-rt"),
]


def wrong_machine(cell, report, log):
    """What is other than the cell says."""
    for flag in cell.flags.split():
        if (flag.lstrip("-") in report.flags) == flag.startswith("-"):
            yield f"flags of the CPU: not as wanted, {flag}"
    if report.cpus != cell.smp:
        yield f"{report.cpus} CPUs"
    # The kernel keeps a part for itself.
    if not cell.memory * 3 // 4 < report.memory <= cell.memory:
        yield f"{report.memory >> 20} MiB of memory"
    with open(log, errors="replace") as console:
        if cell.console and cell.console not in console.read():
            yield f"the kernel has not said: {cell.console}"


def run(cell, modules, log):
    if cell.kvm and accel.choose(qemu.kernel_image(cell.kernel)) != "kvm":
        tap.skip(cell.name, cell.kvm)
        return
    emulation = {"cpu": cell.cpu, "accelerator": "tcg"} if cell.cpu else {}
    try:
        report = demo.run(modules, cell.kernel, log, has_whole=not cell.but, append=cell.append, smp=cell.smp,
                          memory=f"{cell.memory >> 20}M", timeout=2 * demo.TIMEOUT, **emulation)
    except qemu.GuestError as error:
        tap.not_ok(cell.name, error)
        return
    report.judge()
    wrong = [*wrong_machine(cell, report, log), *(f"{name}: {why}" for name, why in report.results.failures().items())]
    print(report.table())
    tap.judge(f"{cell.name}: {report.results.count()} checks" + (f" ({cell.but})" if cell.but else ""), "; ".join(wrong))


def main():
    logs, *places = sys.argv[1:]
    modules = dict(place.split("=") for place in places)
    wanted = os.environ.get("IOMRS_CELL", "")
    for cell in CELLS:
        if wanted in cell.name:
            name = re.sub(r"\W+", "-", cell.name)
            run(cell, modules[cell.kernel], os.path.join(logs, f"matrix-{name}-console.log"))


if __name__ == "__main__":
    main()
