# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2154
#
# Addresses, pings and streams between the NIC and its peer: . /root/net.sh
# The Nth pair has 10.9.N.1 and fd09:N::1 on the NIC, .2 and ::2 on the peer.

TRAFFIC=

# ns N: the namespace of the Nth peer.
ns() { if [ "$1" -eq 0 ]; then echo peer; else echo "peer$1"; fi; }
peer() { ip netns exec peer "$@"; }

# attr IF NAME, stat IF COUNTER: what sysfs says of the interface.
attr() { cat "/sys/class/net/$1/$2" 2>/dev/null; }
stat() { attr "$1" "statistics/$2"; }
carrier() { [ "$(attr "$1" carrier)" = 1 ]; }

# address IF N: give the interface the NIC's addresses of pair N.
address() {
	ip addr replace "10.9.$2.1/24" dev "$1"
	ip addr replace "fd09:$2::1/64" dev "$1" nodad
}

# quiet IF [NAMESPACE]: the kernel sends nothing there by itself.
quiet() {
	${2:+ip netns exec "$2"} sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1"
	ip ${2:+-n "$2"} link set "$1" arp off multicast off
}

# up IF: up, with carrier.
up() { ip link set "$1" up && wait_until 10 carrier "$1"; }

# peer_up N: addresses and link of the Nth peer.
peer_up() {
	ip -n "$(ns "$1")" addr replace "10.9.$1.2/24" dev "peer$1"
	ip -n "$(ns "$1")" addr replace "fd09:$1::2/64" dev "peer$1" nodad
	ip -n "$(ns "$1")" link set "peer$1" up
}

# pair [N [IF]]: both ends addressed, up, and answering.
pair() {
	pair_n=${1:-0}
	pair_if=${2:-$(nic_name "$pair_n")}
	peer_up "$pair_n"
	address "$pair_if" "$pair_n"
	up "$pair_if" && answers "10.9.$pair_n.2"
}

# answers ADDRESS [SECONDS]: it answers a ping within that time.
answers() { wait_until "${2:-5}" ping -q -c 1 -W 1 "$1"; }

# ping_all COUNT ADDRESS [ARGUMENT...]: all of COUNT pings are answered, none twice.
ping_all() {
	ping_count=$1 ping_address=$2
	shift 2
	all_answered "$ping_count" ping "$@" "$ping_address"
}

# all_answered COUNT COMMAND...: the same for what runs ping; its own status is 0 if one was answered.
all_answered() {
	ping_count=$1
	shift
	"$@" -q -c "$ping_count" -W 5 >/tmp/ping.out 2>&1
	cat /tmp/ping.out
	grep -q "^$ping_count packets transmitted, $ping_count received, 0% packet loss" /tmp/ping.out
}

# ping's options for as many as it goes: a flood, of 100 a second at least; and its pace for those that are all to be
# answered. A slow kernel gets fewer: where ping is late with sending it reads nothing, and of the answers, of 4 kB each,
# its socket holds 30 and drops others itself.
if [ "$SLOW" -gt 1 ]; then FLOOD="-i 0.05" PACE=0.02; else FLOOD=-f PACE=0.002; fi

# iperf_server [N]: in the Nth peer's namespace, until the guest ends.
iperf_server() {
	ip netns exec "$(ns "${1:-0}")" iperf3 -s -D -I "/run/iperf.${1:-0}.pid"
	wait_until 5 ip netns exec "$(ns "${1:-0}")" sh -c 'ss -Hltn | grep -q :5201'
}

# iperf ARGUMENT...: run a client; IPERF_SENT and IPERF_RECEIVED are the bytes.
iperf() {
	timeout $((120 * SLOW)) iperf3 -J "$@" >/tmp/iperf.json 2>/tmp/iperf.err || {
		grep error /tmp/iperf.json
		return 1
	}
	# shellcheck disable=SC2046 # two words
	set -- $(python3 -c '
import json
end = json.load(open("/tmp/iperf.json"))["end"]
print(end["sum_sent"]["bytes"], end["sum_received"]["bytes"])')
	IPERF_SENT=$1 IPERF_RECEIVED=$2
}

# iperf_moves NAME MINIMUM SECONDS ARGUMENT...: a case: so many bytes reached the receiver; on a kernel that is n times as
# slow an n-th, in n times the time.
iperf_moves() {
	iperf_name=$1 iperf_minimum=$(($2 / SLOW)) iperf_seconds=$(($3 * SLOW))
	shift 3
	if iperf -t "$iperf_seconds" "$@" >/tmp/check.out 2>&1; then
		at_least "$iperf_name" "$iperf_minimum" "$IPERF_RECEIVED"
	else
		sed 's/^/# | /' /tmp/check.out
		fail "$iperf_name" "iperf3 $* failed"
	fi
}

# traffic_start [ADDRESS]: pings of three sizes and TCP both ways, in the
# background until traffic_stop; needs iperf_server.
traffic_start() {
	for traffic_size in 56 1000 4000; do
		ping -q -i 0.005 -s $traffic_size "${1:-10.9.0.2}" >/dev/null 2>&1 &
		TRAFFIC="$TRAFFIC $!"
	done
	(while :; do timeout 300 iperf3 --bidir -t 300 -c "${1:-10.9.0.2}" >/dev/null 2>&1 || sleep 0.2; done) &
	TRAFFIC="$TRAFFIC $!"
	peer ping -q -i 0.005 10.9.0.1 >/dev/null 2>&1 &
	TRAFFIC="$TRAFFIC $!"
}

# traffic_flows IF: both of the interface's counters grow.
traffic_flows() {
	flow_rx=$(stat "$1" rx_packets) flow_tx=$(stat "$1" tx_packets)
	wait_until 10 traffic_grown "$1" $((flow_rx + 20)) $((flow_tx + 20))
}
traffic_grown() { [ "$(stat "$1" rx_packets)" -ge "$2" ] && [ "$(stat "$1" tx_packets)" -ge "$3" ]; }

# clients_stop: end every ping and every iperf3 that is not a server.
clients_stop() {
	for client_pid in $(pidof ping iperf3); do
		cat /run/iperf.*.pid 2>/dev/null | tr '\0' '\n' | grep -qx "$client_pid" || kill "$client_pid" 2>/dev/null
	done
	wait_until 5 not clients_run
}
clients_run() { [ "$(pidof ping iperf3 | wc -w)" -gt "$(cat /run/iperf.*.pid 2>/dev/null | tr '\0' '\n' | grep -c .)" ]; }

traffic_stop() {
	# shellcheck disable=SC2086 # several numbers
	kill $TRAFFIC 2>/dev/null
	TRAFFIC=
	clients_stop
}
