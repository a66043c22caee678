#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: no room to map memory for the device: up, resize and XDP fail cleanly, packets are counted drops, and it goes on by itself
# not-in: iommu; nothing is bounced there
# append: swiotlb=1024,force
# timeout: 240
# expect-log: swiotlb buffer is full

import errno

import bpf
from etool import RDH, RDT, registers, statistics
from lib import *

# Everything the device reaches is bounced, through a pool of 1024 slots of 2 kB: a receive ring of some hundred buffers fills it.
SWIOTLB = "/sys/kernel/debug/swiotlb/io_tlb_"
LARGEST = 4096
# Slots that the ring is to leave to packets that are sent.
LEAST = 64


def slots(which):
    with open(SWIOTLB + which, encoding="ascii") as file:
        return int(file.read())


def ring():
    return int(re.findall(r"^RX:\s+(\d+)$", run(f"ethtool -g {NIC}"), re.MULTILINE)[1])


def refused_for_memory(name, command, kept):
    """A case: the command fails for want of memory, what it would have changed is kept, and traffic goes on."""
    before = kept()
    refused(f"{name}: refused", "allocate memory|ENOMEM|out of memory|no buffer space", command)
    same(f"{name}: nothing is changed", before, kept())
    check(f"{name}: traffic goes on", answers() and ping_all(50))


def left():
    return slots("nslabs") - slots("used")


def starts(size):
    """Whether it comes up with a receive ring of that size."""
    down()
    run(f"ethtool -G {NIC} rx {size}")
    return run(f"ip link set {NIC} up", fails=True)[0] == 0


def fill(least):
    """The largest receive ring that leaves so many slots; it stays."""
    low, high = 48, LARGEST
    while high - low > 8:
        size = (low + high) // 2 & ~7
        if starts(size) and left() >= least:
            low = size
        else:
            high = size
    starts(low)
    up()
    return low


def unmapped():
    """Packets that could not be mapped: dropped, copied."""
    return stat(NIC, "tx_dropped"), statistics().get("tx_queue_0_copied", 0)


def in_flight():
    """Descriptors that the device has to receive into, of a ring of `size`."""
    words = registers()[1]
    return (words[RDT] - words[RDH]) % size


def stream_arrives():
    with namespace("peer"):
        listener = socket.create_server(("10.9.0.2", 5000))
    with listener:
        out = socket.create_connection(("10.9.0.2", 5000), timeout=20 * SLOW)
        return arrives(out, listener.accept()[0], os.urandom(1 << 20) * 2)


def master(on):
    """Whether the device may reach memory: bit 2 of the PCI command register."""
    with open(f"/sys/class/net/{NIC}/device/config", "r+b", buffering=0) as config:
        low = os.pread(config.fileno(), 1, 4)[0]
        os.pwrite(config.fileno(), bytes([low | 4 if on else low & ~4]), 4)


check("the pool of 1024 slots is there", slots("nslabs") == 1024, slots("nslabs"))
pair()
check("traffic", answers() and ping_all(100))
used = slots("used")
refused_for_memory("a ring of 4096", f"ethtool -G {NIC} rx 4096", ring)
same("and holds no slot of it", used, slots("used"))

down()
same("no slot is used while it is down", 0, slots("used"))
run(f"ethtool -G {NIC} rx 4096")
refused("up with a ring of 4096", "allocate memory", f"ip link set {NIC} up")
same("and holds no slot of it", 0, slots("used"))
run(f"ethtool -G {NIC} rx 256")
up()
check("up with one of 256", answers() and ping_all(50))

size = fill(LEAST)
print(f"# a ring of {size} leaves {left()} of {slots('nslabs')} slots")
check("traffic with few slots left", answers() and ping_all(50))
refused_for_memory("a ring of 1024", f"ethtool -G {NIC} rx 1024", ring)

# While the device takes nothing from memory, packets keep their slots until there is none.
set_attr(NIC, "queues/tx-0/byte_queue_limits/limit_min", 1 << 20)
# It counts from the next completion on.
ping_all(2)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, 32, 64 << 20)  # SO_SNDBUFFORCE
    master(False)
    for _ in range(left()):
        sender.sendto(bytes(1400), ("10.9.0.2", 6000))
    same("no slot is left", 0, left())
    # More than the ring's own memory has room for.
    before = stat(NIC, "tx_dropped")
    sender.setsockopt(socket.IPPROTO_UDP, 103, 1400)  # UDP_SEGMENT
    for _ in range(10):
        # Exact multiples are segmented by the stack.
        sender.sendto(bytes(46 * 1400 - 1), ("10.9.0.2", 6000))
    lost = stat(NIC, "tx_dropped") - before
    # Each once, or, where the stack segments it, in pieces.
    check("what can neither be mapped nor copied is counted", lost in (10, 460), f"{lost}")
    sender.setsockopt(socket.IPPROTO_UDP, 103, 0)
    before = unmapped()
    for _ in range(10):
        sender.sendto(bytes(1400), ("10.9.0.2", 6000))
    on_c("it drops them")
    same("a packet that cannot be mapped is copied", (before[0], before[1] + 10), unmapped())
    master(True)
set_attr(NIC, "queues/tx-0/byte_queue_limits/limit_min", 0)
on_c("it stays dead until down and up")
check("they are freed by a reset, for which there is no memory either", wait_until(15, lambda: left() >= LEAST))
check("traffic goes on by itself", answers() and ping_all(50))
check("2 MB by TCP arrive whole", stream_arrives())

# What a socket keeps is not there for the ring, and cannot be replaced.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keeper:
    keeper.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    keeper.bind(("10.9.0.1", 6000))
    keeper.settimeout(0.2)
    with namespace("peer"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("10.9.0.2", 0))
        sender.setblocking(False)
        sent = refused_to_send = 0
        # No longer than that: the wire stands still, and on a busy machine the peer's watchdog goes off.
        while sent < 4 * size and refused_to_send < 100 and not (refused_to_send and in_flight() == 0):
            try:
                sender.sendto(sent.to_bytes(4, "little") + bytes(1400), ("10.9.0.1", 6000))
                sent += 1
            except BlockingIOError:
                # The peer waits: there is no descriptor to receive into.
                refused_to_send += 1
            if sent % 32 == 0 or refused_to_send:
                time.sleep(0.01)
    same("datagrams that a socket keeps take every slot", 0, left())
    kept = []
    try:
        while True:
            kept.append(int.from_bytes(keeper.recv(2048)[:4], "little"))
    except TimeoutError:
        pass
    check("what it got is in order", kept == sorted(set(kept)) and len(kept) > size // 2, f"{len(kept)}")
check("traffic goes on by itself", wait_until(10, lambda: ping_all(50)))
print(f"# the pool of pages, which grew meanwhile, leaves {left()} slots to packets that are sent")
check("2 MB by TCP arrive whole", stream_arrives())

# A frame that takes more descriptors than are left, when there is memory again: nothing else is sent.
down()
run("ip link set peer0 mtu 9000", "peer")
run(f"ip link set {NIC} mtu 9000")
run(f"ethtool -G {NIC} rx {size}")
up()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keeper:
    keeper.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    keeper.bind(("10.9.0.1", 6000))
    keeper.settimeout(1)
    with namespace("peer"):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("10.9.0.2", 0))
    for _ in range(4 * size):
        if (spare := in_flight() - 3) <= 0:
            break
        for _ in range(min(spare, 16)):
            sender.sendto(bytes(1400), ("10.9.0.1", 6000))
        time.sleep(0.02)
    # One may go to a packet of the peer's own.
    check("three descriptors are left at most, and some", 1 <= in_flight() <= 3, in_flight())
    try:
        while len(keeper.recv(2048)) == 1400:
            pass
    except TimeoutError:
        pass

    def large():
        sender.sendto(bytes(8000), ("10.9.0.1", 6000))
        try:
            return len(keeper.recv(9000)) == 8000
        except TimeoutError:
            return False

    on_c("it was not tried")
    check("a datagram of 8000 bytes is received, in ten seconds at most", wait_until(10, large))
    sender.close()
run(f"ip link set {NIC} mtu 1500")
run("ip link set peer0 mtu 1500", "peer")
check("traffic goes on", answers() and ping_all(50))

# XDP: attached or refused, and in either case traffic goes on.
program = bpf.prog(bpf.fixed(bpf.PASS))
try:
    bpf.attach(NIC, program)
    bpf.detach(NIC)
    error = 0
except OSError as err:
    error = err.errno
check("an XDP program: attached, or refused for want of memory", error in (0, errno.ENOMEM), os.strerror(error))
check("traffic goes on", answers() and ping_all(50))
down()
same("all slots are given back", 0, slots("used"))
run(f"ethtool -G {NIC} rx 256")
up()
check("traffic as at first", answers() and ping_all(100))
hangs, others = [], []
for line in driver_warnings():
    if "swiotlb buffer is full" not in line:
        (hangs if "Tx Unit Hang" in line else others).append(line)
on_c("it says so for ever")
# The one of tests/nic goes on by itself.
check("the stopped transmitter is reported once", len(hangs) == 1 or CHIP and not hangs, hangs)
check("no other warnings of the driver in the log but the pool's", not others, "; ".join(others[:5]))
finish()
