#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: a transmitter that stops, its bus master bit cleared: noticed, reported once or twice, recovered, counted
# timeout: 400
# c-skips: it reports the hang for ever, until the interface goes down
# expect-log: NETDEV WATCHDOG|transmit queue 0 timed out

. /root/lib.sh
. /root/net.sh

# master on|off: whether the device may read and write memory.
master() { command_bit 4 "$1"; }
# stop: it may not, even if the driver says that it may; let_go: no more of that.
stop() {
	master off
	while :; do
		sleep 0.05
		master off
	done &
	keeper=$!
}
let_go() {
	kill $keeper
	wait $keeper 2>/dev/null
	master on
}
timeouts() { cat "/sys/class/net/$NIC_IF/queues/tx-0/tx_timeout"; }

check "pair up" pair
ping -q -i 0.01 10.9.0.2 >/dev/null 2>&1 &
check "traffic" traffic_flows "$NIC_IF"
for turn in 1 2; do
	log_mark
	stop
	sleep 12
	at_least "stopped for 12 s ($turn): said in the log" 1 "$(log_count "$DRIVER|$NIC_IF")"
	at_most "without flooding it" 60 "$(log_since | grep -c .)"
	let_go
	check "let go ($turn): traffic within 15 s" wait_until 15 ping -q -c 1 -W 1 10.9.0.2
	check "both ways" traffic_flows "$NIC_IF"
done
log_mark
master off
on_c "it stays dead until down and up"
check "the bit cleared once: traffic within 15 s" wait_until 15 ping -q -c 1 -W 1 10.9.0.2
at_most "said once, with a reset" 3 "$(log_count "$DRIVER|$NIC_IF")"
clients_stop
check "pings" ping_all 100 10.9.0.2 -i "$PACE"

# Down while it is stopped, with packets in the ring.
ping -q -i 0.01 10.9.0.2 >/dev/null 2>&1 &
sleep 0.3
master off
sleep 1
check "down while stopped" ip link set "$NIC_IF" down
master on
check "up again" up "$NIC_IF"
check "the peer answers" answers 10.9.0.2 15
clients_stop

ping -q -i 0.01 10.9.0.2 >/dev/null 2>&1 &
sleep 0.3
master off
sleep 1
check "unloaded while stopped" unload
clients_stop
check "loaded" load
wait_until 5 nic_named 0
nic_named 0
check "it works" pair
finish
