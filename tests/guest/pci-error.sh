#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: errors of the PCI bus, fatal and not, under traffic, up and down: stopped, reset with the slot, and on it goes
# not-in: nic; its errors are QEMU's
# machine: q35
# qemu-args: -device pcie-root-port,id=rp0,chassis=9,addr=0x9,x-speed=5 -netdev hubport,id=victim,hubid=0 -device e1000,id=victim,netdev=victim,bus=rp0,romfile=,mac=52:54:00:12:34:77
# timeout: 150
# c-skips: it does not come back after the reset of the slot ("Hardware Error")
# expect-log: pcieport|AER:|aer_|PCIe Bus Error|virtio_net \S+ \S+: (NETDEV WATCHDOG|TX timeout)

. /root/lib.sh
. /root/net.sh

if ! cat /sys/bus/pci/devices/*/aer_rootport_total_err_fatal >/dev/null 2>&1; then
	echo "1..0 # SKIP this kernel has no PCIe error reporting"
	exit 0
fi
VICTIM_MAC=52:54:00:12:34:77
# The NIC below the root port; the other one has nothing to do with it.
victim() { for victim_if in /sys/class/net/*/; do [ "$(cat "${victim_if}address")" != $VICTIM_MAC ] || basename "$victim_if"; done; }
# inject DEVICE ERROR: QEMU reports it as the hardware would.
inject() { qmp human-monitor-command "command-line=\"pcie_aer_inject_error $1 $2\""; }
recovered() { log_since | grep -q 'device recovery successful'; }
counted() { stat "$VICTIM" "$1"; }
OTHER=$NIC_IF

check "the NIC below the root port" wait_until 5 victim
VICTIM=$(victim)
peer_up 0
ip addr flush dev "$OTHER"
address "$VICTIM" 0
check "up" up "$VICTIM"
check "the peer answers" answers 10.9.0.2

# rp0 DLP: a data link protocol error, fatal; POISON_TLP is not.
for error in "rp0 DLP" "rp0 POISON_TLP"; do
	ping -q -i 0.01 10.9.0.2 >/dev/null 2>&1 &
	check "$error: traffic" traffic_flows "$VICTIM"
	for turn in 1 2 3; do
		before=$(counted rx_packets)
		log_mark
		# shellcheck disable=SC2086 # two words
		inject $error >/dev/null
		check "$error ($turn): recovered" wait_until 20 recovered
		check "the link comes" wait_until 10 carrier "$VICTIM"
		check "the peer answers" answers 10.9.0.2 10
		at_least "traffic goes on by itself" $((before + 20)) "$(wait_until 10 traffic_flows "$VICTIM"; counted rx_packets)"
		is "it is the same interface" "$VICTIM" "$(victim)"
	done
	clients_stop
	check "$error: pings" ping_all 100 10.9.0.2 -i "$PACE"
done
# What is asked for while the device is away: nobody tells the driver of it again.
# promiscuous_when_away: have it reset, which takes it away for a tenth of a second, and ask for it then; again if that was over too soon.
promiscuous_when_away() {
	NIC_IF=$VICTIM python3 - <<-'END'
		import errno, fcntl, os, socket, struct, sys, threading
		from etool import NIC, ethtool_ioctl
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		reset = os.open(f"/sys/class/net/{NIC}/device/reset", os.O_WRONLY)
		for turn in range(20):
		    resetting = threading.Thread(target=os.write, args=(reset, b"1"))
		    resetting.start()
		    while resetting.is_alive():
		        try:
		            ethtool_ioctl(struct.pack("=I32x", 0x10))  # ETHTOOL_GRINGPARAM
		        except OSError as err:
		            if err.errno == errno.ENODEV:
		                fcntl.ioctl(sock, 0x8914, struct.pack("16sH22x", NIC.encode(), 0x101))  # SIOCSIFFLAGS: up, promiscuous
		                sys.exit(0)
		sys.exit("never away")
	END
}
# Whether the receiver is set to be promiscuous.
receiver() { NIC_IF=$VICTIM python3 -c 'from etool import RCTL, registers; print(bool(registers()[1][RCTL] & 8))' | tail -n 1; }
is "not promiscuous" False "$(receiver)"
check "reset by sysfs: promiscuous while it is away" promiscuous_when_away
check "promiscuous since, as was asked for meanwhile" wait_until 5 test "$(sleep 1; receiver)" = True
ip link set "$VICTIM" promisc off

# Somebody has it reset: on it goes.
ping -q -i 0.01 10.9.0.2 >/dev/null 2>&1 &
check "traffic" traffic_flows "$VICTIM"
for turn in 1 2 3; do
	check "reset by sysfs ($turn)" sh -c "echo 1 >/sys/class/net/$VICTIM/device/reset"
	check "the link comes" wait_until 10 carrier "$VICTIM"
	check "traffic goes on by itself" traffic_flows "$VICTIM"
done
clients_stop
check "pings" ping_all 100 10.9.0.2 -i "$PACE"

ip link set "$VICTIM" down
log_mark
inject rp0 DLP >/dev/null
check "while down: recovered" wait_until 20 recovered
check "up afterwards" up "$VICTIM"
check "the peer answers" answers 10.9.0.2 10

# The other one.
ip addr flush dev "$VICTIM"
ip link set "$VICTIM" down
check "the NIC on another bus works" pair 0 "$OTHER"
unload
check "unloaded and loaded" load
quiet_log
finish
