#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What virtme-ng starts in its guests: runs the words, with their output where virtme-ng reads it. It looks for these ports of
# virtio in /dev/virtio-ports, which is udev's, and there is no udev: see without_udev() of tools/kunit.py.
for port in /sys/class/virtio-ports/*; do
	[ "$(cat "$port/name")" != virtme.dev_stdout ] || exec > "/dev/${port##*/}"
done
exec "$@"
