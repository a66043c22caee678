#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: what the device is known as: driver, MAC address, PCI ids, link, interrupt, log lines
# models: e1000 e1000-82545em e1000-82544gc
# boot: the device is there when the kernel starts

. /root/lib.sh
. /root/net.sh

dev=$(nic_path 0)
case $NIC_MODEL in
e1000-82544gc) id=0x100c ;;
e1000-82545em) id=0x100f ;;
*) id=0x100e ;;
esac
is "PCI device id" "0x8086 $id" "$(cat "$dev/vendor") $(cat "$dev/device")"
is "the device is bound to the driver" "$DRIVER" "$(basename "$(readlink "$dev/driver")")"
is "one interface" 1 "$(nic_name 0 | wc -w)"
is "MAC address is QEMU's" 52:54:00:12:34:10 "$NIC_MAC"
is "permanent address" 52:54:00:12:34:10 "$(ethtool -P "$NIC_IF" | sed 's/.*: //')"
is "the address is permanent, not random" 0 "$(attr "$NIC_IF" addr_assign_type)"

ethtool -i "$NIC_IF" >/tmp/info
is "ethtool -i: driver" "$DRIVER" "$(sed -n 's/^driver: //p' /tmp/info)"
is "ethtool -i: version is the kernel's" "$(uname -r)" "$(sed -n 's/^version: //p' /tmp/info)"
is "ethtool -i: bus-info" 0000:00:04.0 "$(sed -n 's/^bus-info: //p' /tmp/info)"
is "udev finds the bus address by sysfs" 0000:00:04.0 "$(basename "$(readlink "/sys/class/net/$NIC_IF/device")")"

is "down: no interrupt is requested" 0 "$(grep -cw "$NIC_IF" /proc/interrupts)"
log_mark
start=$(now)
ip link set "$NIC_IF" up
wait_until 5 carrier "$NIC_IF"
on_c "it restarts autonegotiation"
at_most "carrier within a second of ifup (1/100 s)" $((100 * SLOW)) $(($(now) - start))
sleep 0.3
is "one line in the log for the link" 1 "$(log_count "$NIC_IF.*link.*up")"
is "the line names speed and duplex" 1 "$(log_count "$NIC_IF.*1000.*full")"
is "the interrupt is named by the interface" 1 "$(grep -cw "$NIC_IF" /proc/interrupts)"
is "ethtool: link detected" yes "$(ethtool "$NIC_IF" | sed -n 's/.*Link detected: //p')"
is "speed" 1000 "$(attr "$NIC_IF" speed)"
is "duplex" full "$(attr "$NIC_IF" duplex)"
is "MTU" 1500 "$(attr "$NIC_IF" mtu)"
is "operstate" up "$(attr "$NIC_IF" operstate)"

peer_up 0
address "$NIC_IF" 0
check "the peer answers" answers 10.9.0.2
check "the peer answers over IPv6" answers fd09:0::2
check "100 pings" ping_all 100 10.9.0.2 -i "$PACE"
at_least "the interrupts are counted" 2 "$(interrupts "$NIC_IF")"
ip link set "$NIC_IF" down
is "down again: no interrupt is requested" 0 "$(grep -cw "$NIC_IF" /proc/interrupts)"
quiet_log
finish
