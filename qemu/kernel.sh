#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fetch the stock Debian kernel: image, modules, configuration and source of one
# and the same version.  Prints the path of a directory with
#	vmlinuz, vmlinux	the unmodified kernel; the latter unpacked, for a quick boot
#	modules/		lib/modules/<release> as packaged
#	config, Module.symvers	from the headers package
#	source/			the kernel source, Debian's patches applied
#	release, version	of the kernel and of its packages

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An apt of our own: the host's lists know nothing of the kernel's release.
setup_apt() {
	mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
	touch "$1/state/status"
	printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$MIRROR" "$(lock_get suite)" \
		"$KEYRING" "$MIRROR" "$(lock_get backports)" >"$1/sources.list"
	cat >"$1/apt.conf" <<-END
		Dir::State "$1/state";
		Dir::State::status "$1/state/status";
		Dir::Cache "$1/cache";
		Dir::Etc::SourceList "$1/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		APT::Architecture "amd64";
		APT::Architectures "amd64";
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Languages "none";
		Acquire::Retries "5";
	END
	export APT_CONFIG=$1/apt.conf
	apt-get update
}

# The locked release if the archive has it, else the newest of the series.
choose_release() {
	local series=$1 wanted=$2 found all
	all=$(apt-cache pkgnames linux-binary- | grep -E '^linux-binary-[0-9.]+\+deb[0-9]+-amd64$' | sed 's/^linux-binary-//' | sort -V)
	if grep -qxF "$wanted" <<<"$all"; then
		printf '%s\n' "$wanted"
		return 0
	fi
	found=$(grep -F "$series." <<<"$all" | grep "^${series//./\\.}\\." | tail -n 1) || true
	[ -n "$found" ] ||
		die "the archive has no kernel of the series $series, the only one this driver supports (it has: ${all//$'\n'/ })"
	say "note: kernel $wanted has left the archive; taking $found, which this tree was not tested with"
	printf '%s\n' "$found"
}

choose_version() {
	local release=$1 all locked
	all=$(apt-cache madison "linux-binary-$release" | awk '{ print $3 }')
	locked=$(lock_get kernel_version)
	if grep -qxF "$locked" <<<"$all"; then
		printf '%s\n' "$locked"
	else
		head -n 1 <<<"$all"
	fi
}

download() {
	local series=$1 release=$2 version=$3 name
	for name in "linux-base-$release" "linux-binary-$release" "linux-modules-$release" "linux-headers-$release" "linux-source-$series"; do
		apt-get download "$name=$version"
	done
}

unpack() {
	local dir=$1 debs=$2 series=$3 release=$4 part
	mkdir "$debs/x" "$dir/source"
	for part in base binary modules headers; do
		dpkg-deb -x "$debs/linux-$part-"*.deb "$debs/x"
	done
	mv "$debs/x/usr/lib/modules/$release/vmlinuz" "$dir/vmlinuz"
	mv "$debs/x/usr/src/linux-headers-$release/.config" "$dir/config"
	mv "$debs/x/usr/src/linux-headers-$release/Module.symvers" "$dir/Module.symvers"
	rm -f "$debs/x/usr/lib/modules/$release"/{build,source}
	mkdir "$dir/modules"
	mv "$debs/x/usr/lib/modules/$release" "$dir/modules/$release"
	dpkg-deb --fsys-tarfile "$debs"/linux-source-*.deb |
		tar -x --to-stdout "./usr/src/linux-source-$series.tar.xz" |
		tar -C "$dir/source" -x -J --strip-components=1
}

# The kernel must have been built with the compiler of the toolchain root: the
# metadata of another rustc does not match its symbols.
check_compiler() {
	local config=$1 root=$2 want have
	grep -q '^CONFIG_RUST=y' "$config" || die "this kernel was built without CONFIG_RUST"
	want=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT="\(.*\)"/\1/p' "$config")
	have=$(in_root "$root" -- rustc --version)
	[ "$want" = "$have" ] ||
		die "the kernel was built with \"$want\", the toolchain root has \"$have\"; a module built with it would not match. Choose another kernel_release in qemu/versions.lock."
}

make_kernel() {
	local dir=$1 series wanted release version root debs=$1/debs
	need_tools xz:xz-utils dpkg-deb:dpkg
	. "$QEMU_DIR/mirror.sh"
	series=$(lock_get kernel_series)
	wanted=${KERNEL_RELEASE:-$(lock_get kernel_release)}
	[ "${wanted#"$series".}" != "$wanted" ] ||
		die "kernel $wanted is not supported: this driver is for the series $series"
	root=$("$QEMU_DIR/toolchain.sh")
	mkdir "$debs"
	step "reading the archive's package lists" setup_apt "$debs"
	export APT_CONFIG=$debs/apt.conf
	release=$(choose_release "$series" "$wanted")
	version=$(choose_version "$release")
	cd "$debs"
	step "downloading kernel $release ($version, 250 MB)" download "$series" "$release" "$version"
	step "unpacking kernel $release" unpack "$dir" "$debs" "$series" "$release"
	cd "$dir"
	rm -rf --one-file-system "$debs"
	printf '%s\n' "$release" >release
	printf '%s\n' "$version" >version
	check_compiler "$dir/config" "$root"
	in_root "$root" "$dir:/kernel" -- sh /kernel/source/scripts/extract-vmlinux /kernel/vmlinuz >vmlinux 2>/dev/null ||
		die "the kernel image could not be unpacked"
}

artefact kernel "$(hash_of "$QEMU_DIR/kernel.sh" "$QEMU_DIR/versions.lock" "${KERNEL_RELEASE:-}")" make_kernel
