#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make what the benchmark needs with the toolchain root's programs:
#
#	build.sh DIR			the counting plugin and the guest's program
#	build.sh DIR MODULE		MODULE without debug information as DIR/<its name>,
#					as the distribution ships its modules

# shellcheck source-path=SCRIPTDIR source=../../qemu/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../qemu/lib.sh"

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
OUT=$(cd "$1" && pwd)
root=$("$QEMU_DIR/toolchain.sh")
if [ $# -eq 2 ]; then
	in_root "$root" "$(dirname "$(realpath "$2")"):/src:ro" "$OUT:/build" -- \
		strip --strip-debug -o "/build/${2##*/}" "/src/${2##*/}"
	exit
fi
in_root "$root" "$HERE:/src:ro" "$OUT:/build" -- bash -euc '
	gcc -O2 -Wall -Wextra -Wno-unused-parameter -fPIC -shared -fvisibility=hidden -o /build/count.so.new /src/plugin/count.c
	gcc -O2 -Wall -Wextra -static -s -o /build/work.new /src/guest/*.c
	# Another run may have them open.
	mv /build/count.so.new /build/count.so
	mv /build/work.new /build/work'
