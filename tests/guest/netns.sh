#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the interface moved into another network namespace and back, there at its end, and at the module's

. /root/lib.sh
. /root/net.sh

inside() { ip netns exec room "$@"; }
back() { [ -n "$(nic_name 0)" ] && ip link show "$(nic_name 0)"; }

check "pair up" pair
name=$NIC_IF
ip netns add room
check "moved while up" ip link set "$name" netns room
check "it is gone from here" not ip link show "$name"
is "it is there, with its address" "$NIC_MAC" "$(inside cat "/sys/class/net/$name/address")"
inside ip addr add 10.9.0.1/24 dev "$name"
inside ip link set "$name" up
check "traffic from there" wait_until 10 inside ping -q -c 1 -W 1 10.9.0.2
check "ethtool from there" inside ethtool -i "$name"
check "a ring resize there" inside ethtool -G "$name" rx 512
check "traffic after it" wait_until 10 inside ping -q -c 1 -W 1 10.9.0.2

check "moved back" inside ip link set "$name" netns 1
check "traffic from here" pair
check "moved again" ip link set "$name" netns room
inside ip link set "$name" up
ip netns delete room
check "it comes back when the namespace ends" wait_until 10 back
NIC_IF=$(nic_name 0)
check "and works" pair 0 "$NIC_IF"

ip netns add room
ip link set "$NIC_IF" netns room
inside ip addr add 10.9.0.1/24 dev "$NIC_IF"
inside ip link set "$NIC_IF" up
wait_until 10 inside ping -q -c 1 -W 1 10.9.0.2
inside ping -q -i 0.005 10.9.0.2 >/dev/null 2>&1 &
check "unloaded while up in the other namespace" unload
check "nothing is left there" not inside ip link show "$NIC_IF"
check "loaded again" load
check "it appears here" wait_until 5 back
nic_named 0
check "and works" pair
kill %1 2>/dev/null
quiet_log
finish
