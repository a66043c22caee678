#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: frames without end and mixed XDP verdicts, the program replaced all the time: each frame has one verdict, and no page is lost
# c-skips: it has no native XDP
# qemu-args: -netdev hubport,id=source,hubid=0 -device igb,netdev=source,romfile=,addr=0x8,mac=52:54:00:12:36:10
# smp: 2
# timeout: 240
# soak: 2400

import bpf
from bpf import ABORTED, DROP, PASS, REDIRECT, TX
from etool import statistics
from genl import PAGE_POOL_GET, dump
from lib import *

GET_PRANDOM_U32 = 7
SOURCE_MAC = "52:54:00:12:36:10"
FRAMES, SECONDS = (10_000_000, 2000 * SLOW) if os.environ.get("SOAK") else (500_000 // SLOW, 120 * SLOW)
REPORT = 60  # seconds
VERDICTS = {ABORTED: "aborted", DROP: "drop", PASS: "pass", TX: "tx", REDIRECT: "redirect"}


def mixed(devmap):
    """A verdict by chance, of eight four times DROP; what is redirected goes out where it came in."""
    chance = bpf.call(GET_PRANDOM_U32) + bpf.op(0x57, 0, imm=7) + bpf.op(0xB5, 0, 0, 1, REDIRECT) + bpf.mov(0, DROP)
    return bpf.prog(chance + bpf.op(0x55, 0, 0, 6, REDIRECT) + bpf.to_map(devmap) + bpf.EXIT)


def inflight():
    """Pages that are out of the pools of the interface."""
    return sum(pool.get("inflight", 0) for pool in dump(PAGE_POOL_GET, ifindex=index))


def pin(irq, processor):
    with open(f"/proc/irq/{irq}/smp_affinity_list", "w", encoding="ascii") as file:
        file.write(str(processor))


quiet()
index = int(attr(NIC, "ifindex"))
for module in ("igb", "pktgen"):
    if run(f"modprobe {module}", fails=True)[0]:
        print(f"1..0 # SKIP this kernel has no {module}")
        sys.exit(0)
source = next(name for name in os.listdir("/sys/class/net") if attr(name, "address") == SOURCE_MAC)
# Few descriptors, for the debug kernel looks through all mappings of a frame that is sent again and again.
run(f"ethtool -G {source} tx 80")
run(f"ethtool -C {source} rx-usecs 1000")
run(f"ip link set {source} arp off multicast off up")
wait_until(10, lambda: carrier(source))
for irq in os.listdir(f"/sys/class/net/{source}/device/msi_irqs"):
    pin(irq, 0)
pin(attr(NIC, "device/irq"), 1)
devmap = bpf.new_map(bpf.DEVMAP)
bpf.update(devmap, 0, index.to_bytes(4, "little"))
programs = [mixed(devmap), mixed(devmap)]
pktgen("kpktgend_0", f"add_device {source}")
for word in ("count 0", "pkt_size 60", "clone_skb 1000", "burst 8", "delay 0", "dst 10.9.0.99", f"dst_mac {NIC_MAC}"):
    pktgen(source, word)

bpf.attach(NIC, programs[0])
pages, before, packets = inflight(), statistics(), stat(NIC, "rx_packets")
start = time.monotonic()
swaps = reports = 0
with pktgen_running():
    while stat(NIC, "rx_packets") - packets < FRAMES and time.monotonic() - start < SECONDS:
        swaps += 1
        bpf.attach(NIC, programs[swaps % 2])
        time.sleep(0.1)
        if time.monotonic() - start > REPORT * (reports + 1):
            reports += 1
            print(f"# {stat(NIC, 'rx_packets') - packets} received after {REPORT * reports} s", flush=True)
seconds = time.monotonic() - start


def settled():
    now = stat(NIC, "rx_packets")
    time.sleep(0.5)
    return now == stat(NIC, "rx_packets")


wait_until(10, settled)
received = stat(NIC, "rx_packets") - packets
now = statistics()
# Named xdp_tx_err as well as xdp_tx: frames that could not go on.
found = {name: now[f"xdp_{name}"] - before[f"xdp_{name}"] for name in VERDICTS.values()}
failed = sum(now[f"xdp_{name}_err"] - before[f"xdp_{name}_err"] for name in ("tx", "redirect"))
sent = stat(source, "tx_packets")
print(f"# {received} of {sent} received in {seconds:.0f} s, {swaps} programs: {found}, {failed} could not go on", flush=True)
check(f"{FRAMES} frames received, and most of all", received >= FRAMES and received > sent // 2, received)
same("each has one verdict", received, sum(found.values()) + failed)
check("each verdict has its share", all(received // 10 < count for count in found.values()), found)
check("programs were replaced", swaps > 5, swaps)
bpf.detach(NIC)
# The pool's own stock is counted as well: it is filled 64 at a time.
check("as many pages as before, but for the pool's stock", wait_until(10, lambda: inflight() <= pages + 64), f"{inflight()}, {pages} before")
down()
check("none is missing: the pool ends with the ring", wait_until(10, lambda: not dump(PAGE_POOL_GET, ifindex=index)))
up()
talk()
pair()
check("pings", ping_all(50))
run(f"rmmod {DRIVER}")
time.sleep(3)
same("nor is one missing when the module is gone", "", "".join(line for line in run("dmesg").splitlines() if "page_pool" in line))
quiet_log()
finish()
