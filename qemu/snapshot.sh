#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Keep a guest that has booted: what a run with RESUME=1 goes on from, in a second
# in the place of a boot.  Prints the path of a directory with
#	memory		the guest's memory, which each run maps for itself alone
#	state		its processors and devices, as QEMU's migration has them
#
#	snapshot.sh KERNELDIR IMAGE=file SMP=n MEM=size APPEND=text

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

keep_guest() {
	step "booting the guest that others are resumed from ($SMP processors, $MEM)" \
		"$QEMU_DIR/guest-keep" "$1" "KERNEL=$KERNEL" "IMAGE=$IMAGE" "SMP=$SMP" "MEM=$MEM" "APPEND=$APPEND"
	# QEMU makes it for its user alone.
	chmod a+r "$1/state"
}

KERNEL=$1 IMAGE='' SMP='' MEM='' APPEND=''
shift
for setting; do
	case $setting in
	IMAGE=* | SMP=* | MEM=* | APPEND=*) declare "$setting" ;;
	*) die "snapshot.sh: unknown setting $setting" ;;
	esac
done

ROOT=$("$QEMU_DIR/toolchain.sh")
initramfs=$("$QEMU_DIR/initramfs.sh" "$KERNEL")
# A state is for the QEMU that wrote it, and for a host whose clock ticks as fast.
stamp=$(stat -c '%s %Y' "$KERNEL/$IMAGE" "$ROOT/usr/bin/qemu-system-x86_64"; grep -m 1 -i bogomips /proc/cpuinfo)
artefact snapshot "$(hash_of "$QEMU_DIR/snapshot.sh" "$QEMU_DIR"/guest{-keep,vm.py} "${ROOT#"$CACHE"}" \
	"${KERNEL#"$CACHE"}" "$IMAGE" "$stamp" "${initramfs#"$CACHE"}" "$SMP" "$MEM" "$APPEND")" keep_guest
