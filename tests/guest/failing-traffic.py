#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: each memory allocation of a packet's way out and of a poll fails once, then every buffer's: all is delivered or counted (debug kernel)
# timeout: 300
# expect-log: page allocation failure|DMA-API: (cacheline tracking ENOMEM|debugging out of memory)

import os
import socket

import offload
from failing import Fault, each, prepare, refuse_pages, set_knob
from lib import *

prepare()
TO_PEER, TO_NIC = ("10.9.0.2", offload.DPORT), ("10.9.0.1", 6000)
SO_RCVBUFFORCE, UDP_SEGMENT = 33, 103
# Datagrams to provoke polls with: more than the ring holds, so that it must be filled again and again.
RING, BURST = 64, 512


def datagrams(ns=None):
    """A socket to send from."""
    with namespace(ns):
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def receiver(address, ns=None):
    """A socket that has room for all that it is sent."""
    sock = datagrams(ns)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    sock.bind(address)
    sock.settimeout(0.3)
    return sock


def read_all(sock):
    """The datagrams that wait, until none comes."""
    found = []
    try:
        while True:
            found.append(sock.recv(1 << 16))
    except TimeoutError:
        return found


def dropped_on_the_way_out():
    """By the driver, and by the queueing discipline before it."""
    lost = re.findall(r"dropped (\d+)", run(f"tc -s qdisc show dev {NIC}"))
    return stat(NIC, "tx_dropped") + sum(map(int, lost))


def lost_on_the_way_in():
    """By the driver, the chip and the stack's protocols."""
    counters = sum(stat(NIC, name) for name in ("rx_dropped", "rx_missed_errors", "rx_errors"))
    udp = [line.split() for line in open("/proc/net/snmp", encoding="ascii") if line.startswith("Udp:")]
    return counters + int(udp[1][udp[0].index("InErrors")])


def lost_since(before, missing):
    """How many more are lost by now. The chip's own counters are as of the last look, which each look has renewed."""
    wait_until(2, lambda: lost_on_the_way_in() - before >= missing)
    return lost_on_the_way_in() - before


def send_each(name, send, segments=1):
    """Send with the 1st, 2nd... allocation failing: what the sender was not told of arrives, or is counted."""
    sent = []

    def operation():
        send(len(sent))
        sent.append(True)

    with receiver(TO_PEER, "peer") as sink:
        before = dropped_on_the_way_out()
        check(f"{name}: there is an end of them", each(name, operation, lambda error: None))
        arrived = len(read_all(sink))
        lost = dropped_on_the_way_out() - before
    missing = len(sent) * segments - arrived
    # A drop is one packet, of one segment or of all.
    check(f"{name}: what is missing was counted", lost <= missing <= lost * segments, f"{missing} missing, {lost} counted")
    check(f"{name}: traffic after it", answers() and ping_all(20))


pair()
run(f"ethtool -G {NIC} rx {RING} tx {RING}")
check("traffic", wait_until(10, lambda: ping_all(20)))

with datagrams() as sender:
    send_each("a datagram of 4 bytes", lambda n: sender.sendto(n.to_bytes(4, "little"), TO_PEER))
    send_each("one of 1400", lambda n: sender.sendto(bytes(1400), TO_PEER))
    sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
    send_each("a segmentation", lambda n: sender.sendto(bytes(20000), TO_PEER), segments=20)

# Frames that the stack did not make: to be padded, to be copied out of pages, and both.
frames = offload.Sender()
for name, size, linear in (("a frame of 44 bytes", 2, 0), ("one in pages", 2, 14), ("one of 1442 in pages", 1400, 14)):
    frame, start, offset, _ = offload.packet(offload.UDP, bytes(size))
    send_each(name, lambda n: frames.send(frame, start, offset, linear=linear))


def napi_thread():
    """The task that polls the NIC."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if open(f"/proc/{pid}/comm", encoding="ascii").read().startswith(f"napi/{NIC}"):
                return pid
        except OSError:
            pass
    raise RuntimeError("no task polls the NIC")


def burst(sender, sink, faults):
    """Datagrams that stay in the socket meanwhile, so that their buffers must be replaced: what is wrong with what came of them."""
    before = lost_on_the_way_in()
    for number in range(BURST):
        sender.sendto(number.to_bytes(4, "little") + bytes(1000), TO_NIC)
        if number % 16 == 15:
            time.sleep(0.005)
    numbers = [int.from_bytes(data[:4], "little") for data in read_all(sink)]
    lost = lost_since(before, BURST - len(numbers))
    if numbers != sorted(set(numbers)):
        return f"{faults}: out of order, or twice"
    return "" if len(numbers) + lost >= BURST else f"{faults}: {len(numbers)} of {BURST} came, {lost} counted"


def poll_each(sender, sink):
    """The 1st, 2nd... allocation of the task that polls fails, until it has not so many."""
    task, wrong, faults, number, injected = napi_thread(), [], 0, 1, True
    while injected and number < 2000:
        fault = Fault(task, number)
        wrong.append(burst(sender, sink, number))
        injected = fault.end()
        faults += injected
        # Each of the first ones, then fewer and fewer.
        number += 1 + number // 16
    wrong = list(filter(None, wrong))
    print(f"# a poll: {faults} faults", flush=True)
    check("a poll: all came in order, or was counted", faults and not injected and not wrong, f"{faults} faults; {wrong[:8]}")


def refuse_pages_to(task, percent):
    """Of a hundred pages that the task asks for it is refused so many from now on; those that come back to the pool go round."""
    refuse_pages(percent)
    with open(f"/proc/{task}/make-it-fail", "w", encoding="ascii") as control:
        control.write("1")


set_attr(NIC, "threaded", 1)
with receiver(TO_NIC) as sink, datagrams("peer") as sender:
    same("a burst without a fault", "", burst(sender, sink, 0))
    poll_each(sender, sink)
    check("traffic after it", answers() and ping_all(50))

    for percent in (10, 50, 90):
        refuse_pages_to(napi_thread(), percent)
        same(f"{percent} of 100 pages refused: all came in order, or was counted", "", burst(sender, sink, percent))
    refuse_pages_to(napi_thread(), 100)
    # What cannot be received waits in the backend, and then in the socket.
    sender.setblocking(False)
    before = lost_on_the_way_in()
    sent = waits = 0
    while sent < 1 << 14 and waits < 100:
        try:
            sender.sendto(bytes(1000), TO_NIC)
            sent += 1
        except BlockingIOError:
            waits += 1
            time.sleep(0.01)
    check("all refused: nothing is received once the ring and the pool are used up", waits == 100, f"{sent} sent")
    came = stat(NIC, "rx_packets")
    run("ping -q -c 3 -W 1 10.9.0.1", "peer", fails=True)
    same("nothing at all", came, stat(NIC, "rx_packets"))
    refuse_pages_to(napi_thread(), 0)
    check("and on it goes by itself", answers(seconds=10) and ping_all(50))
    arrived = len(read_all(sink))
    lost = lost_since(before, sent - arrived)
    check("what waited comes, too, or is counted", arrived + lost >= sent, f"{sent} sent, {arrived} arrived, {lost} counted")
set_attr(NIC, "threaded", 0)
down()
up()
check("traffic after all of it", answers() and ping_all(50))
finish()
