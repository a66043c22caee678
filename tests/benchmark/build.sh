#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Compile the counting plugin and the guest's program with the toolchain root's
# gcc into the directory $1.

# shellcheck source-path=SCRIPTDIR source=../../qemu/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../qemu/lib.sh"

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
root=$("$QEMU_DIR/toolchain.sh")
in_root "$root" "$HERE:/src:ro" "$(cd "$1" && pwd):/build" -- bash -euc '
	gcc -O2 -Wall -Wextra -Wno-unused-parameter -fPIC -shared -fvisibility=hidden -o /build/count.so /src/plugin/count.c
	gcc -O2 -Wall -Wextra -static -s -o /build/work /src/guest/work.c /src/guest/net.c /src/guest/ifup.c'
