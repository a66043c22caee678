#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: what the receiver lets through: own, secondary and group addresses, promiscuous, all groups, and nothing else
# long-models: e1000-82544gc
# timeout: 400

import fcntl
import socket
import struct

from lib import *
from wire import Port, frame, mac, pattern

SIOCADDMULTI, SIOCDELMULTI = 0x8931, 0x8932

OTHER, OTHER_GROUP = "52:54:00:99:99:99", "01:00:5e:55:55:55"
quiet()
nic, peer = Port(NIC), Port(PEER, "peer")
serial = 0


def passes(dst, ours=False):
    """Whether the NIC delivers a frame for that address, and if asked, as one of ours."""
    global serial
    serial += 1
    nic.drain()
    data = frame(dst, PEER_MAC, serial.to_bytes(4, "big") + pattern(60))
    # A frame that must pass follows: when it is there, the other one would be.
    last = frame(NIC_MAC, PEER_MAC, b"last" + serial.to_bytes(4, "big") + pattern(60))
    peer.send(data)
    peer.send(last)
    found = []
    end = time.monotonic() + 3 * SLOW
    while last not in found and time.monotonic() < end:
        if (one := nic.receive(0.05)) is not None:
            if one == last or not (ours and nic.others):
                found.append(one)
    if last not in found:
        raise RuntimeError("the receiver has stopped")
    return data in found


def lets(name, addresses, expected=True, ours=False):
    # The core sets filters from work of its own, a moment after the command.
    wait_until(2, lambda: passes(addresses[-1], ours) == expected)
    wrong = [dst for dst in addresses if passes(dst, ours) != expected]
    same(f"{name}: {'received' if expected else 'not received'}", [], wrong)


def groups(count, first=0):
    return [f"01:00:5e:{(n * 37) & 0x7F:02x}:{(n * 101) & 0xFF:02x}:{n & 0xFF:02x}" for n in range(first, first + count)]


lets("own address and broadcast", [NIC_MAC, "ff:ff:ff:ff:ff:ff"])
lets("other addresses", [OTHER, OTHER_GROUP, "33:33:00:00:00:77", "00:00:00:00:00:00", "52:54:00:12:34:11"], False)

def members(request, chosen):
    """Join or leave many groups. Not by ip -batch, which takes the first of them only."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for group in chosen:
            fcntl.ioctl(control, request, struct.pack("16sH14s8x", NIC.encode(), 0, mac(group)))


for count in (1, 14, 15, 16, 40, 200):
    chosen = groups(count)
    members(SIOCADDMULTI, chosen)
    settle()
    lets(f"{count} groups joined", chosen[:10] + chosen[-5:])
    lets(f"{count} groups joined, own address and broadcast", [NIC_MAC, "ff:ff:ff:ff:ff:ff"])
    lets(f"{count} groups joined, unicast to others", [OTHER], False)
    if count <= 14:
        lets(f"{count} groups joined, others", groups(10, 100), False)
    members(SIOCDELMULTI, chosen)
settle()
lets("all groups left", groups(20), False)

run(f"ip link set {NIC} allmulticast on")
lets("allmulticast: any group", [OTHER_GROUP, "33:33:00:00:00:77", "01:80:c2:00:00:0e"])
# The hash table, all ones, may let them in; the stack must know that they are not ours.
lets("allmulticast: unicast to others, as ours", [OTHER], False, ours=True)
run(f"ip link set {NIC} allmulticast off")
lets("allmulticast off: groups", [OTHER_GROUP], False)

run(f"ip link set {NIC} promisc on")
settle(promisc=True)
lets("promiscuous: anything", [OTHER, OTHER_GROUP, "00:00:00:00:00:01", NIC_MAC])
run(f"ip link set {NIC} promisc off")
settle(promisc=True)
lets("promiscuous off: others", [OTHER, OTHER_GROUP], False)
run(f"ip link set {NIC} promisc on")
down()
run(f"ip link set {NIC} promisc off")
up()
settle(promisc=True)
lets("promiscuous turned off while down: others", [OTHER, OTHER_GROUP], False)
run(f"ip link set {NIC} allmulticast on")
down()
up()
lets("allmulticast over down and up: groups", [OTHER_GROUP])
run(f"ip link set {NIC} allmulticast off")
lets("allmulticast off: groups", [OTHER_GROUP], False)

# Secondary addresses, as macvlan adds them: the filter holds some, then it must open.
for count in (1, 13, 14, 15, 16, 20):
    own = [f"02:00:00:00:01:{n:02x}" for n in range(count)]
    for n, one in enumerate(own):
        run(f"ip link add link {NIC} name mv{n} address {one} type macvlan mode private")
        run(f"sysctl -qw net.ipv6.conf.mv{n}.disable_ipv6=1")
        run(f"ip link set mv{n} arp off multicast off up")
    settle(promisc=True)
    lets(f"{count} secondary addresses", own)
    lets(f"{count} secondary addresses, own address", [NIC_MAC])
    if count <= 13:
        lets(f"{count} secondary addresses, others", [OTHER, "02:00:00:00:01:ff"], False)
    for n in range(count):
        run(f"ip link del mv{n}")
settle(promisc=True)
lets("secondary addresses gone", ["02:00:00:00:01:00", OTHER], False)
same("not promiscuous at the end", 0, int(attr(NIC, "flags"), 16) & 0x100)

# Joining a group must not stop the receiver: each write of RCTL costs a second in QEMU.
started = time.monotonic()
for group in groups(10):
    run(f"ip maddress add {group} dev {NIC}")
    passes(NIC_MAC)
took = time.monotonic() - started
on_c("it rewrites RCTL, which stops QEMU's receiver for a second")
check("ten joins do not stop the receiver", took < 5 * SLOW, f"{took:.1f} s")
quiet_log()
finish()
