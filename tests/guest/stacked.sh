#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: bond, bridge, macvlan, VLAN and tc on top: they work, and the module unloads from under them
# nics: 2
# timeout: 400

. /root/lib.sh
. /root/net.sh

first=$(nic_name 0) second=$(nic_name 1)
again() {
	load && wait_until 5 nic_named 1 && nic_named 0 || return 1
	first=$(nic_name 0) second=$(nic_name 1)
}
peer_up 0
works() { wait_until 15 ping -q -c 1 -W 1 10.9.0.2 && ping_all 50 10.9.0.2 -i "$PACE"; }
# gone NAME: with the module unloaded under traffic, nothing of it is left.
gone() {
	ping -q -i 0.005 10.9.0.2 >/dev/null 2>&1 &
	sleep 0.3
	check "$1: unloaded from under it" unload
	clients_stop
	check "$1: no interface of the driver is left" test -z "$(nic_name 0)$(nic_name 1)"
}

modprobe bonding max_bonds=0
# Where it is part of the kernel there is one from the start.
[ -e /sys/class/net/bond0 ] || ip link add bond0 type bond
check "bond: one works, the other waits" ip link set bond0 type bond mode active-backup miimon 100
ip link set "$first" down
ip link set "$second" down
ip link set "$first" master bond0
ip link set "$second" master bond0
ip addr add 10.9.0.1/24 dev bond0
ip link set bond0 up
check "bond: works" works
is "bond: sees the link's speed" 1000 "$(sed -n "/Slave Interface: $first/,/^\$/s/^Speed: \([0-9]*\).*/\1/p" /proc/net/bonding/bond0)"
cable nic0 down
check "bond: notices a pulled cable" wait_until 5 grep -q "Currently Active Slave: $second" /proc/net/bonding/bond0
cable nic0 up
check "bond: and a plugged one" wait_until 10 grep -q "MII Status: up" /proc/net/bonding/bond0
check "bond: back to the first" wait_until 5 ip link set bond0 type bond active_slave "$first"
check "bond: works again" works
gone bond
ip link del bond0

check "loaded" again
ip link add br0 type bridge
ip link set "$first" master br0 up
ip link add veth0 type veth peer name veth1
ip link set veth0 master br0 up
ip addr add 10.9.0.1/24 dev veth1
ip link set veth1 up
ip link set br0 up
check "bridge: works for a neighbour on it" works
is "bridge: the NIC is promiscuous" 1 "$(ip -d link show "$first" | grep -c 'promiscuity [1-9]')"
gone bridge
ip link del br0
ip link del veth0

check "loaded" again
ip link set "$first" up
ip link add mv0 link "$first" type macvlan mode bridge
ip addr add 10.9.0.1/24 dev mv0
ip link set mv0 up
check "macvlan: works" works
gone macvlan

check "loaded" again
ip link set "$first" up
ip link add link "$first" name v5 type vlan id 5
ip link add link v5 name v5.6 type vlan id 6
ip -n peer link add link peer0 name v5 type vlan id 5
ip -n peer link add link v5 name v5.6 type vlan id 6
ip -n peer addr flush dev peer0
ip -n peer addr add 10.9.0.2/24 dev v5.6
ip -n peer link set v5 up
ip -n peer link set v5.6 up
ip addr add 10.9.0.1/24 dev v5.6
ip link set v5 up
ip link set v5.6 up
check "VLAN in a VLAN: works" works
gone VLAN
ip -n peer link del v5
peer_up 0

check "loaded" again
address "$first" 0
up "$first"
shape() {
	tc qdisc add dev "$first" root tbf rate 100mbit burst 64k latency 50ms &&
		tc qdisc add dev "$first" clsact && tc filter add dev "$first" ingress matchall action gact pass
}
check "tc: a qdisc and a filter" shape
check "tc: works" works
gone tc

check "loaded" again
address "$first" 0
up "$first"
python3 -c '
import socket, time
tcp = socket.create_server(("10.9.0.1", 7000))
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300)
raw.bind(("'"$first"'", 3))
time.sleep(60)' &
tcpdump -Z root -n -i "$first" -w /dev/null >/dev/null 2>&1 &
sleep 1.5
check "sockets and tcpdump on it: works" works
gone sockets
kill %1 %2 2>/dev/null
check "loaded for good" again
check "it works" pair 0 "$first"
quiet_log
finish
