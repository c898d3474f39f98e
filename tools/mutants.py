# SPDX-License-Identifier: GPL-2.0
"""Runs what is to notice a mutation, for tools/mutations.py: a copy of the checkout is changed, built, tested and changed back.

Each of the `run_*` yields (mutation, list of the tests that have noticed it), with a Wrong in place of the list where the
mutation cannot be built. Unless the tests pass without a mutation it raises Wrong.
"""

import collections
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import qemu

TOOLS = pathlib.Path(os.path.realpath(__file__)).parent
# Tests that loop take that as their end. Building may take longer, on a busy machine, and tells nothing.
LIMIT, BUILD_LIMIT = 300, 1200
KUNIT = "selftests/kunit"


class Wrong(Exception):
    """Something else than the mutation is wrong."""


def say(text):
    """For the step's log."""
    print("    | " + text, flush=True)


def run(command, limit=LIMIT, **env):
    """Exit status (None if it took too long) and output."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env={**os.environ, **{k: str(v) for k, v in env.items()}},
                                   start_new_session=True, preexec_fn=qemu.die_with_parent)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            qemu.kill_session(process)
            process.wait()
            status = None
        output.seek(0)
        return status, output.read().decode(errors="replace")


def apply(mutation, text):
    """The text with the mutation. It must be checked that it applies."""
    return text.replace(mutation.before, mutation.after)


class Tree:
    """A copy of the checkout."""

    def __init__(self, checkout, root, files):
        self.root = root
        for name in files:
            source, copy = checkout / name, root / name
            data = source.read_bytes()
            # What is as it was is left as it is, so that little is built again.
            if not copy.exists() or copy.read_bytes() != data:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(data)
                shutil.copymode(source, copy)
        for path in list(root.rglob("*")):
            if path.is_file() and str(path.relative_to(root)) not in files:
                path.unlink()

    def with_mutation(self, mutation):
        return Mutated(self.root / mutation.file, mutation)


class Mutated:
    """The file has the mutation in a `with`."""

    def __init__(self, path, mutation):
        self.path, self.mutation = path, mutation

    def __enter__(self):
        self.text = self.path.read_text(encoding="utf-8")
        self.path.write_text(apply(self.mutation, self.text), encoding="utf-8")

    def __exit__(self, *exc):
        self.path.write_text(self.text, encoding="utf-8")


def kbuild(backend, source, out, *args):
    """Builds a directory of modules, or says what is wrong."""
    status, output = run([TOOLS / "kbuild", "test", backend, "--", *args], BUILD_LIMIT, IOMRS_M=source, IOMRS_MO=out,
                         IOMRS_BIND=TOOLS.parent)
    if status != 0:
        errors = [line for line in output.splitlines() if re.match(r"error|.*: error:|ERROR", line)]
        raise Wrong("it does not build: " + (errors or output.splitlines()[-1:] or ["no word"])[0])


def failed(tap_output):
    """[(test, reason)] of the tests that failed."""
    return re.findall(r"^not ok - (.*)\n# reason: (.*)$", tap_output, re.M)


def host(tree, work, tests, flags=""):
    """Exit status and output of tests of selftests/host, or says that these cannot be built."""
    cargo = ["cargo", "test", "--locked", "--color", "never", "--manifest-path", tree.root / "selftests/host/Cargo.toml"]
    env = {"CARGO_TARGET_DIR": work / ("loom" if flags else "host"), "RUSTFLAGS": flags, "PROPTEST_RNG_SEED": 1}
    status, output = run([*cargo, "--no-run"], BUILD_LIMIT, **env)
    if status != 0:
        say(output.replace("\n", "\n    | "))
        raise Wrong("it does not build" + (" in time" if status is None else ""))
    return run([*cargo, "--", *tests], **env)


def run_host(mutations, tree, work, flags=""):
    status, output = host(tree, work, sorted({mutation.test for mutation in mutations}), flags)
    if status != 0 or not re.search(r"^test .* ok$", output, re.M):
        say(output.replace("\n", "\n    | "))
        raise Wrong("the tests of selftests/host do not pass as they are")
    for mutation in mutations:
        try:
            with tree.with_mutation(mutation):
                status, output = host(tree, work, [mutation.test], flags)
        except Wrong as wrong:
            yield mutation, wrong
            continue
        say(output.replace("\n", "\n    | "))
        names = sorted(re.findall(r"^test (\S+) .*FAILED$", output, re.M))
        if not names and status is None:
            names = [f"{mutation.test} does not end"]
        elif not names and status:
            names = [f"{mutation.test} dies"]
        yield mutation, names


def run_loom(mutations, tree, work):
    yield from run_host(mutations, tree, work, "--cfg loom")


def run_files(tests, modules, work):
    """[(test, reason)] of those of tools/guest/files.py that failed."""
    command = [sys.executable, "-B", TOOLS / "kunit.py", modules, "files", "--boot", "plain", "--guest", "files.py", "--glob",
               "none.none", "--log", work / "files-console.log"]
    for test in sorted(tests):
        command += ["--param", f"tests={test}"]
    _, output = run(command, 4 * LIMIT)
    say(output.replace("\n", "\n    | "))
    if not re.search("^(not )?ok - ", output, re.M):
        raise Wrong("no test ran")
    return [(name.removeprefix("files ").removesuffix(" (plain)"), reason) for name, reason in failed(output)]


class Modules:
    """The modules of kunit mutations, each in a directory of its own."""

    def __init__(self, checkout, work, files):
        self.tree = Tree(checkout, work / "kunit-tree", files)
        self.work = work
        folder = self.tree.root / KUNIT
        self.list = folder / "io_mapping_selftests.rs"
        self.all = self.list.read_text(encoding="utf-8")
        # {suite: the module that stands in io_mapping_selftests.rs for it}, {module: those that it uses, and other words}
        self.folders, self.uses = {}, collections.defaultdict(set)
        for path in folder.rglob("*.rs"):
            module, text = path.relative_to(folder).parts[0].removesuffix(".rs"), path.read_text(encoding="utf-8")
            self.folders.update((suite, module) for suite in re.findall(r"kunit_tests\((\w+)\)", text))
            for used in re.findall(r"\bcrate::(\w+|\{.*?\};)", text, re.DOTALL):
                self.uses[module].update(re.findall(r"\w+", used))

    def keep(self, tests):
        """Leaves out the suites that no test is in: they take most of the time of a build."""
        suites = set(self.folders.values())
        kept = {folder for suite, folder in self.folders.items() for test in tests if fnmatch.fnmatch(suite, test.split(".")[0])}
        kept |= self.uses.keys() - suites
        while more := set().union(*(self.uses[module] for module in kept)) - kept:
            kept |= more
        lines = []
        for line in self.all.splitlines(keepends=True):
            match = re.fullmatch(r"mod (\w+);\n", line)
            if match and match[1] in suites and match[1] not in kept:
                if lines[-1].startswith("#[cfg"):
                    lines.pop()
                continue
            lines.append(line)
        self.list.write_text("".join(lines), encoding="utf-8")

    def build(self, backend, name, sample):
        """Builds and puts the modules into a directory. Returns it."""
        modules = ["io-mapping-rs.ko", "io-mapping-selftests.ko", *["io-mapping-sample.ko"] * sample]
        kbuild(backend, self.tree.root, self.work / f"kunit-{backend}", "IOMRS_KUNIT=1", "IOMRS_WINDOW=percpu",
               "KRUSTFLAGS=-Adead_code -Aunused", *modules)
        where = self.work / "modules" / name
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
        for module in modules:
            shutil.copy(self.work / f"kunit-{backend}" / module, where)
        return where

    def build_mutation(self, backend, name, mutation):
        self.keep([mutation.test])
        with self.tree.with_mutation(mutation):
            return self.build(backend, name, mutation.killer == "files")
