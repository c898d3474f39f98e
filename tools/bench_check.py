#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Whether the benchmark's numbers repeat and can be believed; for make check. Inside the trixie root.

    tools/bench_check.py LOG-DIR KERNEL=MODULES...

Boots each kernel, and the last one twice alike, counting instructions: all bytes that the module hands over must be the same
then. What is slower than C must have a reason (bench/report/reasons.py). Prints a line for each thing that
make check counts. How fast ours may be at worst is judged elsewhere (70-timing, 81-arm64).
"""

import csv
import io
import json
import os
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import bench_boot
import qemu
import tap

sys.path.insert(0, os.path.join(os.path.dirname(bench_boot.TOOLS), "bench", "report"))
import answer
import reasons

# The C API is on x86_64 only.
ROWS_OF_OURS = {"test": 124, "stock": 124, "stock-arm64": 117, "arm-lowmem": 117, "arm-lpae": 118}
# What is not run: on Debian's kernels where a range is too large for the arena; on ARM ioremap_uc(), which C refuses there, and
# with 32 bits what is larger than the machine's BAR or than C maps.
NOT_RUN = {"test": 0, "stock": 4, "stock-arm64": 5, "arm-lowmem": 18, "arm-lpae": 18}
# Lines of the table that the report begins with, of which something is not run for that reason.
BLANK = {"arm-lowmem": 2, "arm-lpae": 2}


def samples_fit(files):
    """What is wrong with the samples, or with either text, beside the other two; None where nothing is."""
    table = list(csv.DictReader(io.StringIO(files["results.csv"].decode())))
    rows = json.loads(files["results"])
    if len(table) != len(rows):
        return f"{len(table)} lines of CSV, {len(rows)} of JSON"
    data, at, seen = files["samples"], 8, 0
    while at < len(data):
        index, rounds, count, _ = struct.unpack_from("<4I", data, at)
        ticks = sorted(struct.unpack_from(f"<{count}Q", data, at + 16))
        at, seen, row = at + 16 + 8 * count, seen + 1, rows[index]
        # Nearest rank, in thousandths, rounded down.
        median = ticks[-(-count // 2) - 1] * 1000 // rounds / 1000
        expected = (count, rounds, ticks[0] * 1000 // rounds / 1000, median)
        if expected != (row["n"], row["rounds"], row["min"], row["p50"]):
            return f"row {index}: the samples give {expected}, results {row['min']} and {row['p50']}"
        if float(table[index]["p50"]) != row["p50"] or table[index]["workload"] != row["workload"]:
            return f"row {index}: CSV and JSON differ"
    return None if seen == sum(row["n"] > 0 for row in rows) else f"samples of {seen} rows only"


def pairs(rows):
    """C's row and ours of each measurement, which come one after another."""
    c = None
    for row in rows:
        if row["side"] == "c":
            c = row
        elif row["side"] == "ours":
            yield c, row


def judge(name, files):
    """The lines about a boot."""
    rows = json.loads(files["results"])
    ours = [row for row in rows if row["side"] == "ours" and row["phase"] == "all"]
    again = [row for row in rows if row["side"] == "c again" and row["verdict"] == "measured"]
    missing = [f"{row['workload']}: {row['reason']}" for row in ours if row["verdict"] == "not run"]
    yield (f"{name}: each job has its rows", len(ours) == ROWS_OF_OURS[name] and len(missing) == NOT_RUN[name],
           f"{len(ours)} of {ROWS_OF_OURS[name]} {missing}")
    inconclusive = [f"{row['workload']} {row['size']}: {row['reason']}" for row in ours if row["verdict"] == "inconclusive"]
    yield f"{name}: all lines can be believed", not inconclusive, inconclusive
    off = [row["workload"] for row in again if not 0.99 <= row["ratio"] <= 1.01]
    yield f"{name}: C against C is 1.00 +- 0.01 in what is believed", again and not off, f"not so: {off}"
    wrong = samples_fit(files)
    yield f"{name}: samples, JSON and CSV agree", wrong is None, wrong
    blank = [line.thing.text for line in answer.lines([{"boot": name, **row} for row in rows], name, "icount")
             if {answer.MISSING, answer.NOT_RUN} & {line.c, line.crate, line.ours}]
    yield f"{name}: all that the report begins with is measured", len(blank) == BLANK.get(name, 0), blank
    crate = [row for row in rows if row["side"] == "kernel crate" and row["phase"] == "all"]
    behind = {theirs["workload"] for theirs in crate for row in ours if row["workload"] == theirs["workload"]
              and row["size"] == theirs["size"] and reasons.is_behind(theirs, row) and not reasons.why_behind(row)}
    yield f"{name}: nothing is slower than the kernel crate", crate and not behind, f"{reasons.UNKNOWN}: {'; '.join(sorted(behind))}"
    unknown = {f"{row['workload']}, {row['strategy']}" for row, _, reason in reasons.slower(pairs(rows), "icount") if not reason}
    yield f"{name}: what is slower than C has a reason", not unknown, f"{reasons.UNKNOWN}: {'; '.join(sorted(unknown))}"


def different(one, other):
    """The files of two boots that are not the same."""
    return [name for name in bench_boot.FILES if one[name] != other[name]]


def third_boot_differs(run, first, again):
    """Where two boots differ: whether a third one differs from both. Seen once, with both cores busy; why is not known."""
    tap.note("two boots of the benchmark gave different bytes: a third one was compared with both")
    third = run()
    if isinstance(third, Exception):
        return third
    return different(first, third) and different(again, third)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    logs, modules = sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:])
    again = [*modules][-1]

    def run(name):
        kernel = name.split()[0]
        log = os.path.join(logs, f"bench-{name.replace(' ', '-')}-console.log")
        try:
            return bench_boot.run(kernel, modules[kernel], ["all"], log)
        except (bench_boot.BenchError, qemu.GuestError) as error:
            return error

    names = [*modules, f"{again} again"]
    with ThreadPoolExecutor(2) as pool:
        boots = dict(zip(names, pool.map(run, names)))
    for name, files in boots.items():
        if isinstance(files, Exception):
            tap.not_ok(f"{name}: the guest comes to its end", files)
            return
    rows = {name: json.loads(boots[name]["results"]) for name in modules}
    for name in modules:
        for what, holds, why in judge(name, boots[name]):
            tap.judge(what, None if holds else why or "it says nothing")
    slow = [found for of in rows.values() for found in reasons.slower(pairs(of), "icount")]
    machines = {reasons.machine(row) for of in rows.values() for row in of}
    # What any machine has a reason for is judged where the test kernel is measured.
    tap.judge("each reason is of something slower", reasons.stale(slow, machines | ({""} if "test" in modules else set())))
    first, second = boots[again], boots[f"{again} again"]
    tap.judge(f"two boots of {again} give the same bytes",
              different(first, second) and third_boot_differs(lambda: run(f"{again} again"), first, second))


if __name__ == "__main__":
    main()
