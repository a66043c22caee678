#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# iperf3 by the wall clock: the C driver and $DRIVER take turns in one guest.

. ./lib.sh

modprobe virtio_net
peer_up
peer iperf3 -s -D
for need in $(modinfo -F depends "$DRIVER" | tr ',' ' '); do modprobe "$need"; done

# bits NAME DRIVER ARGS...: one run of iperf3.
bits() {
	name=$1 turn=$2
	shift 2
	iperf3 -c 10.9.9.1 -J -t "$SECONDS_EACH" -O 1 "$@" >/tmp/iperf || { cat /tmp/iperf >&2; exit 1; }
	echo "result: $name $turn $(python3 -c 'import json
print(int(json.load(open("/tmp/iperf"))["end"]["sum_received"]["bits_per_second"]))')"
}

for _ in $ROUNDS; do
	for which in c rust; do
		if [ "$which" = c ]; then modprobe e1000; else insmod "$DRIVER"; fi || exit 1
		NIC_IF=$(interface "$NIC_PCI")
		ip addr add 10.9.9.2/24 dev "$NIC_IF"
		ip link set "$NIC_IF" up
		wait_carrier "$NIC_IF"
		ping -c 2 -i 0.2 -q 10.9.9.1 >/dev/null
		bits tcp-send $which
		bits tcp-recv $which -R
		if [ "$which" = c ]; then rmmod e1000; else rmmod "${DRIVER%.ko}"; fi || exit 1
	done
done
