#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots a guest as tools/boot does, and looks at its screen. Runs inside the trixie root.

    tools/screen.py PICTURE KERNEL INITRD LOG APPEND [QEMU-ARGS]...

When the guest asks "screen SUM", it is answered "yes" as soon as its screen has these pixels, and "no" if it has not after a
minute. SUM is the SHA-256 of the pixels, of four bytes each: blue, green, red, 0. What QEMU shows then is left in PICTURE.
"""

import hashlib
import os
import sys
import tempfile
import time

import boot
import qemu

PATIENCE = 60


def pixels(picture):
    """Those of a PPM file of QEMU's, as the guest has them."""
    kind, size, depth, data = picture.split(b"\n", 3)
    width, height = map(int, size.split())
    if kind != b"P6" or depth != b"255" or len(data) != width * height * 3:
        raise ValueError(f"no picture of {width} * {height} pixels")
    found = bytearray(width * height * 4)
    found[0::4], found[1::4], found[2::4] = data[2::3], data[1::3], data[0::3]
    return bytes(found)


def shows(monitor, expected, path):
    """Whether these pixels are on the screen."""
    deadline = time.monotonic() + PATIENCE
    while True:
        monitor(f"screendump {path}")
        with open(path, "rb") as f:
            if hashlib.sha256(pixels(f.read())).hexdigest() == expected:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    path, kernel, initrd, log, append, *more = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="iomrs-screen-") as scratch:
        socket = os.path.join(scratch, "monitor")
        try:
            with boot.Guest(kernel, initrd, log, append, [*more, "-monitor", f"unix:{socket},server,nowait"],
                            timeout=600) as guest:
                monitor = None
                for line in guest.lines():
                    if line.startswith("ask screen "):
                        monitor = monitor or qemu.Monitor(socket)
                        guest.send("yes" if shows(monitor, line.split()[-1], path) else "no")
                    else:
                        print(line, flush=True)
            return guest.status
        except qemu.GuestError as error:
            print(f"error: {error}\nlog: {log}", file=sys.stderr)
            return error.status


if __name__ == "__main__":
    sys.exit(main())
