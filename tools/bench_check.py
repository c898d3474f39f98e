#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Whether the benchmark's numbers repeat and can be believed; for make check. Inside the trixie root.

    tools/bench_check.py DIR-OF-MODULES LOG-DIR

Boots the test kernel twice alike, counting instructions: all bytes that the module hands over must be the same. Prints a
line for each thing that make check counts. How fast ours may be at worst is judged elsewhere (70-timing).
"""

import csv
import io
import json
import os
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import bench_boot
import boot

SPECS = ["ioremap,create size=4K,2M,1G batches=60", "create size=1T strategy=sparse batches=60",
         "map_local,map_local_read,nested4,fill_verify batches=12", "copy_to size=64 batches=12"]
ROWS_OF_OURS = 3 * 9 + 3 + 8 + 1


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


def judge(files):
    """The lines about a boot."""
    rows = json.loads(files["results"])
    ours = [row for row in rows if row["side"] == "ours"]
    again = [row for row in rows if row["side"] == "c again" and row["verdict"] == "measured"]
    missing = [f"{row['workload']}: {row['reason']}" for row in ours if row["verdict"] == "not run"]
    yield "each job has its rows", len(ours) == ROWS_OF_OURS and not missing, f"{len(ours)} of {ROWS_OF_OURS} {missing}"
    believed = sum(row["verdict"] == "measured" for row in ours)
    yield "nine lines of ten can be believed", believed * 10 >= len(ours) * 9, f"{believed} of {len(ours)}"
    off = [row["workload"] for row in again if not 0.99 <= row["ratio"] <= 1.01]
    yield "C against C is 1.00 +- 0.01 in what is believed", again and not off, f"not so: {off}"
    wrong = samples_fit(files)
    yield "samples, JSON and CSV agree", wrong is None, wrong


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    modules, logs = sys.argv[1:]

    def run(name):
        try:
            return bench_boot.run("test", modules, SPECS, os.path.join(logs, f"bench-{name}-console.log"))
        except (bench_boot.BenchError, boot.GuestError) as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        first, again = pool.map(run, ["first", "again"])
    for files in (first, again):
        if isinstance(files, Exception):
            print(f"not ok the guest comes to its end: {files}")
            return
    for name, holds, why in judge(first):
        print(f"ok {name}" if holds else f"not ok {name}: {why}")
    different = [name for name in bench_boot.FILES if first[name] != again[name]]
    print(f"not ok two boots give the same bytes: {different}" if different else "ok two boots give the same bytes")


if __name__ == "__main__":
    main()
