# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Where Debian's packages come from: E1000_RUST_MIRROR, or the archive this
# machine itself is configured for; E1000_RUST_KEYRING has the key that it is
# signed with, if not Debian's.  Sets MIRROR and KEYRING.  Sourced, never run.

# The archive proper, not a -security one or a vendor's own.
# shellcheck disable=SC2016 # apt-get expands the $(...)
find_mirror() {
	local uri
	uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
		awk '$2 == "Debian" && $3 == "Debian" && $4 == "main" { print $1; exit }')
	printf '%s\n' "${uri%/}"
}

MIRROR=${E1000_RUST_MIRROR:-}
# shellcheck disable=SC2034 # for those who source this
KEYRING=$(realpath -m -- "${E1000_RUST_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}")
[ -z "${E1000_RUST_KEYRING:-}" ] || [ -e "$KEYRING" ] || die "E1000_RUST_KEYRING: there is no $KEYRING"

if [ -z "$MIRROR" ]; then
	command -v apt-get >/dev/null ||
		die "this machine has no apt: set E1000_RUST_MIRROR to the URL of a Debian archive, or build with make KDIR=<kernel tree>"
	MIRROR=$(find_mirror)
	if [ -z "$MIRROR" ] && [ "$(id -u)" -eq 0 ]; then
		# Fresh machines and images often come without package lists.
		step "apt-get update on this machine" apt-get update
		MIRROR=$(find_mirror)
	fi
	[ -n "$MIRROR" ] ||
		die "apt on this machine knows no Debian archive (run apt-get update, or set E1000_RUST_MIRROR to the URL of one)"
fi
