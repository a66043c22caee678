#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: XDP_REDIRECT to veth, to the other NIC, to the NIC itself, by devmap, cpumap and AF_XDP; ndo_xdp_xmit; no page is lost
# c-skips: it has no native XDP
# nics: 2
# smp: 2
# timeout: 400

import socket
import struct

import bpf
import xsk
from etool import statistics
from lib import *
from verdicts import counted, frames, use
from wire import Port, frame, pattern

OTHER = os.environ["NIC_IFS"].split()[1]
quiet()
for name, ns in ((OTHER, None), ("peer1", "peer1")):
    run(f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1", ns)
    run(f"ip link set {name} arp off multicast off", ns)
    run(f"ip link set {name} up promisc on", ns)
run("ip link set peer0 promisc on", "peer")
run("modprobe veth", fails=True)
run("ip link add v0 type veth peer name v1")
for name in ("v0", "v1"):
    run(f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1")
    run(f"ip link set {name} arp off multicast off up promisc on")
wait_until(10, lambda: carrier(OTHER) and carrier("v1"))
nic, peer = Port(NIC), Port(PEER, "peer")
far, veth = Port("peer1", "peer1"), Port("v1")
# veth takes frames only if its other end has a program or GRO.
run("ethtool -K v1 gro on")


def exchange(port, count=50, size=100):
    port.drain()
    sent = [frame(NIC_MAC, PEER_MAC, number.to_bytes(2, "big") + pattern(size - 16, number)) for number in range(count)]
    for data in sent:
        peer.send(data)
    return sent, port.collect(count=count, seconds=2, settle=0.05)


def index(name):
    return struct.pack("<I", socket.if_nametoindex(name))


devmap = bpf.new_map(bpf.DEVMAP, entries=4)
for key, name in enumerate((OTHER, "v0", NIC)):
    bpf.update(devmap, key, index(name))
cpumap = bpf.new_map(bpf.CPUMAP, entries=2)
for key in (0, 1):
    bpf.update(cpumap, key, struct.pack("<I", 256))

for what, port, name, key in (("the other NIC", far, OTHER, 0), ("veth", veth, "v0", 1), ("the NIC itself", peer, NIC, 2)):
    for how, code in (("index", bpf.redirected(socket.if_nametoindex(name))), ("devmap", bpf.redirected_map(devmap, key))):
        use(code)
        for size in (60, 256, 257, 1514):
            before, there = statistics(), statistics(OTHER)
            sent, found = exchange(port, 50, size)
            frames(f"to {what} by {how}, {size} bytes", sent, found)
            stats = counted(before)
            same(f"to {what} by {how}, {size} bytes: counted", 50, stats.get("redirect"))
            if name == OTHER:
                same(f"to {what} by {how}, {size} bytes: counted there", {"xmit": 50}, counted(there, OTHER))
use(bpf.redirected_map(cpumap, 1))
before = statistics()
sent, found = exchange(nic)
frames("to the other CPU, and from there to the stack", sorted(sent), sorted(found))
same("to the other CPU: counted", {"redirect": 50}, counted(before))

# A poll's frames have one doorbell, though they are handed over 16 at a time.
defer_interrupts(50_000_000 * SLOW * SLOW, 50_000_000 * SLOW * SLOW)
use(bpf.redirected_map(devmap, 0))
exchange(far, 10)
before = statistics(OTHER)["tx_queue_0_doorbells"]
sent, found = exchange(far, 100)
doorbells = statistics(OTHER)["tx_queue_0_doorbells"] - before
frames("to the other NIC, 100 frames in few polls", sent, found)
check("to the other NIC, 100 frames in few polls: fewer doorbells than handovers", 1 <= doorbells < 100 // 16, doorbells)
defer_interrupts(0, 0)

use(bpf.redirected(socket.if_nametoindex("lo")))
before = statistics()
sent, found = exchange(nic, 20)
same("to a device that takes none: counted", {"redirect_err": 20}, counted(before))
use(bpf.redirected_map(devmap, 3))
before = statistics()
exchange(nic, 20)
same("to an empty place of a devmap: counted", 20, sum(counted(before).values()))

# Between both NICs in both directions at once, as a wire: what goes in at one peer comes out at the other.
use(bpf.redirected_map(devmap, 0))
use(bpf.redirected_map(devmap, 2), interface=OTHER)
far.drain()
there = [frame(NIC_MAC, PEER_MAC, b"F" + number.to_bytes(2, "big") + pattern(900, number)) for number in range(1000)]
back = [frame(NIC_MAC, PEER_MAC, b"B" + number.to_bytes(2, "big") + pattern(900, number)) for number in range(1000)]
came, went = [], []
peer.drain()
for number in range(0, 1000, 20):
    for data in there[number:number + 20]:
        peer.send(data)
    for data in back[number:number + 20]:
        far.send(data)
    came += peer.collect(lambda data: data[14:15] == b"B", count=20, seconds=0.3, settle=0)
    went += far.collect(lambda data: data[14:15] == b"F", count=20, seconds=0.3, settle=0)
came += peer.collect(lambda data: data[14:15] == b"B", seconds=0.5)
went += far.collect(lambda data: data[14:15] == b"F", seconds=0.5)
check("1000 each way through both NICs", set(came) <= set(back) and set(went) <= set(there)
      and len(came) >= 950 and len(went) >= 950, f"{len(came)} and {len(went)}")
bpf.detach(OTHER)
bpf.detach(NIC)

# Jumbo frames, of several parts.
for name, ns in ((NIC, None), (OTHER, None), (PEER, "peer"), ("peer1", "peer1")):
    run(f"ip link set {name} mtu 9000", ns)
use(bpf.redirected(socket.if_nametoindex(OTHER)), bpf.HAS_FRAGS)
for size in (2048, 2049, 5000, 9014):
    before = statistics(OTHER)
    sent, found = exchange(far, 20, size)
    frames(f"to the other NIC, {size} bytes", sent, found)
    same(f"to the other NIC, {size} bytes: counted there", {"xmit": 20}, counted(before, OTHER))
run(f"ip link set {OTHER} down")
before = statistics()
exchange(far, 20, 100)
same("to a NIC that is down: counted", {"redirect_err": 20}, counted(before))
run(f"ip link set {OTHER} up")

# AF_XDP in copy mode: a socket of 16 frames that nobody empties, then one that is.
receiver = xsk.Socket(64)
check("AF_XDP zero-copy is refused", receiver.bind(NIC, xsk.ZEROCOPY) != 0)
same("AF_XDP copy mode is bound", 0, receiver.bind(NIC, xsk.COPY))
receiver.offer(32)
xskmap = bpf.new_map(bpf.XSKMAP)
bpf.update(xskmap, 0, struct.pack("<I", receiver.fileno()))
use(bpf.redirected_map(xskmap), bpf.HAS_FRAGS)
before = statistics()
sent, _ = exchange(nic, 50, 200)
frames("AF_XDP copy mode: as many frames as it had room for", sent[:32], receiver.received())
same("AF_XDP copy mode: counted", {"redirect": 32, "redirect_err": 18}, counted(before))
peer.drain()
out = [frame(PEER_MAC, NIC_MAC, pattern(size - 14, size)) for size in (14, 60, 256, 257, 1514, 2048) * 3]
places = receiver.send(out)


def all_sent():
    receiver.push()
    return sorted(receiver.completed()) == sorted(places)


check("AF_XDP copy mode: all that was to be sent is said to have been", wait_until(5, all_sent), receiver.completed())
frames("AF_XDP copy mode: and is on the wire", [data.ljust(60, b"\0") for data in out], peer.collect(count=len(out), seconds=2))
receiver.close()
bpf.detach(NIC)
same("no errors counted", "0 0", f"{stat(NIC, 'rx_errors')} {stat(NIC, 'tx_errors')}")
quiet_log()
finish()
