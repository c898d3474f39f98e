#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Times ours against C's on the test kernel, in instructions: a boot that repeats exactly (boot.py --icount).

    tools/timing.py DIR-OF-MODULES NAME [--append KERNEL-ARGS] [--glob SUITES] [--device DEVICE] [--log FILE]

Runs the KUnit suites that the glob picks; what they log behind "iomrs-timing:" is the table. Prints one
line per case as make check counts them, and the table's lines behind "table ".
"""

import argparse
import os
import sys
import tempfile

import boot
import initramfs
import ktap

TOOLS = os.path.dirname(os.path.realpath(__file__))
MODULES = ["io-mapping-rs.ko", "io-mapping-selftests.ko"]
TIMEOUT = 480
# Addresses for an aperture of 1 TiB.
CPU = ["-cpu", "max,phys-bits=46"]


def devices(scratch, others):
    """An ivshmem device whose BAR holds every size that is timed, 1 GiB aligned included, and others."""
    backing = os.path.join(scratch, "bar2")
    with open(backing, "wb") as f:
        f.truncate(4 << 30)
    return ["-object", f"memory-backend-file,id=bar2,size=4G,mem-path={backing},share=on",
            "-device", "ivshmem-plain,memdev=bar2", *(word for other in others for word in ("-device", other))]


def row(text):
    """"what size=4096 c=2 rust=3 ratio=1.5" as a line of a table; None for the control that times C against C.

    C may be missing where it would take too long; what is no row is printed as it is.
    """
    what, *fields = text.split()
    values = dict(field.split("=") for field in fields if "=" in field)
    if not {"size", "rust"} <= values.keys():
        return text
    if "(c/c)" in what:
        return None
    size = int(values["size"])
    unit = next(shift for shift in (40, 30, 20, 10, 0) if size >> shift or not shift)
    human = f"{size >> unit} {['bytes', 'KiB', 'MiB', 'GiB', 'TiB'][unit // 10]}"
    c, ratio = values.get("c", "-"), values.get("ratio", "-")
    return f"{what:<26}{human:>8}   C {c:>12}   ours {values['rust']:>12}   ratio {ratio}"


def converse(guest, name):
    """Turns what the guest says into lines for make check."""
    suites = 0
    for line in guest.lines():
        if line.startswith("suite "):
            suites += 1
            text = ""
            while (line := guest.line()) != "end":
                text += line + "\n"
            for case, verdict, reason in ktap.results(text):
                yield f"{verdict} {name} {case}" + (f": {reason}" if reason else "")
        elif line.startswith("table "):
            line = row(line[len("table "):])
            if line:
                yield f"table {line}"
        elif line.startswith(("ok ", "not ok ")):
            result = "ok " if line.startswith("ok ") else "not ok "
            yield f"{result}{name} {line[len(result):]}"
    if not suites:
        yield f"not ok {name} suites: no KUnit suite ran"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules")
    parser.add_argument("name")
    parser.add_argument("--append", default="")
    parser.add_argument("--glob", default="iomrs_timing*", help="which suites")
    parser.add_argument("--device", action="append", default=[], help="another device")
    parser.add_argument("--log", default="/tmp/iomrs-timing.log", help="where the console goes")
    args = parser.parse_args()
    files = {name: os.path.join(args.modules, name) for name in MODULES}
    files["lib.sh"] = os.path.join(TOOLS, "guest", "lib.sh")
    with tempfile.TemporaryDirectory(prefix="timing-", dir=boot.cache_dir()) as scratch:
        initrd = os.path.join(scratch, "initrd")
        initramfs.build(initrd, os.path.join(TOOLS, "guest", "timing.sh"), files)
        try:
            with boot.Guest("test", initrd, args.log, f"kunit.filter_glob={args.glob} {args.append}",
                            [*CPU, *devices(scratch, args.device)], icount=True, timeout=TIMEOUT) as guest:
                for line in converse(guest, args.name):
                    print(line, flush=True)
        except boot.GuestError as error:
            print(f"not ok {args.name} the guest comes to its end: {error}")


if __name__ == "__main__":
    sys.exit(main())
