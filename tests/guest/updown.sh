#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the interface taken up and down 50 times, with a ping each time; counters go on, memory comes back
# timeout: 400
# soak: 2400

. /root/lib.sh
. /root/net.sh

check "pair up" pair
before=$(stat "$NIC_IF" rx_packets)
at_least "packets are counted" 1 "$before"
ip link set "$NIC_IF" down
is "down: received packets are still counted" "$before" "$(stat "$NIC_IF" rx_packets)"
is "down: no carrier can be read" "" "$(attr "$NIC_IF" carrier)"
is "down: operstate" down "$(attr "$NIC_IF" operstate)"
ip link set "$NIC_IF" up
at_least "up: they are still counted" "$before" "$(stat "$NIC_IF" rx_packets)"

# The first reply shows that the receiver works at once.  The peer keeps its
# neighbour entry, so that nothing but the ping goes over the wire.
turn() {
	ip link set "$NIC_IF" down && up "$NIC_IF" || return 1
	ip neigh replace 10.9.0.2 lladdr 52:54:00:12:35:10 dev "$NIC_IF" nud permanent
	started=$(now)
	answers 10.9.0.2 || return 1
	took=$(($(now) - started))
	[ "$took" -le $((80 * SLOW)) ] || late="$late $took"
}
until_turn() { while [ "$turn" -lt "$1" ]; do turn=$((turn + 1)) && turn || return 1; done; }

peer ip neigh replace 10.9.0.1 lladdr "$NIC_MAC" dev peer0 nud permanent
turn=0 late=
check "5 times" until_turn 5
memory_mark
most=$(turns 50 500)
check "$most times" until_turn "$most"
# A slow kernel on a machine that is busy has one among hundreds late.
[ -z "$late" ] || echo "# late, 1/100 s:$late"
on_c "it rewrites RCTL, which stops QEMU's receiver for a second"
at_most "each time the first reply came within 0.8 s" $((SLOW > 1 ? most / 100 : 0)) "$(echo "$late" | wc -w)"
memory_kept

is "one interrupt and one page pool, as at first" "1 1" "$(grep -c -w "$NIC_IF" /proc/interrupts) $(pools "$NIC_IF")"

# As fast as it can, without waiting for the link.
flip() { for _ in $(seq 20); do ip link set "$NIC_IF" up && ip link set "$NIC_IF" down || return 1; done; }
check "up and down 20 times without a pause" flip
check "up again" up "$NIC_IF"
check "the peer answers" answers 10.9.0.2
is "no errors counted" "0 0" "$(stat "$NIC_IF" rx_errors) $(stat "$NIC_IF" tx_errors)"
quiet_log
finish
