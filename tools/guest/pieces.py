# SPDX-License-Identifier: GPL-2.0
"""Reads of the files in debugfs at each offset, in lengths up to the whole, for files.py."""

import errno
import os

from library import DEBUG, LARGE, LIBRARY, check_eq, control

# Of a longer text not all pairs of an offset and a length are read.
SHORT = 150
LENGTHS = 1, 7, 64


def pairs(end):
    """Offsets and lengths for a text that ends there. Some are past the end."""
    last = end + 2
    if end <= SHORT:
        yield from ((offset, length) for offset in range(last) for length in range(1, last - offset + 1))
        return
    for offset in range(last):
        yield from ((offset, length) for length in (*LENGTHS, end - offset, end) if length > 0)
    for offset in 0, 1, end // 2, end - 1:
        yield from ((offset, length) for length in range(1, last - offset + 1))


def read_in_pieces(path):
    """Returns how many pieces. A file shows what there was when it was read first."""
    file = os.open(path, os.O_RDONLY)
    try:
        text = os.pread(file, LARGE, 0)
        check_eq(f"whether {path} has a text", len(text) > 0, True)
        count = 0
        for offset, length in pairs(len(text)):
            piece = os.pread(file, length, offset)
            if piece != text[offset:offset + length]:
                check_eq(f"{length} bytes of {path} at {offset}", piece, text[offset:offset + length])
            count += 1
        # Past all that a file can have, and before its begin.
        check_eq("far away", os.pread(file, 64, 1 << 62), b"")
        check_eq("nothing", os.pread(file, 0, 0), b"")
        try:
            check_eq("before the begin", os.pread(file, 1, -1), None)
        except OSError as error:
            check_eq("before the begin", error.errno, errno.EINVAL)
        # In several buffers at once.
        buffers = [bytearray(5), bytearray(1), bytearray(len(text))]
        read = os.preadv(file, buffers, 1)
        check_eq("buffers", b"".join(buffers)[:read], text[1:])
        # By the position of the file, byte for byte.
        os.lseek(file, 0, os.SEEK_SET)
        check_eq("bytes", b"".join(iter(lambda: os.read(file, 1), b"")), text)
        return count
    finally:
        os.close(file)


def files_are_read_in_pieces(phys):
    control("pages", phys, 2)
    for path in [*(f"{LIBRARY}/{name}" for name in sorted(os.listdir(LIBRARY))), f"{DEBUG}/io_mapping_selftests/control"]:
        print(f"{path}: {read_in_pieces(path)} pieces")
    control("drop")
