#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: MTUs that the device cannot do are refused and change nothing

. /root/lib.sh
. /root/net.sh

check "pair up" pair
for wrong in 0 1 20 45 16111 16384 65535 65536 2147483647; do
	refused "MTU $wrong" 'mtu|invalid|argument|range' ip link set "$NIC_IF" mtu $wrong
done
is "the MTU is what it was" 1500 "$(attr "$NIC_IF" mtu)"
check "the peer answers" ping_all 20 10.9.0.2 -i 0.01 -s 1472
ip link set "$NIC_IF" down
refused "MTU 16111 while down" 'mtu|invalid|argument|range' ip link set "$NIC_IF" mtu 16111
check "MTU 1400" ip link set "$NIC_IF" mtu 1400
up "$NIC_IF"
is "kept when up" 1400 "$(attr "$NIC_IF" mtu)"
check "1401 bytes do not go out whole" not ping -q -c 1 -W 1 -M "do" -s 1373 10.9.0.2
check "1400 do" ping_all 5 10.9.0.2 -i 0.01 -M "do" -s 1372
check "MTU 1500 again" ip link set "$NIC_IF" mtu 1500
check "1500 bytes go out whole" ping_all 5 10.9.0.2 -i 0.1 -M "do" -s 1472
quiet_log
finish
