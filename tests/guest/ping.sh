#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: pings of every size class, both ways, IPv4 and IPv6, with their data compared; floods

. /root/lib.sh
. /root/net.sh

check "pair up" pair

# bad_sizes FIRST LAST STEP PING...: the sizes that were not answered intact.
bad_sizes() {
	size=$1 last=$2 step=$3
	shift 3
	while [ "$size" -le "$last" ]; do
		"$@" -q -c 1 -W 2 -p a55a0ff0 -s "$size" >/tmp/ping.out 2>&1 && ! grep -q 'wrong data' /tmp/ping.out ||
			printf '%s ' "$size"
		size=$((size + step))
	done
}

# Frames of up to 60 bytes are padded: 18 bytes of ICMP data make a frame of 60.
is "sizes 0 to 32, each" "" "$(bad_sizes 0 32 1 ping 10.9.0.2)"
is "sizes 33 to 1472 in steps of 31" "" "$(bad_sizes 33 1472 31 ping 10.9.0.2)"
is "sizes 1456 to 1480, each (1472 is the last that fits a frame)" "" "$(bad_sizes 1456 1480 1 ping 10.9.0.2)"
is "fragments: 2952 to 2962" "" "$(bad_sizes 2952 2962 5 ping 10.9.0.2)"
is "fragments: 65507" "" "$(bad_sizes 65507 65507 1 ping 10.9.0.2)"
is "from the peer: sizes 0 to 1472 in steps of 61" "" "$(bad_sizes 0 1472 61 peer ping 10.9.0.1)"
is "from the peer: sizes 1470 to 1474" "" "$(bad_sizes 1470 1474 1 peer ping 10.9.0.1)"
is "IPv6: sizes 0 to 1472 in steps of 61" "" "$(bad_sizes 0 1472 61 ping fd09:0::2)"
is "IPv6: sizes 1450 to 1454 (1452 is the last that fits a frame)" "" "$(bad_sizes 1450 1454 1 ping fd09:0::2)"
# shellcheck disable=SC2086 # two words
{
	check "flood of $((2000 / SLOW)), size 56" ping_all $((2000 / SLOW)) 10.9.0.2 $FLOOD
	check "flood of $((500 / SLOW)), size 1472" ping_all $((500 / SLOW)) 10.9.0.2 $FLOOD -s 1472
	check "flood of $((100 / SLOW)), size 20000" ping_all $((100 / SLOW)) 10.9.0.2 $FLOOD -s 20000
	check "flood of $((1000 / SLOW)) from the peer" all_answered $((1000 / SLOW)) peer ping $FLOOD 10.9.0.1
}
is "no errors counted" "0 0" "$(stat "$NIC_IF" rx_errors) $(stat "$NIC_IF" tx_errors)"
is "nothing dropped" "0 0" "$(stat "$NIC_IF" rx_dropped) $(stat "$NIC_IF" tx_dropped)"
quiet_log
finish
