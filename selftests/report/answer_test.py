# SPDX-License-Identifier: GPL-2.0
"""The table that the benchmark's report begins with: each cell is of the right row, and what is not there is said.

    selftests/report/answer_test.py BENCH-REPORT-DIR TOOLS-DIR

Results are made up here, so that each number is of one row only.
"""

import sys

sys.path[:0] = sys.argv[1:3]
import answer
import page
import tap

SIDES = ("c", "c again", "kernel crate", "ours")


def row(thing, side, p50, **other):
    """A row as results.json has it."""
    base = {"boot": "stock", "workload": thing.workload, "strategy": thing.strategy, "size": thing.size or 4096, "cpus": 1,
            "phase": "all", "side": side, "call": f"{side} calls", "verdict": "measured", "reason": "", "n": 200, "p50": p50,
            "khz": 1_000_000, "ratio": None, "kernel": "7.3", "backend": "stock"}
    return {**base, **other}


def cost(number, side):
    """Of all things and sides a different one."""
    return 1000 * (number + 1) + 100 * SIDES.index(side)


def measured():
    """All things on all sides; what differs in anything else comes first, last, and costs something else."""
    found = []
    for number, thing in enumerate(answer.THINGS):
        for side in SIDES:
            if side != "kernel crate" or thing.crate:
                found.append(row(thing, side, cost(number, side), ratio=0.5 if side == "ours" else None))
    decoys = []
    for one in found:
        others = [{"boot": "test"}, {"phase": "map"}, {"cpus": 2}, {"strategy": "other"}, {"workload": "other"}]
        # Of the BAR there is one size.
        others += [{"size": 12345}] if any(one["workload"] == thing.workload and thing.size for thing in answer.THINGS) else []
        decoys += [{**one, "p50": 77_777, **other} for other in others]
    return decoys + found + decoys


def without(rows, thing, side):
    return [one for one in rows if (one["workload"], one["strategy"], one["side"]) != (thing.workload, thing.strategy, side)]


def changed(rows, thing, side, **fields):
    return [{**one, **fields} if (one["workload"], one["strategy"], one["side"]) == (thing.workload, thing.strategy, side) else one
            for one in rows]


def equal(found, expected):
    assert found == expected, f"{found!r}, not {expected!r}"


def there_are_ten_things():
    equal(len(answer.THINGS), 10)


def each_cell_is_of_its_row():
    for number, line in enumerate(answer.lines(measured(), "stock", "icount")):
        of = lambda side: f"{cost(number, side):,}"
        equal((line.thing, line.c, line.ours, line.ratio, line.call), (answer.THINGS[number], of("c"), of("ours"), 0.5, "c calls"))
        equal(line.crate, of("kernel crate") if line.thing.crate else "has none")


def each_kernel_has_its_own():
    lines = answer.lines(measured(), "test", "icount")
    equal({(line.c, line.ours) for line in lines}, {("77,777", "77,777")})
    equal({line.c for line in answer.lines(measured(), "elsewhere", "icount")}, {"not measured"})


def a_missing_row_is_said():
    for at, thing in enumerate(answer.THINGS):
        for side, name in (("c", "c"), ("ours", "ours"), ("kernel crate", "crate")):
            if side == "kernel crate" and not thing.crate:
                continue
            lines = answer.lines(without(measured(), thing, side), "stock", "icount")
            equal(getattr(lines[at], name), "not measured")
            if side != "kernel crate":
                equal(lines[at].ratio, None)
                assert "1 could not be compared with C" in answer.sentence(lines, "icount"), answer.sentence(lines, "icount")
            others = [cell for i, line in enumerate(lines) if i != at for cell in (line.c, line.crate, line.ours)]
            assert "not measured" not in others, f"{thing.workload}: others are missing too"


def nothing_measured_is_said():
    lines = answer.lines([], "stock", "icount")
    equal(len(lines), len(answer.THINGS))
    equal({cell for line in lines for cell in (line.c, line.ours)}, {"not measured"})


def what_was_not_run_says_why():
    thing = answer.THINGS[2]
    rows = changed(measured(), thing, "ours", n=0, p50=0, ratio=None, verdict="not run", reason="out of memory")
    line = answer.lines(rows, "stock", "icount")[2]
    equal((line.ours, line.ratio, line.notes), ("not run", None, ["not run: out of memory"]))


def doubt_is_marked():
    thing = answer.THINGS[4]
    rows = changed(measured(), thing, "ours", verdict="inconclusive", reason="interrupts")
    line = answer.lines(rows, "stock", "icount")[4]
    equal((line.ours, line.notes), ("5,300 ?", ["inconclusive: interrupts"]))


def the_sentence_counts():
    rows = measured()
    for at, ratio in ((0, 1.0), (1, 1.009), (2, 1.02), (3, 4.0), (4, 0.5)):
        thing = answer.THINGS[at]
        rows = changed(rows, thing, "ours", ratio=ratio)
    # Ours takes more than the kernel crate in all five that it has.
    equal(answer.sentence(answer.lines(rows, "stock", "icount"), "icount"),
          "Of these 10 things this library takes fewer instructions than C for 6, as many for 2 and more for 2. "
          "It takes more than the kernel crate for 5 of the 5 that the kernel crate has.")


def time_is_in_nanoseconds():
    rows = [{**one, "khz": 2_000_000} for one in measured()]
    equal(answer.lines(rows, "stock", "time")[0].c, "500")
    assert "nanoseconds" in answer.sentence(answer.lines(rows, "stock", "time"), "time")


def the_page_shows_every_cell():
    rows = without(measured(), answer.THINGS[1], "c")
    text = "".join(page.answer_lines(rows, "stock", "icount"))
    equal(text.count("<tr"), 11)
    equal(text.count("<td"), 50)
    equal(text.count(">not measured<"), 1)
    for number, thing in enumerate(answer.THINGS):
        # The line of a thing is between its text and the next line.
        line = text[text.index(thing.text):].partition("</tr>")[0]
        assert f">{cost(number, 'ours'):,}<" in line, line


def the_terminal_shows_every_cell():
    rows = [one for one in without(measured(), answer.THINGS[1], "c") if one["boot"] == "stock"]
    lines = list(answer.text(rows, "icount"))
    # An empty line, the kernel's name, the headings, the things, the sentence.
    equal(len(lines), 3 + 10 + 1)
    equal(sum("not measured" in line for line in lines), 1)
    for number, thing in enumerate(answer.THINGS):
        line = lines[3 + number]
        assert thing.text in line and f" {cost(number, 'ours'):,} " in line, line


def names_are_not_markup():
    rows = changed(measured(), answer.THINGS[0], "c", call="<b>&")
    assert "&lt;b&gt;&amp;" in "".join(page.answer_lines(rows, "stock", "icount"))


TESTS = [there_are_ten_things, each_cell_is_of_its_row, each_kernel_has_its_own, a_missing_row_is_said, nothing_measured_is_said,
         what_was_not_run_says_why, doubt_is_marked, the_sentence_counts, time_is_in_nanoseconds, the_page_shows_every_cell,
         the_terminal_shows_every_cell, names_are_not_markup]


def main():
    for test in TESTS:
        wrong = None
        try:
            test()
        except Exception as error:  # pylint: disable=broad-except
            wrong = f"{type(error).__name__}: {error}"
        tap.judge(f"report/{test.__name__}", wrong)


if __name__ == "__main__":
    main()
