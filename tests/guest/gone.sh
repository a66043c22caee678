#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: a device that no longer answers: nothing hangs or breaks, no DMA to memory given back, and it works again when the device does
# debug: page poisoning finds what a device writes to memory that is free
# timeout: 400

. /root/lib.sh
. /root/net.sh

# memory on|off: whether the device answers in memory space.
memory() { command_bit 2 "$1"; }
# masters: whether the device may reach memory.
masters() { [ $(($(command_bits) & 4)) -ne 0 ]; }
# bounded SECONDS NAME COMMAND...: it ends in time, whatever its outcome.
bounded() {
	bounded_limit=$1 bounded_name=$2
	shift 2
	bounded_start=$(now)
	timeout $((bounded_limit * SLOW + 10)) "$@" >/dev/null 2>&1
	at_most "$bounded_name: ends in time (1/100 s)" $((bounded_limit * SLOW * 100)) $(($(now) - bounded_start))
}

check "pair up" pair
quiet "$NIC_IF"
quiet peer0 peer
sleep 0.3

memory off
bounded 5 "gone while idle: ethtool -S" ethtool -S "$NIC_IF"
bounded 5 "ethtool" ethtool "$NIC_IF"
bounded 5 "ethtool -d" ethtool -d "$NIC_IF"
bounded 5 "statistics" cat "/sys/class/net/$NIC_IF/statistics/rx_packets"
bounded 5 "promiscuous" ip link set "$NIC_IF" promisc on
bounded 5 "not promiscuous" ip link set "$NIC_IF" promisc off
bounded 5 "another address" ip link set "$NIC_IF" address 52:54:00:12:34:77
bounded 10 "sending" ping -q -c 3 -i 0.2 -W 1 10.9.0.2
bounded 10 "ring resize" ethtool -G "$NIC_IF" rx 128
bounded 10 "down" ip link set "$NIC_IF" down
on_c "it reaches memory that was freed"
check "a device that cannot be told to stop does not reach memory" not masters
bounded 10 "up" ip link set "$NIC_IF" up
bounded 10 "down again" ip link set "$NIC_IF" down
memory on
ip link set "$NIC_IF" address 52:54:00:12:34:10
ip link set "$NIC_IF" arp on
ip -n peer link set peer0 arp on
check "back after down and up: carrier" up "$NIC_IF"
check "the peer answers" answers 10.9.0.2 10

# Gone for a while with packets to be sent, without down and up.
ping -q -i 0.01 10.9.0.2 >/dev/null 2>&1 &
check "traffic" traffic_flows "$NIC_IF"
memory off
sleep 3
memory on
on_c "it stays dead until down and up"
check "gone for 3 s under traffic: the peer answers again" answers 10.9.0.2 20
clients_stop
ip link set "$NIC_IF" down
up "$NIC_IF"
check "after down and up it does" answers 10.9.0.2 10

# Unbound while gone: a device pulled out.
memory off
bounded 20 "unbound while gone" sh -c "echo 0000:00:04.0 >$DRIVER_DIR/unbind"
is "no interface is left" "" "$(nic_name 0)"
memory on
echo 0000:00:04.0 >"$DRIVER_DIR/bind"
check "bound again" wait_until 10 nic_named 0
nic_named 0
check "it works" pair

# The same with packets on their way, both ways and from the stack.
ping -q -f 10.9.0.2 >/dev/null 2>&1 &
peer ping -q -f 10.9.0.1 >/dev/null 2>&1 &
check "traffic" traffic_flows "$NIC_IF"
memory off
bounded 20 "unbound while gone, under traffic" sh -c "echo 0000:00:04.0 >$DRIVER_DIR/unbind"
is "no interface is left" "" "$(nic_name 0)"
clients_stop
no_pool() { [ "$(pools)" = 0 ]; }
check "nor a page pool" wait_until 10 no_pool
memory on
echo 0000:00:04.0 >"$DRIVER_DIR/bind"
check "bound again" wait_until 10 nic_named 0
nic_named 0
check "it works" pair
finish
