#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's side of selftests/check.d/55-readme: runs the commands in /commands, one a line.
# shellcheck shell=busybox
. /lib.sh

mark_log
while read -r command; do try "$command" sh -c "$command"; done < /commands
complaints=$(log_complaints)
if [ -z "$complaints" ]; then ok "kernel log is quiet"; else not_ok "kernel log is quiet" "$complaints"; fi
finish
