# SPDX-License-Identifier: GPL-2.0
"""Rows of a benchmark's results.json: which belong together, and what they say in words."""

# The boots, as a reader knows them; another boot is named as it is.
KERNELS = {"stock": "Debian's kernel", "stock-arm64": "Debian's arm64 kernel", "test": "the test kernel", "test-4": "the test kernel on 4 CPUs",
           "local": "this machine's kernel"}

# By backend.
PATCHED = {"stock": "unmodified", "exported": "with kconfig/export.patch"}


def human(size):
    """Bytes as people write them."""
    for shift, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >> shift and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return f"{size} B"


def unit(mode):
    return "nanoseconds" if mode == "time" else "instructions"


def cost(row, field, mode):
    """A field of a row in the report's unit."""
    return row[field] * 1e6 / row["khz"] if mode == "time" else row[field]


def number(value):
    """A cost as people read it."""
    return f"{value:,.0f}" if value >= 100 or abs(value - round(value)) < 0.05 else f"{value:,.1f}"


def kernel_name(boot):
    return KERNELS.get(boot, f"boot {boot}")


def heading(row):
    """The kernel of a row."""
    name = kernel_name(row["boot"])
    return f"{name[0].upper()}{name[1:]} {row['kernel']}, {PATCHED.get(row['backend'], row['backend'])}"


def columns(lines, left):
    """Lines of cells as text, in columns; those in `left` (by number) begin at the same place, the others end there."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return ["  ".join(cell.ljust(width) if i in left else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines]


def select(rows, **wanted):
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def label(row):
    """What a row is of, in words."""
    name = row["workload"]
    if row["strategy"] != "none":
        name += f", {row['strategy'].capitalize()}"
    if row["size"] != 2 << 20 or row["workload"].startswith(("ioremap", "create", "bar")):
        name += f", {human(row['size'])}"
    return name


def full_boots(rows):
    """The boots that measured all of it; the others are there for one thing only."""
    workloads = {}
    for row in rows:
        workloads.setdefault(row["boot"], set()).add(row["workload"])
    most = max(map(len, workloads.values()))
    return [boot for boot, names in workloads.items() if 2 * len(names) > most]


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
