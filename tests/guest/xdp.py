#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: native XDP: each verdict counted, head, tail and metadata adjusted, frames of several buffers, refusals
# debug: buffers that change hands
# c-skips: it has no native XDP
# timeout: 400

import bpf
from bpf import ABORTED, DROP, PASS, TX
from etool import statistics
from genl import DEV_GET, dump
from lib import *
from verdicts import counted, frames, use
from wire import Port, frame, pattern

run("ip link set peer0 mtu 9000", "peer")
run("ip link set peer0 promisc on", "peer")
quiet()
nic, peer = Port(NIC), Port(PEER, "peer")


# The debug kernel takes a second for what others do at once.
if SLOW == 1:
    MANY, SHORT, LONG = 50, (60, 256, 257, 1514), (60, 2047, 2048, 2049, 4096, 4097, 6145, 9014)
else:
    MANY, SHORT, LONG = 10, (60, 1514), (60, 2049, 9014)
BURST = 2000 // SLOW


def send(count, verdict=0, size=100):
    sent = [frame(NIC_MAC, PEER_MAC, bytes([verdict]) + number.to_bytes(2, "big") + pattern(size - 17, number))
            for number in range(count)]
    for data in sent:
        peer.send(data)
    return sent


def exchange(count, verdict=0, size=100):
    """What was sent, what came to the stack, what came back to the peer, what was counted."""
    nic.drain()
    peer.drain()
    before, packets, octets = statistics(), stat(NIC, "rx_packets"), stat(NIC, "rx_bytes")
    sent = send(count, verdict, size)
    wait_until(3, lambda: stat(NIC, "rx_packets") - packets >= count)
    arrived, back, stats = [], [], counted(before)
    missing = count - stats.get("drop", 0) - stats.get("aborted", 0)
    end = time.monotonic() + 5 * SLOW
    while len(arrived) + len(back) < missing and time.monotonic() < end:
        arrived += nic.collect(seconds=0.05)
        back += peer.collect(seconds=0.05)
    arrived += nic.collect(seconds=0.05)
    back += peer.collect(seconds=0.05)
    wire = (stat(NIC, "rx_packets") - packets, stat(NIC, "rx_bytes") - octets)
    if wire != (count, count * size):
        fail("all received frames count", f"{wire} for {count} of {size}")
    return sent, arrived, back, stats


# NETDEV_XDP_ACT_*: basic, redirect, ndo-xmit, rx-sg, ndo-xmit-sg; each is used here or in xdp-redirect.
same("what is said to be supported", [1 | 2 | 4 | 32 | 64], [dev.get("xdp_features") for dev in dump(DEV_GET, ifindex=int(attr(NIC, "ifindex")))])
use(bpf.chosen())
check("ip link shows the program", "xdp" in run(f"ip -d link show {NIC}"))
for verdict, name in ((PASS, "pass"), (DROP, "drop"), (ABORTED, "aborted"), (77, "aborted"), (TX, "tx")):
    for size in SHORT:
        sent, arrived, back, stats = exchange(MANY, verdict, size)
        same(f"verdict {verdict}, {size} bytes: counted", {name: MANY}, stats)
        frames(f"verdict {verdict}, {size} bytes: to the stack", sent if verdict == PASS else [], arrived)
        frames(f"verdict {verdict}, {size} bytes: back to the sender", sent if verdict == TX else [], back)
tx_before = stat(NIC, "tx_packets"), stat(NIC, "tx_bytes")
exchange(100, TX, 1000)
same("frames sent back count as sent", (100, 100000),
     (stat(NIC, "tx_packets") - tx_before[0], stat(NIC, "tx_bytes") - tx_before[1]))

# Many at once: one doorbell for a poll's worth, at the most one a frame; all come back or are counted.
before = statistics()
for data in [frame(NIC_MAC, PEER_MAC, bytes([TX]) + pattern(500, 1))] * BURST:
    peer.send(data)
time.sleep(0.5)
stats = counted(before)
received = stats.get("tx", 0) + stats.get("tx_err", 0)
back = len(peer.collect(count=stats["tx"], seconds=10, settle=0.3))
check(f"{BURST} sent back at once", received >= BURST // 10 and stats.get("tx_err", 0) == 0 and back == stats["tx"],
      f"{stats}, {back} came back")
now = {name: count - before[name] for name, count in statistics().items()}
check("a doorbell for each poll or 64 frames, at the most", now["tx_queue_0_doorbells"] <= now["rx_queue_0_polls"] + received // 64,
      f"{now['tx_queue_0_doorbells']} doorbells, {now['rx_queue_0_polls']} polls, {received} frames")

# The stack and a program share the ring.
talk()
pair()
use(bpf.chosen())
flood = [frame(NIC_MAC, PEER_MAC, bytes([TX]) + pattern(500, 1))] * 50
before = statistics()
pinging = pings(300 // SLOW)
while pinging.poll() is None:
    for data in flood:
        peer.send(data)
check("pings among frames sent back: all answered", all_answered(300 // SLOW, pinging))
check("frames were sent back meanwhile", counted(before).get("tx", 0) > 500 // SLOW, counted(before))
quiet()

for delta in (-256 + 40, -100, -4, 4, 8, 40):
    use(bpf.adjusted(bpf.ADJUST_HEAD, delta))
    sent, arrived, _, stats = exchange(5, 0, 200)
    same(f"head moved by {delta}: counted", {"pass": 5}, stats)
    found = [data[-delta:] if delta < 0 else data for data in arrived]
    want = sent if delta < 0 else [data[delta:] for data in sent]
    frames(f"head moved by {delta}: data", want, found)
use(bpf.adjusted(bpf.ADJUST_HEAD, -256, failed=DROP))
same("the head cannot be moved to where the frame's own data are", {"drop": 5}, exchange(5)[3])

for delta in (-100, -1, 1, 100, 2000):
    use(bpf.adjusted(bpf.ADJUST_TAIL, delta))
    sent, arrived, _, stats = exchange(5, 0, 200)
    same(f"tail moved by {delta}: counted", {"pass": 5}, stats)
    frames(f"tail moved by {delta}: data", [(data + bytes(2000))[:200 + delta] for data in sent], arrived)
use(bpf.adjusted(bpf.ADJUST_TAIL, 4000, failed=DROP))
same("the tail cannot be moved into the shared info", {"drop": 5}, exchange(5)[3])

use(bpf.adjusted(bpf.ADJUST_TAIL, -70, bpf.ret(TX)))
sent, _, back, stats = exchange(5, 0, 100)
same("a frame cut to 30 bytes and sent back: counted", {"tx": 5}, stats)
frames("a frame cut to 30 bytes and sent back: padded with zeros", [data[:30] + bytes(30) for data in sent], back)
use(bpf.adjusted(bpf.ADJUST_TAIL, 2000, bpf.ret(TX)))
sent, _, back, stats = exchange(5, 0, 1000)
frames("a frame grown to 3000 bytes and sent back", [data + bytes(2000) for data in sent], back)

# A word of metadata, seen by a program at the stack's door, which drops on it.
meta = bpf.adjusted(bpf.ADJUST_META, -4, bpf.load(4, 2, 6, 8) + bpf.load(4, 3, 6, 0) + bpf.copy(4, 2) + bpf.add(4, 4) +
                    bpf.op(0xBD, 4, 3, 2) + bpf.ret(ABORTED) + bpf.store(4, 2, 0, 0x12345678) + bpf.ret(PASS))
door = bpf.prog(bpf.load(4, 2, 1, 140) + bpf.load(4, 3, 1, 76) + bpf.copy(4, 2) + bpf.add(4, 4) +
                bpf.op(0xBD, 4, 3, 2) + bpf.ret(0) + bpf.load(4, 5, 2, 0) +
                bpf.op(0x15, 5, 0, 2, 0x12345678) + bpf.ret(0) + bpf.ret(2), bpf.SCHED_CLS)
link = bpf.tcx(door, NIC)


def through_the_door():
    """Frames that the stack throws away only behind it, as of no protocol it knows."""
    before = stat(NIC, "rx_dropped")
    exchange(5)
    return stat(NIC, "rx_dropped") - before


use(bpf.fixed(PASS))
same("no metadata: the door lets frames through", 5, through_the_door())
use(meta)
same("metadata reach the door, which drops on them", 0, through_the_door())
os.close(link)

bpf.detach(NIC)
same("detached: nothing is counted", {}, exchange(20)[3])
fd = bpf.prog(bpf.chosen())
bpf.attach(NIC, fd, bpf.SKB_MODE)
sent, arrived, back, stats = exchange(20, TX)
same("generic XDP still works: nothing counted by the driver", {}, stats)
frames("generic XDP still works: frames sent back", sent, back)
bpf.detach(NIC, bpf.SKB_MODE)

# Frames of several buffers.
run(f"ip link set {NIC} mtu 2026")
bpf.attach(NIC, fd)
sent, arrived, back, stats = exchange(20, PASS, 2040)
frames("MTU 2026, a frame of 2040 bytes in one buffer", sent, arrived)
refused("a larger MTU is refused while a program has no frags", "invalid", f"ip link set {NIC} mtu 2027")
bpf.detach(NIC)
run(f"ip link set {NIC} mtu 2027")
try:
    bpf.attach(NIC, fd)
    fail("a program without frags is refused at MTU 2027")
    bpf.detach(NIC)
except bpf.Refused as err:
    check("a program without frags is refused at MTU 2027, with the reason", "XDP_HAS_FRAGS" in str(err), err)
os.close(fd)
run(f"ip link set {NIC} mtu 9000")
use(bpf.chosen(), bpf.HAS_FRAGS)
for size in LONG:
    for verdict, name in ((PASS, "pass"), (DROP, "drop"), (TX, "tx"), (ABORTED, "aborted")):
        sent, arrived, back, stats = exchange(10, verdict, size)
        same(f"MTU 9000, verdict {verdict}, {size} bytes: counted", {name: 10}, stats)
        frames(f"MTU 9000, verdict {verdict}, {size} bytes: to the stack", sent if verdict == PASS else [], arrived)
        frames(f"MTU 9000, verdict {verdict}, {size} bytes: back to the sender", sent if verdict == TX else [], back)
for delta in (-100, -900, -3000, -5000, 100):
    use(bpf.adjusted(bpf.ADJUST_TAIL, delta), bpf.HAS_FRAGS)
    sent, arrived, _, stats = exchange(5, 0, 9000)
    frames(f"MTU 9000, tail moved by {delta}: data", [(data + bytes(100))[:9000 + delta] for data in sent], arrived)
for delta in (-100, 100):
    use(bpf.adjusted(bpf.ADJUST_HEAD, delta), bpf.HAS_FRAGS)
    sent, arrived, _, stats = exchange(5, 0, 9000)
    frames(f"MTU 9000, head moved by {delta}: data", sent if delta < 0 else [data[delta:] for data in sent],
         [data[100:] if delta < 0 else data for data in arrived])
# Attached and detached between the buffers of frames.
use(bpf.chosen(), bpf.HAS_FRAGS)
fd = bpf.prog(bpf.chosen(), flags=bpf.HAS_FRAGS)
nic.drain()
before = stat(NIC, "rx_packets")
sent = []
for number in range(12):
    sent += send(20, PASS, 9000)
    bpf.attach(NIC, fd if number % 2 else -1)
arrived = nic.collect(seconds=1)
check("attached and detached among long frames: none is broken", set(arrived) <= set(sent) and len(arrived) > 100,
      f"{len(arrived)} of {len(sent)}, wrong: {[len(data) for data in arrived if data not in sent][:5]}")
same("no errors counted", "0 0", f"{stat(NIC, 'rx_errors')} {stat(NIC, 'tx_errors')}")
os.close(fd)

# Down and up, rings of another size, and a reset keep the program.
use(bpf.fixed(DROP), bpf.HAS_FRAGS)
down()
up()
same("down and up keep the program", {"drop": 5}, exchange(5)[3])
run(f"ethtool -G {NIC} rx 64 tx 48")
same("rings of another size keep the program", {"drop": 5}, exchange(5)[3])
use(bpf.chosen(), bpf.HAS_FRAGS)
sent, _, back, stats = exchange(40, TX, 1514)
frames("the smallest ring: all sent back", sent, back)
same("the smallest ring: counted", {"tx": 40}, stats)
run(f"ip link set {NIC} xdp off")
down()
run(f"ip link set {NIC} mtu 1500")
use(bpf.fixed(DROP))
up()
same("attached while down", {"drop": 5}, exchange(5)[3])
quiet_log()
finish()
