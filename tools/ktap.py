# SPDX-License-Identifier: GPL-2.0
"""KUnit results as make check wants them: a name, "ok", "not ok" or "skip", and a reason.

The kernel tree's own kunit.py reads the KTAP, nested as it is; a reason is what the KTAP says before the
result of a failed case.
"""

import json
import os
import re
import subprocess
import tempfile

import qemu

# Lines before a result that say nothing about it.
NOISE = re.compile(r"\.speed:|^KTAP|^\d+\.\.\d+|Subtest:|iomrs-timing:")


def parse(ktap, kernel_source):
    """KTAP text -> list of (suite.case, status), as kunit.py judges it."""
    with tempfile.TemporaryDirectory(prefix="iomrs-ktap-") as scratch:
        source, result = os.path.join(scratch, "ktap"), os.path.join(scratch, "json")
        with open(source, "w") as f:
            f.write(ktap)
        subprocess.run(["python3", "-B", os.path.join(kernel_source, "tools/testing/kunit/kunit.py"), "parse",
                        f"--json={result}", source], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not os.path.exists(result):
            return []
        with open(result) as f:
            return list(cases(json.load(f), []))


def cases(group, path):
    for case in group.get("test_cases", []):
        yield ".".join(path + [case["name"]]), case["status"]
    for sub in group.get("sub_groups", []):
        yield from cases(sub, path + [sub["name"]])


def reason(ktap, case):
    """The lines between the previous result and this one's."""
    lines = []
    for line in ktap.splitlines():
        line = line.strip()
        match = re.match(r"(not )?ok \d+ (\S+)", line)
        if not match:
            lines.append(line)
        elif match.group(2) == case:
            said = [re.sub(r"^# ", "", x) for x in lines if not NOISE.search(x)]
            return "; ".join(said)[:500] or "it says nothing"
        else:
            lines = []
    return "no result"


def results(ktap, kernel_source=None):
    """(case, "ok" | "not ok" | "skip", reason) for each. A suite of which nothing can be read is a failure."""
    found = parse(ktap, kernel_source or os.path.join(qemu.cache_dir(), "source"))
    if not found:
        yield "KTAP", "not ok", "no KUnit case in what the guest printed"
    for name, status in found:
        case = name.split(".")[-1]
        if status == "PASS":
            yield name, "ok", ""
        elif status == "SKIP":
            yield name, "skip", skip_reason(ktap, case)
        else:
            yield name, "not ok", reason(ktap, case)


def skip_reason(ktap, case):
    match = re.search(rf"ok \d+ {re.escape(case)} # SKIP (.*)", ktap)
    return match.group(1) if match else "no reason given"
