#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# about: four NICs of three models in one machine, on shared interrupts, independent of one another
# not-in: nic iommu; it has more of QEMU's own NICs, at the root of the bus, which q35 takes none at
# smp: 2
# timeout: 400

. /root/lib.sh
. /root/net.sh

# Three more, on the same hub; each talks to the peer in turn and at once.  Places 0 and 4
# of the bus have the same interrupt line, others may have.
add() {
	qmp netdev_add 'type="hubport"' "id=\"port$1\"" 'hubid=0' >/dev/null &&
		qmp device_add "driver=\"$2\"" "id=\"nic$1\"" "netdev=\"port$1\"" "addr=\"0x$((4 + $1))\"" \
			"mac=\"52:54:00:12:34:1$1\"" 'romfile=""' >/dev/null &&
		wait_until 15 nic_named "$1"
}
check "first pair up" pair
check "a second, 82545EM" add 1 e1000-82545em
check "a third, 82544GC" add 2 e1000-82544gc
check "a fourth, 82540EM" add 4 e1000
is "all of the driver" 4 "$(find "$DRIVER_DIR/" -name "0000:*" | wc -l)"
is "each its model" "0x100e 0x100f 0x100c 0x100e" "$(for n in 0 1 2 4; do cat "$(nic_path $n)/device"; done | xargs)"

# Each in a namespace of its own, so that the address says which one is used.
for n in 0 1 2 4; do
	ip netns add "room$n"
	name=$(nic_name $n)
	ip link set "$name" netns "room$n"
	ip -n "room$n" link set "$name" name nic
	ip -n "room$n" addr add "10.9.0.1$n/24" dev nic
	ip -n "room$n" link set nic up
done
inside() { in_room=room$1 && shift && ip netns exec "$in_room" "$@"; }
alive() { wait_until 10 ip netns exec "room$1" ping -q -c 1 -W 1 10.9.0.2; }
for n in 0 1 2 4; do check "NIC $n talks to the peer" alive $n; done
lines=$(for n in 0 1 2 4; do cat "$(nic_path $n)/irq"; done | sort -u | wc -l)
at_most "some share an interrupt line" 3 "$lines"
is "each has requested its interrupt" 4 "$(grep -o -w nic /proc/interrupts | wc -l)"

pids="" pings=$((1500 / SLOW))
for n in 0 1 2 4; do
	# shellcheck disable=SC2086 # two words
	inside $n ping -q $FLOOD -c "$pings" 10.9.0.2 >"/tmp/ping.$n" 2>&1 &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
for n in 0 1 2 4; do
	is "NIC $n: all of its pings at once with the others" 1 "$(grep -c "^$pings packets transmitted, $pings received" "/tmp/ping.$n")"
done

# The handler of one is called for another's interrupts, and sees what its self-test has raised.
is "NICs 0 and 4 share a line" "$(cat "$(nic_path 0)/irq")" "$(cat "$(nic_path 4)/irq")"
# shellcheck disable=SC2086 # two words
inside 0 ping -q $FLOOD 10.9.0.2 >/dev/null 2>&1 &
check "the other's self-test beside a flood on the same line" inside 4 ethtool -t nic offline
clients_stop
check "NIC 4 talks" alive 4

# Thousands in a row that are all the other's: NIC 4 is tried without its line, and has it back.
irq=$(cat "$(nic_path 0)/irq")
before=$(interrupts "$irq")
many() { [ $(($(interrupts "$irq") - before)) -ge 25000 ]; }
inside 0 ethtool -C nic adaptive-rx off rx-usecs 0
inside 0 ping -q -f 10.9.0.2 >/dev/null 2>&1 &
check "25000 interrupts of the other's" wait_until 100 many
clients_stop
inside 4 ping -q -c 10 -i 0.1 10.9.0.2 >/tmp/ping.4 2>&1
is "NIC 4: all of its pings" 1 "$(grep -c ' 10 received' /tmp/ping.4)"
at_most "the slowest answer (ms)" 500 "$(sed -n 's|.* = .*/.*/\(.*\)\..*/.*|\1|p' /tmp/ping.4)"

if [ "$SLOW" -gt 1 ]; then every=0.1; else every=0.01; fi
for n in 0 2 4; do inside $n ping -q -i "$every" 10.9.0.2 >/dev/null 2>&1 & done
echo 0000:00:05.0 >"$DRIVER_DIR/unbind"
for n in 0 2 4; do check "one unbound: NIC $n goes on" alive $n; done
inside 2 ip link set nic down
for n in 0 4; do check "another down: NIC $n goes on" alive $n; done
inside 0 ethtool -G nic rx 64
for n in 0 4; do check "one resized: NIC $n goes on" alive $n; done
inside 2 ip link set nic up
check "up again: NIC 2 talks" alive 2
qmp device_del 'id="nic4"' >/dev/null
check "one pulled out" wait_until 15 not test -d "$(nic_path 4)"
for n in 0 2; do check "one pulled: NIC $n goes on" alive $n; done
check "all unloaded, up, in their namespaces" unload
clients_stop
quiet_log
finish
