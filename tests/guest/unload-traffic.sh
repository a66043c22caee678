#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the module unloaded, and the driver unbound, under full traffic, again and again
# smp: 2
# timeout: 400
# soak: 2400

. /root/lib.sh
. /root/net.sh

check "pair up" pair
check "server" iperf_server 0

# The peer sends all the time, whether there is a NIC or not.
peer ip neigh replace 10.9.0.1 lladdr "$NIC_MAC" dev peer0 nud permanent
peer ping -q -f 10.9.0.1 >/dev/null 2>&1 &

often=$(turns 5 $((80 / SLOW)))
unloads() {
	for _ in $(seq "$often"); do
		traffic_start
		traffic_flows "$NIC_IF" && unload || return 1
		traffic_stop
		load && wait_until 5 nic_named 0 && nic_named 0 || return 1
		address "$NIC_IF" 0
		up "$NIC_IF" || return 1
	done
}
check "unloaded $often times under traffic" unloads
check "the peer answers" answers 10.9.0.2

unbinds() {
	for _ in $(seq "$often"); do
		traffic_start
		traffic_flows "$NIC_IF" || return 1
		echo 0000:00:04.0 >"$DRIVER_DIR/unbind" || return 1
		[ -z "$(nic_name 0)" ] || return 1
		traffic_stop
		echo 0000:00:04.0 >"$DRIVER_DIR/bind" || return 1
		wait_until 5 nic_named 0 && nic_named 0 || return 1
		address "$NIC_IF" 0
		up "$NIC_IF" || return 1
	done
}
check "unbound and bound $often times under traffic" unbinds
check "the peer answers" answers 10.9.0.2

downs=$(turns 10 20)
downs() {
	for _ in $(seq "$downs"); do
		ip link set "$NIC_IF" down && up "$NIC_IF" || return 1
		[ "$1" = fast ] || traffic_flows "$NIC_IF" || return 1
	done
}
traffic_start
check "down and up $downs times under traffic, without a pause" downs fast
check "down and up $downs times under traffic" downs slow
traffic_stop
check "the peer answers" answers 10.9.0.2
check "pings" ping_all 100 10.9.0.2 -i "$PACE"
unload
is "no interrupt is left" 0 "$(grep -c "$DRIVER" /proc/interrupts)"
quiet_log
finish
