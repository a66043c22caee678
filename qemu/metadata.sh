#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make what Debian's headers lack for a Rust module: the metadata of the
# kernel's crates, by `make modules_prepare` of the source with the stock
# configuration.  Prints the path of the O= directory.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

prepare() {
	in_root "$ROOT" "$KERNEL/source:/kernel/source:ro" "$1:/kernel/build" -- \
		make -C /kernel/source O=/kernel/build -j"$(nproc)" LOCALVERSION="$LOCALVERSION" \
		KBUILD_BUILD_USER=e1000_rust KBUILD_BUILD_HOST=e1000_rust "$2"
}

make_metadata() {
	local dir=$1 made
	LOCALVERSION=$(sed 's/^[0-9.]*//' "$KERNEL/release")
	mkdir "$dir/build"
	dir=$dir/build
	cp "$KERNEL/config" "$dir/.config"
	prepare "$dir" olddefconfig >"$dir/prepare.log" 2>&1 || { tail -n 20 "$dir/prepare.log" >&2; die "make olddefconfig failed"; }
	grep -q '^CONFIG_RUST=y' "$dir/.config" ||
		die "the kernel's configuration loses CONFIG_RUST with this toolchain root; see make rustavailable"
	step "building the Rust metadata of $(cat "$KERNEL/release") (1-3 minutes)" prepare "$dir" modules_prepare
	cp "$KERNEL/Module.symvers" "$dir/Module.symvers"
	made=$(cat "$dir/include/config/kernel.release")
	[ "$made" = "$(cat "$KERNEL/release")" ] ||
		die "the prepared tree calls itself $made, not $(cat "$KERNEL/release")"
	# Objects and archives served the preparation only.
	find "$dir/rust" "$dir/scripts" "$dir/tools" \( -name '*.o' -o -name '*.a' \) ! -name 'module-common.o' -delete
}

ROOT=$("$QEMU_DIR/toolchain.sh")
KERNEL=$("$QEMU_DIR/kernel.sh")
artefact metadata "$(hash_of "$QEMU_DIR/metadata.sh" "${ROOT#"$CACHE"}" "$KERNEL"/{version,config,Module.symvers})" make_metadata | sed 's,$,/build,'
