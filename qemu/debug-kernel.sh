#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the debug kernel: the source of the stock one with debug-kernel.config,
# by clang, without which there is no KASAN beside Rust.  Prints the path of a
# directory with
#	vmlinux, modules/<release>, release	for qemu/guest KERNEL=
#	vmlinuz		the same, packed, for IMAGE=
#	build/		the O= directory, for building a module
#	config		what it was configured as

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

FRAGMENT=$QEMU_DIR/debug-kernel.config
# What the build prints as one line each: for the progress only.
FILES=1990

build() {
	local dir=$1
	shift
	in_root "$ROOT" "$KERNEL/source:/kernel/source:ro" "$dir:/kernel/build" -- \
		nice make -C /kernel/source O=/kernel/build -j"$(nproc)" LLVM=-19 \
		KBUILD_BUILD_USER=e1000_rust KBUILD_BUILD_HOST=e1000_rust KBUILD_BUILD_TIMESTAMP='Thu Jan 1 00:00:00 UTC 1970' "$@"
}

# tinyconfig takes the last setting of an option that it is given: the fragment's.
configure() {
	build "$1" tinyconfig
	cat "$FRAGMENT" >>"$1/.config"
	build "$1" olddefconfig
}

# Kconfig drops in silence what depends on something that is not there.
check_config() {
	local config=$1 line name lost=()
	while IFS= read -r line; do
		case $line in
		CONFIG_*=*)
			grep -qxF "$line" "$config" || lost+=("$line")
			;;
		'# CONFIG_'*' is not set')
			name=${line#'# '}
			! grep -q "^${name%% *}=" "$config" || lost+=("${name%% *}=n")
			;;
		esac
	done <"$FRAGMENT"
	[ ${#lost[@]} -eq 0 ] || die "the debug kernel's configuration did not take: ${lost[*]}"
}

# compile LOG DIR TARGET...: with a line a minute on how far it is.
compile() {
	local log=$1 begun=$SECONDS
	shift
	rm -f "$log.failed"
	say "building the debug kernel (about 12 minutes on 2 idle processors); its output is in $log"
	if ! { build "$@" 2>&1 || echo "$?" >"$log.failed"; } | tee "$log" | awk -v files="$FILES" '
		/^  (CC|AS|LD|AR|RUSTC|HOSTCC)/ { done++ }
		systime() >= next_report {
			if (done) { printf "    %d of about %d files\n", done, files >"/dev/stderr" }
			next_report = systime() + 60
		}' || [ -e "$log.failed" ]; then
		grep -nE 'error|Error' "$log" | head -n 10 >&2
		tail -n 20 "$log" >&2
		rm -f "$log.failed"
		die "the debug kernel's build failed after $((SECONDS - begun)) s; the whole log is $log"
	fi
	say "building the debug kernel: done in $((SECONDS - begun)) s"
}

# For a module's build the O= directory needs headers, Rust metadata, programs
# and Module.symvers; the objects made the kernel and are in it.
slim() {
	local dir=$1
	find "$dir" \( -name '*.o' -o -name '*.a' -o -name '*.ko' -o -name '.*.cmd' -o -name '*.mod.c' \) \
		! -path "$dir/scripts/*" ! -path "$dir/tools/*" -delete
	rm -f "$dir"/vmlinux* "$dir"/.tmp_vmlinux* "$dir"/System.map
	find "$dir" -type d -empty -delete
}

make_debug_kernel() {
	local dir=$1 build=$1/build release
	mkdir "$build"
	mkdir -p "$CACHE/log"
	step "configuring the debug kernel" configure "$build"
	check_config "$build/.config"
	compile "$CACHE/log/debug-kernel.log" "$build" bzImage modules
	release=$(cat "$build/include/config/kernel.release")
	step "installing the debug kernel's modules" build "$build" modules_install INSTALL_MOD_PATH=/kernel/build/staging
	mkdir "$dir/modules"
	mv "$build/staging/lib/modules/$release" "$dir/modules/$release"
	rm -rf "$build/staging" "$dir/modules/$release"/{build,source}
	mv "$build/vmlinux" "$dir/vmlinux"
	mv "$build/arch/x86/boot/bzImage" "$dir/vmlinuz"
	cp "$build/.config" "$dir/config"
	slim "$build"
	printf '%s\n' "$release" >"$dir/release"
}

ROOT=$("$QEMU_DIR/toolchain.sh")
KERNEL=$("$QEMU_DIR/kernel.sh")
# It takes long: another toolchain root with the same compilers is no reason.
tools=$(in_root "$ROOT" -- dpkg-query -W clang-19 lld-19 rustc bindgen)
artefact debug-kernel "$(hash_of "$QEMU_DIR/debug-kernel.sh" "$FRAGMENT" "$KERNEL/version" "$tools")" make_debug_kernel
