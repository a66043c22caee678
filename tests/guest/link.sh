#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the cable pulled and plugged in: carrier, one line in the log each time, traffic afterwards, while down too

. /root/lib.sh
. /root/net.sh

link_down() { log_count "$NIC_IF.*link.*down"; }
link_up() { log_count "$NIC_IF.*link.*up"; }

check "pair up" pair
changes=$(attr "$NIC_IF" carrier_changes)
for turn in 1 2 3; do
	log_mark
	cable nic0 down
	check "pulled ($turn): no carrier within 5 s" wait_until 5 not carrier "$NIC_IF"
	is "operstate" down "$(attr "$NIC_IF" operstate)"
	is "ethtool says no link" no "$(ethtool "$NIC_IF" | sed -n 's/.*Link detected: \([a-z]*\).*/\1/p')"
	is "nothing is answered" 1 "$(ping -q -c 1 -W 1 10.9.0.2 >/dev/null 2>&1; echo $?)"
	cable nic0 up
	check "plugged in ($turn): carrier within 5 s" wait_until 5 carrier "$NIC_IF"
	check "the peer answers" answers 10.9.0.2
	sleep 0.5
	is "one line for down, one for up" "1 1" "$(link_down) $(link_up)"
done
is "the kernel saw six changes" $((changes + 6)) "$(attr "$NIC_IF" carrier_changes)"

# Frames that were on their way when the cable was pulled must not stop the queue.
peer ping -q -f 10.9.0.1 >/dev/null 2>&1 &
ping -q -f 10.9.0.2 >/dev/null 2>&1 &
for turn in 1 2 3; do
	sleep 0.3
	cable nic0 down
	wait_until 5 not carrier "$NIC_IF"
	cable nic0 up
	check "pulled under traffic ($turn): carrier again" wait_until 5 carrier "$NIC_IF"
	check "traffic goes on" traffic_flows "$NIC_IF"
done
clients_stop

cable nic0 down
ip link set "$NIC_IF" down
ip link set "$NIC_IF" up
sleep 1
check "pulled, then taken down and up: no carrier" not carrier "$NIC_IF"
cable nic0 up
check "plugged in: carrier" wait_until 5 carrier "$NIC_IF"
ip link set "$NIC_IF" down
cable nic0 down
sleep 0.2
cable nic0 up
check "pulled and plugged in while down: carrier when up" up "$NIC_IF"
check "the peer answers" answers 10.9.0.2

# An interrupt that comes while they are put off has all of them masked, that of the link, too.
setting() { echo "$2" >"/sys/class/net/$NIC_IF/$1"; }
setting napi_defer_hard_irqs 200
setting gro_flush_timeout 1000000000
check "interrupts put off: the peer answers" answers 10.9.0.2
cable nic0 down
check "pulled: no carrier within 5 s" wait_until 5 not carrier "$NIC_IF"
cable nic0 up
check "plugged in: carrier within 5 s" wait_until 5 carrier "$NIC_IF"
setting gro_flush_timeout 0
setting napi_defer_hard_irqs 0
check "no more: the peer answers" answers 10.9.0.2

# Several notices of one state make one line.
log_mark
for _ in 1 2 3; do cable nic0 up; done
sleep 1
is "plugged in again and again: no line" 0 "$(log_count "$NIC_IF.*link")"
quiet_log
finish
