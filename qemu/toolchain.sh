#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make the toolchain root: the Debian release whose rustc, bindgen and GCC built
# the stock kernel, with QEMU and the guest's userland.  Prints its path.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PACKAGES=(
	# building the module and the kernel's Rust metadata
	gcc-14 gcc make rustc rust-src bindgen libclang-19-dev rustfmt rust-clippy
	pahole flex bison bc libelf-dev libssl-dev libdw-dev kmod cpio zstd xz-utils
	perl gawk rsync git python3 ca-certificates
	# the debug kernel, BPF objects
	clang-19 lld-19 llvm-19 libbpf-dev
	# make check
	shellcheck
	# the emulator and the guest's userland
	qemu-system-x86 busybox-static iproute2 ethtool iperf3 iputils-ping tcpdump
	# the kernel's selftests
	python3-yaml python3-jsonschema jq socat netcat-openbsd netsniff-ng bpftool procps iputils-arping
)

pin_backports() {
	mkdir -p "$1/etc/apt/preferences.d"
	cat >"$1/etc/apt/preferences.d/e1000_rust" <<-END
		Package: src:qemu src:seabios src:iproute2 src:ethtool
		Pin: release n=$(lock_get backports)
		Pin-Priority: 900
	END
}

# Everything the root holds that neither a build nor the guest needs.
slim() {
	rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb \
		"$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/info/* "$1"/usr/share/locale/*
}

# bootstrap MODE TARGET PINS: run mmdebstrap; TARGET is a directory or a .tar.
bootstrap() {
	local suite backports wrap=()
	suite=$(lock_get suite)
	backports=$(lock_get backports)
	[ "$1" != root ] || wrap=(private)
	"${wrap[@]}" mmdebstrap --mode="$1" --variant=minbase --keyring="$KEYRING" \
		--include="$(IFS=,; printf '%s' "${PACKAGES[*]}")" \
		--aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "5"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--setup-hook="copy-in '$3' /etc/apt/preferences.d" \
		"$suite" "$2" "deb $MIRROR $suite main" \
		"deb $MIRROR $suite-updates main" "deb $MIRROR $backports main"
}

# As an ordinary user the root is made as an archive in mmdebstrap's own user
# namespace, then unpacked in one where this user is root: so its files belong
# to the user, and the programs in it also run without any namespace.
bootstrap_as_user() {
	bootstrap unshare "$1.tar" "$2"
	unshare --user --map-root-user --map-auto \
		tar -C "$1" -x -p --numeric-owner --exclude='./dev/*' -f "$1.tar"
	rm -f "$1.tar"
}

# The versions found are the ones tested, or the difference is told.
compare_versions() {
	local name want got
	while read -r name got; do
		want=$(lock_get "$name")
		[ "$want" = "$got" ] ||
			say "note: $name in the archive is ${got:-missing}; this tree was tested with $want"
	done <<-END
		rustc $(in_root "$1" -- rustc --version | awk '{ print $2 }')
		bindgen $(in_root "$1" -- bindgen --version | awk '{ print $2 }')
		gcc $(in_root "$1" -- gcc-14 -dumpfullversion)
		clang $(in_root "$1" -- clang-19 -dumpversion)
		qemu $(in_root "$1" -- qemu-system-x86_64 --version | awk 'NR == 1 { print $4 }')
	END
}

make_root() {
	local root=$1/root pins=$1/e1000_rust.pref
	mkdir "$root"
	cat >"$pins" <<-END
		Package: src:qemu src:seabios src:iproute2 src:ethtool
		Pin: release n=$(lock_get backports)
		Pin-Priority: 900
	END
	say "toolchain root: about 600 MB of packages from $MIRROR, 1-3 minutes"
	if [ "$(id -u)" -eq 0 ]; then
		step "making the toolchain root" bootstrap root "$root" "$pins"
	else
		step "making the toolchain root" bootstrap_as_user "$root" "$pins"
	fi
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
	mkdir -p "$root"/kernel "$root"/src "$root"/build
	compare_versions "$root"
}

find_root() {
	local uidmap=()
	[ "$(id -u)" -eq 0 ] || uidmap=(newuidmap:uidmap)
	need_tools mmdebstrap:mmdebstrap flock:util-linux unshare:util-linux "${uidmap[@]}"
	. "$QEMU_DIR/mirror.sh"
	[ -e "$KEYRING" ] || need_tools debian-archive-keyring.gpg:debian-archive-keyring
	make_root "$1"
}

artefact toolchain "$(hash_of "$QEMU_DIR/toolchain.sh" "$QEMU_DIR/versions.lock")" find_root | sed 's,$,/root,'
