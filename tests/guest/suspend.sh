#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: suspend to memory, and to idle and to memory by the kernel's test levels, with traffic before and after
# image: vmlinuz
# output: serial
# timeout: 400

. /root/lib.sh
. /root/net.sh

# A test level waits 5 s by default.
echo 1 >/sys/module/suspend/parameters/pm_test_delay 2>/dev/null
check "pair up" pair
ip neigh replace 10.9.0.2 lladdr 52:54:00:12:35:10 dev "$NIC_IF" nud permanent
ip maddress add 01:00:5e:11:22:33 dev "$NIC_IF"
ethtool -G "$NIC_IF" rx 128 tx 512
wait_until 5 carrier "$NIC_IF"
rings() { ethtool -g "$NIC_IF" | awk '/^Current/ { now = 1 } now && /^RX:/ { rx = $2 } now && /^TX:/ { tx = $2 } END { print rx, tx }'; }
before=$(stat "$NIC_IF" rx_packets)

# sleep_in LEVEL STATE: suspend, and wake up again after a moment.
sleep_in() {
	sleep_status=0
	echo "$1" >/sys/power/pm_test
	echo "$2" >/sys/power/state || sleep_status=1
	echo none >/sys/power/pm_test
	return $sleep_status
}
works() { wait_until 5 carrier "$NIC_IF" && answers 10.9.0.2 && ping_all 50 10.9.0.2 -i "$PACE"; }
slept() { log_since | grep -q 'PM: suspend exit'; }

for state in freeze mem; do
	grep -qw $state /sys/power/state || continue
	for level in devices platform core; do
		# There is no core level of the idle kind.
		[ "$state $level" != "freeze core" ] || continue
		ping -q -i 0.005 10.9.0.2 >/dev/null 2>&1 &
		log_mark
		check "$state, test level $level, under traffic" sleep_in $level $state
		check "it slept" slept
		clients_stop
		check "works afterwards" works
	done
done
is "ring sizes are kept" "128 512" "$(rings)"
at_least "counters are kept" "$before" "$(stat "$NIC_IF" rx_packets)"

# To memory and back for true, woken by the clock: QEMU keeps the device's registers or
# resets them, as it likes.
wake_in() { echo 0 >/sys/class/rtc/rtc0/wakealarm && echo "+$1" >/sys/class/rtc/rtc0/wakealarm; }
if [ "$IMAGE" = vmlinux ]; then
	skip "to memory and back" "an unpacked kernel has not been entered in real mode, which is where it wakes up"
elif grep -qw deep /sys/power/mem_sleep 2>/dev/null && [ -e /sys/class/rtc/rtc0/wakealarm ]; then
	echo deep >/sys/power/mem_sleep
	for turn in 1 2 3; do
		[ $turn -ne 2 ] || traffic_start
		log_mark
		wake_in 3
		check "to memory and back ($turn)" sleep_in none mem
		check "it slept" slept
		traffic_stop
		check "works afterwards" works
	done
	ip link set "$NIC_IF" down
	wake_in 3
	check "to memory and back while down" sleep_in none mem
	check "up" up "$NIC_IF"
	check "works afterwards" works
else
	skip "to memory and back" "this machine has no S3 or no clock that wakes it"
fi
ip link set "$NIC_IF" promisc on
sleep 1.3
check "promiscuous to idle and back" sleep_in devices freeze
ip link set "$NIC_IF" promisc off
sleep 1.3
check "works afterwards" works
is "one line for each time the link came" 0 "$(log_count "$NIC_IF.*(hang|timed out|error)")"
quiet_log
finish
