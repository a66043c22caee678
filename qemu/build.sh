#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the module into build/: against the stock Debian kernel inside the
# toolchain root, or with KDIR=<tree> against any prepared 7.3 tree with the
# compilers of this machine.  Arguments go to the kernel's make.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MODULE_NAME=e1000_rust
OUT=${BUILD_DIR:-$TOP/build}
SRC=${MODULE_SRC:-$TOP}

# The module's BTF would need the kernel's vmlinux with BTF, which no package
# has; without this the build prints a notice each time.
ARGS=(--no-print-directory CONFIG_DEBUG_INFO_BTF_MODULES= "$@")
for name in W C V CLIPPY; do
	[ -z "${!name:-}" ] || ARGS+=("$name=${!name}")
done

build_kdir() {
	local release series
	series=$(lock_get kernel_series)
	[ -d "$KDIR" ] || die "KDIR=$KDIR is not a directory"
	release=$(cat "$KDIR/include/config/kernel.release" 2>/dev/null) ||
		die "KDIR=$KDIR is not a prepared kernel tree: run make modules_prepare there first"
	[ "${release#"$series".}" != "$release" ] || [ "${release#"$series"-}" != "$release" ] ||
		die "KDIR=$KDIR is kernel $release; this driver is for the series $series"
	[ -e "$KDIR/rust/libkernel.rmeta" ] ||
		die "KDIR=$KDIR has no Rust metadata (rust/libkernel.rmeta): it needs CONFIG_RUST=y and make modules_prepare; Debian's header packages lack it"
	make -C "$KDIR" M="$SRC" MO="$OUT" -j"$(nproc)" "${ARGS[@]}" modules
}

build_stock() {
	local root kernel metadata stock want got
	root=$("$QEMU_DIR/toolchain.sh")
	kernel=$("$QEMU_DIR/kernel.sh")
	metadata=$("$QEMU_DIR/metadata.sh")
	in_root "$root" "$kernel/source:/kernel/source:ro" "$metadata:/kernel/build:ro" \
		"$SRC:/src:ro" "$OUT:/build" -- \
		make -C /kernel/build M=/src MO=/build -j"$(nproc)" "${ARGS[@]}" modules
	[ -e "$OUT/$MODULE_NAME.ko" ] || return 0
	stock=$(find "$kernel/modules" -name 'e1000.ko*' -print -quit)
	want=$(in_root "$root" "$(dirname "$stock"):/kernel:ro" -- modinfo -F vermagic "/kernel/${stock##*/}")
	got=$(in_root "$root" "$OUT:/build:ro" -- modinfo -F vermagic "/build/$MODULE_NAME.ko")
	[ "$want" = "$got" ] ||
		die "the module's vermagic is \"$got\", the stock kernel's \"$want\": it would not load"
}

[ -e "$SRC/Kbuild" ] || die "$SRC has no Kbuild"
[ ! -e "$SRC/modules.order" ] ||
	die "$SRC holds the objects of a build inside the source tree; make clean removes them"
mkdir -p "$OUT"
# Two builds at once in one directory would spoil each other.
exec 8>"$OUT/.lock"
flock 8
if [ -n "${KDIR:-}" ]; then build_kdir; else build_stock; fi
