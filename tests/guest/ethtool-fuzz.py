#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: a minute of random ethtool requests, well-formed and not, by netlink and ioctl, under traffic: it works on, the log is clean
# timeout: 400
# smp: 2

import errno
import random

from etool import *
from genl import Netlink, attribute
from lib import *

# SEED= repeats a run.
SECONDS = 60
SEED = int(os.environ.get("SEED") or int.from_bytes(os.urandom(4), "little"))
rng = random.Random(SEED)
print(f"# seed {SEED}")

pair()
flood, flow = background("ping -q -i 0.002 10.9.0.2"), background("ping -q -i 0.002 10.9.0.1", "peer")
netlink = Netlink()
family = netlink.family("ethtool")
index = int(attr(NIC, "ifindex"))
NLA_NESTED = 0x8000
# linux/ethtool_netlink.h: requests, with the highest attribute of each. None that resets
# other devices, flashes firmware or touches what is no business of the driver.
REQUESTS = {1: 4, 2: 3, 3: 5, 4: 10, 5: 10, 6: 5, 7: 4, 8: 4, 9: 4, 10: 4, 11: 4, 12: 4, 13: 3, 14: 3, 15: 16, 16: 16, 17: 10,
            18: 10, 19: 30, 20: 30, 21: 6, 22: 6, 25: 3, 26: 4, 27: 4, 32: 5, 33: 8, 34: 4, 35: 5, 36: 6, 37: 6}
# linux/ethtool.h: a command number and the size of what follows. Self-tests and lights take
# long and have a test of their own; the firmware is left alone.
COMMANDS = [number for number in range(1, 0x54) if number not in (0x1A, 0x1C, 0x33)]
EDGES = [0, 1, 2, 3, 7, 10, 16, 47, 48, 64, 100, 128, 255, 256, 1000, 1500, 4095, 4096, 4097, 16776, 65535, 65536, 1 << 31, (1 << 32) - 1]
results, count = {}, 0


def word():
    return rng.choice(EDGES) if rng.random() < 0.7 else rng.getrandbits(32)


def scrap():
    return rng.randbytes(rng.choice((0, 1, 2, 3, 4, 8, 12, 16, 64, 300)))


def random_attribute(depth=0):
    kind, form = rng.randrange(0, 34), rng.random()
    if form < 0.35:
        return attribute(kind, word())
    if form < 0.6:
        return attribute(kind, bytes([rng.choice((0, 1, 2, 255))]))
    if form < 0.75 and depth < 4:
        return attribute(kind | NLA_NESTED, b"".join(random_attribute(depth + 1) for _ in range(rng.randrange(4))))
    if form < 0.85:
        return attribute(kind, rng.choice((b"eth0\0", b"\0", b"rx-usecs\0", b"g\0", b"loopback\0")))
    return attribute(kind, scrap())


def header():
    device = [attribute(1, index)] if rng.random() < 0.9 else []
    flags = [attribute(3, rng.choice((0, 1, 4, 5, 255)))] if rng.random() < 0.3 else []
    return attribute(1 | NLA_NESTED, b"".join(device + flags))


def bitset():
    """A well-formed bit set, as the requests for features, modes and messages take."""
    size = rng.choice((1, 8, 15, 32, 64, 127))
    bits = rng.randbytes((size + 31) // 32 * 4)
    return b"".join((attribute(2, size), attribute(4, bits), attribute(5, rng.randbytes(len(bits)))))


def by_netlink():
    command = rng.choice(list(REQUESTS))
    body = header()
    for _ in range(rng.randrange(4)):
        form, kind = rng.random(), rng.randrange(2, REQUESTS[command] + 1)
        if form < 0.4:
            body += attribute(kind, word())
        elif form < 0.6:
            body += attribute(kind, bytes([rng.choice((0, 1, 1, 2, 255))]))
        elif form < 0.75:
            body += attribute(kind | NLA_NESTED, bitset())
        else:
            body += random_attribute()
    if rng.random() < 0.1:
        body += scrap()
    flags = 0x300 if rng.random() < 0.1 else 0
    netlink.request(family, command, body, flags=flags)


def by_ioctl():
    command = rng.choice(COMMANDS)
    # Room enough for any answer: what the kernel writes beyond the request is its own idea.
    body = b"".join(struct.pack("=I", word()) for _ in range(rng.randrange(24))) if rng.random() < 0.8 else scrap()
    ethtool_ioctl(struct.pack("=I", command) + body + bytes(1 << 16))


def by_mii():
    command = rng.choice((SIOCGMIIPHY, SIOCGMIIREG, SIOCGMIIREG, SIOCSMIIREG))
    mii(command, rng.choice((0, 0, 4, 9, 16, 20, rng.getrandbits(16))), rng.getrandbits(16), rng.choice((1, 1, 1, rng.getrandbits(16))))


def by_command():
    """Requests that mostly make sense."""
    run(rng.choice((
        f"ethtool -G {NIC} rx {rng.randrange(6, 64) * 8} tx {rng.randrange(6, 64) * 8}",
        f"ethtool -C {NIC} rx-usecs {rng.choice(EDGES)} tx-usecs {rng.choice(EDGES)}",
        f"ethtool -K {NIC} {rng.choice(('rx', 'tx', 'sg', 'tso', 'gro', 'rxvlan', 'loopback'))} {rng.choice(('on', 'off'))}",
        f"ethtool -s {NIC} autoneg {rng.choice(('on', 'off'))} speed {rng.choice((10, 100, 1000, 7))} duplex {rng.choice(('half', 'full'))}",
        f"ethtool -s {NIC} advertise {rng.getrandbits(rng.choice((6, 16, 32))):#x}",
        f"ethtool -A {NIC} autoneg {rng.choice(('on', 'off'))} rx {rng.choice(('on', 'off'))} tx {rng.choice(('on', 'off'))}",
        f"ethtool -E {NIC} magic 0x100e8086 offset {rng.randrange(140)} value {rng.randrange(256)}",
        f"ethtool -t {NIC} {rng.choice(('online', 'offline'))}",
        f"ethtool -r {NIC}", f"ethtool -S {NIC} --all-groups", f"ethtool -d {NIC}", f"ethtool -e {NIC}",
        f"ip link set {NIC} {rng.choice(('up', 'down', 'promisc on', 'promisc off'))}")), fails=True)


end = time.monotonic() + SECONDS
while time.monotonic() < end:
    way = rng.choices((by_netlink, by_ioctl, by_mii, by_command), (60, 30, 10, 1))[0]
    try:
        way()
        code = "taken"
    except OSError as err:
        code = errno.errorcode.get(err.errno, err.errno)
    except (struct.error, TimeoutError) as err:
        code = type(err).__name__
    results[way.__name__, code] = results.get((way.__name__, code), 0) + 1
    count += 1
for (way, code), number in sorted(results.items(), key=lambda item: -item[1])[:24]:
    print(f"# {way}: {code} {number}")
flood.kill()
flow.kill()

check(f"{count} requests in {SECONDS} s", count > 200)
check("some were taken, some refused", {"taken", "EINVAL"} <= {code for _, code in results})
check("the interface is there", NIC in os.listdir("/sys/class/net"))
# Whatever was set is set back, and it works as ever.
run(f"ip link set {NIC} promisc off")
down()
for command in (f"ethtool -K {NIC} loopback off", f"ethtool -K {NIC} rx on tx on sg on tso on gro on rxvlan on",
                f"ethtool -G {NIC} rx 256 tx 256", f"ethtool -C {NIC} rx-usecs 0 tx-usecs 32",
                f"ethtool -s {NIC} autoneg on advertise 0x2f", f"ethtool -s {NIC} mdix auto", f"ethtool -A {NIC} autoneg on rx on tx on"):
    run(command, fails=True)
same("rings set back", ["256", "256"], re.findall(r"^[RT]X:\s+(\d+)", run(f"ethtool -g {NIC}").split("Current")[1], re.MULTILINE))
up()
run(f"ip link set {NIC} address {NIC_MAC}")
pair()
check("the peer answers", ping_all(200))
check("a megabyte of large pings", ping_all(50, options="-i 0.01 -s 20000"), run(f"ethtool -S {NIC}") + run("nstat -a", fails=True)[1])
same("the self-test passes", ("PASS", {}), tests("offline"))
wait_until(10, lambda: carrier(NIC))
check("the peer answers", answers())
quiet_log()
finish()
