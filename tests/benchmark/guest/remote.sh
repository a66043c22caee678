#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# TCP bulk to a peer in a second guest (remote-peer.sh).

. ./lib.sh

load_driver
ip addr add 10.9.9.2/24 dev "$NIC_IF"
ip link set "$NIC_IF" up
wait_carrier "$NIC_IF"
for round in $ROUNDS; do
	phase "remote-send-$round" remote send "$MEBIBYTES"
	phase "remote-recv-$round" remote recv "$MEBIBYTES"
done
./work quit || exit 1
report
