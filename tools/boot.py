#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel in QEMU. Runs inside the trixie root; from outside use tools/boot.

    tools/boot --kernel KERNEL|FILE --initrd FILE [options] [-- QEMU-ARGS...]

The guest's console goes to a log. Its second serial port is a line-by-line conversation with
this side; the line "exit N" on it ends the boot with status N. Other statuses: 124 the guest took too long,
125 it died (a panic, or no "exit" line).

The accelerator is KVM where a probe boots a guest with it, otherwise TCG; ACCEL=kvm or ACCEL=tcg decides
without a probe. --icount makes every boot repeat exactly, instruction by instruction (TCG).

The KUnit suites run in virtme-ng (tools/kunit.py), which cannot do what is done here. Its guest has the host's files by
9p, so that the host's timing comes in and no boot repeats another; Debian's kernel has neither 9p nor overlayfs built
in; and nobody answers the guest from outside while it runs, as the demo does.
"""

import argparse
import sys

import accel
import qemu
import secure_boot


class Guest(qemu.Guest):
    """A guest with the accelerator that works here, where none is given."""

    def __init__(self, kernel, *args, icount=False, accelerator=None, one_thread=False, **options):
        if not accelerator:
            accelerator = "tcg" if icount else accel.choose(kernel)
        if one_thread:
            accelerator = accelerator.replace("tcg", "tcg,thread=single")
        super().__init__(kernel, *args, icount=icount, accelerator=accelerator, **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--append", default="", help="more of the kernel's command line")
    parser.add_argument("--log", default="/tmp/iomrs-console.log", help="where the console goes")
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--smp", type=int, help="CPUs (1 with --icount, otherwise 2)")
    parser.add_argument("--cpu", help="of TCG")
    parser.add_argument("--one-thread", action="store_true", help="emulate all CPUs in one thread of the host")
    parser.add_argument("--icount", action="store_true", help="a boot that repeats exactly")
    parser.add_argument("--secure-boot", metavar="CERTIFICATE",
                        help="boot Debian's kernel as on a machine with Secure Boot whose owner has enrolled this certificate")
    parser.add_argument("qemu", nargs="*", help="more arguments for QEMU")
    args = vars(parser.parse_args())
    certificate = args.pop("secure_boot")
    if certificate:
        args["loader"] = secure_boot.Loader(certificate)
    try:
        with Guest(**args) as guest:
            print(f"accelerator: {guest.accelerator}", file=sys.stderr)
            for line in guest.lines():
                print(line, flush=True)
        return guest.status
    except qemu.GuestError as error:
        print(f"error: {error}\nlog: {args['log']}", file=sys.stderr)
        return error.status


if __name__ == "__main__":
    sys.exit(main())
