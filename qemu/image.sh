#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The contents of the guest's initramfs: busybox, the network tools, python3 and
# those of the kernel's modules that tests need.  No udev, no systemd.
# initramfs.sh runs this inside the toolchain root, with this folder at /src,
# the kernel's modules at /kernel and the output at /build.

set -euo pipefail

RELEASE=$1
IMAGE=/tmp/image

PROGRAMS=(
	busybox bash dash flock ip ss tc bridge nstat ethtool iperf3 ping tcpdump python3
	kmod modprobe insmod rmmod lsmod depmod modinfo
)

# With all they depend on.
MODULES=(
	e1000 e1000e igb virtio_net virtio_blk 8021q veth bridge bonding team macvlan ipvlan dummy
	vxlan ifb tun nlmon pktgen netconsole qemu_fw_cfg vfio-pci xsk_diag tcp_bbr
	sch_ingress sch_netem sch_tbf sch_fq sch_htb sch_prio sch_etf sch_mqprio
	cls_u32 cls_bpf cls_flower cls_matchall cls_basic em_meta
	act_mirred act_gact act_vlan act_pedit act_csum act_police act_skbedit act_bpf
)

mkdir -p $IMAGE/usr/{bin,sbin,lib,lib64,share/udhcpc} $IMAGE/{etc,dev,proc,sys,run,tmp,root,guest,var/run,var/lock}
ln -s usr/bin usr/sbin usr/lib usr/lib64 $IMAGE/

# Programs, and the libraries they and python's modules load.  The loader finds
# libraries in the multiarch directory without a cache.
programs=()
for name in "${PROGRAMS[@]}"; do
	path=$(command -v "$name") || { echo "error: the toolchain root lacks $name" >&2; exit 1; }
	programs+=("$path")
	case $path in
	/bin/* | /sbin/*) path=/usr$path ;;
	esac
	if [ "$(readlink -f "$path")" = /usr/bin/kmod ] && [ "$name" != kmod ]; then
		ln -s ../bin/kmod "$IMAGE$path"
	else
		cp -pL "$path" "$IMAGE$path"
	fi
done
python=$(basename "$(readlink -f /usr/bin/python3)")
mkdir "$IMAGE/usr/lib/$python"
tar -C "/usr/lib/$python" -c --exclude=./test --exclude=./idlelib --exclude=./tkinter --exclude=./ensurepip \
	--exclude=./pydoc_data --exclude=./sqlite3 --exclude=./venv --exclude=./_pyrepl --exclude=./turtle.py \
	--exclude=./unittest --exclude=./curses --exclude='*sqlite*.so' --exclude='*curses*.so' --exclude='*readline*.so' \
	--exclude='*test*' --exclude='_codecs_*.so' --exclude='*.opt-*.pyc' . | tar -C "$IMAGE/usr/lib/$python" -x
ln -sf python3 "$IMAGE/usr/bin/$python"
mapfile -t extensions < <(find "$IMAGE/usr/lib/$python" -name '*.so')
for file in "${programs[@]}" "${extensions[@]}"; do
	ldd "$file" 2>/dev/null || true
done | sed -n 's,.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p' | sort -u |
	while IFS= read -r library; do
		library=$(readlink -m "$(dirname "$library")")/${library##*/}
		mkdir -p "$IMAGE$(dirname "$library")"
		cp -pL "$library" "$IMAGE$library"
	done
rm $IMAGE/usr/lib64/*
# The loader, and the library that ending a thread loads.
cp -p /usr/lib/x86_64-linux-gnu/{ld-linux-x86-64.so.2,libgcc_s.so.1} $IMAGE/usr/lib/x86_64-linux-gnu/
ln -s ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 $IMAGE/usr/lib64/
# Debian's busybox shell prefers its own applets to the real programs.
ln -s dash $IMAGE/usr/bin/sh

# Whatever else a script calls comes from busybox.
busybox --list | while IFS= read -r applet; do
	[ -e "$IMAGE/usr/bin/$applet" ] || [ -e "$IMAGE/usr/sbin/$applet" ] || ln -s busybox "$IMAGE/usr/bin/$applet"
done

# Modules, unpacked, with an index for modprobe.
modules=lib/modules/$RELEASE
mkdir -p "$IMAGE/usr/$modules"
if [ -d "/kernel/$RELEASE" ]; then
	mkdir -p "/tmp/all/lib/modules"
	ln -s "/kernel/$RELEASE" "/tmp/all/$modules"
	mkdir -p "/tmp/index/$modules"
	cp /kernel/"$RELEASE"/modules.{builtin,builtin.modinfo,order} "$IMAGE/usr/$modules/" 2>/dev/null || true
	depmod -b /tmp/all -o /tmp/index "$RELEASE"
	# Each line of the index is a module and all that it needs.
	for name in "${MODULES[@]}"; do
		grep -E "/${name//_/[-_]}\.ko[.a-z]*:" "/tmp/index/$modules/modules.dep" || true
	done | tr -d : | tr ' ' '\n' | sort -u |
		while IFS= read -r module; do
			target=$IMAGE/usr/$modules/${module%.xz}
			mkdir -p "$(dirname "$target")"
			case $module in
			*.xz) xz -dc "/kernel/$RELEASE/$module" >"$target" ;;
			*.zst) zstd -qdc "/kernel/$RELEASE/$module" >"${target%.zst}" ;;
			*) cp "/kernel/$RELEASE/$module" "$target" ;;
			esac
		done
	depmod -b "$IMAGE" "$RELEASE"
fi

install -m 755 /src/guest-init $IMAGE/init
install -m 755 /src/guest-hostctl $IMAGE/usr/bin/hostctl
install -m 755 /src/guest-usernet $IMAGE/usr/bin/usernet
install -m 755 /src/guest-udhcpc $IMAGE/usr/share/udhcpc/default.script
install -D -m 755 /src/guest-udhcpc $IMAGE/etc/udhcpc/default.script
echo 'root:x:0:0:root:/root:/bin/sh' >$IMAGE/etc/passwd
echo 'root:x:0:' >$IMAGE/etc/group
printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' >$IMAGE/etc/hosts
cp /etc/protocols /etc/services /etc/ethertypes $IMAGE/etc/ 2>/dev/null || true
cp -r /usr/share/iproute2 $IMAGE/usr/share/ 2>/dev/null || true

cd $IMAGE
find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc -R 0:0 --quiet >/build/initramfs.cpio
