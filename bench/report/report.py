# SPDX-License-Identifier: GPL-2.0
"""A benchmark's results as plots and one HTML page that needs nothing else.

    bench/report/report.py DIR icount|time

DIR has results.json and the samples of each boot; the plots and report.html go there too.
"""

import json
import os
import struct
import sys

import answer
import page
import plots
import reasons
from results import columns, cost, full_boots, heading, kernel_crate, label, number, pairs, select, unit


def read_samples(path):
    """Ticks of each batch, by row: see bench/results/output.rs."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:8] != b"IOMRSMP1":
        raise ValueError(f"{path}: not a file of samples")
    samples, at = {}, 8
    while at < len(data):
        row, _, count, _ = struct.unpack_from("<4I", data, at)
        samples[row] = list(struct.unpack_from(f"<{count}Q", data, at + 16))
        at += 16 + 8 * count
    return samples


# Costs are medians; "spread" is the median of how far batches are from it.
HEADINGS = ["boot", "operation", "C calls", "batches", "C", "kernel crate", "ours", "spread", "ours / C", "95 % interval",
            "verdict"]


def cells(c, ours, theirs, mode):
    """A line of the table, under HEADINGS."""
    what = label(ours) + (f", {ours['cpus']} CPUs" if ours["cpus"] > 1 else "")
    what += "" if ours["phase"] == "all" else f": {ours['phase']}"
    note = ours["verdict"] + (f": {ours['reason']}" if ours["reason"] else "")
    if not ours["n"]:
        return [ours["boot"], what, c["call"], "", "", "", "", "", "", "", note]
    of = lambda row, field: f"{cost(row, field, mode):,.1f}"
    ratio = ["", ""]
    if ours["ratio"] is not None:
        ratio = [f"{ours['ratio']:.3f}", f"{ours['ratio_low']:.3f} to {ours['ratio_high']:.3f}"]
    return [ours["boot"], what, c["call"], str(ours["n"]), of(c, "p50"), of(theirs, "p50") if theirs else "",
            of(ours, "p50"), of(ours, "mad"), *ratio, note]


def table(rows, mode):
    """For a terminal: operations as a whole, what is slower for no known reason, and the answer."""
    theirs = {id(ours): row for _, row, ours in kernel_crate(rows)}
    lines = [cells(c, ours, theirs.get(id(ours)), mode) for c, ours in pairs(rows) if ours["phase"] == "all"]
    chosen = [[line[0], line[1], *line[4:7], line[8], line[10]] for line in lines]
    text = columns([["boot", "operation", "C", "kernel crate", "ours", "ours/C", unit(mode)], *chosen], {0, 1, 6})
    for boot, what, *_, ratio in explained(rows, mode).get(reasons.UNKNOWN, []):
        text.append(f"slower than C, {reasons.UNKNOWN}: {boot}  {what}  {ratio}")
    for c, theirs, ours in kernel_crate(rows):
        if reasons.is_behind(theirs, ours) and not reasons.why_behind(ours):
            text.append(f"slower than the kernel crate, {reasons.UNKNOWN}: {ours['boot']}  {label(ours)}")
    return "\n".join([*text, *answer.text(rows, mode)])


def explained(rows, mode):
    """What is slower than C, by reason: (boot, operation, C's cost, ours, ratio) each."""
    found, c_rows = {}, {id(ours): c for c, ours in pairs(rows)}
    slow = reasons.slower(pairs(rows), mode)
    of = lambda row: (row["boot"], row["workload"], row["strategy"], row["size"])
    whole = {of(row) for row, *_ in slow if row["phase"] == "all"}
    for row, ratio, reason in slow:
        # What CPUs do together they do one by one as well; and a part is told where the whole is not.
        if row["cpus"] > 1 or (row["phase"] != "all" and of(row) in whole):
            continue
        what = label(row) + ("" if row["phase"] == "all" else f": {row['phase']}")
        costs = [number(cost(side, "p50", mode)) for side in (c_rows[id(row)], row)]
        found.setdefault(reason or reasons.UNKNOWN, []).append((row["boot"], what, *costs, f"{ratio:.2f}"))
    return found


def growth_caption(rows, mode, boot, workload):
    """What costs what, from the least to the most of all sizes."""
    ranges = []
    for line, (name, *_) in plots.growth_lines(rows, boot, workload):
        costs = [cost(row, "p50", mode) for row in line]
        ends = " to ".join(dict.fromkeys(map(number, (min(costs), max(costs)))))
        ranges.append(f"{name.partition(':')[0]} {ends}")
    return (f"Over all sizes: {'; '.join(ranges)} {unit(mode)}. What grows with the size is the number of page table entries to "
            "write, which falls where larger pages fit. A size without a mark was not run: the table of all numbers says why.")


def ratio_caption(rows, boot, accesses):
    ratios = [row["ratio"] for row in select(rows, boot=boot, side="ours", phase="all", cpus=1)
              if row["ratio"] and plots.is_access(row) == accesses]
    less = sum(ratio <= 1 + plots.SAME for ratio in ratios)
    return (f"In {less} of {len(ratios)} measurements ours takes as much as C or less. A mark is the median for one size; a bar "
            "through it, mostly too short to see, says where the ratio lies in 95 of 100 cases. The numbers are the ratios.")


def draw(rows, mode, boots, samples_of):
    """(name, title, boot, caption, figure) of each plot; without a figure where there is nothing to draw."""
    for workload, (title, *_) in plots.GROWTH.items():
        for boot in full_boots(rows):
            yield (f"growth-{workload}-{boot}", f"{title}: cost by size", boot,
                   growth_caption(rows, mode, boot, workload), plots.growth(rows, mode, boot, workload))
    for boot in boots:
        yield (f"scaling-{boot}", "Map, read, unmap on several CPUs at once", boot,
               "A level line says that a CPU pays the same whatever the others do. " + (
                   "It is the slowest CPU that counts. " if mode == "time" else
                   "Counted are the instructions of the slowest CPU: what CPUs do to each other's caches is not in them. "),
               plots.scaling(rows, mode, boot))
    for part, title in ((False, "Mapping"), (True, "Accesses")):
        for boot in full_boots(rows):
            yield (f"ratio-{'accesses' if part else 'mappings'}-{boot}", f"{title}: ours divided by C", boot,
                   ratio_caption(rows, boot, part), plots.ratios(rows, mode, boot, part))
    for boot in full_boots(rows):
        yield (f"distribution-{boot}", "How much batches of the same work differ", boot,
               "The height of a line is the share of batches that took no more than the cost below it: an upright line says that all "
               "batches cost the same.", plots.distribution(rows, mode, boot, samples_of(boot)))


def all_numbers(rows, mode):
    """What page.table() takes."""
    theirs = {id(ours): row for _, row, ours in kernel_crate(rows)}
    found = pairs(rows)
    kinds = ["" if ours["verdict"] == "measured" else "doubt" for _, ours in found]
    return HEADINGS, [cells(c, ours, theirs.get(id(ours)), mode) for c, ours in found], {0, 1, 2, 10}, kinds


def facts(rows, boots):
    """How it was measured, in sentences."""
    first = rows[0]
    inconclusive = sum(row["side"] == "ours" and row["verdict"] == "inconclusive" for row in rows)
    yield "Kernels: " + "; ".join(dict.fromkeys(map(heading, rows))) + "."
    yield f"Hypervisor: {first['hypervisor']}. Clock: {first['clock']}, {first['khz']} kHz."
    if boots > 1:
        yield f"{boots} boots of each kernel gave the same bytes."
    yield ("C, C again, ours and the kernel crate take turns in the same run on the same range; an empty batch is taken off. "
           f"Inconclusive lines: {inconclusive}.")


def make(out, rows, mode, boots=1):
    """Writes the plots and report.html."""
    names = list(dict.fromkeys(row["boot"] for row in rows))
    drawn = draw(rows, mode, names, lambda boot: read_samples(os.path.join(out, f"samples-{boot}")))
    figures = [(*named, plots.save(figure, out, named[0])) for *named, figure in drawn if figure]
    workloads = ""
    if os.path.exists(path := os.path.join(out, "workloads.txt")):
        with open(path, encoding="utf-8") as f:
            workloads = f.read()
    title = "What a driver pays: io-mapping-rs beside C and the kernel crate"
    text = page.make(title, list(facts(rows, boots)), rows, mode, figures, explained(rows, mode), workloads,
                     all_numbers(rows, mode))
    with open(os.path.join(out, "report.html"), "w", encoding="utf-8") as f:
        f.write(text)


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in page.WHAT:
        sys.exit(__doc__)
    out, mode = sys.argv[1:]
    with open(os.path.join(out, "results.json"), encoding="utf-8") as f:
        rows = json.load(f)
    make(out, rows, mode)
    print(table(rows, mode))
    print(f"report: {os.path.join(out, 'report.html')}")


if __name__ == "__main__":
    main()
