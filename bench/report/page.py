# SPDX-License-Identifier: GPL-2.0
"""The page of a report: it begins with the answer, needs nothing else, and is read on a phone and on paper too."""

import html
import re

import answer
import reasons
import results

STYLE = """
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { font: 16px/1.5 sans-serif; max-width: 46em; margin: 0 auto; padding: 1em; color: #222; overflow-wrap: break-word }
h1 { font-size: 1.5em; line-height: 1.25 } h2 { font-size: 1.25em; margin-top: 2em } h3 { font-size: 1em; margin-bottom: 0.3em }
a { color: #005a8c } small { font-size: 12px; color: #555 } figcaption { font-size: 14px } figure { margin: 2em 0 }
svg { display: block; width: 100%; height: auto; max-width: 620px }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.3; font-variant-numeric: tabular-nums }
th, td { padding: 4px 6px; border-bottom: 1px solid #ccc; text-align: right; vertical-align: top }
th { vertical-align: bottom; border-bottom: 2px solid #222 } th.text, td.text { text-align: left }
td.less, td.same, td.more { white-space: nowrap } td.less { font-weight: bold } td.more { background: #ffe9c9; font-weight: bold }
p.unknown { color: #a33b00; font-weight: bold } .doubt td { color: #666 }
.scroll { overflow-x: auto; width: min(94vw, 80em); margin-left: calc(50% - min(94vw, 80em) / 2) } .scroll table { font-size: 12px; width: auto } .scroll td { white-space: nowrap }
.scroll td:nth-child(3) { white-space: normal; min-width: 15em }
nav ul { columns: 2 18em; padding-left: 1.2em }
@media (max-width: 500px) { body { padding: 12px } table { font-size: 12.5px } th, td { padding: 3px }
  .numbers tr { display: flex; flex-wrap: wrap; border-bottom: 1px solid #ccc; padding: 4px 0 }
  .numbers :is(td, th) { border: none; flex: 1 1 0; overflow-wrap: normal } .numbers :is(td, th):first-child { flex: 0 0 100% } }
@media print { body { max-width: none; padding: 0; font-size: 11pt } a { color: inherit; text-decoration: none }
  nav { display: none } figure, tr, h2, h3 { break-inside: avoid } h2, h3 { break-after: avoid } svg { max-width: 12.5cm; max-height: 23cm }
  table { font-size: 9pt } .scroll { overflow-x: visible; width: auto; margin: 0 } .scroll table { font-size: 6.5pt; width: 100% }
  .scroll td:nth-child(n) { white-space: normal; min-width: 0; padding: 1px 3px } }
@page { size: A4; margin: 15mm }"""

WHAT = {
    "icount": "These are instructions, not time: QEMU emulates each with -icount, one tick of the clock per instruction. "
              "They repeat exactly, and say nothing of caches, TLBs, write-combining buffers, interrupts between CPUs or "
              "of devices: a read of a device is one instruction here.",
    "time": "This is time, in nanoseconds. It depends on this machine, and on what else it does.",
}

# They can be told apart without colours.
SIGNS = {"less": "▼", "same": "=", "more": "▲"}


def table(headings, lines, text_columns, kinds=(), name=""):
    """Cells are text, or (class, HTML). Columns named in `text_columns` (by number) are text, the others numbers."""
    of = lambda place: ' class="text"' if place in text_columns else ""
    as_html = lambda place, cell: (f'<td class="{cell[0]}">{cell[1]}</td>' if isinstance(cell, tuple) else
                                   f"<td{of(place)}>{html.escape(cell)}</td>")
    yield f'<table class="{name}"><thead><tr>'
    yield "".join(f"<th{of(i)}>{html.escape(text)}</th>" for i, text in enumerate(headings))
    yield "</tr></thead><tbody>"
    for number, line in enumerate(lines):
        kind = f' class="{kinds[number]}"' if kinds and kinds[number] else ""
        yield f"<tr{kind}>" + "".join(as_html(place, cell) for place, cell in enumerate(line)) + "</tr>"
    yield "</tbody></table>"


def code(text):
    """Names may be broken where their words end."""
    return f"<code>{html.escape(text).replace('_', '_<wbr>')}</code>"


def ratio_cell(ratio):
    if ratio is None:
        return ""
    kind = answer.verdict(ratio)
    return kind, f"{ratio:.2f} {SIGNS[kind]}"


def answer_lines(rows, boot, mode):
    """The answer on one kernel, as HTML."""
    found = answer.lines(rows, boot, mode)
    row = results.select(rows, boot=boot)[0]
    yield f"<h3>{html.escape(results.heading(row))}</h3>"
    yield f"<p>{html.escape(answer.sentence(found, mode))}</p>"
    lines = []
    for line in found:
        call = f"<br><small>C: {code(line.call)}</small>" if line.call else ""
        notes = "".join(f"<br><small>{html.escape(note)}</small>" for note in line.notes)
        lines.append([("text", html.escape(line.thing.text) + call + notes), line.c, line.crate, line.ours,
                      ratio_cell(line.ratio)])
    yield from table(["what a driver does", "C", "kernel crate", "ours", "ours / C"], lines, {0}, name="numbers answer")


def html_answer(rows, mode):
    yield f'<h1 id="answer">What a driver pays, in {results.unit(mode)}</h1>'
    yield "<p>io-mapping-rs beside the kernel's C and the kernel crate. Smaller is better.</p>"
    for boot in results.full_boots(rows):
        yield from answer_lines(rows, boot, mode)
    yield ("<p><b>C</b>: the kernel's functions in C. <b>Kernel crate</b>: what the author of a Rust driver uses without this "
           "library (<code>pci::Bar</code>, <code>Io</code>, <code>Devres</code>); it has no apertures and no cache modes. "
           "<b>Ours</b>: this library, io-mapping-rs. Each number is the median for doing the thing once and undoing it. "
           f"<b>Ours / C</b>: below 1 ({SIGNS['less']}) this library takes less than C, above 1 ({SIGNS['more']}) more, and "
           '<a href="#reasons">why</a> is told below.</p>')
    yield ("<p>An <b>aperture</b> is a range of a device's memory of which a driver maps pages. <b>Whole</b>: all of it is mapped "
           "when it is created. <b>Sparse</b>: pages are mapped when they are used, or 2 MiB at a time (a <b>chunk</b>).</p>")


def html_contents(figures, names):
    """Links to all parts; plots that differ by the kernel only share a line."""
    links = {"What a driver pays": [("answer", "")]}
    for name, title, boot, *_ in figures:
        links.setdefault(title, []).append((name, results.kernel_name(boot)))
    links.update({title: [(name, "")] for name, title in names})
    yield "<nav><h2>Contents</h2><ul>"
    for title, targets in links.items():
        shared = f"{html.escape(title)}: " if targets[0][1] else ""
        anchors = [f'<a href="#{name}">{html.escape(text or title)}</a>' for name, text in targets]
        yield f"<li>{shared}{', '.join(anchors)}</li>"
    yield "</ul></nav>"


def html_kernel_crate(rows, mode):
    found = [sides for sides in results.kernel_crate(rows) if sides[2]["phase"] == "all" and sides[2]["n"]]
    yield f'<h2 id="kernel-crate">Beside the kernel crate, in {results.unit(mode)} per operation</h2>'
    lines = []
    for c, theirs, ours in found:
        costs = [results.cost(row, "p50", mode) for row in (c, theirs, ours)]
        note = ""
        if reasons.is_behind(theirs, ours):
            note = f"<br><small>{html.escape(reasons.why_behind(ours) or reasons.UNKNOWN)}</small>"
        lines.append([("text", html.escape(f"{results.label(ours)} ({results.kernel_name(ours['boot'])})") + note), *map(results.number, costs),
                      ratio_cell(costs[2] / costs[1]) if costs[1] else ""])
    if not lines:
        yield "<p>Nothing that the kernel crate has was measured.</p>"
        return
    yield from table(["operation (kernel)", "C", "kernel crate", "ours", "ours / crate"], lines, {0}, name="numbers")


def html_reasons(found, mode):
    yield f'<h2 id="reasons">Where ours takes more than C, and why ({results.unit(mode)} per operation)</h2>'
    if not found:
        yield "<p>Nowhere.</p>"
    for reason, lines in found.items():
        kind = ' class="unknown"' if reason == reasons.UNKNOWN else ""
        yield f"<p{kind}>{html.escape(reason)}</p>"
        yield from table(["operation (kernel)", "C", "ours", "ours / C"],
                         [[f"{what} ({results.kernel_name(boot)})", *rest] for boot, what, *rest in lines], {0})


def html_workloads(text):
    """What the names mean, as the module tells it ("echo list > run")."""
    lines = re.findall(r"^([a-z0-9_]+) +(.+)$", text, re.MULTILINE)
    yield '<h2 id="names">What the names mean</h2>'
    yield from table(["name", "what is done once"], [[("text", code(name)), what] for name, what in lines],
                     {0, 1})


def make(title, opening, rows, mode, figures, explained, workloads, numbers):
    """The page. `figures` are (name, title, boot, caption, SVG); `numbers` is what table() takes, for the table of all."""
    names = [("reasons", "Where ours takes more than C, and why"), ("kernel-crate", "Beside the kernel crate"),
             *([("names", "What the names mean")] if workloads else []), ("measured", "How it was measured"),
             ("numbers", "All numbers")]
    boots = "; ".join(f"{boot} is {results.kernel_name(boot)}" for boot in dict.fromkeys(row["boot"] for row in rows))
    page = ["<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">', f"<title>{html.escape(title)}</title>",
            f"<style>{STYLE}</style></head><body>", *html_answer(rows, mode), *html_contents(figures, names)]
    for name, title, boot, caption, svg in figures:
        spoken = html.escape(f"{title}, {results.kernel_name(boot)}")
        named = svg.replace("<svg", f'<svg role="img" aria-label="{spoken}"', 1)
        page.append(f'<figure id="{name}">{named}<figcaption>{html.escape(caption)}</figcaption></figure>')
    page += [*html_reasons(explained, mode), *html_kernel_crate(rows, mode), *(html_workloads(workloads) if workloads else []),
             '<h2 id="measured">How it was measured</h2>', f"<p>{WHAT[mode]}</p>",
             *(f"<p>{html.escape(fact)}</p>" for fact in opening),
             f'<h2 id="numbers">All numbers, in {results.unit(mode)} per operation</h2>',
             f"<p>Boots: {html.escape(boots)}. Costs are medians over the batches; the spread is the median of how far batches are "
             "from that. results.csv has more.</p>",
             '<details><summary>Show the table</summary><div class="scroll">', *table(*numbers), "</div></details></body></html>"]
    return "\n".join(page) + "\n"
