#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the kernel's selftests need in the guest beside its image: themselves in
# /kselftest, as `make install` there leaves them, the programs they call, python's
# yaml, a few more modules.  selftests.sh runs this inside the toolchain root, with
# this folder at /src, the kernel's source and modules at /kernel, the output at /build.

set -euo pipefail

RELEASE=$1
LAYER=/tmp/layer
TREE=/tmp/tree
SELFTESTS=tools/testing/selftests

TARGETS='drivers/net drivers/net/hw net/lib'
# Without these the build did less than it should; what is missing otherwise is skipped in silence.
WANTED=(
	drivers/net/{napi_id_helper,so_txtime,psp_responder} drivers/net/hw/{ncdevmem,toeplitz,nk_forward.bpf.o}
	net/lib/{csum,gro,xdp_helper,xdp_dummy.bpf.o,xdp_native.bpf.o,xdp_metadata.bpf.o} net/forwarding/lib.sh net/netdevice.sh
)
# GNU's, where busybox's are not enough.
PACKAGES=(coreutils findutils gawk grep hostname procps sed util-linux)
PROGRAMS=(arping bash bc bpftool devlink ip iperf3 jq mausezahn nc.openbsd ping socat tc)
MODULES=(
	act_ct act_skbedit cls_flower cls_fw cls_matchall esp4 esp4_offload esp6 esp6_offload ip6_gre ip_gre ip6_tunnel ipip
	macsec pppoe sch_etf sch_fq sch_ingress sch_prio sit tls vrf vxlan xfrm_user xfrm_interface
)

# The parts of the tree that the build reads; it writes into them.
copy_tree() {
	mkdir -p $TREE
	tar -C /kernel/source -c MAINTAINERS Documentation/netlink include/uapi tools/{arch,build,include,lib,net,scripts} \
		$SELFTESTS/{Makefile,lib.mk,kselftest.h,kselftest_harness.h,kselftest,kselftest_install.sh,run_kselftest.sh} \
		$SELFTESTS/{drivers/net,net} scripts | tar -C $TREE -x
	make -C /kernel/source O=/tmp/headers headers
	mkdir $TREE/usr
	mv /tmp/headers/usr/include $TREE/usr/
}

build() {
	local name
	make -C $TREE/$SELFTESTS TARGETS="$TARGETS" CLANG=clang-19 KHDR_INCLUDES="-isystem $TREE/usr/include" \
		-j"$(nproc)" install INSTALL_PATH=$LAYER/kselftest
	cp -p $TREE/$SELFTESTS/net/netdevice.sh $LAYER/kselftest/net/
	rm -r $LAYER/kselftest/net/lib/ynl/{generated,lib,tests,ynltool}
	for name in "${WANTED[@]}"; do
		[ -e "$LAYER/kselftest/$name" ] || { echo "error: the selftests were built without $name" >&2; exit 1; }
	done
	python3 -m compileall -q $LAYER/kselftest
}

# One program, and the libraries it loads; a link stays one.
add_program() {
	local path=$1 library
	case $path in
	/bin/* | /sbin/*) path=/usr$path ;;
	esac
	[ -e "$path" ] && [ ! -e "$LAYER$path" ] || return 0
	mkdir -p "$LAYER$(dirname "$path")"
	cp -pL "$path" "$LAYER$path"
	add_libraries "$path"
}

add_libraries() {
	local library
	{ ldd "$1" 2>/dev/null || true; } | sed -n 's,.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p' |
		while IFS= read -r library; do
			library=$(readlink -m "$(dirname "$library")")/${library##*/}
			case $library in
			*/ld-linux*) continue ;;
			esac
			mkdir -p "$LAYER$(dirname "$library")"
			cp -pLu "$library" "$LAYER$library"
		done
}

add_programs() {
	local name path
	for name in "${PROGRAMS[@]}"; do
		path=$(command -v "$name") || { echo "error: the toolchain root lacks $name" >&2; exit 1; }
		add_program "$path"
	done
	dpkg -L "${PACKAGES[@]}" | grep -E '^(/usr)?/s?bin/[^/]+$' |
		while IFS= read -r path; do
			[ ! -f "$path" ] || add_program "$path"
		done
	ln -s nc.openbsd $LAYER/usr/bin/nc
	ln -sf gawk $LAYER/usr/bin/awk
	mkdir -p $LAYER/usr/lib/python3/dist-packages $LAYER/usr/include/linux
	cp -r /usr/lib/python3/dist-packages/{yaml,_yaml} $LAYER/usr/lib/python3/dist-packages/
	for path in "$LAYER"/usr/lib/python3/dist-packages/yaml/*.so; do
		add_libraries "$path"
	done
	# Where ethtool.sh reads the names of the link modes.
	cp $TREE/usr/include/linux/ethtool.h $LAYER/usr/include/linux/
}

# The modules, unpacked; the guest makes the index over these and those of its image.
add_modules() {
	local name module target=lib/modules/$RELEASE
	mkdir -p /tmp/all/lib/modules "/tmp/index/$target"
	ln -s "/kernel/modules/$RELEASE" "/tmp/all/$target"
	depmod -b /tmp/all -o /tmp/index "$RELEASE"
	for name in "${MODULES[@]}"; do
		grep -E "/${name//_/[-_]}\.ko[.a-z]*:" "/tmp/index/$target/modules.dep" ||
			{ echo "error: the kernel has no module $name" >&2; exit 1; }
	done | tr -d : | tr ' ' '\n' | sort -u |
		while IFS= read -r module; do
			mkdir -p "$LAYER/usr/$target/$(dirname "$module")"
			xz -dc "/kernel/modules/$RELEASE/$module" >"$LAYER/usr/$target/${module%.xz}"
		done
}

mkdir -p $LAYER/kselftest
copy_tree
build
add_programs
add_modules
cd $LAYER
find . -mindepth 1 -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc -R 0:0 --quiet >/build/selftests.cpio
