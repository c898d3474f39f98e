# SPDX-License-Identifier: GPL-2.0
"""The plots of a benchmark report, each as SVG and PNG. Needs matplotlib.

A function here draws one plot of the rows (results.json) and returns its figure; None where no row is for it.
"""

import os

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

# The same bytes for the same results.
matplotlib.rcParams.update({"svg.hashsalt": "io-mapping-rs", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3,
                            "axes.axisbelow": True, "figure.dpi": 110})
C, OURS, SPARSE = "#555555", "#0b6e99", "#c4570b"
# A smaller difference is none. Smaller ratios are drawn at the edge.
SAME, LEAST = 0.005, 0.005


def human(size):
    """Bytes as people write them."""
    for shift, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >> shift and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return f"{size} B"


def unit(mode):
    return "ns" if mode == "time" else "instructions"


def cost(row, field, mode):
    """A field of a row in the plots' unit."""
    return row[field] * 1e6 / row["khz"] if mode == "time" else row[field]


def select(rows, **wanted):
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def label(row):
    """What a row is of, in words."""
    name = row["workload"]
    if row["strategy"] != "none":
        name += f", {row['strategy']}"
    if row["size"] != 2 << 20 or row["workload"].startswith(("ioremap", "create", "bar")):
        name += f", {human(row['size'])}"
    return name


def is_access(row):
    """Of memory or ports that are mapped, rather than a mapping."""
    return row["workload"].startswith(("read", "write", "try_", "region_", "revocable_", "ports_", "copy_"))


def ratios(rows, mode, boot, accesses):
    """Ratio to C of every operation, with intervals: of accesses, or of all others."""
    ours = [row for row in select(rows, boot=boot, side="ours", phase="all", cpus=1)
            if row["ratio"] and is_access(row) == accesses]
    if not ours:
        return None
    figure, axes = plt.subplots(figsize=(8.5, 0.21 * len(ours) + 1.6))
    for place, row in enumerate(ours):
        solid = row["verdict"] == "measured"
        middle = max(row["ratio"], LEAST)
        drawn = row["ratio"] > LEAST
        spread = [[middle - row["ratio_low"]], [row["ratio_high"] - middle]] if drawn else None
        axes.errorbar(middle, place, xerr=spread, marker="o" if drawn else "<",
                      markersize=4.5, capsize=2.5, linestyle="", color=OURS if middle <= 1 + SAME else SPARSE,
                      markerfacecolor=None if solid else "white")
    axes.axvline(1, color=C, linewidth=1)
    axes.set_xscale("log")
    number = lambda row: f"{row['ratio']:.3f}" if row["ratio"] >= LEAST else f"< {LEAST}"
    axes.set_yticks(range(len(ours)), [f"{label(row)}   {number(row)}" for row in ours], fontsize=7.5)
    axes.set_ylim(len(ours) - 0.4, -0.6)
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if high < 100 * low else (1,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel(f"ours / C, {unit(mode)} (log scale): left of the line ours takes less")
    axes.set_title(f"{'Accesses' if accesses else 'Mappings'}: ratio to C, {boot} kernel", loc="left")
    marks = [axes.plot([], [], "o", color=OURS, label="as fast as C (within 0.5 %) or faster")[0],
             axes.plot([], [], "o", color=SPARSE, label="slower")[0],
             axes.plot([], [], "o", color=C, markerfacecolor="white", label="inconclusive")[0]]
    figure.legend(handles=marks, loc="upper right", ncols=3, fontsize=8, frameon=False, title=None)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.25 / figure.get_figheight()))
    return figure


def sizes(rows, mode, boots):
    """Cost of creating and freeing an aperture against its size."""
    figure, panels = plt.subplots(1, len(boots), figsize=(5.2 * len(boots), 4.2), sharey=True, squeeze=False)
    seen, found, least = set(), False, float("inf")
    for axes, boot in zip(panels[0], boots):
        for side, strategy, name, color, mark in (("c", "whole", "C: io_mapping_create_wc + free", C, "s"),
                                                  ("ours", "whole", "ours, Whole", OURS, "o"),
                                                  ("ours", "sparse", "ours, Sparse", SPARSE, "^")):
            # C's side was measured beside both of ours.
            points = {}
            for beside in ("whole", "sparse") if side == "c" else (strategy,):
                for row in select(rows, boot=boot, workload="create", side=side, strategy=beside, phase="all", cpus=1):
                    if row["n"]:
                        points[row["size"]] = row
            line = [points[size] for size in sorted(points)]
            if not line:
                continue
            found = True
            values = [cost(row, "p50", mode) for row in line]
            low = [value - cost(row, "min", mode) for value, row in zip(values, line)]
            high = [cost(row, "p90", mode) - value for value, row in zip(values, line)]
            axes.errorbar([row["size"] for row in line], values, yerr=[low, high], fmt=mark + "-", color=color, capsize=2.5,
                          markersize=5, linewidth=1.2, label=name)
            seen |= set(points)
            least = min(least, *values)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(10))
        axes.set_title(f"{boot} kernel", loc="left")
        axes.set_xlabel("size of the aperture (log scale)")
    if not found:
        plt.close(figure)
        return None
    panels[0][0].set_ylim(bottom=10 ** (len(str(int(least))) - 1))
    for axes in panels[0]:
        axes.xaxis.set_major_locator(FixedLocator(sorted(seen)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: human(int(value))))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", labelrotation=90)
    panels[0][0].set_ylabel(f"{unit(mode)}, create + free (log scale)")
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=3, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    return figure


# Of each: workload, strategy, size.
SPREAD = [("ioremap", "none", 4096), ("ioremap", "none", 1 << 20), ("create", "whole", 2 << 20),
          ("create", "sparse", 2 << 20), ("map_local_read", "whole", 2 << 20), ("map_local_read", "sparse", 2 << 20)]


def distribution(rows, mode, boot, samples):
    """How much the batches of some operations differ. `samples` has lists of ticks of batches, by row."""
    figure, panels = plt.subplots(2, 3, figsize=(10.4, 6))
    found = False
    for axes, (workload, strategy, size) in zip(panels.flat, SPREAD):
        low, high = float("inf"), 0
        for side, color, style in (("c", C, "-"), ("c again", C, ":"), ("ours", OURS, "-")):
            chosen = select(rows, boot=boot, workload=workload, strategy=strategy, size=size, side=side, phase="all",
                            cpus=1)
            values = sorted(samples.get(chosen[0]["row"], [])) if chosen else []
            if not values:
                continue
            found = True
            scale = 1 / chosen[0]["rounds"] * (1e6 / chosen[0]["khz"] if mode == "time" else 1)
            low, high = min(low, values[0] * scale), max(high, values[-1] * scale)
            axes.step([value * scale for value in values], [(i + 1) / len(values) * 100 for i in range(len(values))],
                      where="post", color=color, linestyle=style, linewidth=1.6, label={"c": "C", "c again": "C again"}.get(
                          side, side))
        if 0 < low * 8 < high:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if low * 100 > high else (1,)))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:g}"))
        axes.set_ylim(-3, 103)
        axes.set_title(f"{workload}" + (f", {strategy}" if strategy != "none" else "") + f", {human(size)}", fontsize=9,
                       loc="left")
    if not found:
        plt.close(figure)
        return None
    for axes in panels[1]:
        axes.set_xlabel(f"{unit(mode)} per operation")
    for axes in panels[:, 0]:
        axes.set_ylabel("% of batches that took no more")
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper right", ncols=3, frameon=False)
    figure.suptitle(f"Distribution over batches, {boot} kernel", x=0.01, ha="left", fontsize=10)
    figure.tight_layout(rect=(0, 0, 1, 0.98))
    return figure


def scaling(rows, mode, boot):
    """What an operation costs on each CPU when several CPUs do it at the same time."""
    figure, axes = plt.subplots(figsize=(7, 4.2))
    found = set()
    for side, strategy, name, color, mark in (("c", "whole", "C: io_mapping_map_local_wc", C, "s"),
                                              ("c", "sparse", "C: ioremap_wc + iounmap of the page", C, "D"),
                                              ("ours", "whole", "ours, Whole", OURS, "o"),
                                              ("ours", "sparse", "ours, Sparse (a slot)", SPARSE, "^")):
        line = [row for row in select(rows, boot=boot, workload="map_local_read", strategy=strategy, side=side) if row["n"]]
        line.sort(key=lambda row: row["cpus"])
        if len(line) < 2:
            continue
        found |= {row["cpus"] for row in line}
        values = [cost(row, "p50", mode) for row in line]
        spread = [[value - cost(row, "min", mode) for value, row in zip(values, line)],
                  [cost(row, "p90", mode) - value for value, row in zip(values, line)]]
        axes.errorbar([row["cpus"] for row in line], values, yerr=spread, marker=mark, color=color, capsize=2.5,
                      linestyle="--" if mark == "D" else "-", label=name)
    if not found:
        plt.close(figure)
        return None
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_major_locator(FixedLocator(sorted(found)))
    axes.set_xlabel("CPUs at once")
    axes.set_ylabel(f"{unit(mode)} per operation on each CPU\n(log scale)")
    figure.suptitle(f"Scaling with CPUs: map a page, read, unmap (a level line scales perfectly), {boot} boot", x=0.01, ha="left", fontsize=10)
    figure.legend(loc="upper center", bbox_to_anchor=(0.5, 0.95), ncols=2, frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0, 1, 0.85))
    return figure


def save(figure, out, name):
    """As PNG and SVG; returns the SVG's text."""
    figure.savefig(os.path.join(out, f"{name}.png"), dpi=130)
    path = os.path.join(out, f"{name}.svg")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    with open(path, encoding="utf-8") as f:
        return f.read()
