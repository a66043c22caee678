#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Remove everything that the machine room has put into its cache.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for path in "$CACHE"/{toolchain,kernel,debug-kernel,metadata,initramfs,snapshot,selftests,log}*; do
	[ ! -e "$path" ] || remove_tree "$path"
done
rmdir "$CACHE" 2>/dev/null || true
say "removed the cache in $CACHE"
