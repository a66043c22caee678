#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: TCP and UDP streams to the peer and back, IPv4 and IPv6, one and several; nothing lost on the way
# timeout: 400
# soak: 900

. /root/lib.sh
. /root/net.sh

peer6=fd09:0::2
check "pair up" pair
check "server" iperf_server 0
log_mark
sent=$(stat "$NIC_IF" tx_bytes) received=$(stat "$NIC_IF" rx_bytes)

frames_in() { stat "$NIC_IF" rx_packets; }
frames_out() { ip netns exec peer cat /sys/class/net/peer0/statistics/rx_packets; }
# udp_passes NAME FRAMES ARGUMENT...: datagrams at a moderate rate: FRAMES says how many frames the receiving interface has
# had. Those that its socket has no room for, as the reader is late, are not lost on the way.
udp_passes() {
	udp_name=$1 udp_frames=$2 udp_before=$($2)
	shift 2
	iperf_moves "$udp_name" $((2 * mb)) 2 -u -b "$rate" -l 1400 "$@"
	at_least "nearly all of it came" $((udp_before + IPERF_SENT * 99 / 100 / 1400)) "$($udp_frames)"
}

mb=1000000
seconds=$(turns 3 60)
rate=$((10000 / SLOW))K
iperf_moves "TCP out" $((seconds * 2 * mb)) "$seconds" -c 10.9.0.2
out=$IPERF_RECEIVED
iperf_moves "TCP in" $((seconds * 2 * mb)) "$seconds" -R -c 10.9.0.2
in=$IPERF_RECEIVED
at_least "the interface counted what went out" $((sent + out)) "$(stat "$NIC_IF" tx_bytes)"
at_least "and what came in" $((received + in)) "$(stat "$NIC_IF" rx_bytes)"
iperf_moves "TCP out, IPv6" $((5 * mb / 2)) 1 -c $peer6
iperf_moves "TCP in, IPv6" $((5 * mb / 2)) 1 -R -c $peer6
iperf_moves "TCP out, 8 streams" $((5 * mb / 2)) 1 -P 8 -c 10.9.0.2
iperf_moves "TCP in, 8 streams" $((5 * mb / 2)) 1 -R -P 8 -c 10.9.0.2
iperf_moves "TCP both ways at once" $((3 * mb)) 3 --bidir -c 10.9.0.2
iperf_moves "TCP out with a small MSS" $((mb / 2)) 1 -M 200 -c 10.9.0.2
udp_passes "UDP out" frames_out -c 10.9.0.2
udp_passes "UDP in" frames_in -R -c 10.9.0.2
iperf_moves "UDP out in fragments" $mb 2 -u -b "$rate" -l 8000 -c 10.9.0.2
iperf_moves "UDP out as fast as it goes" 25000 1 -u -b 0 -l 64 -c 10.9.0.2
iperf_moves "UDP in as fast as it goes" $((mb / 2)) 1 -u -R -b 0 -l 1400 -c 10.9.0.2

is "no reset, no change of the link" 0 "$(log_count "$NIC_IF.*(link|reset|hang|timed)")"
is "no errors counted" "0 0" "$(stat "$NIC_IF" rx_errors) $(stat "$NIC_IF" tx_errors)"
is "no transmit timeout" 0 "$(cat "/sys/class/net/$NIC_IF/queues/tx-0/tx_timeout")"
is "carrier" 1 "$(attr "$NIC_IF" carrier)"
check "pings afterwards" ping_all 50 10.9.0.2 -i "$PACE"
quiet_log
finish
