#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: a socket that polls the NIC itself, with interrupts deferred: answers at once, without interrupt or timer; and beside others
# smp: 2

import struct

from etool import interrupts
from genl import NAPI_GET, dump
from lib import *

SO_BUSY_POLL, SO_PREFER_BUSY_POLL, SO_BUSY_POLL_BUDGET = 46, 69, 70
# So long that an answer which has to wait for it is seen.
DEFERRED = 0.2  # seconds
ECHOES = 100
# A socket that polls for a short while, beside one that does not.
SHORTLY = (200, 500, 1000)  # microseconds
QUESTIONS = 600
# No timer that polls on may be set to more; beyond that it is the watchdog, once a second.
LONGEST = 1_000_000  # nanoseconds


def polled():
    """Frames that sockets found by polling, of all NICs."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        names, values = (line.split() for line in file if line.startswith("TcpExt:"))
    return int(values[names.index("BusyPollRxPackets")])


def echo(sock):
    while True:
        data, sender = sock.recvfrom(2048)
        sock.sendto(data, sender)


def ask(sock, times):
    """Seconds that so many questions take, each after the answer to the one before; or None."""
    start = time.monotonic()
    for number in range(times):
        sock.send(number.to_bytes(4, "big"))
        try:
            if sock.recv(2048) != number.to_bytes(4, "big"):
                return None
        except OSError:
            return None
    return time.monotonic() - start


def ask_until(over):
    """Asks all the time with a socket of its own, which does not poll."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect(("10.9.0.2", 7))
        while not over.is_set():
            ask(sock, 1)


def watch_timer(over, found):
    """Notes all the time what NAPI's timer is set to."""
    index = int(attr(NIC, "ifindex"))
    while not over.wait(0.02):
        found.add(dump(NAPI_GET, ifindex=index)[0]["gro_flush_timeout"])


pair()
with namespace("peer"):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("10.9.0.2", 7))
threading.Thread(target=echo, args=(server,), daemon=True).start()
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
# A blocking read with an end: with Python's own timeout it would not be the read that waits.
client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("=qq", 10 * SLOW, 0))
client.connect(("10.9.0.2", 7))
check("echoes", ask(client, 10) is not None)

defer_interrupts(1_000_000, int(DEFERRED * 1e9))
ask(client, 2)
before, found = polled(), ask(client, 10)
check("without, answers wait for the timer", found is not None and found > 5 * DEFERRED, found)
same("and no socket polls", before, polled())

client.setsockopt(socket.SOL_SOCKET, SO_PREFER_BUSY_POLL, 1)
client.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL_BUDGET, 64)
client.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, 500_000 * SLOW)
ask(client, 2)
before, raised, found = polled(), interrupts(), ask(client, ECHOES)
check("a polling socket has its answers at once", found is not None and found < ECHOES * DEFERRED / 4, found)
check("because it found them itself", polled() - before >= ECHOES, polled() - before)
check("and without interrupts", interrupts() - raised <= 2, interrupts() - raised)

defer_interrupts(0, 0)
client.setsockopt(socket.SOL_SOCKET, SO_PREFER_BUSY_POLL, 0)
over, timeouts = threading.Event(), set()
others = [threading.Thread(target=ask_until, args=(over,)), threading.Thread(target=watch_timer, args=(over, timeouts))]
for other in others:
    other.start()
for shortly in SHORTLY:
    client.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, shortly)
    before = polled()
    check(f"polling for {shortly} us beside another socket, all questions are answered", ask(client, QUESTIONS) is not None)
    check("and it did poll", polled() > before, polled() - before)
over.set()
for other in others:
    other.join()
check("none waited for the watchdog", timeouts and max(timeouts) <= LONGEST, max(timeouts, default=None))

client.close()
check("interrupts again", ping_all(50))
quiet_log()
finish()
