#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: netdev-genl shows the queues, their NAPI instance and its interrupt, before and after resize, MTU, down and up

from etool import interrupts, statistics
from genl import NAPI_GET, PAGE_POOL_GET, QSTATS_GET, QUEUE_GET, dump
from lib import *
from offload import GSO_TCP4, TCP, UDP, Sender, packet
from wire import pattern

pair()
index = int(attr(NIC, "ifindex"))


def interrupt():
    with open("/proc/interrupts", encoding="utf-8") as file:
        return [int(line.split(":")[0]) for line in file if line.split()[-1] == NIC]


def linked(when):
    """One RX and one TX queue, both served by one NAPI instance with the device's interrupt."""
    napis = dump(NAPI_GET, ifindex=index)
    check(f"{when}: one NAPI instance", len(napis) == 1, napis)
    queues = sorted((queue["type"], queue["id"]) for queue in dump(QUEUE_GET, ifindex=index))
    same(f"{when}: one queue to receive, one to send", [(0, 0), (1, 0)], queues)
    on_c("it forgets the link when it resets")
    same(f"{when}: both are linked to it", [napis[0]["id"]] * 2, [q.get("napi_id") for q in dump(QUEUE_GET, ifindex=index)])
    same(f"{when}: its interrupt is the device's", interrupt(), [napis[0].get("irq")])


linked("up")
pools = dump(PAGE_POOL_GET, ifindex=index)
on_c("it has no page_pool")
check("the receive buffers' page_pool is shown", len(pools) == 1, pools)
on_c("it has no page_pool")
check("linked to the NAPI instance", [pool.get("napi_id") for pool in pools] == [dump(NAPI_GET, ifindex=index)[0]["id"]], pools)
run(f"ethtool -G {NIC} rx 512 tx 512")
linked("after a ring resize")
down()
same("down: no queue is linked", [], [q for q in dump(QUEUE_GET, ifindex=index) if q.get("napi_id")])
check("down: no page_pool is left", wait_until(10, lambda: not dump(PAGE_POOL_GET, ifindex=index)))
up()
linked("up again")
check("traffic", answers())

# Statistics of the queues: what was left to the device, per packet on the wire (netdev.yaml).
sender, names = Sender(), ("tx_packets", "tx_needs_csum", "tx_hw_gso_packets", "tx_hw_gso_wire_packets")


def offloaded():
    found = dump(QSTATS_GET, ifindex=index)
    return [found[0].get(name, -1) for name in names] if found else [-1] * len(names)


before = offloaded()
for size in (1, 100, 1000, 1400):
    data, start, offset, header = packet(UDP, pattern(size))
    sender.send(data, start, offset, linear=header)
for size in (2000, 4500, 5000):
    data, start, offset, header = packet(TCP, pattern(size))
    sender.send(data, start, offset, GSO_TCP4, 1000, header)
time.sleep(0.5)
found = [now - was for now, was in zip(offloaded(), before)]
on_c("it has no statistics of queues")
# The stack may have a packet of its own to send meanwhile, with nothing left to do in it.
check("4 checksums and 3 packets to be cut into 12: as many are said to have been done", found[1:] == [16, 3, 12] and 16 <= found[0] <= 16 + 2 * SLOW, found)

# What an administrator tunes on a NAPI instance.
defer_interrupts(10, 100000)
check("traffic with deferred interrupts", ping_all(100))
# For as long as the timer polls there is none but the first one.
defer_interrupts(400 * SLOW, 500000)
time.sleep(0.3)
before = interrupts()
check("traffic with interrupts deferred for longer than it pauses", ping_all(50))
at_most = 1 if DRIVER != "e1000" else 3
check("that took one interrupt", interrupts() - before <= at_most, interrupts() - before)

# Frames without an interrupt, seconds on end: the kernel polls, so that none is needed.
defer_interrupts(10000, 200000)
ping_all(20)
before, lost = interrupts(), statistics().get("interrupts_lost")
flood = background("ping -q -f -l 32 10.9.0.1", "peer")
packets = stat(NIC, "rx_packets")
time.sleep(4)
found = interrupts() - before
packets = stat(NIC, "rx_packets") - packets
flood.kill()
flood.wait()
check("traffic with all interrupts deferred", packets > 1000 // SLOW, packets)
check("it needs no interrupts", found <= 5, found)
on_c("it counts none")
same("and none is said to be lost", lost, statistics().get("interrupts_lost", "no counter"))
defer_interrupts(10, 100000)
set_attr(NIC, "threaded", 1)
check("threaded NAPI: a kernel thread serves it", wait_until(5, lambda: f"napi/{NIC}" in run("ps")))
check("traffic with threaded NAPI", ping_all(200))
down()
up()
check("threaded over down and up", attr(NIC, "threaded") == "1" and answers())
set_attr(NIC, "threaded", 0)
check("and back", ping_all(100))

# Byte queue limits: what is in flight is accounted to the byte.
queue = f"/sys/class/net/{NIC}/queues/tx-0/byte_queue_limits"
check("a flood of 300", ping_all(300, options=f"{FLOOD} -s 1400"))


def inflight():
    with open(f"{queue}/inflight", encoding="utf-8") as file:
        return int(file.read())


check("nothing stays in flight", wait_until(3, lambda: inflight() == 0))
with open(f"{queue}/limit", encoding="utf-8") as file:
    limit = int(file.read())
check("the queue has a byte limit", limit > 0, limit)
quiet_log()
finish()
