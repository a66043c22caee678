#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: VLAN tags inserted, stripped and filtered, QinQ, priorities; in the device or by the kernel alike
# long-models: e1000-82544gc
# timeout: 400

from etool import command_bits
from lib import *
from offload import *
from wire import Port, frame, pattern

quiet()
run("ethtool -K peer0 gro off", "peer")
run("ip link set peer0 mtu 1508", "peer")
# A virtio NIC filters VLANs, too: it is to show whatever is on the wire.
run("ip link set peer0 promisc on", "peer")
nic, peer = Port(NIC), Port(PEER, "peer")
serial = 0


def payload():
    global serial
    serial += 1
    return serial.to_bytes(4, "big") + pattern(90)


def arrives(data, port=None, expected=None):
    """Send a frame from the peer; whether it arrives, with the same tags."""
    port = port or nic
    port.drain()
    peer.send(data)
    expected = expected or data
    return port.collect(lambda one: one == expected, 1, 0.7, 0) == [expected]


def tagged(tags, dst=NIC_MAC):
    return frame(dst, PEER_MAC, payload(), tags=tags)


def leaves(data, expected, port):
    """Send a frame from here; whether the peer gets what is expected."""
    peer.drain()
    port.send(data)
    return peer.collect(lambda one: one[12:14] != b"\x86\xdd", 1, 1, 0.02) == [expected]


def vid(number, up_too=True):
    run(f"ip link add link {NIC} name v{number} type vlan id {number}")
    run(f"sysctl -qw net.ipv6.conf.v{number}.disable_ipv6=1")
    if up_too:
        run(f"ip link set v{number} arp off multicast off up")


same("stripping is on", "on", feature("rx-vlan-offload"))
same("insertion is on", True, feature("tx-vlan-offload").startswith("on"))
same("the filter is on", True, feature("rx-vlan-filter").startswith("on"))
check("without VLANs: an untagged frame", arrives(tagged([])))
on_c("it drops the priority")
check("without VLANs: priority tags (VLAN 0) pass", arrives(tagged([(0x8100, 0x6000)])))

VIDS = (1, 2, 31, 32, 33, 100, 1000, 4094)
for number in VIDS:
    vid(number)
ports = {number: Port(f"v{number}") for number in VIDS}
settle()
for strip in (True, False):
    features(rx_vlan_offload=strip)
    word = "stripped" if strip else "not stripped"
    wrong = []
    for number in VIDS:
        for tci in (number, 0xE000 | number):
            inner = payload()
            data = frame(NIC_MAC, PEER_MAC, inner, tags=[(0x8100, tci)])
            if not arrives(data, ports[number], frame(NIC_MAC, PEER_MAC, inner)):
                wrong.append(tci)
    same(f"{word}: tagged frames reach their VLAN's interface, untagged", [], wrong)
    nic.drain()
    before = sum(stat(f"v{number}", "rx_packets") for number in VIDS)
    check(f"{word}: an untagged frame afterwards has no tag", arrives(tagged([])))
    for n in range(600):
        # Each descriptor of the ring is used for both kinds.
        peer.send(tagged([(0x8100, 100)] if n % 3 == 0 else []))
        if n % 100 == 99:
            time.sleep(0.1)
    found = nic.collect(count=600, seconds=15)
    same(f"{word}: of 600 frames just the 200 tagged ones have a tag", (600, 200),
         (len(found), sum(one[12:14] == b"\x81\x00" for one in found)))
    same(f"{word}: the VLAN's interfaces got just those", 200, sum(stat(f"v{n}", "rx_packets") for n in VIDS) - before)
    check(f"{word}: QinQ at full size", arrives(frame(NIC_MAC, PEER_MAC, pattern(1500), tags=[(0x8100, 100), (0x8100, 5)]), nic))
    check(f"{word}: 802.1ad outside", arrives(frame(NIC_MAC, PEER_MAC, pattern(500), tags=[(0x88A8, 100), (0x8100, 5)]), nic))
features(rx_vlan_offload=True)

# Received with the switch on, fetched with it off: the tag is in the descriptor only.
wrong = []
for turn in range(5):
    sent = [tagged([(0x8100, 100)]) for _ in range(3)]
    nic.drain()
    # No interrupt: they stay in the ring.
    with command_bits(put=0x400):
        for data in sent:
            peer.send(data)
        features(rx_vlan_offload=False)
    if (found := nic.collect(count=3, seconds=3)) != sent:
        wrong.append([one[12:18].hex() for one in found])
    features(rx_vlan_offload=True)
on_c("it resets, and the frames in the ring are lost")
same("stripped, and the switch off before they are fetched: tagged all the same", [], wrong)

# The filter: what no interface asked for does not come in.
other = tagged([(0x8100, 555)])
check("another VLAN's frames are filtered", not arrives(other))
run(f"ip link set {NIC} promisc on")
settle(promisc=True)
check("promiscuous: another VLAN's frames pass", wait_until(3, lambda: arrives(tagged([(0x8100, 555)]))))
run(f"ip link set {NIC} promisc off")
settle(promisc=True)
check("no longer promiscuous: they do not", not arrives(other))
check("and the own ones do", wait_until(3, lambda: arrives(tagged([(0x8100, 100)]))))
run("ip link del v1000")
check("a deleted VLAN's frames do not pass", not arrives(tagged([(0x8100, 1000)])))
vid(1000)
ports[1000] = Port("v1000")
settle()
check("created again: they do", arrives(tagged([(0x8100, 1000)])))
down()
up()
for number in VIDS:
    run(f"ip link set v{number} up")
settle()
check("over down and up: own VLANs pass", arrives(tagged([(0x8100, 100)])))
check("over down and up: others do not", not arrives(other))
run(f"ethtool -G {NIC} rx 512")
wait_until(5, lambda: carrier(NIC))
settle()
check("over a ring resize: own VLANs pass", arrives(tagged([(0x8100, 100)])))

fixed = feature("tx-vlan-offload").endswith("[fixed]")
for insert in (True,) if fixed else (True, False):
    if not fixed:
        features(tx_vlan_offload=insert)
    word = "inserted" if insert else "not inserted"
    wrong = []
    for number in VIDS:
        for size in (1, 41, 42, 45, 46, 100, 1499, 1500):
            inner = pattern(size, number)
            want = frame(PEER_MAC, NIC_MAC, inner, tags=[(0x8100, number)])
            plain = frame(PEER_MAC, NIC_MAC, inner)
            peer.drain()
            ports[number].send(plain)
            got = peer.collect(lambda one: one[12:14] == b"\x81\x00", 1, 1, 0)
            if len(got) != 1 or got[0][:len(want)] != want or any(got[0][len(want):]) or not 60 <= len(got[0]) <= max(64, len(want)):
                wrong.append((number, size, [len(one) for one in got]))
    same(f"{word}: frames of the VLAN's interfaces carry its tag", [], wrong[:5])
    check(f"{word}: an untagged frame afterwards has none",
          leaves(plain := frame(PEER_MAC, NIC_MAC, payload()), plain, nic))
    run("ip link set v100 type vlan egress-qos-map 0:5")
    inner = payload()
    check(f"{word}: with its priority", leaves(frame(PEER_MAC, NIC_MAC, inner),
                                                frame(PEER_MAC, NIC_MAC, inner, tags=[(0x8100, 0xA064)]), ports[100]))
    run("ip link set v100 type vlan egress-qos-map 0:0")

# Sums and segments of tagged packets; MAC header 4 bytes longer if the tag is in the packet.
catcher = Catcher()
for insert in (True,) if fixed else (True, False):
    if not fixed:
        features(tx_vlan_offload=insert)
    word = "inserted" if insert else "not inserted"
    sender = Sender("v100")
    for proto, kind, sizes in ((UDP, 0, [100, 1001]), (TCP, 0, [1, 100, 1001]), (TCP, GSO_TCP4, [2000, 14600, 30001])):
        wrong = []
        for size in sizes:
            data, start, offset, header = packet(proto, pattern(size))
            sender.send(data, start, offset, kind, 1000 if kind else 0, header)
            expected = segments(proto, pattern(size), 1000 if kind else size, False)
            found = catcher.catch(len(expected), at=18)
            fault = wrong_with(found, expected, proto)
            if fault or any(one.frame[12:16] != b"\x81\x00\x00\x64" for one in found):
                wrong.append((size, fault or "no tag"))
        same(f"{word}: {'TCP' if proto == TCP else 'UDP'}{', cut' if kind else ''}: right in a VLAN", [], wrong)

# Both ways with the stack: VLAN interfaces at both ends, two of them one in the other.
talk()
pair()
for number in VIDS:
    run(f"ip link del v{number}")
run("ip link set peer0 mtu 1500", "peer")
for name, parent, number, net, proto in (("w10", NIC, 10, 10, "802.1Q"), ("w20", "w10", 20, 20, "802.1Q"),
                                         ("w30", NIC, 30, 30, "802.1ad"), ("w40", "w30", 40, 40, "802.1Q")):
    for ns, top, last in ((None, parent, 1), ("peer", parent.replace(NIC, PEER), 2)):
        run(f"ip link add link {top} name {name} type vlan proto {proto} id {number}", ns)
        run(f"ip addr add 10.{net}.0.{last}/24 dev {name}", ns)
        run(f"ip link set {name} up", ns)
    check(f"{proto} {number} on {'the NIC' if parent == NIC else parent}: full-size pings",
          answers(f"10.{net}.0.2") and ping_all(20, f"10.{net}.0.2", "-i 0.01 -s 1472 -M do"))
quiet_log()
finish()
