# SPDX-License-Identifier: GPL-2.0
"""A line of TAP for each test, as the steps of make check want them: selftests/check.d/lib.sh gives it its number."""


def _one_line(text):
    return " ".join(str(text).split())


def ok(name):
    print("ok -", _one_line(name).replace("#", "\\#"), flush=True)


def skip(name, reason):
    print("ok -", _one_line(name).replace("#", "\\#"), "# SKIP", _one_line(reason), flush=True)


def not_ok(name, reason):
    print("not ok -", _one_line(name).replace("#", "\\#"))
    print("# reason:", _one_line(reason), flush=True)


def judge(name, wrong):
    """A test that failed if something is `wrong`."""
    if wrong:
        not_ok(name, wrong)
    else:
        ok(name)


def note(text):
    """For whoever runs make check."""
    print("# note:", text, flush=True)
