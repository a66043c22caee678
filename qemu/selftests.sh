#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the kernel's own selftests for network drivers, unmodified, from the
# source of the stock kernel, with all they call.  Prints the path of a cpio
# archive that is laid over the guest's image (LAYER= of qemu/guest).

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_layer() {
	step "building the kernel's selftests for network drivers" \
		in_root "$ROOT" "$1:/build" "$QEMU_DIR:/src:ro" "$KERNEL/source:/kernel/source:ro" \
		"$KERNEL/modules:/kernel/modules:ro" -- bash /src/selftests-layer.sh "$(cat "$KERNEL/release")"
}

ROOT=$("$QEMU_DIR/toolchain.sh")
KERNEL=$("$QEMU_DIR/kernel.sh")
artefact selftests "$(hash_of "$QEMU_DIR"/selftests{,-layer}.sh "${ROOT#"$CACHE"}" "${KERNEL#"$CACHE"}")" make_layer |
	sed 's,$,/selftests.cpio,'
