#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the module in a machine without the device, and the device bound by its id when the driver is there first
# not-in: nic iommu; it plugs in QEMU's own NIC, at the root of the bus, which q35 takes none at

. /root/lib.sh
. /root/net.sh

check "pair up" pair
unload
qmp device_del 'id="nic0"' >/dev/null
check "the device is gone" wait_until 10 not test -d "$(nic_path 0)"
log_mark
check "loads without a device" load
is "no interface" "" "$(nic_name 0)"
is "it has said nothing" 0 "$(log_since | grep -v taint | grep -v -e 'Network Driver' -e Copyright | grep -c "$DRIVER")"
check "unloads" unload
check "loads again" load
qmp device_add 'driver="'"$NIC_MODEL"'"' 'id="nic0"' 'netdev="nicport0"' 'addr="0x4"' 'mac="52:54:00:12:34:10"' 'romfile=""' >/dev/null
check "a device that is plugged in is bound" wait_until 15 nic_named 0
nic_named 0
check "and works" pair
quiet_log
finish
