#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: nothing leaks: memory after many rounds of traffic, resizes, address and mode changes is what it was
# timeout: 400
# soak: 2400

. /root/lib.sh
. /root/net.sh

check "pair up" pair
round() {
	ping -q -f -c 200 10.9.0.2 >/dev/null || return 1
	ping -q -f -c 20 -s 20000 10.9.0.2 >/dev/null || return 1
	ethtool -G "$NIC_IF" rx 4096 tx 4096 && ethtool -G "$NIC_IF" rx 256 tx 256 || return 1
	ip link set "$NIC_IF" promisc on && ip link set "$NIC_IF" promisc off || return 1
	ip link set "$NIC_IF" down && up "$NIC_IF" && answers 10.9.0.2
}
rounds() { for _ in $(seq "$1"); do round || return 1; done; }
check "3 rounds" rounds 3
memory_mark
most=$(turns 15 $((250 / SLOW)))
check "$most rounds" rounds "$most"
memory_kept

# What the rings hold comes back when the interface goes down.
cycle() {
	ethtool -G "$NIC_IF" rx "$1" tx "$1" && up "$NIC_IF" && answers 10.9.0.2
}
cycle 4096
ip link set "$NIC_IF" down
# Not all of it comes back at once.
sleep 4
free=$(free_memory)
check "4096 buffers in use" cycle 4096
at_most "4096 buffers take memory" $((free - 4096)) "$(free_memory)"
ip link set "$NIC_IF" down
given_back() { [ "$(free_memory)" -ge $((free - 2048)) ]; }
check "and give it back when the interface goes down" wait_until 15 given_back
quiet_log
finish
