#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# TX by pktgen.  Each load runs with $COUNT and with twice $COUNT packets: the
# difference has no start and end in it.

. ./lib.sh

load_driver
ip link set "$NIC_IF" up
wait_carrier "$NIC_IF"
modprobe pktgen
# Counts are multiples of the burst, or pktgen would send some more.
pg kpktgend_0 rem_device_all
pg kpktgend_0 "add_device $NIC_IF"
for size in $SIZES; do
	for burst in $BURSTS; do
		for clone in $CLONES; do
			for times in 1 2; do
				pg "$NIC_IF" "count $((COUNT * times))"
				pg "$NIC_IF" "clone_skb $clone"
				pg "$NIC_IF" "pkt_size $size"
				pg "$NIC_IF" "burst $burst"
				pg "$NIC_IF" "delay 0"
				pg "$NIC_IF" "dst 10.9.9.2"
				pg "$NIC_IF" "dst_mac 52:54:00:99:99:99"
				phase "tx-$size-b$burst-c$clone-x$times" write /proc/net/pktgen/pgctrl start
			done
		done
	done
done
report
