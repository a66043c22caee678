#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the cable pulled and plugged in as fast as it goes, under traffic: the carrier ends right, the queue runs
# smp: 2
# timeout: 400
# soak: 2400
# expect-log: virtio_net \S+ \S+: NETDEV WATCHDOG

# A storm of which each pull takes a slow host long is one of seconds without a link, in
# which QEMU keeps the peer's packets: that may say so.
. /root/lib.sh
. /root/net.sh

check "pair up" pair
check "server" iperf_server 0
storm() { for _ in $(seq "$1"); do cable nic0 down && cable nic0 up || return 1; done; }
# On the debug kernel a pull under traffic takes seconds.
pulls=$(turns $((12 / SLOW)) $((300 / SLOW)))
traffic_start
for turn in 1 2 3; do
	check "cable pulled and plugged $pulls times, under traffic ($turn)" storm "$pulls"
	check "carrier in the end" wait_until 10 carrier "$NIC_IF"
	check "traffic goes on" traffic_flows "$NIC_IF"
done
peer_storm() { for _ in $(seq 10); do cable peer0 down && cable peer0 up || return 1; done; }
check "the peer's cable" peer_storm
check "traffic goes on" traffic_flows "$NIC_IF"

# Ends pulled: no carrier, and nothing piles up.
storm 10
cable nic0 down
check "pulled in the end: no carrier" wait_until 10 not carrier "$NIC_IF"
sleep 1
check "it stays so" not carrier "$NIC_IF"
cable nic0 up
check "plugged in: carrier" wait_until 10 carrier "$NIC_IF"
check "traffic goes on" traffic_flows "$NIC_IF"

# While the interface goes down and up, too.
both() {
	(storm "$pulls") &
	for _ in $(seq "$(turns 10 15)"); do ip link set "$NIC_IF" down && ip link set "$NIC_IF" up || return 1; done
	wait $!
}
check "cable pulled and plugged $pulls times while going down and up" both
check "carrier in the end" wait_until 10 carrier "$NIC_IF"
check "traffic goes on" traffic_flows "$NIC_IF"
traffic_stop
check "pings" ping_all 100 10.9.0.2 -i "$PACE"
quiet_log
finish
