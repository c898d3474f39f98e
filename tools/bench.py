#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What make bench does: boots the kernels with the benchmark, and makes a report of the results. In the trixie root.

    tools/bench.py OUT-DIR KERNEL=MODULES...

Without KVM all is counted in instructions, so that it comes out the same each time: with BOOTS=3 each kernel is booted
three times, and any difference is an error. With ACCEL=kvm time is measured.

OUT-DIR gets results.csv and results.json (the fields of the module's files, and which boot each row is of), workloads.txt,
the samples of each boot, the plots and report.html.
"""

import csv
import io
import json
import os
import sys
import threading
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import bench_boot
import qemu

TOOLS = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(TOOLS), "bench", "report"))

Plan = namedtuple("Plan", "name kernel cpus specs")


def plans(mode, kernels):
    """What is booted. `name` is a column of the results."""
    cpus = min(os.cpu_count(), 8) if mode == "kvm" else 1
    found = [Plan(kernel, kernel, cpus, ["all"]) for kernel in kernels]
    if mode == "icount" and "test" in kernels:
        # Of several CPUs only one executes at a time, and all count: apart, to leave the rest alone.
        scaling = ["map_local_read cpus=all batches=40", "create size=2M cpus=all batches=40"]
        found.append(Plan("test-4", "test", 4, scaling))
    return found


class Progress:
    """A bar for all boots together, on a terminal; elsewhere a line now and then."""

    def __init__(self, boots):
        self.parts = dict.fromkeys(boots, 0.0)
        self.lock = threading.Lock()
        self.told = -1
        self.terminal = sys.stderr.isatty()

    def tell(self, boot_name, part, what):
        with self.lock:
            self.parts[boot_name] = part
            percent = int(100 * sum(self.parts.values()) / len(self.parts))
            if self.terminal:
                bar = "#" * (percent * 30 // 100)
                print(f"\r  [{bar:<30}] {percent:3} %  {boot_name}: {what:<30.30}", end="", file=sys.stderr, flush=True)
            elif percent // 10 > self.told:
                self.told = percent // 10
                print(f"  {percent} %  {boot_name}: {what}", file=sys.stderr, flush=True)

    def end(self):
        if self.terminal:
            print(file=sys.stderr)


def run_all(mode, modules, out, boots):
    """The files of each boot of each plan, by the plan's name."""
    wanted = [(plan, number) for number in range(boots) for plan in plans(mode, modules)]
    progress = Progress([(plan.name, number) for plan, number in wanted])

    def run(item):
        plan, number = item
        name = plan.name if boots == 1 else f"{plan.name} {number + 1}"
        log = os.path.join(out, f"console-{name.replace(' ', '-')}.log")

        def tell(done, count, what):
            # Booting is a good part of it.
            progress.tell((plan.name, number), 0.3 + 0.7 * done / count, what)

        progress.tell((plan.name, number), 0, "boots")
        files = bench_boot.run(plan.kernel, modules[plan.kernel], plan.specs, log, mode, plan.cpus, progress=tell)
        progress.tell((plan.name, number), 1, "done")
        return files

    # Time is measured on a machine that does nothing else.
    with ThreadPoolExecutor(1 if mode == "kvm" else os.cpu_count()) as pool:
        results = list(pool.map(run, wanted))
    progress.end()
    by_plan = {}
    for (plan, _), files in zip(wanted, results):
        by_plan.setdefault(plan.name, []).append(files)
    return by_plan


def differing(by_plan):
    """Names of boots that did not come out the same each time."""
    return [f"{name} ({file})" for name, runs in by_plan.items() for file in bench_boot.FILES
            if any(run[file] != runs[0][file] for run in runs)]


def write_results(by_plan, out):
    """results.csv and results.json; the rows as a list of dictionaries."""
    rows, text = [], io.StringIO()
    for name, runs in by_plan.items():
        table = csv.reader(io.StringIO(runs[0]["results.csv"].decode()))
        writer = csv.writer(text, lineterminator="\n")
        header = next(table)
        if not rows:
            writer.writerow(["boot", *header])
        writer.writerows([name, *line] for line in table)
        rows += [{"boot": name, **row} for row in json.loads(runs[0]["results"])]
        with open(os.path.join(out, f"samples-{name}"), "wb") as f:
            f.write(runs[0]["samples"])
    with open(os.path.join(out, "workloads.txt"), "wb") as f:
        f.write(runs[0]["workloads.txt"])
    with open(os.path.join(out, "results.csv"), "w", encoding="utf-8") as f:
        f.write(text.getvalue())
    with open(os.path.join(out, "results.json"), "w", encoding="utf-8") as f:
        json.dump(rows, f, indent=1)
    return rows


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    out, modules = sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:])
    mode = "kvm" if os.environ.get("ACCEL") == "kvm" else "icount"
    boots = int(os.environ.get("BOOTS") or 1)
    start = time.monotonic()
    os.makedirs(out, exist_ok=True)
    try:
        by_plan = run_all(mode, modules, out, boots)
    except (bench_boot.BenchError, qemu.GuestError) as error:
        sys.exit(f"error: {error}\nlog: {out}/console-*.log")
    different = differing(by_plan)
    rows = write_results(by_plan, out)
    import report  # Takes a while to load.
    unit = "time" if mode == "kvm" else mode
    report.make(out, rows, unit, boots if unit == "icount" and not different else 1)
    print(report.table(rows, unit))
    print(f"report: {os.path.join(out, 'report.html')} ({time.monotonic() - start:.0f} s)")
    if mode == "icount" and boots > 1:
        print(f"{boots} boots of each kernel: " + ("DIFFERENT: " + ", ".join(different) if different else "the same bytes"))
    return 1 if mode == "icount" and different else 0


if __name__ == "__main__":
    sys.exit(main())
