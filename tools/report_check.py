#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Looks at the benchmark's report in Chromium, as it is on a phone, on a screen and on paper. In the trixie root.

    tools/report_check.py REPORT.HTML LOG-DIR

Prints a line for each thing that make check counts. LOG-DIR gets a picture of each, to be looked at. At the end the page is
damaged in each of the ways that the test is for, and the test must notice.
"""

import os
import sys

import devtools
import tap

TOOLS = os.path.dirname(os.path.realpath(__file__))
# How it is shown, what a line of text must be high, and whether it is paper. A sheet of A4 is 180 mm wide within its margins.
VIEWS = {
    "phone": ({"width": 360, "height": 740, "scale": 2, "mobile": True}, 8, False),
    "small phone": ({"width": 320, "height": 568, "scale": 2, "mobile": True}, 7, False),
    "screen": ({"width": 1280, "height": 900}, 8, False),
    "paper": ({"width": 680, "height": 1009, "media": "print"}, 7, True),
}
# What it looks like when something is wrong: a word that the complaint has, and what does it.
DAMAGES = {
    "the page is": "document.querySelector('.answer').style.width = '2000px'",
    "overlaps": "document.querySelector('h1').style.marginBottom = '-90px'",
    "is cut off": "Object.assign(document.querySelector('p').style, {overflow: 'hidden', whiteSpace: 'nowrap'})",
    "sticks out": "document.querySelector('.answer td').style.cssText = 'max-width: 20px; white-space: nowrap'",
    "too small": "document.querySelector('figcaption').style.fontSize = '4px'",
    "leads nowhere": "document.querySelector('figure').id = 'elsewhere'",
    "a plot of": "document.querySelector('figure svg').style.width = '20px'",
}


def complaints(page, view):
    shown, least, paper = VIEWS[view]
    page.show(**shown)
    with open(os.path.join(TOOLS, "report_check.js"), encoding="utf-8") as f:
        script = f.read()
    return page.run(f"({script[script.index('(least'):]})({least}, {'true' if paper else 'false'})")


def shorten(wrong):
    return "; ".join(wrong[:5]) + (f"; {len(wrong) - 5} more" if len(wrong) > 5 else "")


def look(page, view, logs):
    """As it is opened, then with all that can be unfolded."""
    page.run("document.querySelectorAll('details').forEach(it => it.open = false)")
    wrong = complaints(page, view)
    page.picture(os.path.join(logs, f"report-{view.replace(' ', '-')}.png"))
    page.run("document.querySelectorAll('details').forEach(it => it.open = true)")
    return wrong + [f"all numbers: {what}" for what in complaints(page, view)]


def begins_with_the_answer(page):
    """What is wrong with the first screen of a phone and the parts of the page; None where nothing is."""
    page.show(**VIEWS["phone"][0])
    order = page.run("[...document.querySelectorAll('table, nav, figure')].map(it => it.className || it.localName)")
    if order[0] != "numbers answer" or "nav" not in order[:order.index("figure")]:
        return f"it begins with {order[:4]}"
    top = page.run("document.querySelector('.answer tbody td').getBoundingClientRect().top")
    return f"the first number is {top:.0f} pixels down" if top > 740 else None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    path, logs = sys.argv[1:]
    with devtools.Page(os.path.join(logs, "report-browser.log")) as page:
        page.show(**VIEWS["phone"][0])
        page.open(path)
        tap.judge("report: begins with the answer, on the first screen of a phone", begins_with_the_answer(page))
        for view in VIEWS:
            tap.judge(f"report, {view}: nothing overlaps or is cut off, all can be read", shorten(look(page, view, logs)))
        page.run("document.querySelectorAll('details').forEach(it => it.open = false)")
        page.paper(os.path.join(logs, "report.pdf"))
        tap.judge("report: needs nothing but itself", shorten(page.requests[1:] + page.errors))
        for word, damage in DAMAGES.items():
            page.show(**VIEWS["phone"][0])
            page.open(path)
            page.run(damage)
            noticed = any(word in what for what in complaints(page, "phone"))
            tap.judge(f"report, damaged: '{word}' is noticed", None if noticed else "it is not")


if __name__ == "__main__":
    main()
