#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: the module loaded and unloaded 20 times, up and down, with traffic in between; nothing is left behind
# timeout: 400
# soak: 2400

. /root/lib.sh
. /root/net.sh

named() { grep -c "$1$DRIVER\$" "$2"; }

check "pair up" pair
check "unload while up" unload
is "no interface is left" "" "$(nic_name 0)"
is "no interrupt is left" 0 "$(named " " /proc/interrupts)"
is "no memory region is left" 0 "$(named ": " /proc/iomem)"
is "no module is left" 0 "$(grep -c "^$DRIVER " /proc/modules)"
is "no driver is left in sysfs" "" "$(ls -d "$DRIVER_DIR" 2>/dev/null)"

# turn N: every other one is unloaded while down.
turn() {
	load && wait_until 5 nic_named 0 && nic_named 0 || return 1
	address "$NIC_IF" 0
	up "$NIC_IF" && answers 10.9.0.2 || return 1
	[ $(($1 % 2)) -eq 0 ] || ip link set "$NIC_IF" down
	unload
}
until_turn() { while [ "$turn" -lt "$1" ]; do turn=$((turn + 1)) && turn $turn || return 1; done; }

turn=0
check "loaded and unloaded 4 times, with pings" until_turn 4
memory_mark
most=$(turns 20 200)
check "$most times" until_turn "$most"
memory_kept
is "no interrupt is left of any" 0 "$(named " " /proc/interrupts)"
no_pool() { [ "$(pools)" = 0 ]; }
check "nor a page pool" wait_until 5 no_pool
check "loaded and unloaded without ever being up" eval 'load && unload'
check "and once more for good" eval 'load && wait_until 5 nic_named 0 && nic_named 0'
check "with traffic" pair
refused "loaded while it is loaded" 'exists' sh -c "insmod \"\$(modinfo -n $DRIVER 2>/dev/null || echo /guest/$MODULE)\""
quiet_log
finish
