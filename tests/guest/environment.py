#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: what tests/environments promises is there: translated, bounced or high addresses, or processors
# long: says something only in tests/environments

import re

from lib import *

if not PLACE:
    skip("the environment", "not in tests/environments")
    finish()

pair()
check("the peer answers", answers() and ping_all(100))
check("and large packets", ping_all(100, options=f"-i {PACE} -s 1400"))
GIB = 1 << 30


def physical(count, kind, address):
    """Memory as the machine has it, by QEMU's monitor: the device may see it elsewhere."""
    line = f"xp /{count}{kind} {address:#x}"
    reply = qmp("human-monitor-command", **{"command-line": line})
    # Each line is its address, a colon, and the words.
    return [int(word, 16) for word in re.findall(r"0x[0-9a-f]+", re.sub(r"(?m)^[0-9a-fx]+:", "", reply))]


def receive_ring():
    """Its address and the addresses of its buffers, as the device has them."""
    resource = open("/sys/bus/pci/devices/0000:00:04.0/resource", encoding="ascii").readline()
    bar = int(resource.split()[0], 16)
    low, high, length = physical(3, "wx", bar + 0x2800)
    base = high << 32 | low
    return base, length // 16


def buffers(base, count):
    return physical(2 * count, "gx", base)[::2]


log = run("dmesg")
device = "/sys/bus/pci/devices/0000:00:04.0"
if PLACE == "iommu":
    check("the IOMMU translates", "DMAR: IOMMU enabled" in log, [line for line in log.splitlines() if "DMAR" in line])
    group = open(f"{device}/iommu_group/type", encoding="ascii").read().strip()
    same("the NIC's mappings go at once", "DMA", group)
    base, _ = receive_ring()
    ram = [int(line.split("-")[1].split()[0], 16) for line in open("/proc/iomem", encoding="ascii") if "System RAM" in line]
    check("the ring's address is none of memory's", base > max(ram), f"{base:#x}, memory ends at {max(ram):#x}")
elif PLACE == "swiotlb":
    check("buffers are bounced", int(open("/sys/kernel/debug/swiotlb/io_tlb_used", encoding="ascii").read()) > 0)
elif PLACE == "big":
    base, count = receive_ring()
    check("the receive ring is above 4 GiB", base >= 4 * GIB, f"{base:#x}")
    high = sum(address >= 4 * GIB for address in buffers(base, count))
    check("so are the buffers in it", high > count // 2, f"{high} of {count}")
elif PLACE == "smp":
    same("4 processors", 4, os.cpu_count())
else:
    fail("a known environment", PLACE)
finish()
