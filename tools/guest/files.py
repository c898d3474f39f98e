#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs inside a virtme-ng guest: has mappings made and dropped, and looks at the library's files in debugfs.

    files.py DIR-OF-MODULES PHYS SIZE ...

PHYS and SIZE: the range of RAM that the command line sets aside. Output is for tools/kunit.py: "@ok NAME",
"@not ok NAME: REASON", and "@suite NAME" before KTAP.
"""

import errno
import json
import os
import re
import subprocess
import sys
import threading

DEBUG = "/sys/kernel/debug"
LIBRARY = f"{DEBUG}/io_mapping_rs"
PAGE, CHUNK = 4096, 2 << 20
# More than any file here says.
LARGE = 64 << 20
MODULES, PHYS, SIZE = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# Where other modes do not meet those at the beginning.
AWAY = PHYS + SIZE // 2
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def same(what, got, expected):
    if got != expected:
        raise AssertionError(f"{what}: {got!r}, not {expected!r}")


def insmod(name, *params):
    subprocess.run(["insmod", f"{MODULES}/{name}.ko", *params], check=True)


def rmmod(name):
    """0 or the errno."""
    done = subprocess.run(["rmmod", name], stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        return 0
    return errno.EAGAIN if "temporarily unavailable" in done.stderr or "in use" in done.stderr else done.stderr


def tell(command, first=0, second=0):
    with open(f"{DEBUG}/io_mapping_selftests/do", "wb", buffering=0) as file:
        file.write(f"{command} {first} {second}".encode())


def read_once(name):
    """What one read(2) gives, and what is left after it."""
    file = os.open(f"{LIBRARY}/{name}", os.O_RDONLY)
    try:
        return os.read(file, LARGE).decode(), os.read(file, LARGE).decode()
    finally:
        os.close(file)


def mappings():
    return json.loads(read_once("mappings.json")[0])["mappings"]


def table():
    """The lines of `mappings`, each a list of words."""
    head, *lines = read_once("mappings")[0].splitlines()
    same("the head", head.split()[0], "#")
    return [line.split() for line in lines]


def stats():
    lines = read_once("stats")[0].splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}


def deltas(before, after):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


@test
def files_are_root_only():
    same("modes", {name: os.stat(f"{LIBRARY}/{name}").st_mode & 0o777 for name in sorted(os.listdir(LIBRARY))},
         {"mappings": 0o400, "mappings.json": 0o400, "selftest": 0o600, "stats": 0o400})


@test
def nothing_is_listed_at_first():
    same("mappings", mappings(), [])
    same("lines", table(), [])


@test
def one_of_each_is_listed_as_it_is():
    tell("hold", PHYS, 1)
    tell("whole", PHYS + CHUNK, CHUNK + 3 * PAGE)
    tell("sparse", AWAY, SIZE // 4)
    expected = [
        {"phys": PHYS, "size": PAGE, "requested": "uncached-minus", "strategy": "ioremap", "maps": None,
         "pages": {"4K": 1}},
        {"phys": PHYS + CHUNK, "size": CHUNK + 3 * PAGE, "requested": "write-combining", "strategy": "whole",
         "maps": None, "pages": LARGE_AND_SMALL},
        {"phys": AWAY, "size": SIZE // 4, "requested": "write-combining", "strategy": "sparse", "virt": None, "pages": {},
         "maps": {"slots": 0, "areas": 0}},
    ]
    seen = mappings()
    same("how many", len(seen), 3)
    for mapping, wanted in zip(seen, expected):
        same("mapping", {key: mapping[key] for key in wanted}, wanted)
        if mapping["file"] != "selftests/kunit/control.rs" or not 50 < mapping["line"] < 150:
            raise AssertionError(f"caller is {mapping['file']}:{mapping['line']}")
        if not 0 <= mapping["age"] <= 30:
            raise AssertionError(f"age is {mapping['age']}")
    for mapping in seen[:2]:
        if not re.fullmatch("[0-9a-f]{16}|[(]ptrval[)]|____.*", mapping["virt"]):
            raise AssertionError(f"virtual address is {mapping['virt']}")
        # Hashed: no address of a mapping is told.
        if mapping["virt"].startswith("ffff"):
            raise AssertionError(f"virtual address is {mapping['virt']}")
    print(read_once("mappings")[0])
    lines = table()
    for line, mapping in zip(lines, seen):
        first, last = (int(end, 0) for end in line[0].split("-"))
        same("range", (first, last - first + 1), (mapping["phys"], mapping["size"]))
        same("words", line[1:6], [mapping["virt"] or "-", str(mapping["size"]), mapping["requested"],
                                  mapping["achieved"], mapping["strategy"]])
        same("caller", line[9], f"{mapping['file']}:{mapping['line']}")
    tell("drop")
    same("after", mappings(), [])


@test
def achieved_may_differ_from_requested():
    tell("modes", PHYS)
    same("modes", [(mapping["requested"], mapping["achieved"]) for mapping in mappings()],
         [("write-combining", "write-combining"), ("uncached-minus", SECOND_MODE)])
    tell("drop")


@test
def ten_thousand_in_one_read():
    tell("hold", PHYS, 10_000)
    for name in "mappings", "mappings.json":
        text, rest = read_once(name)
        same(f"what is left of {name}", rest, "")
        same(f"end of {name}", text[-1], "\n")
    listed = mappings()
    same("addresses", [mapping["phys"] for mapping in listed], [PHYS + page * PAGE for page in range(10_000)])
    same("lines", len(table()), 10_000)
    # In pieces it is the same, of one moment.
    with open(f"{LIBRARY}/mappings", "rb", buffering=0) as file:
        pieces = [file.read(1000)]
        tell("drop")
        while piece := file.read(1000):
            pieces.append(piece)
    same("lines in pieces", b"".join(pieces).count(b"\n"), 10_001)
    same("after", mappings(), [])


@test
def live_maps_are_counted():
    waiting = threading.Thread(target=tell, args=("wait", PHYS, 3000))
    waiting.start()
    seen = []
    while waiting.is_alive() and not (seen and seen[0]["maps"] == {"slots": 3, "areas": 2}):
        seen = mappings()
    waiting.join()
    same("maps", [mapping["maps"] for mapping in seen], [{"slots": 3, "areas": 2}])
    same("pages", seen[0]["pages"], {"4K": 4, "2M": 1} if EXPORTED else {"4K": 516})


@test
def counts_are_exact():
    slots = 32  # per CPU, by default
    before = stats()
    tell("maps", PHYS, 5)
    same("maps", deltas(before, stats()), {
        "sparse_made": 1, "sparse_dropped": 1, "chunks_made": 1, "chunks_dropped": 1, "areas_made": 5,
        "areas_dropped": 5, "slot_local_maps": 10 + slots, "slot_local_unmaps": 10 + slots, "slot_atomic_maps": 5,
        "slot_atomic_unmaps": 5, "slot_exhaustions": 1,
        # The first time that all were in use.
        **({"slots_peak": slots - before["slots_peak"]} if before["slots_peak"] < slots else {})})
    same("peak", stats()["slots_peak"], slots)
    same("now", stats()["slots_in_use"], 0)
    before = stats()
    tell("hold", PHYS, 7)
    tell("whole", PHYS, CHUNK)
    same("made", deltas(before, stats()), {"mappings_made": 7, "whole_made": 1})
    tell("drop")
    same("dropped", deltas(before, stats()),
         {"mappings_made": 7, "whole_made": 1, "mappings_dropped": 7, "whole_dropped": 1})
    before = stats()
    tell("refuse", PHYS)
    same("refused", deltas(before, stats()), {"refused_EINVAL": 2, "refused_ERANGE": 1, "refused_EPERM": 1})
    before = stats()
    tell("refuse-bars")
    same("BARs refused", deltas(before, stats()), {
        "refused_EINVAL": 3, "refused_other": 1, "refused_EBUSY": 1, "mappings_made": 1, "mappings_dropped": 1})


@test
def reading_while_others_make_and_drop():
    tell("hold", PHYS, 200)
    workers = [threading.Thread(target=tell, args=("churn", AWAY + worker * 4 * CHUNK, 15_000)) for worker in range(2)]
    for worker in workers:
        worker.start()
    reads = most = 0
    while any(worker.is_alive() for worker in workers):
        seen = mappings()
        reads += 1
        most = max(most, len(seen))
        kept = [mapping["phys"] for mapping in seen if mapping["requested"] == "uncached-minus"]
        same("those that stay", kept, [PHYS + page * PAGE for page in range(200)])
        for mapping in seen:
            pages = mapping["pages"]
            if mapping["strategy"] == "sparse":
                same("size", mapping["size"], 4 * CHUNK)
            else:
                same("pages", pages, {"4K": mapping["size"] // PAGE})
    tell("drop")
    print(f"{reads} reads, {most} mappings at most")
    if reads < 5 or most <= 200:
        raise AssertionError(f"{reads} reads, {most} mappings at most: nothing came between")
    same("after", mappings(), [])


@test
def an_open_file_keeps_the_module():
    for name, module in (("io_mapping_selftests/do", "io_mapping_selftests"), ("io_mapping_rs/stats", "io_mapping_rs")):
        with open(f"{DEBUG}/{name}", "rb"):
            if module == "io_mapping_rs":
                same("selftests unload", rmmod("io_mapping_selftests"), 0)
            same(f"rmmod {module}", rmmod(module), errno.EAGAIN)
    insmod("io-mapping-selftests", f"phys={PHYS}", f"size={SIZE}")


def selftest(text):
    """0 or the errno, and what the file says then."""
    try:
        with open(f"{LIBRARY}/selftest", "wb", buffering=0) as file:
            file.write(text.encode())
        result = 0
    except OSError as error:
        result = error.errno
    return result, read_once("selftest")[0]


@test
def selftest_tells_how_it_is_used():
    same("first", "SKIP write \"PHYS SIZE\"" in read_once("selftest")[0], True)
    for text in ("", "nonsense", f"{PHYS}", f"{PHYS + 1} {PAGE}", f"{PHYS} 0", f"{PHYS} {PAGE} 1", f"{PHYS} -1"):
        result, said = selftest(text)
        same(f"errno for {text!r}", result, errno.EINVAL)
        same(f"what is said for {text!r}", "is not a range: write \"PHYS SIZE\"" in said and "\nnot ok 1" in said, True)


@test
def selftest_refuses_system_ram():
    with open("/proc/iomem") as file:
        lines = [line.strip() for line in file]
    # The kernel's own text too: its pages are reserved, so that C's ioremap maps them.
    for what in "System RAM", "Kernel code":
        ram = next(line.split("-")[0] for line in reversed(lines) if line.endswith(what))
        result, said = selftest(f"0x{ram} {PAGE}")
        same(f"errno for {what}", result, errno.EPERM)
        same("what is said", "is system RAM" in said and "\nnot ok 1 io_mapping_rs\n" in said, True)
    same("errno for its end", selftest(f"{PHYS - PAGE} {2 * PAGE}")[0], errno.EPERM)


@test
def selftest_passes_and_changes_nothing():
    result, said = selftest(f"{PHYS:#x} {SIZE:#x}")
    print("@suite selftest")
    print(said)
    print("@end")
    same("errno", result, 0)
    same("mappings", mappings(), [])
    same("cases", said.count("    ok "), 8)


@test
def a_caller_whose_module_has_gone_is_forgotten():
    tell("leak", PHYS)
    same("selftests unload", rmmod("io_mapping_selftests"), 0)
    seen = mappings()
    same("caller", [(mapping["file"], mapping["line"]) for mapping in seen], [(None, None)])
    same("line", table()[0][9], "(unloaded)")
    # Other modules take its place.
    insmod("io-mapping-selftests", f"phys={PHYS}", f"size={SIZE}")
    same("caller", mappings()[0]["file"], None)


def run(function):
    name = function.__name__
    try:
        function()
        print(f"@ok files.{name}", flush=True)
    except Exception as error:  # whatever went wrong
        text = f"{type(error).__name__} {error}".replace("\n", " ")[:400]
        print(f"@not ok files.{name}: {text}", flush=True)
        tell("drop")


def log_since(mark):
    lines = subprocess.run(["dmesg"], stdout=subprocess.PIPE, text=True).stdout.partition(mark)[2].splitlines()
    return [line for line in lines if re.search(r"WARNING:|BUG:|Oops|Call Trace|rcu:|possible", line)], lines


mark = "iomrs: from here on the log is ours"
with open("/dev/kmsg", "w") as log:
    log.write(mark + "\n")
insmod("io-mapping-rs")
insmod("io-mapping-selftests", f"phys={PHYS}", f"size={SIZE}")
EXPORTED = "exported" in subprocess.run(["modinfo", "-F", "backend", f"{MODULES}/io-mapping-rs.ko"],
                                        stdout=subprocess.PIPE, text=True).stdout
LARGE_AND_SMALL = {"4K": 3, "2M": 1} if EXPORTED else {"4K": 515}
SECOND_MODE = "write-combining" if EXPORTED else "uncached-minus"
for function in TESTS:
    run(function)
complaints, lines = [], []
rmmod("io_mapping_selftests")
rmmod("io_mapping_rs")
complaints, lines = log_since(mark)
verdict = "ok files.the_leak_is_told" if any("1 mappings were leaked" in line for line in lines) else \
    "not ok files.the_leak_is_told: not in the log"
print(f"@{verdict}")
print(f"@not ok kernel log is quiet: {'|'.join(complaints[:3])}" if complaints else "@ok kernel log is quiet")
print("@done", flush=True)
