# SPDX-License-Identifier: GPL-2.0
"""A benchmark's results as plots and one HTML page that needs nothing else.

    bench/report/report.py DIR icount|time

DIR has results.json and the samples of each boot; the plots and report.html go there too.
"""

import html
import json
import os
import struct
import sys

import plots
import reasons

STYLE = """body { font: 15px/1.5 sans-serif; max-width: 1150px; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums }
th, td { padding: 2px 8px; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap }
th:nth-child(-n+3), td:nth-child(-n+3), td:last-child { text-align: left }
tr.slow td:nth-child(9) { color: #c4570b; font-weight: bold } tr.inconclusive, tr.not { color: #888 }
table.why { margin-bottom: 1.5em } table.why td:nth-child(3) { text-align: right }
p.unknown { color: #c4570b; font-weight: bold }
svg { max-width: 100%; height: auto } figure { margin: 1em 0 } .scroll { overflow-x: auto }"""

WHAT = {
    "icount": "These are instructions, not time: QEMU emulates each with -icount, one tick of the clock per instruction. "
              "They repeat exactly, and say nothing of caches, TLBs, write-combining buffers, interrupts between CPUs or "
              "of devices: a read of a device is one instruction here.",
    "time": "This is time, in nanoseconds. It depends on this machine, and on what else it does.",
}


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


def key_of(row):
    """What the rows of one measurement have in common."""
    return tuple(row[field] for field in ("boot", "workload", "strategy", "size", "cpus", "phase"))


def pairs(rows):
    """C's row and ours of each measurement."""
    found = {}
    for row in rows:
        found.setdefault(key_of(row), {})[row["side"]] = row
    return [(sides["c"], sides["ours"]) for sides in found.values() if {"c", "ours"} <= sides.keys()]


def kernel_crate(rows):
    """(C's row, the kernel crate's and ours) of each operation that the kernel crate has."""
    theirs = {key_of(row): row for row in rows if row["side"] == "kernel crate"}
    return [(c, theirs[key_of(ours)], ours) for c, ours in pairs(rows) if key_of(ours) in theirs]


def cells(c, ours, theirs, mode):
    """A line of the table: boot, what, beside what in C, n, C, the kernel crate, ours, MAD, ratio, interval, verdict."""
    what = plots.label(ours) + (f", {ours['cpus']} CPUs" if ours["cpus"] > 1 else "")
    what += "" if ours["phase"] == "all" else f": {ours['phase']}"
    note = ours["verdict"] + (f": {ours['reason']}" if ours["reason"] else "")
    if not ours["n"]:
        return [ours["boot"], what, c["call"], "", "", "", "", "", "", "", note]
    cost = lambda row, field: f"{plots.cost(row, field, mode):,.1f}"
    ratio = ["", ""]
    if ours["ratio"] is not None:
        ratio = [f"{ours['ratio']:.3f}", f"{ours['ratio_low']:.3f} to {ours['ratio_high']:.3f}"]
    return [ours["boot"], what, c["call"], str(ours["n"]), cost(c, "p50"), cost(theirs, "p50") if theirs else "",
            cost(ours, "p50"), cost(ours, "mad"), *ratio, note]


HEADINGS = ["boot", "operation", "C", "n", "C, p50", "kernel crate, p50", "ours, p50", "MAD", "ours / C", "95 % interval", ""]


def table(rows, mode):
    """For a terminal: operations as a whole, and what is slower for no known reason."""
    theirs = {id(ours): row for _, row, ours in kernel_crate(rows)}
    lines = [cells(c, ours, theirs.get(id(ours)), mode) for c, ours in pairs(rows) if ours["phase"] == "all"]
    chosen = [[line[0], line[1], *line[4:7], line[8], line[10]] for line in lines]
    titles = ["boot", "operation", "C", "kernel crate", "ours", "ours/C", plots.unit(mode)]
    widths = [max(len(line[i]) for line in [titles, *chosen]) for i in range(len(titles))]
    text = ["  ".join(text.ljust(width) if i in (0, 1, 6) else text.rjust(width)
                      for i, (text, width) in enumerate(zip(line, widths))).rstrip() for line in [titles, *chosen]]
    for boot, what, *_, ratio in explained(rows, mode).get(reasons.UNKNOWN, []):
        text.append(f"slower than C, {reasons.UNKNOWN}: {boot}  {what}  {ratio}")
    for c, theirs, ours in kernel_crate(rows):
        if reasons.is_behind(theirs, ours) and not reasons.why_behind(ours):
            text.append(f"slower than the kernel crate, {reasons.UNKNOWN}: {ours['boot']}  {plots.label(ours)}")
    return "\n".join(text)


def html_kernel_crate(rows, mode):
    found = [sides for sides in kernel_crate(rows) if sides[2]["phase"] == "all" and sides[2]["n"]]
    if not found:
        return
    yield f"<h2>Beside the kernel crate ({plots.unit(mode)} per operation)</h2>"
    yield ("<p>What the author of a Rust driver would use instead: <code>pci::Bar</code>, <code>Io</code>, <code>Devres</code> "
           "of the kernel crate. It has no apertures, cache modes, FIFOs or I/O ports.</p>")
    yield '<div class="scroll"><table class="why"><tr>'
    headings = ("boot", "operation", "C", "kernel crate", "ours", "ours / kernel crate", "")
    yield "".join(f"<th>{heading}</th>" for heading in headings) + "</tr>"
    for c, theirs, ours in found:
        costs = [plots.cost(row, "p50", mode) for row in (c, theirs, ours)]
        behind = reasons.is_behind(theirs, ours)
        note = (reasons.why_behind(ours) or reasons.UNKNOWN) if behind else ""
        line = [ours["boot"], plots.label(ours), *(f"{cost:,.1f}" for cost in costs),
                f"{costs[2] / costs[1]:.3f}" if costs[1] else "", note]
        yield "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>"
    yield "</table></div>"


def html_table(rows, mode):
    yield "<table><tr>" + "".join(f"<th>{heading}</th>" for heading in HEADINGS) + "</tr>"
    theirs = {id(ours): row for _, row, ours in kernel_crate(rows)}
    for c, ours in pairs(rows):
        kind = "slow" if reasons.is_slower(c, ours, mode) else ours["verdict"].split()[0]
        line = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells(c, ours, theirs.get(id(ours)), mode))
        yield f'<tr class="{kind}">{line}</tr>'
    yield "</table>"


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
        what = plots.label(row) + ("" if row["phase"] == "all" else f": {row['phase']}")
        cost = [f"{plots.cost(side, 'p50', mode):,.1f}" for side in (c_rows[id(row)], row)]
        found.setdefault(reason or reasons.UNKNOWN, []).append((row["boot"], what, *cost, f"{ratio:.3f}"))
    return found


def html_reasons(rows, mode):
    found = explained(rows, mode)
    if not found:
        return
    yield f"<h2>Where ours takes more than C, and why ({plots.unit(mode)} per operation)</h2>"
    for reason, lines in found.items():
        kind = ' class="unknown"' if reason == reasons.UNKNOWN else ""
        yield f"<p{kind}>{html.escape(reason)}</p>"
        yield '<div class="scroll"><table class="why"><tr>'
        yield "".join(f"<th>{heading}</th>" for heading in ("boot", "operation", "C", "ours", "ours / C")) + "</tr>"
        for line in lines:
            yield "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>"
        yield "</table></div>"


def figures(out, rows, mode):
    """Name, caption and SVG of each plot."""
    boots = list(dict.fromkeys(row["boot"] for row in rows))
    names = {boot: {row["workload"] for row in rows if row["boot"] == boot} for boot in boots}
    # The others are there for one thing only.
    full = [boot for boot in boots if len(boots) == 1 or len(names[boot]) > 2]
    drawn = []
    for boot in full:
        for part in ("mappings", "accesses"):
            drawn.append((f"ratio-{part}-{boot}", "The median of the ratios of batches that ran one after another, and "
                          "where it lies in 95 of 100 cases (often too narrow to see).",
                          plots.ratios(rows, mode, boot, part == "accesses")))
    drawn.append(("size", "Medians; bars from the least to the 90th percentile. What is not there was not run: the table "
                  "says why.", plots.sizes(rows, mode, full) if full else None))
    for boot in full:
        samples = read_samples(os.path.join(out, f"samples-{boot}"))
        drawn.append((f"distribution-{boot}", "What part of the batches took no more than so much.",
                      plots.distribution(rows, mode, boot, samples)))
    for boot in boots:
        drawn.append((f"scaling-{boot}", "Medians; bars from the least to the 90th percentile. " + (
            "Instructions of the slowest CPU: what CPUs do to each other's caches is not in them." if mode != "time"
            else "Of the slowest CPU."), plots.scaling(rows, mode, boot)))
    return [(name, caption, plots.save(figure, out, name)) for name, caption, figure in drawn if figure]


def make(out, rows, mode, boots=1):
    """Writes the plots and report.html."""
    first = rows[0]
    unit = "instructions, not time" if mode == "icount" else "time"
    title = f"io-mapping-rs beside C: {unit}"
    inconclusive = sum(row["side"] == "ours" and row["verdict"] == "inconclusive" for row in rows)
    kernels = ", ".join(dict.fromkeys(f"{row['kernel']} ({row['backend']} backend)" for row in rows))
    facts = [f"Kernels: {html.escape(kernels)}. Hypervisor: {html.escape(first['hypervisor'])}. Clock: "
             f"{first['clock']}, {first['khz']} kHz."]
    if boots > 1:
        facts.append(f"{boots} boots of each kernel gave the same bytes.")
    facts.append("C, C again, ours and the kernel crate take turns in the same run on the same range; an empty batch is taken off. "
                 f"Inconclusive lines: {inconclusive}.")
    page = ["<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">', f"<title>{title}</title>",
            f"<style>{STYLE}</style></head><body>", f"<h1>{title}</h1>", f"<p>{WHAT[mode]}</p>",
            *(f"<p>{fact}</p>" for fact in facts)]
    for name, caption, svg in figures(out, rows, mode):
        page.append(f'<figure id="{name}">{svg[svg.index("<svg"):]}<figcaption>{caption}</figcaption></figure>')
    page += [*html_kernel_crate(rows, mode), *html_reasons(rows, mode), f"<h2>All numbers, in {plots.unit(mode)} per operation</h2>", '<div class="scroll">',
             *html_table(rows, mode), "</div></body></html>"]
    with open(os.path.join(out, "report.html"), "w", encoding="utf-8") as f:
        f.write("\n".join(page) + "\n")


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in WHAT:
        sys.exit(__doc__)
    out, mode = sys.argv[1:]
    with open(os.path.join(out, "results.json"), encoding="utf-8") as f:
        rows = json.load(f)
    make(out, rows, mode)
    print(table(rows, mode))
    print(f"report: {os.path.join(out, 'report.html')}")


if __name__ == "__main__":
    main()
