#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: each feature toggled 50 times under traffic; no reset, no lost link; what is fixed stays fixed
# smp: 2
# timeout: 400

. /root/lib.sh
. /root/net.sh

feature() { ethtool -k "$NIC_IF" | sed -n "s/^[[:space:]]*$1: //p"; }
check "pair up" pair
check "server" iperf_server 0
on_c "it has no USO and no RX checksums by default"
is "offered" "on on on on on" "$(for f in tx-checksum-ip-generic tx-scatter-gather tx-tcp-segmentation rx-checksumming rx-vlan-offload; do feature $f; done | xargs)"
check "rx-fcs is not on: the device delivers no checksum" test "$(feature rx-fcs)" != on
mkfifo /run/toggle /run/toggled
/root/toggle.py </run/toggle >/run/toggled &
exec 5>/run/toggle 6</run/toggled
read -r _ <&6 # lib.py announces a test
traffic_start
check "traffic" traffic_flows "$NIC_IF"
changes=$(attr "$NIC_IF" carrier_changes)

# toggle NAME KERNEL'S NAME: once as a user does it, then fifty times.
toggle() {
	first=$(feature "$1" | cut -d' ' -f1)
	case $first in on) second=off ;; *) second=on ;; esac
	ethtool -K "$NIC_IF" "$1" $second && [ "$(feature "$1")" = $second ] || return 1
	ethtool -K "$NIC_IF" "$1" "$first" && [ "$(feature "$1" | cut -d' ' -f1)" = "$first" ] || return 1
	echo "$2 50" >&5
	read -r answer <&6 && [ "$answer" = ok ] && [ "$(feature "$1" | cut -d' ' -f1)" = "$first" ] && traffic_flows "$NIC_IF"
}
for one in rx-checksumming:rx-checksum tx-checksum-ip-generic tx-scatter-gather tx-tcp-segmentation tx-udp-segmentation \
	generic-segmentation-offload:tx-generic-segmentation generic-receive-offload:rx-gro rx-vlan-offload:rx-vlan-hw-parse \
	tx-vlan-offload:tx-vlan-hw-insert rx-vlan-filter rx-all; do
	name=${one#*:} one=${one%:*}
	case $(feature "$one") in
	*fixed*) skip "$one 50 times" "fixed" ;;
	'') skip "$one 50 times" "not known" ;;
	*)
		case $one in rx-checksumming | rx-vlan-offload | rx-all) on_c "it resets" ;; esac
		check "$one 50 times" toggle "$one" "$name"
		;;
	esac
done
all() { for one in rx tx sg tso gso gro rxvlan; do ethtool -K "$NIC_IF" $one "$1" || return 1; done; traffic_flows "$NIC_IF"; }
check "everything off" all off
check "everything on" all on
on_c "it resets"
is "the link was never lost" "$changes" "$(attr "$NIC_IF" carrier_changes)"
traffic_stop
iperf_moves "TCP out" 1500000 1 -c 10.9.0.2
iperf_moves "TCP in" 1500000 1 -R -c 10.9.0.2
ip link set "$NIC_IF" down
ethtool -K "$NIC_IF" tso off rxvlan off
up "$NIC_IF"
is "set while down, kept when up" "off off" "$(feature tx-tcp-segmentation) $(feature rx-vlan-offload)"
check "the peer answers" answers 10.9.0.2
refused "a feature the device has not" 'could not change|not supported|cannot|fixed' ethtool -K "$NIC_IF" tx-gre-segmentation on
is "no errors counted" "0 0" "$(stat "$NIC_IF" rx_errors) $(stat "$NIC_IF" tx_errors)"
quiet_log
finish
