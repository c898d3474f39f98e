#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Mutations: small changes of the library that a test must notice. selftests/mutations/*.toml lists them.

    tools/mutations.py --check              each of them applies, and what is to notice it exists
    tools/mutations.py WORK [NAME...]       makes each in a copy of the checkout in WORK, and runs what is to notice it: all, or
                                            those whose names contain a NAME, or whose killer it is

Runs inside the trixie root; from outside use tools/mutations. Each mutation is a test of make check. RESULTS is written anew:
which test has failed. What was not run keeps its line there.

A mutation has
  name     in plain words
  file     the file that it changes
  before   text that is there once
  after    what stands there instead
  killer   what notices it, one of KILLERS
  test     what that is to run: a test of selftests/host, a KUnit case (suite.case), a test of tools/guest/files.py
  params   of the modules, for kunit
"""

import argparse
import collections
import fcntl
import fnmatch
import pathlib
import queue
import re
import sys
import threading
import tomllib

import kunit
import mutant_guests
import mutants
import tap

LIST = "selftests/mutations"
RESULTS = f"{LIST}/results.md"
KILLERS = {
    "host": "`20-host-tests`",
    "loom": "`20-host-tests`, with loom",
    "kunit": "`60-kunit`",
    "kunit-stock": "`60-kunit`, stock",
    "files": "`65-files`",
}
# Of those that need modules.
BACKENDS = {"kunit": "exported", "kunit-stock": "stock", "files": "stock"}
# Of those that need none.
HERE = {
    "host": mutants.run_host,
    "loom": mutants.run_loom,
}
# How many share a boot, at least.
BATCH = 6
HEAD = """\
<!-- SPDX-License-Identifier: GPL-2.0 -->
# Mutations

Each line is a small change of the library, and the test that notices it. `make check STEP=88-mutations` makes each of them in
a copy of the checkout, and writes this file. The changes themselves are in the `.toml` files beside it.
"""

Mutation = collections.namedtuple("Mutation", "name file before after killer test params", defaults=("",))


def load(checkout):
    """All mutations, in the order of the files."""
    found = []
    for path in sorted((checkout / LIST).glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutation"]:
            found.append(Mutation(**entry))
    return found


def functions(path, pattern=r"\bfn (\w+)\("):
    return re.findall(pattern, path.read_text(encoding="utf-8"))


def tests_of(checkout):
    """{killer: the names of what there is to run}"""
    host = {f"{path.stem}::{name}" for path in (checkout / "selftests/host/src").glob("*.rs") for name in functions(path)}
    kunit = {f"{suite}.{name}" for path in checkout.rglob("*.rs")
             for suite in functions(path, r"kunit_tests\((\w+)\)\]") for name in functions(path)}
    return {
        "host": host,
        "loom": host,
        "kunit": kunit,
        "kunit-stock": kunit,
        "files": {name for path in (checkout / "tools/guest").glob("*.py") for name in functions(path, r"(?m)^def (\w+)\(")},
    }


def problem(mutation, checkout, tests):
    """What is wrong with an entry of the list, or None."""
    if mutation.killer not in KILLERS:
        return f"nothing is called {mutation.killer}"
    pattern = mutation.test + "*" if mutation.killer in ("host", "loom") else mutation.test
    if not fnmatch.filter(tests[mutation.killer], pattern):
        return f"there is no test {mutation.test}"
    path = checkout / mutation.file
    if not path.exists():
        return f"there is no file {mutation.file}"
    count = path.read_text(encoding="utf-8").count(mutation.before)
    if count != 1:
        return f"{mutation.file} has the text {count} times: {mutation.before}"
    if mutation.before == mutation.after:
        return "it changes nothing"
    return None


def check(checkout):
    mutations, tests = load(checkout), tests_of(checkout)
    names = [mutation.name for mutation in mutations]
    for mutation in mutations:
        wrong = problem(mutation, checkout, tests)
        if names.count(mutation.name) != 1:
            wrong = "two have this name"
        tap.judge(f"mutation: {mutation.name}", wrong)
    listed = [row[0] for row in rows_of(checkout)]
    tap.judge(f"{RESULTS} has all of them, and no other",
              None if sorted(listed) == sorted(names) else "make check STEP=88-mutations writes it")


def rows_of(checkout):
    """The rows of RESULTS, each a list of cells."""
    path = checkout / RESULTS
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if row[0] != "change"]


def write_results(checkout, mutations, noticed):
    """Writes RESULTS anew: what has not been run now is as it was. Another step may do so at the same time."""
    known = {cells[0]: cells[-1] for cells in rows_of(checkout)}
    known.update({mutation.name: by and by.replace("|", "\\|") for mutation, by in noticed.items()})
    lines, folder = [HEAD.rstrip("\n")], None
    for mutation in sorted(mutations, key=lambda mutation: mutation.file):
        if not known.get(mutation.name):
            continue
        if mutation.file.partition("/")[0] != folder:
            folder = mutation.file.partition("/")[0]
            lines += ["", f"## {folder}/", "", "| change | file | step | what notices it |", "|---|---|---|---|"]
        lines.append(f"| {mutation.name} | `{mutation.file}` | {KILLERS[mutation.killer]} | {known[mutation.name]} |")
    (checkout / RESULTS).write_text("\n".join(lines) + "\n", encoding="utf-8")


class Report:
    """Says of each mutation whether it was noticed."""

    def __init__(self):
        self.noticed = {}

    def __call__(self, mutation, by, wrong=None):
        """`by` is a list of what noticed it; `wrong` is what else was wrong, if something was."""
        by, *more = by or [None]
        if more:
            by += f" and {len(more)} more"
        self.noticed[mutation] = None if wrong else by
        tap.judge(f"mutation: {mutation.name}", wrong or (None if by else f"{mutation.test} does not notice it"))
        if by:
            print(f"    | noticed by: {by}", flush=True)


def run_here(run, mutations, report, *args):
    """Those that need no guest. `run` is a function of mutants.py."""
    try:
        for mutation, by in run(mutations, *args):
            if isinstance(by, mutants.Wrong):
                report(mutation, [], by)
            else:
                report(mutation, by)
    except mutants.Wrong as wrong:
        for mutation in mutations:
            if mutation not in report.noticed:
                report(mutation, [], wrong)


class Builder(threading.Thread):
    """Builds the modules of mutations, while those that are built already are tested."""

    def __init__(self, modules, mutations):
        super().__init__(daemon=True)
        self.modules, self.mutations = modules, mutations
        self.built = queue.Queue()

    def run(self):
        """Puts (mutation, its directory or what is wrong) into `built`, and at last None."""
        try:
            for backend in sorted({BACKENDS[mutation.killer] for mutation in self.mutations}):
                self.modules.keep([mutation.test for mutation in self.mutations])
                self.modules.build(backend, f"original-{backend}", backend == BACKENDS["files"])
            for index, mutation in enumerate(self.mutations):
                try:
                    self.built.put((mutation, self.modules.build_mutation(BACKENDS[mutation.killer], str(index), mutation)))
                except mutants.Wrong as wrong:
                    self.built.put((mutation, wrong))
        except mutants.Wrong as wrong:
            for mutation in self.mutations:
                self.built.put((mutation, wrong))
        finally:
            self.built.put(None)

    def batch(self):
        """What is built by now, at least BATCH of them if so many are left; empty at the end."""
        found = []
        while len(found) < BATCH or not self.built.empty():
            item = self.built.get()
            if item is None:
                self.built.put(None)
                break
            found.append(item)
        return found


class Guests:
    """Tests what a Builder has built."""

    def __init__(self, report, work):
        self.report, self.work, self.modules = report, work, work / "modules"

    def run(self, builder):
        kunit.without_udev()
        while batch := builder.batch():
            jobs, by_index, files = {}, {}, {}
            for mutation, where in batch:
                if isinstance(where, mutants.Wrong):
                    self.report(mutation, [], where)
                elif mutation.killer == "files":
                    files[mutation] = where
                else:
                    index = int(where.name)
                    jobs[index] = f"original-{BACKENDS[mutation.killer]} {index} {mutation.test} {mutation.params}".rstrip()
                    by_index[index] = mutation
            for index, noticed, wrong in mutant_guests.judge(jobs, self.modules, str(self.work / "console.log")):
                self.report(by_index[index], noticed, wrong)
            run_here(self.run_files, files, self.report)

    def run_files(self, mutations):
        """Those that tools/guest/files.py is to notice: a boot for each, and one without a mutation."""
        tests = {mutation.test for mutation in mutations}
        original = self.modules / f"original-{BACKENDS['files']}"
        if tests and (wrong := mutants.run_files(tests, original, self.work)):
            raise mutants.Wrong(f"without a mutation: {wrong[0][0]}: {wrong[0][1]}")
        for mutation, modules in mutations.items():
            yield mutation, [name for name, _ in mutants.run_files({mutation.test}, modules, self.work)]


def run_all(mutations, checkout, work):
    """{mutation: what has noticed it}"""
    files = (work / "files").read_text(encoding="utf-8").split("\0")
    files = {name for name in files if name and (checkout / name).is_file()}
    report, by_killer = Report(), collections.defaultdict(list)
    for mutation in mutations:
        by_killer["modules" if mutation.killer in BACKENDS else mutation.killer].append(mutation)
    builder = None
    if by_killer["modules"]:
        builder = Builder(mutants.Modules(checkout, work, files), by_killer["modules"])
        builder.start()
    tree = mutants.Tree(checkout, work / "tree", files)
    for killer, run in HERE.items():
        if by_killer[killer]:
            run_here(run, by_killer[killer], report, tree, work)
    if builder:
        Guests(report, work).run(builder)
    return report.noticed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("work", nargs="?", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    checkout = pathlib.Path(".")
    if args.check:
        check(checkout)
        return
    mutations = load(checkout)
    chosen = [mutation for mutation in mutations if not args.names or mutation.killer in args.names
              or any(name in mutation.name for name in set(args.names) - set(KILLERS))]
    if not chosen:
        sys.exit("error: no mutation has such a name")
    noticed = run_all(chosen, checkout, args.work)
    count = sum(bool(by) for by in noticed.values())
    tap.note(f"{count} of {len(chosen)} mutations were noticed")
    with open(args.work.parent / "results.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_results(checkout, mutations, noticed)


if __name__ == "__main__":
    main()
