# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the guest's scripts share.  Sourced from /root.  Results and symbols are
# kept until the end: output while a phase runs would disturb it.

NIC_PCI=0000:00:04.0
PEER_PCI=0000:00:08.0
RESULTS=/run/results
PHASE=0
IRQ=-

# The per-processor page lists would be drained each second.
echo 3600 >/proc/sys/vm/stat_interval

# Nobody shall send without being told to.
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6

# The interface of the PCI device $1.
interface() { ls "/sys/bus/pci/devices/$1/net" 2>/dev/null || ls "/sys/bus/pci/devices/$1"/virtio*/net; }

# phase NAME ACTION...: one measured phase; see work.c.  $WITHIN goes before it.
phase() {
	_name=$1
	shift
	# shellcheck disable=SC2086 # several words
	$WITHIN ./work $PHASE "$_name" "$IRQ" "$@" >>"$RESULTS" || exit 1
	PHASE=$((PHASE + 1))
}

# Load the driver under test, $DRIVER: a file here, or a stock module.
load_driver() {
	case $DRIVER in
	*.ko) _file=$DRIVER ;;
	*) _file=$(modinfo -n "$DRIVER") ;;
	esac
	for _need in $(modinfo -F depends "$_file" | tr ',' ' '); do modprobe "$_need"; done
	phase load insmod "$_file"
	NIC_IF=$(interface "$NIC_PCI")
	[ -n "$NIC_IF" ] || exit 1
	IRQ=$(ls /sys/bus/pci/devices/$NIC_PCI/msi_irqs 2>/dev/null | xargs | tr ' ' ,)
	IRQ=${IRQ:-$(cat /sys/bus/pci/devices/$NIC_PCI/irq)}
}

peer() { ip netns exec peer "$@"; }

# The peer's interface into a namespace of its own, with an address.
peer_up() {
	_if=$(interface "$PEER_PCI")
	ip netns add peer
	peer sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	ip link set "$_if" netns peer
	peer ip addr add 10.9.9.1/24 dev "$_if"
	peer ip link set "$_if" up
}

# Wait for a carrier, at most ten seconds, and then for quiet.
wait_carrier() {
	_tries=100
	while [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" != 1 ]; do
		_tries=$((_tries - 1))
		[ $_tries -gt 0 ] || { echo "no carrier on $1" >&2; exit 1; }
		sleep 0.1
	done
	sleep 1
}

pg() { echo "$2" >"/proc/net/pktgen/$1" || { echo "pktgen refused $2" >&2; exit 1; }; }

# The end: what the runner needs to name phases and addresses.
report() {
	sed 's/^/result: /' $RESULTS
	sed -n '/0x0*[1-9a-f]/s/^/bar: /p' /sys/bus/pci/devices/$NIC_PCI/resource
	grep -i ' [tw] .*\[' /proc/kallsyms | sed 's/^/symbol: /'
}
