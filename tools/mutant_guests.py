# SPDX-License-Identifier: GPL-2.0
"""Guests in which KUnit cases run with mutated modules, for tools/mutations.py: one boot for as many as it survives.

In the guest tools/guest/kunit.sh runs each case with the modules as they are and then with the mutated ones. A guest that
dies or hangs has noticed the mutation. The next ones have another guest, and so has one whose case fails without the
mutation after others have run.
"""

import os
import select
import subprocess
import tempfile
import time

import ktap
import kunit
import qemu

# No case that is named for a mutation takes so long, on a busy machine either.
SILENT = 240
# What goes wrong in the kernel ends the guest.
APPEND = "oops=panic panic=-1"


class Guest:
    """Runs the mutations that `modules` has in its file `mutations`."""

    def __init__(self, modules, log):
        self.modules, self.log = modules, log
        self.lines = []

    def run(self):
        """Returns why it ended before its end, or None."""
        args = kunit.arguments([str(self.modules), "mutations", "--more", "mutations", "--append", APPEND])
        with tempfile.TemporaryDirectory(prefix="mutations-", dir=qemu.cache_dir()) as scratch:
            backing = os.path.join(scratch, "bar2")
            kunit.make_backing(args.kernel, backing)
            command = kunit.command(args, kunit.BOOTS["plain"], qemu.kernel_image(args.kernel), backing, self.log)
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       start_new_session=True, preexec_fn=qemu.die_with_parent)
            try:
                self.listen(process.stdout.fileno())
            finally:
                if process.poll() is None:
                    qemu.kill_session(process)
                process.wait()
        if "@done" in self.lines:
            return None
        return self.why

    def listen(self, output):
        rest, deadline = b"", time.monotonic() + SILENT
        while "@done" not in self.lines:
            if not select.select([output], [], [], max(0, deadline - time.monotonic()))[0]:
                self.why = "the guest hangs"
                return
            data = os.read(output, 1 << 16)
            if not data:
                self.why = "the guest dies: " + kunit.why_it_ended("", self.log)
                return
            deadline = time.monotonic() + SILENT
            *lines, rest = (rest + data).replace(b"\r", b"").split(b"\n")
            self.lines += [line.decode(errors="replace") for line in lines]

    def sections(self):
        """{index of a mutation: [lines before it was made, lines after, or None where it did not come to that]}"""
        found, section = {}, []
        for line in self.lines:
            word, _, rest = line.partition(" ")
            if word == "@mutation":
                found[int(rest)] = [section := [], None]
                last = int(rest)
            elif word == "@mutated":
                section = found[last][1] = []
            else:
                section.append(line)
        return found


def verdicts(lines):
    """What passed, and what failed."""
    suites, own = kunit.split("\n".join(lines))
    passed, wrong = [], []
    for _, _, text in suites:
        for case, verdict, reason in ktap.results(text):
            {"ok": passed, "not ok": wrong}.get(verdict, []).append(case)
    wrong += [line[len("not ok "):].partition(": ")[0] for line in own if line.startswith("not ok ")]
    return passed, wrong


def judge(jobs, modules, log):
    """`jobs`: {index: line for kunit.sh}. Yields (index, list of what noticed it, what else is wrong or None)."""
    left, again = dict(jobs), 0
    while left:
        with open(os.path.join(modules, "mutations"), "w", encoding="utf-8") as file:
            file.writelines(f"{index} {line}\n" for index, line in left.items())
        guest = Guest(modules, log)
        why = guest.run()
        print("\n".join("    | " + line for line in guest.lines), flush=True)
        first, done = True, 0
        for index, (before, after) in guest.sections().items():
            passed, wrong = verdicts(before)
            if after is None and why or wrong or not passed:
                if not first:
                    break
                if after is not None or again > 2:
                    yield index, [], f"without the mutation: {', '.join(wrong) or why or 'nothing runs'}"
                    del left[index]
                    done += 1
                break
            first = False
            _, noticed = verdicts(after)
            is_last = index == max(guest.sections())
            if is_last and why:
                noticed.insert(0, why)
            yield index, noticed, None
            del left[index]
            done += 1
        again = 0 if done else again + 1
        if again > 3:
            for index in left:
                yield index, [], f"no guest comes so far: {why}"
            return
