# SPDX-License-Identifier: GPL-2.0
"""The plots of a benchmark report, each as SVG and PNG. Needs matplotlib.

A function here draws one plot of the rows (results.json) and returns its figure; None where no row is for it. All are as
wide as a phone, where a letter is then as large as on paper. Marks differ by shape and shade, not by colour only.
"""

import os
import re

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from results import cost, human, kernel_name, select, unit

# The same bytes for the same results; text stays text.
matplotlib.rcParams.update({"svg.hashsalt": "io-mapping-rs", "svg.fonttype": "none", "font.size": 9, "axes.titlesize": 9,
                            "legend.fontsize": 8.5, "legend.frameon": False, "axes.grid": True, "grid.alpha": 0.3,
                            "axes.axisbelow": True, "figure.dpi": 110, "axes.spines.top": False, "axes.spines.right": False})
WIDTH = 4.6
C, OURS, SPARSE = "#222222", "#0072b2", "#d98200"
# A smaller difference is none. Smaller ratios are drawn at the edge.
SAME, LEAST = 0.005, 0.005
PLAIN = FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:g}")


def is_access(row):
    """Of memory or ports that are mapped, rather than a mapping."""
    return row["workload"].startswith(("read", "write", "try_", "region_", "revocable_", "ports_", "copy_"))


def head(figure, title, handles=(), columns=1):
    """The title, the legend below it, and all else below that."""
    height = figure.get_figheight()
    figure.text(0.01, 1 - 0.06 / height, title, fontsize=10, fontweight="bold", va="top", linespacing=1.3)
    lines = title.count("\n") + 1
    if handles:
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 1 - (0.06 + 0.2 * lines) / height), ncols=columns,
                      borderaxespad=0.2)
    rows = -(-len(handles) // columns)
    figure.tight_layout(rect=(0, 0, 1, 1 - (0.12 + 0.2 * lines + 0.19 * rows) / height))


def spread(line, mode):
    """Medians, and how far the least and the 90th percentile are from them."""
    values = [cost(row, "p50", mode) for row in line]
    return values, [[value - cost(row, "min", mode) for value, row in zip(values, line)],
                    [cost(row, "p90", mode) - value for value, row in zip(values, line)]]


def ratios(rows, mode, boot, accesses):
    """Ours to C of every operation, with intervals: of accesses, or of all others. What differs by size only has one line."""
    found = {}
    for row in select(rows, boot=boot, side="ours", phase="all", cpus=1):
        if row["ratio"] and is_access(row) == accesses:
            found.setdefault((row["workload"], row["strategy"]), []).append(row)
    if not found:
        return None
    figure, axes = plt.subplots(figsize=(WIDTH, 0.19 * len(found) + 1.9))
    for place, row in ((place, row) for place, line in enumerate(found.values()) for row in line):
        middle = max(row["ratio"], LEAST)
        drawn, less = row["ratio"] > LEAST, middle <= 1 + SAME
        reach = [[middle - row["ratio_low"]], [row["ratio_high"] - middle]] if drawn else None
        color = OURS if less else SPARSE
        axes.errorbar(middle, place, xerr=reach, marker=("o" if less else "D") if drawn else "<", markersize=4, capsize=2,
                      linestyle="", color=color, markerfacecolor=color if row["verdict"] == "measured" else "white")
    axes.axvline(1, color=C, linewidth=1)
    axes.set_xscale("log")
    name = lambda of: of[0] + (f", {of[1].capitalize()}" if of[1] != "none" else "")
    axes.set_yticks(range(len(found)), [name(of) for of in found], fontsize=8)
    axes.set_ylim(len(found) - 0.4, -0.6)
    values = [sorted({f"{row['ratio']:.2f}" for row in line}, key=float) for line in found.values()]
    beside = axes.secondary_yaxis("right")
    beside.set_yticks(range(len(values)), [" to ".join(dict.fromkeys((line[0], line[-1]))) for line in values], fontsize=8)
    for side in (beside, axes):
        side.tick_params(axis="y", length=0)
    beside.spines["right"].set_visible(False)
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 3) if high < 100 * low else (1,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel(f"{unit(mode)}, ours / C (log scale)\nleft of the line: ours takes less than C", x=0.4)
    mark = lambda shape, color, text, face=None: axes.plot([], [], shape, color=color, markersize=4, label=text,
                                                           markerfacecolor=face or color)[0]
    marks = [mark("o", OURS, "as C, or less"), mark("D", SPARSE, "more than C")]
    if any(row["verdict"] != "measured" for line in found.values() for row in line):
        marks.append(mark("o", C, "inconclusive", "white"))
    if any(row["ratio"] <= LEAST for line in found.values() for row in line):
        marks.append(mark("<", OURS, f"below {LEAST}"))
    head(figure, f"{'Accesses' if accesses else 'Mapping'}: ours divided by C,\n{kernel_name(boot)}", marks, 3)
    return figure


# Of each: the workload, where on the line it stands, and (side, strategy, name, color, mark, line).
GROWTH = {
    "create": ("Create an aperture and free it", "size of the aperture",
               [("c", ("whole", "sparse"), "C: io_mapping_create_wc + io_mapping_free", C, "s", "-"),
                ("ours", ("whole",), "ours, Whole: all of it is mapped", OURS, "o", "-"),
                ("ours", ("sparse",), "ours, Sparse: pages are mapped on use", SPARSE, "^", "--")]),
    "ioremap": ("Map a range and unmap it", "size of the range",
                [("c", ("none",), "C: ioremap_wc + iounmap", C, "s", "-"),
                 ("ours", ("none",), "ours: ioremap", OURS, "o", "-")]),
}


def growth_lines(rows, boot, workload):
    """The rows of each line of a plot of growth by size, and how it is drawn."""
    for side, strategies, *drawn in GROWTH[workload][2]:
        # C's side was measured beside both of ours.
        points = {row["size"]: row for strategy in strategies for row in
                  select(rows, boot=boot, workload=workload, side=side, strategy=strategy, phase="all", cpus=1) if row["n"]}
        if points:
            yield [points[size] for size in sorted(points)], drawn


def growth(rows, mode, boot, workload):
    """Cost against size."""
    title, what, _ = GROWTH[workload]
    lines = list(growth_lines(rows, boot, workload))
    if not lines:
        return None
    figure, axes = plt.subplots(figsize=(WIDTH, 4))
    axes.margins(x=0.025)
    handles = []
    for line, (name, color, mark, style) in lines:
        values, reach = spread(line, mode)
        handles.append(axes.errorbar([row["size"] for row in line], values, yerr=reach, fmt=mark, linestyle=style, color=color,
                                     capsize=2.5, markersize=5, linewidth=1.2, label=name))
    sizes = sorted({row["size"] for line, _ in lines for row in line})
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(10 ** (len(str(int(low))) - 1), high * 4)
    for size in (2 << 20, 1 << 30):
        if sizes[0] < size <= sizes[-1]:
            axes.axvline(size, color=C, linewidth=0.8, linestyle=":")
            before = size == sizes[-1]
            axes.annotate(f"pages of\n{human(size)} fit", (size, 0.995), xycoords=axes.get_xaxis_transform(), fontsize=8.5,
                          va="top", xytext=(-3 if before else 3, 0), textcoords="offset points", ha="right" if before else "left")
    axes.yaxis.set_major_locator(LogLocator(10))
    axes.yaxis.set_major_formatter(PLAIN)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: human(int(value))))
    axes.tick_params(axis="x", labelrotation=90, labelsize=7.6)
    axes.set_xlabel(f"{what} (log scale)")
    axes.set_ylabel(f"{unit(mode)} (log scale)")
    where = ", ours in the arena" if lines[0][0][0]["backend"] == "stock" else ""
    head(figure, f"{title}: cost by size,\n{kernel_name(boot)}{where}", handles)
    return figure


# Of each: workload, strategy, size.
SPREAD = [("ioremap", "none", 4096), ("ioremap", "none", 1 << 20), ("create", "whole", 2 << 20),
          ("create", "sparse", 2 << 20), ("map_local_read", "whole", 2 << 20), ("map_local_read", "sparse", 2 << 20)]


def distribution_panel(axes, rows, mode, samples):
    """The lines of one operation, from the rows of its sides. None where there is no sample."""
    low, high, handles = float("inf"), 0, []
    for side, name, color, style, width in (("c", "C", C, "-", 1.2), ("c again", "C again", C, ":", 2.2),
                                            ("ours", "ours", OURS, "--", 1.8)):
        chosen = select(rows, side=side)
        values = sorted(samples.get(chosen[0]["row"], [])) if chosen else []
        if not values:
            continue
        scale = 1 / chosen[0]["rounds"] * (1e6 / chosen[0]["khz"] if mode == "time" else 1)
        low, high = min(low, values[0] * scale), max(high, values[-1] * scale)
        handles += axes.step([value * scale for value in values], [(i + 1) / len(values) * 100 for i in range(len(values))],
                             where="post", color=color, linestyle=style, linewidth=width, label=name)
    if 0 < low * 8 < high:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(10))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(PLAIN)
    axes.set_ylim(-3, 103)
    return handles


def distribution(rows, mode, boot, samples):
    """How much the batches of some operations differ. `samples` has lists of ticks of batches, by row."""
    figure, panels = plt.subplots(3, 2, figsize=(WIDTH, 6.6))
    handles = []
    for axes, (workload, strategy, size) in zip(panels.flat, SPREAD):
        chosen = select(rows, boot=boot, workload=workload, strategy=strategy, size=size, phase="all", cpus=1)
        handles = distribution_panel(axes, chosen, mode, samples) or handles
        axes.set_title(f"{workload}" + (f", {strategy.capitalize()}" if strategy != "none" else "") + f",\n{human(size)}",
                       loc="left")
    if not handles:
        plt.close(figure)
        return None
    for axes in panels[-1]:
        axes.set_xlabel(unit(mode))
    for axes in panels[:, 0]:
        axes.set_ylabel("% of batches")
    head(figure, f"How much batches of the same work differ,\n{kernel_name(boot)}", handles, 3)
    return figure


SCALING = [("c", "whole", "C: io_mapping_map_local_wc", C, "s", "-"),
           ("c", "sparse", "C: ioremap_wc + iounmap of the page", C, "D", ":"),
           ("ours", "whole", "ours, Whole", OURS, "o", "-"),
           ("ours", "sparse", "ours, Sparse", SPARSE, "^", "--")]


def scaling(rows, mode, boot):
    """What an operation costs on each CPU when several CPUs do it at the same time."""
    figure, axes = plt.subplots(figsize=(WIDTH, 4))
    found, handles = set(), []
    for side, strategy, name, color, mark, style in SCALING:
        line = [row for row in select(rows, boot=boot, workload="map_local_read", strategy=strategy, side=side) if row["n"]]
        line.sort(key=lambda row: row["cpus"])
        if len(line) < 2:
            continue
        found |= {row["cpus"] for row in line}
        values, reach = spread(line, mode)
        handles.append(axes.errorbar([row["cpus"] for row in line], values, yerr=reach, marker=mark, color=color, capsize=2.5,
                                     markersize=5, linewidth=1.2, linestyle=style, label=name))
    if not found:
        plt.close(figure)
        return None
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(10))
    axes.yaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_major_locator(FixedLocator(sorted(found)))
    axes.set_xlabel("CPUs that do it at the same time")
    axes.set_ylabel(f"{unit(mode)} on each CPU (log scale)")
    head(figure, f"Map a page, read from it, unmap it: cost by CPUs,\n{kernel_name(boot)}", handles)
    return figure


def save(figure, out, name):
    """As PNG and SVG; returns the SVG for a page that has others: without what belongs to a file, and without names that
    another one has too."""
    figure.savefig(os.path.join(out, f"{name}.png"), dpi=160)
    path = os.path.join(out, f"{name}.svg")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.DOTALL)
    return re.sub(r' id="[A-Za-z0-9]+_\d+"', "", text)
