#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make the guest's initramfs for a kernel.  Prints the path of the image.
#
#	initramfs.sh [KERNELDIR]
#
# KERNELDIR (default: the stock kernel) holds `release` and modules/<release>;
# the latter may be missing if everything is built in.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_image() {
	local binds=("$1:/build" "$QEMU_DIR:/src:ro")
	[ ! -d "$KERNEL/modules" ] || binds+=("$KERNEL/modules:/kernel:ro")
	step "making the guest's initramfs" \
		in_root "$ROOT" "${binds[@]}" -- bash /src/image.sh "$(cat "$KERNEL/release")"
}

ROOT=$("$QEMU_DIR/toolchain.sh")
KERNEL=${1:-$("$QEMU_DIR/kernel.sh")}
[ -f "$KERNEL/release" ] || die "$KERNEL has no file release: it is not a kernel directory for the guest"

# An alternative kernel may be rebuilt in place: its modules' time counts.
stamp=$(stat -c %Y "$KERNEL/release" "$KERNEL/modules" 2>/dev/null || true)
artefact initramfs "$(hash_of "$QEMU_DIR/initramfs.sh" "$QEMU_DIR/image.sh" "$QEMU_DIR"/guest-{init,hostctl,usernet,udhcpc} \
	"${ROOT#"$CACHE"}" "${KERNEL#"$CACHE"}" "$stamp")" make_image | sed 's,$,/initramfs.cpio,'
