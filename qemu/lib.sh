# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script of the machine room shares: messages, the cache, the
# namespace in which the toolchain root's programs run.  Sourced, never run.

set -euo pipefail

QEMU_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$QEMU_DIR")
CACHE=$(realpath -m -- "${E1000_RUST_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set; set E1000_RUST_CACHE}/.cache}/e1000_rust}")
export QEMU_DIR TOP CACHE

# The settings of the top make are not meant for the makes run below.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

# Messages go to stderr: stdout is for the path or value a script was asked for.
say() { printf '    %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# One value of the lock file.
lock_get() {
	local value
	value=$(sed -n "s/^$1=//p" "$QEMU_DIR/versions.lock")
	[ -n "$value" ] || die "qemu/versions.lock has no line $1="
	printf '%s\n' "$value"
}

# step TEXT CMD...: run CMD with its output in a log, tell how long it took; on
# failure show the end of the log.
step() {
	local text=$1 log start=$SECONDS status
	shift
	mkdir -p "$CACHE/log"
	log=$CACHE/log/$(tr -cs 'a-zA-Z0-9\n' - <<<"$text").log
	printf '    %s ...\n' "$text" >&2
	# Not as part of an || list: that would turn errexit off inside.
	set +e
	( set -e; "$@" ) >"$log" 2>&1 </dev/null
	status=$?
	set -e
	if [ "$status" -ne 0 ]; then
		tail -n 30 "$log" >&2
		die "$text: failed with status $status after $((SECONDS - start)) s; the whole log is $log"
	fi
	printf '    %s: done in %d s\n' "$text" $((SECONDS - start)) >&2
}

# need_tools PROGRAM:PACKAGE...: make sure that the host has each PROGRAM, by
# installing PACKAGE where that is possible.
need_tools() {
	local pair missing=() packages=()
	for pair in "$@"; do
		if ! PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null; then
			missing+=("${pair%%:*}")
			packages+=("${pair##*:}")
		fi
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		die "this machine lacks: ${missing[*]}. Install them (Debian and Ubuntu: apt-get install ${packages[*]}) and try again."
	fi
	step "installing ${packages[*]} on this machine" install_packages "${packages[@]}"
}

install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends "$@" && return 0
	apt-get update
	apt-get install -y --no-install-recommends "$@"
}

# hash_of FILE|STRING...: one key over the contents of files and over strings.
hash_of() {
	local item
	for item in "$@"; do
		if [ -f "$item" ]; then cat "$item"; else printf '%s\n' "$item"; fi
	done | sha256sum | cut -c1-16
}

# artefact NAME KEY FUNCTION: print the path of the artefact NAME-KEY in the
# cache.  If it is not there, `FUNCTION DIR` makes it in a fresh directory under
# a lock, and a rename puts it in place: what has the final name is complete.
artefact() {
	local name=$1 final=$CACHE/$1-$2 make=$3 tmp status
	if [ -d "$final" ]; then
		touch -c "$final" 2>/dev/null || true
		printf '%s\n' "$final"
		return 0
	fi
	mkdir -p "$CACHE"
	exec 9>"$CACHE/$name.lock"
	if ! flock -n 9; then
		say "another run is making $name; waiting for it"
		flock 9
	fi
	if [ ! -d "$final" ]; then
		# A run that was killed leaves its temporary directory behind; under
		# the lock every one of them is stale.
		for tmp in "$CACHE/$name".tmp.*; do
			[ ! -e "$tmp" ] || remove_tree "$tmp"
		done
		tmp=$CACHE/$name.tmp.$$
		mkdir "$tmp"
		set +e
		( set -e; "$make" "$tmp" )
		status=$?
		set -e
		[ $status -eq 0 ] || die "$name could not be made"
		sync -f "$tmp"
		mv -T "$tmp" "$final"
		drop_unused "$name" "$final"
	fi
	exec 9>&-
	printf '%s\n' "$final"
}

# Older artefacts of the same name, if nothing has used them for two weeks.
drop_unused() {
	local old
	while IFS= read -r old; do
		[ "$old" = "$2" ] || remove_tree "$old"
	done < <(find "$CACHE" -mindepth 1 -maxdepth 1 -type d -name "$1-????????????????" -mtime +14)
}

# Files of a root made by an ordinary user belong to its subordinate ids.
remove_tree() {
	if [ "$(id -u)" -eq 0 ]; then
		rm -rf --one-file-system "$1"
	else
		rm -rf --one-file-system "$1" 2>/dev/null ||
			unshare -Ur --map-auto rm -rf --one-file-system "$1"
	fi
}

# private CMD...: run CMD with its own mounts and process ids, as root or as
# root of a user namespace.  Whatever CMD mounts or starts ends with it.
private() {
	if [ "$(id -u)" -eq 0 ]; then
		unshare --mount --pid --fork --mount-proc --kill-child "$@"
	else
		unshare --user --map-root-user --map-auto --mount --pid --fork --kill-child "$@"
	fi
}

# in_root ROOT [SOURCE:TARGET[:ro]]... -- CMD...: run CMD inside the toolchain
# root with the SOURCE directories mounted at TARGET.
in_root() {
	# shellcheck disable=SC2016 # the inner shell expands
	private bash -euo pipefail -c '
		root=$1
		shift
		fail() { echo "error: cannot mount $1 into the toolchain root; this needs root or working user namespaces" >&2; exit 1; }
		mount --rbind /dev "$root/dev" || fail /dev
		mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc" || fail /proc
		mount -t tmpfs tmpfs "$root/tmp" || fail /tmp
		while [ "$1" != -- ]; do
			IFS=: read -r source target mode <<<"$1"
			mkdir -p "$root$target"
			mount --bind "$source" "$root$target" || fail "$source"
			[ "$mode" != ro ] || mount -o remount,bind,ro "$root$target" 2>/dev/null || true
			shift
		done
		shift
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C TERM="${TERM:-dumb}" \
			chroot "$root" "$@"
	' in_root "$@"
}
