# SPDX-License-Identifier: GPL-2.0
"""Reads of all our files in debugfs at each offset, in lengths up to the whole, for files.py."""

import errno
import glob
import os

from library import DEBUG, LARGE, LIBRARY, check_eq, control, device, loaded, unbound

# Of a longer text not all pairs of an offset and a length are read: there are half as many as the square of its length, and the
# longest has more than 4,000 bytes. A read copies a part of a text that has been there since the file was opened. So it is read
# from each offset in lengths that end within, at and after the end of the text, and in each length from a few offsets.
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


def files_are_read_in_pieces(phys, size):
    control("pages", phys, 2)
    with loaded("io-mapping-bench"), unbound(device("0x1af4", "0x1110")), loaded("io-mapping-sample"):
        # So that there are results.
        with open(f"{LIBRARY}/bench/run", "wb", buffering=0) as file:
            file.write(f"map_local_sized batches=6 range={phys + size // 2:#x}+{size // 2 >> 20}M reserved".encode())
        paths = [path for path in sorted(glob.glob(f"{DEBUG}/io_mapping_*/**", recursive=True)) if os.path.isfile(path)]
        check_eq("directories", {os.path.relpath(os.path.dirname(path), DEBUG) for path in paths},
                 {"io_mapping_rs", "io_mapping_rs/bench", "io_mapping_sample0", "io_mapping_selftests"})
        for path in paths:
            print(f"{path}: {read_in_pieces(path)} pieces")
    control("drop")
