#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Keep a guest that has booted: what a run with RESUME=1 goes on from, in a second
# in the place of a boot.  Prints the path of a directory with
#	memory		the guest's memory, which each run maps for itself alone
#	state		its processors and devices, as QEMU's migration has them
#
#	snapshot.sh KERNELDIR SMP=n MEM=size APPEND=text

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

keep_guest() {
	step "booting the guest that others are resumed from ($SMP processors, $MEM)" \
		"$QEMU_DIR/guest-keep" "$1" "KERNEL=$KERNEL" "SMP=$SMP" "MEM=$MEM" "APPEND=$APPEND"
}

KERNEL=$1
shift
for setting; do
	case $setting in
	SMP=* | MEM=* | APPEND=*) declare "$setting" ;;
	*) die "snapshot.sh: unknown setting $setting" ;;
	esac
done

ROOT=$("$QEMU_DIR/toolchain.sh")
image=$("$QEMU_DIR/initramfs.sh" "$KERNEL")
stamp=$(stat -c %Y "$KERNEL"/*vmlinu* "$KERNEL/release")
artefact snapshot "$(hash_of "$QEMU_DIR/snapshot.sh" "$QEMU_DIR"/guest{-keep,vm.py} "${ROOT#"$CACHE"}" \
	"${KERNEL#"$CACHE"}" "$stamp" "${image#"$CACHE"}" "$SMP" "$MEM" "$APPEND")" keep_guest
