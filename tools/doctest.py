# SPDX-License-Identifier: GPL-2.0
"""tools/doctest.py OUT: the examples in the crate's documentation compile against the crate that kbuild built in OUT.

rustdoc finds them and compiles each as a crate of its own. Each is a test.
"""
import os
import re
import subprocess
import sys
import tempfile

import tap
from kcmd import Build

CRATE = "io_mapping_rs"
ATTRIBUTE = "-Zcrate-attr="


def mirror(root, options, folder):
    """The crate's files in a folder, with kbuild's crate attributes in the root's first line.

    rustdoc 1.85 leaves -Zcrate-attr=no_std aside where it looks for examples.
    """
    where, name = os.path.split(root)
    for entry in os.scandir(where):
        if entry.name != name:
            os.symlink(entry.path, f"{folder}/{entry.name}")
    attributes = [f"#![{option[len(ATTRIBUTE):]}] " for option in options if option.startswith(ATTRIBUTE)]
    with open(root, encoding="utf-8") as source, open(f"{folder}/{name}", "w", encoding="utf-8") as copy:
        copy.write("".join(attributes) + source.read())
    return name


def run(build):
    env, options = build.rustc(f"{CRATE}.o")
    # rustdoc does not know this one.
    options = [option for option in options if option != "-Zbinary_dep_depinfo=y"]
    with tempfile.TemporaryDirectory() as folder:
        name = mirror(build.source(f"{CRATE}.o"), options, folder)
        command = ["rustdoc", "--test", "--no-run", *options, "-L", build.out, "--crate-name", CRATE, name]
        return subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)


def why(output, name):
    """The first error of an example."""
    section = output.partition(f"---- {name} stdout ----")[2]
    error = re.search(r"^error.*", section, re.M)
    return error[0] if error else "failed"


def main():
    with Build(sys.argv[1]) as build:
        done = run(build)
    print(done.stdout, file=sys.stderr)
    for name, kind, verdict in re.findall(r"^test (.+?)( - compile(?: fail)?)? \.\.\. (\w+)", done.stdout, re.M):
        if verdict == "ignored":
            tap.not_ok(f"example/{name}", "marked as one that is not to be compiled")
        elif kind.endswith("fail"):
            # With --no-run rustdoc takes any failure for the right one, the missing linker's too.
            tap.not_ok(f"example/{name}", "marked compile_fail: such code stands in selftests/compile_fail")
        elif verdict == "ok":
            tap.ok(f"example/{name}")
        else:
            tap.not_ok(f"example/{name}", why(done.stdout, name))
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
