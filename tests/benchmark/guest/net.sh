#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# TCP, UDP and ping to a virtio-net in a namespace of its own.

. ./lib.sh

[ "$DRIVER" = virtio_net ] || modprobe virtio_net
load_driver
peer_up
ip addr add 10.9.9.2/24 dev "$NIC_IF"
ip link set "$NIC_IF" up
wait_carrier "$NIC_IF"
ping -c 2 -i 0.2 -q 10.9.9.1 >/dev/null || { echo "no answer from the peer" >&2; exit 1; }
for in in '' peer; do
	$in sysctl -q -w net.ipv4.tcp_slow_start_after_idle=0
done

for load in $LOADS; do
	IFS=: read -r mode count size <<-END
		$load
	END
	phase "$mode-$size" net "$mode" "$count" "$size"
done
[ "$PINGS" -eq 0 ] || phase ping-flood run ping -f -q -c "$PINGS" 10.9.9.1
report
