#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: the VLAN filter's switch, VLAN 0, more addresses than entries, a capture: each lets in just what it says
# long-models: e1000-82544gc

import os
import select

from etool import RCTL, registers
from lib import *
from offload import feature, features
from wire import Port, frame, pattern

OTHER, GROUP = "52:54:00:99:99:99", "01:00:5e:55:55:55"
UPE, MPE, VFE = 1 << 3, 1 << 4, 1 << 18
quiet()
nic, peer = Port(NIC), Port(PEER, "peer")
serial = 0


def passes(dst=NIC_MAC, tags=()):
    """Whether the NIC delivers a frame to that address with those tags."""
    global serial
    serial += 1
    nic.drain()
    data = frame(dst, PEER_MAC, serial.to_bytes(4, "big") + pattern(60), tags=tags)
    # A frame that must pass follows: when it is there, the other one would be.
    last = frame(NIC_MAC, PEER_MAC, b"last" + serial.to_bytes(4, "big") + pattern(60))
    peer.send(data)
    peer.send(last)
    found, end = [], time.monotonic() + 3 * SLOW
    while last not in found and time.monotonic() < end:
        if (one := nic.receive(0.05)) is not None:
            found.append(one)
    if last not in found:
        raise RuntimeError("the receiver has stopped")
    return data in found


def vlan(number, tag=0x8100):
    return [(tag, number)]


def mode():
    """UPE, MPE and VFE of RCTL, where the dump is the documented one."""
    return registers()[1][RCTL] & (UPE | MPE | VFE) if DRIVER != "e1000" else None


# The switch of the VLAN filter.
check("filter on: another VLAN is filtered", not passes(tags=vlan(555)))
on_c("it is fixed")
same("the filter can be switched", "on", feature("rx-vlan-filter"))
if feature("rx-vlan-filter") == "on":
    before = mode()
    features(rx_vlan_filter=False)
    check("filter off: every VLAN passes", all(passes(tags=vlan(number)) for number in (0, 1, 555, 4094)))
    check("filter off: QinQ, 802.1Q and 802.1ad outside", passes(tags=vlan(555) + vlan(7)) and passes(tags=vlan(555, 0x88A8) + vlan(7)))
    check("filter off: other addresses do not pass", not passes(OTHER, vlan(555)))
    run(f"ip link add link {NIC} name v100 type vlan id 100")
    run(f"ip link add link {NIC} name v200 type vlan id 200")
    run("ip link del v200")
    if DRIVER != "e1000":
        run(f"ethtool -t {NIC} offline", fails=True)
        wait_until(10, lambda: carrier(NIC))
        settle(promisc=True)
        check("filter off, over a reset: every VLAN passes", all(passes(tags=vlan(number)) for number in (0, 1, 555)))
    features(rx_vlan_filter=True)
    same("RCTL, whose writes stop QEMU's receiver, was left alone", before, mode())
    check("on again: a VLAN made meanwhile passes", passes(tags=vlan(100)))
    check("on again: one deleted meanwhile does not", not passes(tags=vlan(200)))
    check("on again: others do not", not passes(tags=vlan(555)))
    check("filter on: QinQ of an own VLAN passes, of another does not",
          passes(tags=vlan(100) + vlan(7)) and not passes(tags=vlan(555) + vlan(100)))
    for turn in range(10):
        features(rx_vlan_filter=turn % 2 == 1)
        if passes(tags=vlan(555)) != (turn % 2 == 0) or not passes(tags=vlan(100)):
            fail("switched ten times", turn)
            break
    else:
        ok("switched ten times")
    run("ip link del v100")
    check("deleted: its frames do not pass", not passes(tags=vlan(100)))

# Frames with a priority and no VLAN, whatever the VLAN module does.
on_c("it drops the priority")
check("VLAN 0 passes", passes(tags=vlan(0x6000)))
down()
up()
on_c("it drops the priority")
check("VLAN 0 passes after down and up", passes(tags=vlan(0x6000)))
if os.path.exists("/sys/module/8021q/initstate"):
    down()
    run("rmmod 8021q")
    check("the VLAN module is gone", not os.path.exists("/proc/net/vlan"))
    up()
    on_c("it drops the priority")
    check("VLAN 0 passes after the VLAN module has gone", passes(tags=vlan(0x6000)))
else:
    skip("VLAN 0 passes after the VLAN module has gone", "it is part of this kernel")

# More addresses than entries: all stations pass, groups and VLANs are still filtered.
own = [f"02:00:00:00:01:{n:02x}" for n in range(20)]
for n, one in enumerate(own):
    run(f"ip link add link {NIC} name mv{n} address {one} type macvlan mode private")
    run(f"sysctl -qw net.ipv6.conf.mv{n}.disable_ipv6=1")
    run(f"ip link set mv{n} arp off multicast off up")
settle(promisc=True)
same("20 more addresses: each passes", [], [one for one in own if not passes(one)])
check("20 more addresses: the own one and broadcasts", passes() and passes("ff:ff:ff:ff:ff:ff"))
check("20 more addresses: groups are filtered", not passes(GROUP))
check("20 more addresses: VLANs are filtered", not passes(tags=vlan(555)))
if DRIVER != "e1000":
    same("20 more addresses: UPE alone", UPE | VFE, mode())
for n in range(20):
    run(f"ip link del mv{n}")
settle(promisc=True)
check("they are gone: others do not pass", not passes(OTHER) and not passes(own[3]))

# tcpdump makes the interface promiscuous as long as it runs.
tcpdump = subprocess.Popen(["tcpdump", "-Z", "root", "--immediate-mode", "-l", "-n", "-e", "-i", NIC], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
check("a capture: promiscuous", wait_until(10, lambda: int(attr(NIC, "flags"), 16) & 0x100))
settle(promisc=True)
wrong = [one for one in ((OTHER, []), (GROUP, []), (OTHER, vlan(555)), (NIC_MAC, vlan(555))) if not passes(*one)]
same("a capture: all stations, groups and VLANs pass", [], wrong)
shown = b""


def missing():
    """What tcpdump has not shown yet; it takes its time."""
    global shown
    if select.select([tcpdump.stdout], [], [], 0.1)[0]:
        shown += os.read(tcpdump.stdout.fileno(), 1 << 16)
    return [text for text in (OTHER, GROUP, "vlan 555") if text.encode() not in shown]


wait_until(5, lambda: not missing())
same("tcpdump shows them", [], missing())
tcpdump.terminate()
tcpdump.communicate(timeout=20 * SLOW)
wait_until(5, lambda: not int(attr(NIC, "flags"), 16) & 0x100)
settle(promisc=True)
check("after it: none of them", not passes(OTHER) and not passes(GROUP) and not passes(tags=vlan(555)))
quiet_log()
finish()
