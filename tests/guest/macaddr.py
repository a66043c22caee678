#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: the MAC address changed while down and up, under traffic; wrong ones refused

from lib import *
from wire import Port, frame, pattern

NEW, ANOTHER = "52:54:00:aa:bb:01", "02:11:22:33:44:55"
quiet()
nic, peer = Port(NIC), Port(PEER, "peer")
serial = 0


def passes(dst):
    global serial
    serial += 1
    data = frame(dst, PEER_MAC, serial.to_bytes(4, "big") + pattern(60))
    nic.drain()
    peer.send(data)
    return data in nic.collect(wanted=lambda one: one == data, count=1, seconds=0.5, settle=0)


check("the first address receives", passes(NIC_MAC))
for state, change in (("up", lambda: None), ("down", down)):
    for new, old in ((NEW, NIC_MAC), (ANOTHER, NEW), (NIC_MAC, ANOTHER)):
        change()
        run(f"ip link set {NIC} address {new}")
        same(f"changed while {state}: the interface says so", new, attr(NIC, "address"))
        up()
        check(f"changed while {state}: the new one receives", wait_until(3, lambda: passes(new)))
        check(f"changed while {state}: the old one does not", not passes(old))
        same(f"changed while {state}: the permanent one stays", NIC_MAC, run(f"ethtool -P {NIC}").split()[-1])

run(f"ip link set {NIC} address {NEW}")
down()
up()
check("kept over down and up", wait_until(3, lambda: passes(NEW)))
for wrong in ("00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"):
    refused(f"{wrong} is refused", "assign|invalid", f"ip link set {NIC} address {wrong}")
same("refused ones change nothing", NEW, attr(NIC, "address"))
check("and the receiver goes on", passes(NEW))

talk()
run(f"ip link set {NIC} address {NIC_MAC}")
pair()
ping = background("ping -q -i 0.002 10.9.0.2")
for n in range(20):
    run(f"ip link set {NIC} address 52:54:00:aa:bb:{n:02x}")
    run(f"ip neigh replace 10.9.0.1 lladdr 52:54:00:aa:bb:{n:02x} dev peer0 nud permanent", "peer")
check("changed 20 times under traffic: the peer answers", answers())
ping.kill()
ping.wait()
quiet_log()
finish()
