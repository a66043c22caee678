#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the device pulled out and plugged in, over QMP and sysfs, under traffic, up and down, many times
# not-in: nic iommu; it plugs in QEMU's own NICs, at the root of the bus, which q35 takes none at
# timeout: 400
# soak: 2400
# smp: 2

. /root/lib.sh
. /root/net.sh

plug() {
	qmp device_add "driver=\"$NIC_MODEL\"" 'id="nic0"' 'netdev="nicport0"' 'addr="0x4"' 'mac="52:54:00:12:34:10"' 'romfile=""' >/dev/null &&
		wait_until 15 nic_named 0 && nic_named 0
}
unplug() { qmp device_del 'id="nic0"' >/dev/null && wait_until 15 not test -d "$(nic_path 0)"; }

check "pair up" pair
check "server" iperf_server 0
often=$(turns 4 $((60 / SLOW)))
over_qmp() {
	for turn in $(seq "$often"); do
		case $turn in
		*[13579]) traffic_start && traffic_flows "$NIC_IF" || return 1 ;;
		*[48]) ip link set "$NIC_IF" down ;;
		esac
		unplug || return 1
		[ -z "$TRAFFIC" ] || traffic_stop
		plug && pair || return 1
	done
}
check "pulled and plugged $often times, every other one under traffic" over_qmp
check "pings" ping_all 100 10.9.0.2 -i "$PACE"

over_sysfs() {
	for turn in $(seq "$often"); do
		case $turn in *[13579]) traffic_start && traffic_flows "$NIC_IF" || return 1 ;; esac
		echo 1 >"$(nic_path 0)/remove" || return 1
		[ -z "$(nic_name 0)" ] || return 1
		[ -z "$TRAFFIC" ] || traffic_stop
		echo 1 >/sys/bus/pci/rescan
		wait_until 15 nic_named 0 && nic_named 0 && pair || return 1
	done
}
check "removed and found again $often times" over_sysfs

# driver_override and new_id, as an administrator gives a device to another driver.
path=$(nic_path 0)
echo none_such >"$path/driver_override"
echo 0000:00:04.0 >"$DRIVER_DIR/unbind"
echo 0000:00:04.0 >/sys/bus/pci/drivers_probe
is "overridden: not bound" "" "$(nic_name 0)"
echo "$DRIVER" >"$path/driver_override"
echo 0000:00:04.0 >/sys/bus/pci/drivers_probe
check "overridden back: bound" wait_until 5 nic_named 0
nic_named 0
check "it works" pair
refused "bound twice" 'no such device|busy|error' sh -c "echo 0000:00:04.0 >$DRIVER_DIR/bind"

# Another one beside it.
qmp netdev_add 'type="hubport"' 'id="extra"' 'hubid=0' >/dev/null
check "a second device is plugged in" qmp device_add "driver=\"$NIC_MODEL\"" 'id="nic1"' 'netdev="extra"' 'addr="0x5"' 'mac="52:54:00:12:34:11"' 'romfile=""'
check "it has an interface" wait_until 15 nic_named 1
second=$(nic_name 1)
check "up" up "$second"
check "the first goes on" ping_all 100 10.9.0.2 -i "$PACE"
qmp device_del 'id="nic1"' >/dev/null
check "pulled" wait_until 15 not test -d "$(nic_path 1)"
nic_named 0
check "the first goes on" ping_all 100 10.9.0.2 -i "$PACE"
unplug
check "unloaded without a device" unload
is "no interrupt is left" 0 "$(grep -c "$DRIVER" /proc/interrupts)"
quiet_log
finish
