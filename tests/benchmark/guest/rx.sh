#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# RX: pktgen on an igb in a namespace of its own sends a burst each millisecond.
# The same frames to a foreign MAC cost the same to send and are not received.
# $BURSTS has pairs of frames in a burst and number of bursts.

. ./lib.sh

modprobe igb
modprobe pktgen
load_driver
PEER_IF=$(interface "$PEER_PCI")
peer_up
ip addr add 10.9.9.2/24 dev "$NIC_IF"
ip link set "$NIC_IF" up
wait_carrier "$NIC_IF"
peer sh -c ". ./lib.sh; wait_carrier $PEER_IF"
NIC_MAC=$(cat "/sys/class/net/$NIC_IF/address")

./work sink 9 &
sink=$!

load() {
	name=$1-$2-b${3%:*} size=$2 burst=${3%:*} number=${3#*:} mac=$4
	for times in 1 2; do
		peer sh -ec ". ./lib.sh
			pg $PEER_IF 'count $((number * burst * times))'
			pg $PEER_IF 'pkt_size $size'
			pg $PEER_IF 'clone_skb 0'
			pg $PEER_IF 'burst $burst'
			pg $PEER_IF 'delay 1000000'
			pg $PEER_IF 'src_min 10.9.9.1'
			pg $PEER_IF 'src_max 10.9.9.1'
			pg $PEER_IF 'dst 10.9.9.2'
			pg $PEER_IF 'dst_mac $mac'" || exit 1
		WITHIN='ip netns exec peer' phase "$name-x$times" write /proc/net/pktgen/pgctrl start
	done
}

peer sh -ec ". ./lib.sh
	pg kpktgend_0 rem_device_all
	pg kpktgend_0 'add_device $PEER_IF'" || exit 1
for end in sent $ENDS; do
	mac=$NIC_MAC
	case $end in
	sent) mac=52:54:00:99:99:99 ;;
	drop)
		tc qdisc add dev "$NIC_IF" clsact
		tc filter add dev "$NIC_IF" ingress matchall action drop
		;;
	xdp-xsk)
		python3 xdp.py "$NIC_IF" xsk "$XDP_MODE" &
		xsk=$!
		tries=200
		until [ -s /run/xsk ]; do
			tries=$((tries - 1))
			[ $tries -gt 0 ] || { echo "no AF_XDP socket" >&2; exit 1; }
			sleep 0.1
		done
		;;
	xdp-*) python3 xdp.py "$NIC_IF" "${end#xdp-}" "$XDP_MODE" || exit 1 ;;
	esac
	for size in $SIZES; do
		for pair in $BURSTS; do
			load "$end" "$size" "$pair" "$mac"
		done
	done
	case $end in
	drop) tc qdisc del dev "$NIC_IF" clsact ;;
	xdp-*)
		python3 xdp.py "$NIC_IF" none "$XDP_MODE" || exit 1
		[ "$end" != xdp-xsk ] || kill "$xsk"
		;;
	esac
done
kill $sink
report
