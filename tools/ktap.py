# SPDX-License-Identifier: GPL-2.0
"""KUnit results, as the kernel's own kunit.py reads them from KTAP."""

import os
import subprocess
import tempfile
import xml.etree.ElementTree

import qemu

KUNIT = "tools/testing/kunit/kunit.py"


def parse(ktap, kernel_source):
    """The root of what kunit.py makes of it, in the format of JUnit."""
    with tempfile.TemporaryDirectory(prefix="iomrs-ktap-") as scratch:
        text, result = (os.path.join(scratch, name) for name in ("ktap", "junit"))
        with open(text, "w") as f:
            f.write(ktap)
        # Its status says whether a case failed.
        subprocess.run(["python3", "-B", os.path.join(kernel_source, KUNIT), "parse", f"--junit={result}", text],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return xml.etree.ElementTree.parse(result).getroot() if os.path.exists(result) else None


def cases(suite, path=()):
    """(suite.case, element) for each case."""
    for case in suite.findall("testcase"):
        yield ".".join([*path, case.get("name")]), case
    for inner in suite.findall("testsuite"):
        yield from cases(inner, (*path, inner.get("name")))


def results(ktap, kernel_source=None):
    """(case, "ok" | "not ok" | "skip", reason) for each. A suite of which nothing can be read is a failure."""
    root = parse(ktap, kernel_source or os.path.join(qemu.cache_dir(), "source"))
    found = list(cases(root)) if root is not None else []
    if not found:
        yield "KTAP", "not ok", "no KUnit case in what the guest printed"
    crashed = sum(case.find("error") is not None for _, case in found)
    if found and int(root.get("errors")) > crashed:
        yield "KTAP", "not ok", "kunit.py finds errors in what the guest printed, such as results that are missing"
    for name, case in found:
        skipped = case.find("skipped")
        if skipped is not None:
            # The kernel crate's macro makes a case of a test that a #[cfg] leaves out, and says nothing.
            yield name, "skip", skipped.text or "a #[cfg] leaves it out on this kernel"
        elif case.find("failure") is not None or case.find("error") is not None:
            yield name, "not ok", case.findtext("system-out") or "it says nothing"
        else:
            yield name, "ok", ""
