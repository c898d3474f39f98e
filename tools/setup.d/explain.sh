# SPDX-License-Identifier: GPL-2.0
# Why a step failed, told from its log: ends the set-up in one line with the cause and the cure.
# shellcheck shell=bash

# explain LOG-NAME WHAT: WHAT has just failed.
explain() {
	local log=$LOGS/$1.log line
	if grep -qE 'No space left on device|not enough free space' "$log"; then
		die "too little disk for $2: free some space, or set IOMRS_CACHE to a larger disk" "$log"
	elif line=$(grep -oE 'Unable to locate package \S+|Version .* was not found' "$log" | head -n 1) && [ -n "$line" ]; then
		die "missing package ($line): the mirror is incomplete or its lists are old; set DEBIAN_MIRROR to another one" "$log"
	elif grep -q 'No matching distribution found' "$log"; then
		die "$2 failed, as the Python registry is out of reach or has no such version: check the connection and the proxy, or set \
PIP_INDEX_URL to another registry" "$log"
	elif line=$(grep -oE '(Temporary failure|Could not) resolv\S*.*|Could not connect.*|Unable to connect.*|Connection (timed out|refused|failed).*|Network is unreachable|Could not handshake.*' "$log" | head -n 1) && [ -n "$line" ]; then
		die "no network ($line): check the connection and the proxy, or set DEBIAN_MIRROR to a mirror within reach" "$log"
	elif grep -qE 'is not valid yet|is expired|Release file .* expired' "$log"; then
		die "the package lists do not fit this machine's clock: set the clock, or DEBIAN_MIRROR to a current mirror" "$log"
	elif grep -qE 'NO_PUBKEY|not signed|signatures couldn.t be verified' "$log"; then
		die "the mirror's signature is unknown here: apt-get install --only-upgrade debian-archive-keyring" "$log"
	elif grep -qE 'Failed to fetch|404 +Not Found' "$log"; then
		die "a package is gone from the mirror: run the same with --update, or set DEBIAN_MIRROR to another one" "$log"
	elif line=$(grep -E '^E: |\berror(\[E[0-9]+\])?: |\*\*\* .*Error|: error:' "$log" | head -n 1) && [ -n "$line" ]; then
		die "$2 failed (${line:0:160}): read the log, and run the same again to go on from here" "$log"
	fi
	die "$2 failed: read the log, and run the same again to go on from here" "$log"
}
