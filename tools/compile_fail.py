# SPDX-License-Identifier: GPL-2.0
"""tools/compile_fail.py LABEL OUT DIR: what must not compile does not.

Each file of DIR says in its first lines which error it must draw ("//! error: E0505"). It is compiled twice, as
kbuild compiled the user of the crate in OUT: with --cfg broken it must fail with that error and no other, and
without it must compile, so that nothing else can be what is wrong with it.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

import tap
from kcmd import Build

USER = "samples/io_mapping_sample.o"


def compile_file(build, path, products, cfg):
    """rustc's exit status and the codes of its errors. Compiled to an object: some errors come that late."""
    env, options = build.rustc(USER)
    name = os.path.basename(path)[: -len(".rs")]
    command = ["rustc", *options, *cfg, "--cap-lints=allow", "--error-format=json", "--crate-name", name,
               f"--emit=obj={products}/{name}.o", path]
    done = subprocess.run(command, cwd=build.out, env=env, stderr=subprocess.PIPE, text=True)
    errors = []
    for line in done.stderr.splitlines():
        message = json.loads(line) if line.startswith("{") else {"level": "error", "message": line}
        # The last one only counts those before it.
        if message["level"] == "error" and not message["message"].startswith("aborting due to "):
            errors.append(message)
    return done.returncode, errors


def describe(errors):
    return "; ".join(f"{(error.get('code') or {}).get('code')}: {error['message']}" for error in errors)


def judge(build, path, products):
    """None if the file fails and compiles as it must, otherwise what is wrong with it."""
    with open(path, encoding="utf-8") as file:
        expected = re.search(r"^//! error: (E\d{4})$", file.read(), re.M)
    if not expected:
        return "names no error"
    status, errors = compile_file(build, path, products, [])
    if status or errors:
        return f"does not compile without --cfg broken: {describe(errors)}"
    status, errors = compile_file(build, path, products, ["--cfg", "broken"])
    if not status:
        return f"compiles, {expected[1]} expected"
    if {(error.get("code") or {}).get("code") for error in errors} != {expected[1]}:
        return f"{expected[1]} expected, got {describe(errors)}"
    return None


def main():
    label, *paths = sys.argv[1:]
    out, folder = map(os.path.abspath, paths)
    paths = sorted(entry.path for entry in os.scandir(folder) if entry.name.endswith(".rs"))
    with (
        Build(out) as build,
        tempfile.TemporaryDirectory() as products,
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for path, wrong in zip(paths, pool.map(lambda path: judge(build, path, products), paths)):
            name = f"{label}/compile_fail/{os.path.basename(path)[:-len('.rs')]}"
            tap.judge(name, wrong)


if __name__ == "__main__":
    main()
