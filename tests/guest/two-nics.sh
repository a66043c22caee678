#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: two NICs at once: traffic on both, one taken down or unbound without harm to the other
# nics: 2
# smp: 2

. /root/lib.sh
. /root/net.sh

first=$(nic_name 0) second=$(nic_name 1)
is "two interfaces" "$first $second" "$NIC_IFS"
is "each has its address" "52:54:00:12:34:10 52:54:00:12:34:11" "$(attr "$first" address) $(attr "$second" address)"
check "first pair up" pair 0
check "second pair up" pair 1
check "first server" iperf_server 0
check "second server" iperf_server 1

# Each of the two counts its own packets.
before=$(stat "$second" rx_packets)
check "200 pings over the first" ping_all 200 10.9.0.2 -i "$PACE"
at_most "the second counts none of them" $((before + 20)) "$(stat "$second" rx_packets)"

at_once() {
	iperf3 -t $((3 * SLOW)) -c 10.9.0.2 >/tmp/first.out 2>&1 &
	iperf_pid=$!
	iperf -t $((3 * SLOW)) -R -c 10.9.1.2 && wait $iperf_pid
}
check "TCP over both at once" at_once
at_least "the second moved its share" $((1000000 / SLOW)) "$IPERF_RECEIVED"

traffic_start 10.9.0.2
check "traffic on the first" traffic_flows "$first"
cycle() { for _ in $(seq $((10 / SLOW))); do ip link set "$second" down && ip link set "$second" up || return 1; done; }
check "the second down and up again and again" cycle
check "the first goes on" traffic_flows "$first"
check "the second answers again" answers 10.9.1.2
echo 0000:00:05.0 >"$DRIVER_DIR"/unbind
is "the second is unbound" "" "$(nic_name 1)"
check "the first goes on" traffic_flows "$first"
echo 0000:00:05.0 >"$DRIVER_DIR"/bind
check "the second is bound again" wait_until 5 nic_named 1
check "it works" pair 1
check "the first goes on" traffic_flows "$first"
traffic_stop
is "no errors counted" "0 0 0 0" "$(for i in $first $second; do stat "$i" rx_errors && stat "$i" tx_errors; done | xargs)"
quiet_log
finish
