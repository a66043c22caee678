#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: ethtool -g and -G: ring sizes at their edges under traffic, wrong ones refused, kept over down and up
# smp: 2
# timeout: 400
# c-skips: resizing under traffic on two processors ends in a NULL dereference in e1000_xmit_frame

. /root/lib.sh
. /root/net.sh

# rings: "RX TX" as they are, maxima: as they may be.
rings() { ethtool -g "$NIC_IF" | awk '/^Current/ { now = 1 } now && /^RX:/ { rx = $2 } now && /^TX:/ { tx = $2 } END { print rx, tx }'; }
maxima() { ethtool -g "$NIC_IF" | awk '/^Current/ { exit } /^RX:/ { rx = $2 } /^TX:/ { tx = $2 } END { print rx, tx }'; }

is "the default" "256 256" "$(rings)"
is "the maximum" "4096 4096" "$(maxima)"
ethtool -G "$NIC_IF" rx 64 tx 128
is "set while down" "64 128" "$(rings)"
check "pair up" pair
is "kept when up" "64 128" "$(rings)"
check "server" iperf_server 0

# resize RX TX: it takes effect, and traffic flows on both ways.
resize() {
	ethtool -G "$NIC_IF" rx "$1" tx "$2" || return 1
	[ "$(rings)" = "$1 $2" ] || return 1
	traffic_flows "$NIC_IF"
}
traffic_start
for size in 48 56 64 80 256 1000 4088 4096; do
	check "$size under traffic" resize $size $size
done
check "48 to receive, 4096 to send" resize 48 4096
check "4096 to receive, 48 to send" resize 4096 48
many() { for size in 64 128 256 512 1024 2048 4096 48 96 72; do resize $size $((4144 - size)) || return 1; done; }
check "ten sizes in a row" many
traffic_stop
check "pings at 48 and 4096" ping_all 100 10.9.0.2 -i "$PACE"
ethtool -G "$NIC_IF" rx 48 tx 48
# shellcheck disable=SC2086 # two words
check "a flood at 48 and 48" ping_all $((1000 / SLOW)) 10.9.0.2 $FLOOD
iperf_moves "TCP out at 48" 1000000 2 -c 10.9.0.2
iperf_moves "TCP in at 48" 1000000 2 -R -c 10.9.0.2
ping -q -c 3 -W 1 -s 60000 10.9.0.2 >/dev/null

ethtool -G "$NIC_IF" rx 512 tx 1024
for wrong in 4104 8192 65536 4294967295; do
	refused "rx $wrong" 'max|range|invalid' ethtool -G "$NIC_IF" rx $wrong
	refused "tx $wrong" 'max|range|invalid' ethtool -G "$NIC_IF" tx $wrong
done
for wrong in 0 1 40 47; do
	on_c "it takes the nearest it can do"
	refused "rx $wrong, with a message that names the minimum" 48 ethtool -G "$NIC_IF" rx $wrong
	on_c "it takes the nearest it can do"
	refused "tx $wrong, with a message that names the minimum" 48 ethtool -G "$NIC_IF" tx $wrong
	ethtool -G "$NIC_IF" rx 512 tx 1024 2>/dev/null
done
for wrong in 49 257 4095; do
	on_c "it takes the nearest it can do"
	refused "rx $wrong, with a message that names the multiple" 8 ethtool -G "$NIC_IF" rx $wrong
	on_c "it takes the nearest it can do"
	refused "tx $wrong, with a message that names the multiple" 8 ethtool -G "$NIC_IF" tx $wrong
	ethtool -G "$NIC_IF" rx 512 tx 1024 2>/dev/null
done
refused "rx-mini" 'max|support|range' ethtool -G "$NIC_IF" rx-mini 64
refused "rx-jumbo" 'max|support|range' ethtool -G "$NIC_IF" rx-jumbo 64
is "nothing of it changed anything" "512 1024" "$(rings)"
check "the peer answers" answers 10.9.0.2
ip link set "$NIC_IF" down
is "kept while down" "512 1024" "$(rings)"
up "$NIC_IF"
is "kept over down and up" "512 1024" "$(rings)"
check "the peer answers" answers 10.9.0.2
is "no errors counted" "0 0" "$(stat "$NIC_IF" rx_errors) $(stat "$NIC_IF" tx_errors)"
quiet_log
finish
