#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs inside a virtme-ng guest: makes and drops mappings, and checks the library's files in debugfs.

    files.py DIR-OF-MODULES PHYS SIZE [tests=NAME] ...

PHYS and SIZE: the range of RAM that the kernel's command line sets aside. NAME: this test alone. The output is for tools/kunit.py: "@ok NAME",
"@not ok NAME: REASON", and "@suite NAME" before KTAP.
"""

import contextlib
import errno
import os
import re
import signal
import sys
import threading
import time

from arena import arena_is_told, arena_is_twice_the_memory_by_default
from leaks import leak_is_reported, library_works_beside_what_was_leaked
from library import (CHUNK, DEBUG, LIBRARY, MODULES, PAGE, bar, check_eq, control, deltas, device, has_kmemleak,
                     insmod, loaded, log_since, look_for_leaks, mappings, read_once, rmmod, selftest, stats, table, unbound)
from pieces import files_are_read_in_pieces

# Registers of the machine, which are no BARs.
APIC, HPET = 0xfee00000, 0xfed00000
PHYS, SIZE = int(sys.argv[2]), int(sys.argv[3])
# Here mappings do not conflict with the modes of those at PHYS.
OTHER_PHYS = PHYS + SIZE // 2
TESTS = []
CHOSEN = [word.removeprefix("tests=") for word in sys.argv[4:] if word.startswith("tests=")]


def test(function):
    TESTS.append(function)
    return function


@test
def files_are_root_only():
    check_eq("modes", {name: os.stat(f"{LIBRARY}/{name}").st_mode & 0o777 for name in sorted(os.listdir(LIBRARY))},
             {"mappings": 0o400, "mappings.json": 0o400, "selftest": 0o600, "stats": 0o400})


@test
def nothing_is_listed_after_loading():
    check_eq("mappings", mappings(), [])
    check_eq("lines", table(), [])


@test
def mapping_and_apertures_are_listed():
    control("pages", PHYS, 1)
    control("whole", PHYS + CHUNK, CHUNK + 3 * PAGE)
    control("sparse", OTHER_PHYS, SIZE // 4)
    expected = [
        {"phys": PHYS, "size": PAGE, "requested": "uncached-minus", "strategy": "ioremap", "maps": None,
         "pages": {"4K": 1}},
        {"phys": PHYS + CHUNK, "size": CHUNK + 3 * PAGE, "requested": "write-combining", "strategy": "whole",
         "maps": None, "pages": LARGE_AND_SMALL},
        {"phys": OTHER_PHYS, "size": SIZE // 4, "requested": "write-combining", "strategy": "sparse", "virt": None,
         "pages": {}, "maps": {"slots": 0, "areas": 0}},
    ]
    seen = mappings()
    check_eq("number of mappings", len(seen), 3)
    for mapping, wanted in zip(seen, expected):
        check_eq("mapping", {key: mapping[key] for key in wanted}, wanted)
        if mapping["file"] != "selftests/kunit/control.rs" or not 50 < mapping["line"] < 150:
            raise AssertionError(f"caller is {mapping['file']}:{mapping['line']}")
        if not 0 <= mapping["age"] <= 30:
            raise AssertionError(f"age is {mapping['age']}")
    for mapping in seen[:2]:
        if not re.fullmatch("[0-9a-f]{16}|[(]ptrval[)]|____.*", mapping["virt"]):
            raise AssertionError(f"virtual address is {mapping['virt']}")
        # It is hashed: the address itself must not be shown.
        if mapping["virt"].startswith("ff"):
            raise AssertionError(f"virtual address is {mapping['virt']}")
    print(read_once("mappings")[0])
    lines = table()
    for line, mapping in zip(lines, seen):
        first, last = (int(end, 0) for end in line[0].split("-"))
        check_eq("range", (first, last - first + 1), (mapping["phys"], mapping["size"]))
        check_eq("words", line[1:6], [mapping["virt"] or "-", str(mapping["size"]), mapping["requested"],
                                  mapping["achieved"], mapping["strategy"]])
        check_eq("caller", line[9], f"{mapping['file']}:{mapping['line']}")
    control("drop")
    check_eq("after", mappings(), [])


@test
def achieved_may_differ_from_requested():
    control("modes", PHYS)
    check_eq("modes", [(mapping["requested"], mapping["achieved"]) for mapping in mappings()],
             [("uncached-minus", "uncached-minus"), ("write-combining", "uncached-minus")])
    control("drop")


@test
def ten_thousand_mappings_in_one_read():
    control("pages", PHYS, 10_000)
    for name in "mappings", "mappings.json":
        text, rest = read_once(name)
        check_eq(f"what is left of {name}", rest, "")
        check_eq(f"end of {name}", text[-1], "\n")
    listed = mappings()
    check_eq("addresses", [mapping["phys"] for mapping in listed], [PHYS + page * PAGE for page in range(10_000)])
    check_eq("lines", len(table()), 10_000)
    # A read in pieces shows the mappings of one moment, too.
    with open(f"{LIBRARY}/mappings", "rb", buffering=0) as file:
        pieces = [file.read(1000)]
        control("drop")
        while piece := file.read(1000):
            pieces.append(piece)
    check_eq("lines in pieces", b"".join(pieces).count(b"\n0x"), 10_000)
    check_eq("after", mappings(), [])


@test
def live_maps_are_counted():
    waiting = threading.Thread(target=control, args=("hold", PHYS, 3000))
    waiting.start()
    seen = []
    while waiting.is_alive() and not (seen and seen[0]["maps"] == {"slots": 3, "areas": 2}):
        seen = mappings()
    waiting.join()
    check_eq("maps", [mapping["maps"] for mapping in seen], [{"slots": 3, "areas": 2}])
    check_eq("pages", seen[0]["pages"], {"4K": 4, "2M": 1} if LARGE_PAGES else {"4K": 516})


@test
def node_is_read_and_written_while_others_hold_all_slots():
    ivshmem = device("0x1af4", "0x1110")
    with unbound(ivshmem), loaded("io-mapping-sample", "strategy=2"):
        node = f"/dev/{os.listdir('/sys/bus/pci/devices/' + os.path.basename(ivshmem) + '/misc')[0]}"
        slots = stats()["slots_in_use"] + 512 * os.cpu_count()
        hoarding = threading.Thread(target=control, args=("hoard", PHYS, 3000))
        hoarding.start()
        while hoarding.is_alive() and stats()["slots_in_use"] < slots:
            pass
        refused = stats()["slot_exhaustions"]
        words = os.urandom(3 * PAGE)
        with open(node, "r+b", buffering=0) as file:
            before = os.pread(file.fileno(), len(words), 100)
            check_eq("written", os.pwrite(file.fileno(), words, 100), len(words))
            check_eq("read", os.pread(file.fileno(), len(words), 100), words)
            os.pwrite(file.fileno(), before, 100)
        check_eq("a local map was refused", stats()["slot_exhaustions"] > refused and hoarding.is_alive(), True)
        hoarding.join()


@test
def stats_are_exact():
    slots = 512 * os.cpu_count()  # by default
    before = stats()
    control("count", PHYS, 5)
    counted = deltas(before, stats())
    # How many there are depends on how many slots were dirty before.
    check_eq("flushes", 1 <= counted.pop("slot_flushes", 0) <= 3, True)
    check_eq("maps", counted, {
        "sparse_made": 1, "sparse_dropped": 1, "chunks_made": 1, "chunks_dropped": 1, "areas_made": 5,
        "areas_dropped": 5, "slot_local_maps": 10 + slots, "slot_local_unmaps": 10 + slots, "slot_atomic_maps": 5,
        "slot_atomic_unmaps": 5, "slot_exhaustions": 1})
    check_eq("slots in use", stats()["slots_in_use"], 0)
    before = stats()
    control("pages", PHYS, 7)
    control("whole", PHYS, CHUNK)
    check_eq("made", deltas(before, stats()), {"mappings_made": 7, "whole_made": 1})
    control("drop")
    check_eq("dropped", deltas(before, stats()),
             {"mappings_made": 7, "whole_made": 1, "mappings_dropped": 7, "whole_dropped": 1})
    before = stats()
    control("refuse", PHYS)
    check_eq("refused", deltas(before, stats()), {"refused_EINVAL": 2, "refused_ERANGE": 1, "refused_EPERM": 1})
    before = stats()
    control("refuse-bars")
    check_eq("BARs refused", deltas(before, stats()), {
        "refused_EINVAL": 3, "refused_other": 1, "refused_EBUSY": 1, "mappings_made": 1, "mappings_dropped": 1})


@test
def reads_while_mappings_are_made_and_dropped():
    control("pages", PHYS, 200)
    # The kernel with kmemleak has KASAN, too, which makes a shadow of each mapping and frees it.
    count = 1_500 if has_kmemleak() else 15_000
    workers = [threading.Thread(target=control, args=("churn", OTHER_PHYS + worker * 4 * CHUNK, count))
               for worker in range(2)]
    for worker in workers:
        worker.start()
    reads = most = 0
    while any(worker.is_alive() for worker in workers):
        seen = mappings()
        reads += 1
        most = max(most, len(seen))
        kept = [mapping["phys"] for mapping in seen if mapping["requested"] == "uncached-minus"]
        check_eq("mappings that stay", kept, [PHYS + page * PAGE for page in range(200)])
        for mapping in seen:
            pages = mapping["pages"]
            if mapping["strategy"] == "sparse":
                check_eq("size", mapping["size"], 4 * CHUNK)
            else:
                check_eq("pages", pages, {"4K": mapping["size"] // PAGE})
    control("drop")
    print(f"{reads} reads, {most} mappings at most")
    if reads < 5 or most <= 200:
        raise AssertionError(f"{reads} reads, {most} mappings at most: none while mappings were made")
    check_eq("after", mappings(), [])


@test
def open_file_keeps_the_module():
    for name, module in (("io_mapping_selftests/control", "io_mapping_selftests"),
                         ("io_mapping_rs/stats", "io_mapping_rs")):
        with open(f"{DEBUG}/{name}", "rb"):
            if module == "io_mapping_rs":
                check_eq("selftests unload", rmmod("io_mapping_selftests"), 0)
            check_eq(f"rmmod {module}", rmmod(module), errno.EAGAIN)
    insmod("io-mapping-selftests", f"phys={PHYS}", f"size={SIZE}")


@test
def signal_ends_a_long_read_of_the_sample():
    ivshmem = device("0x1af4", "0x1110")
    buffers = [bytearray(CHUNK)] * min(1023, bar(ivshmem, 2)[1] // CHUNK)
    with unbound(ivshmem), loaded("io-mapping-sample"):
        signal.signal(signal.SIGALRM, lambda *_: None)
        with open("/dev/io_mapping_sample0", "rb", buffering=0) as node:
            # More than one: the first may come before the read begins.
            signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
            try:
                read = os.preadv(node.fileno(), buffers, 0)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    print(f"{read >> 20} MiB were read until the signal came")
    if not 0 < read < len(buffers) * CHUNK or read % PAGE:
        raise AssertionError(f"{read} bytes were read")


@test
def large_mappings_are_listed_in_no_time():
    phys, size = bar(device("0x1af4", "0x1110"), 2)
    start = time.monotonic()
    for _ in range(2):
        control("whole", phys, size)
    made = time.monotonic() - start
    start = time.monotonic()
    listed = mappings()
    took = time.monotonic() - start
    control("drop")
    print(f"2 of {size >> 20} MiB: mapped in {made:.3f} s, listed in {took:.3f} s")
    pages = {"1G": size >> 30} if LARGE_PAGES else {"4K": size // PAGE}
    check_eq("pages", [mapping["pages"] for mapping in listed], [pages] * 2)
    # To look up each page would take about as long as to map it.
    if not LARGE_PAGES and took > made / 4:
        raise AssertionError(f"listing takes {took:.3f} s, mapping {made:.3f} s")


@test
def selftest_explains_its_input():
    check_eq("first", "SKIP write \"PHYS SIZE\"" in read_once("selftest")[0], True)
    for text in ("", "nonsense", f"{PHYS}", f"{PHYS + 1} {PAGE}", f"{PHYS} 0", f"{PHYS} {PAGE} 1", f"{PHYS} -1",
                 f"{PHYS} {PAGE} reserved 1"):
        result, said = selftest(text)
        check_eq(f"errno for {text!r}", result, errno.EINVAL)
        explained = "is not a range: write \"PHYS SIZE\"" in said and "\nnot ok 1" in said
        check_eq(f"what is said for {text!r}", explained, True)


@test
def selftest_refuses_system_ram():
    with open("/proc/iomem") as file:
        lines = [line.strip() for line in file]
    # The kernel's code, too: its pages are marked as reserved, so that C's ioremap maps them.
    for what in "System RAM", "Kernel code":
        ram = next(line.split("-")[0] for line in reversed(lines) if line.endswith(what))
        result, said = selftest(f"0x{ram} {PAGE}")
        check_eq(f"errno for {what}", result, errno.EPERM)
        check_eq("what is said", "is system RAM" in said and "\nnot ok 1 io_mapping_rs\n" in said, True)
    check_eq("errno for its end", selftest(f"{PHYS - PAGE} {2 * PAGE} reserved")[0], errno.EPERM)


def is_refused(text, number, words):
    """The check refuses this range, with this errno and these words, before it has mapped anything."""
    before = stats()
    result, said = selftest(text)
    check_eq(f"errno for {text!r}", result, number)
    check_eq(f"what is said for {text!r}", words in said and "\nnot ok 1 io_mapping_rs\n" in said, True)
    check_eq(f"mappings for {text!r}", deltas(before, stats()), {})


@test
def selftest_refuses_what_is_in_use():
    ivshmem = device("0x1af4", "0x1110")
    phys, size = bar(ivshmem, 2)
    # The driver of the selftests has requested nothing, the sample has.
    is_refused(f"{phys:#x} {PAGE}", errno.EBUSY, "is in use")
    with unbound(ivshmem):
        check_eq("errno without a driver", selftest(f"{phys:#x} {PAGE}")[0], 0)
        with loaded("io-mapping-sample"):
            is_refused(f"{phys:#x} {PAGE}", errno.EBUSY, "is in use")
            is_refused(f"{phys + size - PAGE:#x} {PAGE}", errno.EBUSY, "is in use")
    is_refused(f"{APIC:#x} {PAGE} reserved", errno.EPERM, "is not reserved as a whole")
    is_refused(f"{APIC:#x} {PAGE}", errno.EPERM, "is not in a BAR")
    is_refused(f"{HPET:#x} {PAGE}", errno.EPERM, "is not in a BAR")
    # The kernel cannot tell the firmware's from what memmap= has set aside.
    is_refused(f"{PHYS:#x} {PAGE}", errno.EPERM, "add the word \"reserved\"")
    is_refused(f"{phys - PAGE:#x} {2 * PAGE}", errno.EPERM, "is not in a BAR")


@test
def selftest_refuses_what_is_past_the_last_address():
    is_refused(f"{1 << 52:#x} {PAGE:#x}", errno.ERANGE, "after the last physical address")


@test
def selftest_claims_what_it_writes_to():
    ivshmem = device("0x1af4", "0x1110")
    phys, size = bar(ivshmem, 2)
    seen = set()
    with unbound(ivshmem):
        running = threading.Thread(target=selftest, args=(f"{phys:#x} {size // 4:#x}",))
        running.start()
        while running.is_alive():
            with open("/proc/iomem") as file:
                seen.update(line.strip() for line in file if line.rstrip().endswith(": io-mapping-rs"))
        running.join()
    check_eq("claimed", seen, {f"{phys:08x}-{phys + size // 4 - 1:08x} : io-mapping-rs"})
    with open("/proc/iomem") as file:
        check_eq("given back", "io-mapping-rs" in file.read(), False)


@test
def selftest_passes_and_changes_nothing():
    result, said = selftest(f"{PHYS:#x} {SIZE:#x} reserved")
    print("@suite selftest")
    print(said)
    print("@end")
    check_eq("errno", result, 0)
    check_eq("mappings", mappings(), [])
    check_eq("cases", said.count("    ok "), 8)


def caller_in_an_unloaded_module_is_not_listed():
    control("leak", PHYS, PAGE)
    check_eq("selftests unload", rmmod("io_mapping_selftests"), 0)
    seen = mappings()
    check_eq("caller", [(mapping["file"], mapping["line"]) for mapping in seen], [(None, None)])
    check_eq("line", table()[0][9], "(unloaded)")
    # Other modules use the memory of the unloaded one.
    insmod("io-mapping-selftests", f"phys={PHYS}", f"size={SIZE}")
    check_eq("caller", mappings()[0]["file"], None)


def no_memory_is_leaked():
    check_eq("selftests unload", rmmod("io_mapping_selftests"), 0)
    check_eq("library unloads", rmmod("io_mapping_rs"), 0)
    try:
        check_eq("leaks", look_for_leaks("no_leaks"), 0)
    finally:
        load()


def load():
    insmod("io-mapping-rs")
    insmod("io-mapping-selftests", f"phys={PHYS}", f"size={SIZE}")


def run(function, *args):
    name = function.__name__
    if CHOSEN and name not in CHOSEN:
        return
    try:
        function(*args)
        print(f"@ok files.{name}", flush=True)
    except Exception as error:  # whatever the test raises
        text = f"{type(error).__name__} {error}".replace("\n", " ")[:400]
        print(f"@not ok files.{name}: {text}", flush=True)
        # The module may be gone.
        with contextlib.suppress(OSError):
            control("drop")


def kmemleak_scans():
    check_eq("what it says", look_for_leaks("begin_to_look_for_leaks"), 0)


if has_kmemleak():
    run(kmemleak_scans)
mark = "iomrs: the tests begin here"
with open("/dev/kmsg", "w") as log:
    log.write(mark + "\n")
load()
with open("/proc/cmdline") as file:
    LARGE_PAGES = "nohugeiomap" not in file.read().split()
LARGE_AND_SMALL = {"4K": 3, "2M": 1} if LARGE_PAGES else {"4K": 515}
for function in TESTS:
    run(function)
run(files_are_read_in_pieces, PHYS, SIZE)
run(arena_is_told, PHYS, OTHER_PHYS)
run(arena_is_twice_the_memory_by_default)
if has_kmemleak():
    run(no_memory_is_leaked)
# From here on something stays mapped.
run(caller_in_an_unloaded_module_is_not_listed)
run(leak_is_reported, mark, PHYS, SIZE)
run(library_works_beside_what_was_leaked, PHYS, SIZE)
complaints = log_since(mark)[0]
print(f"@not ok kernel log is quiet: {'|'.join(complaints[:3])}" if complaints else "@ok kernel log is quiet")
print("@done", flush=True)
