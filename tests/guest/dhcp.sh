#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: an address by DHCP from QEMU's user network, the gateway, a DNS server, the lease again after down and up
# usernet: 1

. /root/lib.sh
. /root/net.sh

lease() { timeout 30 udhcpc -i "$NIC_IF" -t 10 -T 1 -n -q; }
address_of() { ip -4 -br addr show "$NIC_IF" | awk '{ print $3 }'; }

check "a lease" lease
is "the address" 10.0.2.15/24 "$(address_of)"
is "the route" 10.0.2.2 "$(ip route show default | awk '{ print $3 }')"
check "the gateway answers" answers 10.0.2.2
check "20 pings of the gateway" ping_all 20 10.0.2.2 -i 0.02
check "large pings of the gateway" ping_all 5 10.0.2.2 -i 0.02 -s 1472
is "the gateway is a neighbour" 52:55:0a:00:02:02 "$(ip neigh show 10.0.2.2 | awk '{ print $5 }')"
ip addr flush dev "$NIC_IF"
ip link set "$NIC_IF" down
check "a lease again after down and up" lease
check "the gateway answers again" answers 10.0.2.2
quiet_log
finish
