#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: link settings, flow control and renegotiation: seen in the PHY, kept over down, up and reset, wrong ones refused untouched
# timeout: 300
# rust-only: the C driver resets for each, and keeps other things

from etool import *
from lib import *

AUTONEG, RESTART, FULL, SPEED_100, LOOPBACK, POWER_DOWN = 0x1000, 0x0200, 0x0100, 0x2000, 0x4000, 0x0800
ALL = ["10baseT/Half", "10baseT/Full", "100baseT/Half", "100baseT/Full", "1000baseT/Full"]


def log_lines(text):
    return len(re.findall(text, run("dmesg"), re.IGNORECASE))


def set_link(arguments):
    """The settings taken, and the link there again."""
    run(f"ethtool -s {NIC} {arguments}")
    if not wait_until(10, lambda: carrier(NIC)):
        raise RuntimeError(f"no carrier after {arguments}")


def for_good(name, right):
    """It is so now, and over whatever takes the device down."""
    check(f"{name}", right(), settings())
    for what, act in (("down and up", lambda: (down(), up())), ("a ring resize", lambda: run(f"ethtool -G {NIC} rx 128")),
                      ("a reset", lambda: run(f"ethtool -t {NIC} offline"))):
        act()
        wait_until(10, lambda: carrier(NIC))
        check(f"{name}, over {what}", right(), settings())
    run(f"ethtool -G {NIC} rx 256")
    check(f"{name}: the peer answers", answers())


pair()
changes = int(attr(NIC, "carrier_changes"))
first = settings()
same("speed, duplex, autonegotiation", ("1000Mb/s", "Full", "on"), (first["Speed"], first["Duplex"], first["Auto-negotiation"]))
same("port, PHY, crossover", ("Twisted Pair", "1", "off (auto)"), (first["Port"], first["PHYAD"], first["MDI-X"]))
same("what is supported", ALL, modes("Supported link modes"))
same("what is advertised", ALL, modes())
same("the partner's modes", ALL, modes("Link partner advertised link modes"))
same("sysfs agrees", ("1000", "full"), (attr(NIC, "speed"), attr(NIC, "duplex")))
same("nothing was renegotiated for all that", changes, int(attr(NIC, "carrier_changes")))

# What is offered to the partner.
for bits, names, anar, gbcr in ((0x0F, ALL[:4], 0x1E0, 0), (0x20, ALL[4:], 0, 0x200), (0x29, ["10baseT/Half", "100baseT/Full", "1000baseT/Full"], 0x120, 0x200)):
    set_link(f"advertise {bits:#x}")
    for_good(f"advertise {bits:#x}", lambda n=names, a=anar, g=gbcr: modes() == n and phy(4) & 0x1E0 == a and phy(9) & 0x300 == g)
set_link("autoneg on advertise 0x2f")
check("everything again", modes() == ALL)

# Forced.
for speed, duplex, bits in ((10, "half", 0), (100, "full", SPEED_100 | FULL), (100, "half", SPEED_100), (10, "full", FULL)):
    set_link(f"speed {speed} duplex {duplex} autoneg off")
    right = lambda b=bits: phy(0) & (AUTONEG | SPEED_100 | FULL | 0x40) == b and settings()["Auto-negotiation"] == "off"
    now = settings()
    same(f"{speed} {duplex}: shown, and in sysfs", (f"{speed}Mb/s", duplex.capitalize(), str(speed), duplex),
         (now["Speed"], now["Duplex"], attr(NIC, "speed"), attr(NIC, "duplex")))
    ctrl = registers()[1][CTRL]
    same(f"{speed} {duplex}: the MAC is told", (speed == 100, duplex == "full", True),
         (ctrl >> 8 & 3 == 1, bool(ctrl & 1), ctrl & 0x1800 == 0x1800))
    if (speed, duplex) == (100, "full"):
        for_good("100 full", right)
    else:
        check(f"{speed} {duplex}", right(), hex(phy(0)))
refused("-r while forced", "invalid", f"ethtool -r {NIC}")
set_link("autoneg on")
same("negotiated again, offering what was offered before", ("on", ALL), (settings()["Auto-negotiation"], modes()))
same("the MAC is not forced any more", 0, registers()[1][CTRL] & 0x1800)
set_link("speed 1000 duplex full autoneg off")
same("1000 full is negotiated, as it must be", ("on", ["1000baseT/Full"]), (settings()["Auto-negotiation"], modes()))
set_link("autoneg on advertise 0x2f")

# Crossover.
for mdix, bits in (("off", 0), ("on", 0x20), ("auto", 0x60)):
    set_link(f"mdix {mdix}")
    if mdix == "on":
        for_good("MDI-X", lambda: phy(16) & 0x60 == 0x20 and "forced" in settings()["MDI-X"])
    same(f"mdix {mdix}", bits, phy(16) & 0x60)

# Refused: nothing changes, and the log says why.
before, link = settled(), settings()
for arguments, why in (("speed 1000 duplex half autoneg off", "full duplex only"), ("speed 2500 duplex full autoneg off", "10, 100 or 1000"),
                       ("autoneg on advertise 0x1000", "can be advertised"), ("autoneg on advertise 0", "no mode is advertised"),
                       ("autoneg on advertise 0x2010", "can be advertised"), ("port fibre", "twisted pair")):
    lines = log_lines(why)
    refused(f"{arguments}", "invalid argument", f"ethtool -s {NIC} {arguments}")
    check(f"{arguments}: the log says {why}", log_lines(why) == lines + 1)
refused("master-slave", "not supported", f"ethtool -s {NIC} master-slave preferred-master")
refused("lanes", "not supported", f"ethtool -s {NIC} lanes 2 autoneg off speed 100")
same("nothing changed by what was refused", (before, link), (settled(), settings()))
# One command, but two requests.
refused("forced with MDI-X", "invalid argument", f"ethtool -s {NIC} speed 100 duplex full autoneg off mdix on")
same("the second is refused", "on", settings()["Auto-negotiation"])
set_link("mdix auto")
set_link("speed 100 duplex full autoneg off")
refused("MDI-X while forced", "invalid argument", f"ethtool -s {NIC} mdix on")
set_link("autoneg on")

# Flow control: what is offered is the PHY's, what comes of it the partner's; kept as set.
for arguments, shown, bits in (("rx off tx off", ("on", "off", "off"), 0), ("rx off tx on", ("on", "off", "on"), 0x800),
                               ("rx on tx off", ("on", "on", "off"), 0xC00), ("autoneg off rx on tx on", ("off", "on", "on"), 0xC00),
                               ("autoneg on rx on tx on", ("on", "on", "on"), 0xC00)):
    run(f"ethtool -A {NIC} {arguments}", fails=True)
    wait_until(10, lambda: carrier(NIC))
    right = lambda s=shown, b=bits: ((lambda pause: (pause["Autonegotiate"], pause["RX"], pause["TX"]))(values(run(f"ethtool -a {NIC}"))) == s
                                     and phy(4) & 0xC00 == b)
    if arguments == "rx off tx on":
        for_good(f"-A {arguments}", right)
    else:
        check(f"-A {arguments}", right(), run(f"ethtool -a {NIC}"))

# Negotiation anew: half a second without link, and one line each in the log.
changes, lines = int(attr(NIC, "carrier_changes")), log_lines("link is (up|down)")
run(f"ethtool -r {NIC}")
check("-r: the link goes", wait_until(2, lambda: int(attr(NIC, "carrier_changes")) > changes))
check("-r: and comes", wait_until(5, lambda: int(attr(NIC, "carrier_changes")) == changes + 2 and carrier(NIC)))
same("-r: one line each", lines + 2, log_lines("link is (up|down)"))
check("the peer answers", answers())

# Why there is none.
lost = int(values(run(f"ethtool -I {NIC}"))["Link Down Events"])
qmp("set_link", name="nic0", up=False)
wait_until(5, lambda: not carrier(NIC))
same("cable out: the reason", "no (Autoneg, No partner detected)", settings()["Link detected"])
same("no speed then", ("Unknown!", "Unknown! (255)", "Unknown"), (settings()["Speed"], settings()["Duplex"], settings()["MDI-X"]))
same("a loss is counted", lost + 1, int(values(run(f"ethtool -I {NIC}"))["Link Down Events"]))
set_down = run(f"ethtool -s {NIC} advertise 0x0f")
qmp("set_link", name="nic0", up=True)
check("cable in: the link comes", wait_until(5, lambda: carrier(NIC)))
check("set without a link: kept", modes() == ALL[:4])
check("no reason while there is one", settings()["Link detected"] == "yes")
down()
run(f"ethtool -s {NIC} advertise 0x2f")
check("set while down: shown", modes() == ALL)
run(f"ethtool -r {NIC}")
up()
check("in force when up", phy(4) & 0x1E0 == 0x1E0 and phy(9) & 0x200 and answers())

# Under traffic.
flood = background("ping -q -f 10.9.0.2")
errors = stat(NIC, "rx_errors") + stat(NIC, "tx_errors")
for arguments in ("advertise 0x0f", "speed 100 duplex full autoneg off", "autoneg on", "advertise 0x2f"):
    set_link(arguments)
run(f"ethtool -A {NIC} rx off tx off")
run(f"ethtool -A {NIC} rx on tx on")
check("changes under a flood: the link comes back", wait_until(10, lambda: carrier(NIC)))
flood.kill()
same("no errors", errors, stat(NIC, "rx_errors") + stat(NIC, "tx_errors"))
check("the peer answers", answers() and ping_all(50))

# While frames are looped back in the PHY the link is not to be changed.
run(f"ethtool -K {NIC} loopback on")
for command in (f"ethtool -s {NIC} advertise 0x0f", f"ethtool -r {NIC}", f"ethtool -A {NIC} rx off"):
    refused(f"in loopback: {command}", "busy", command)
run(f"ethtool -K {NIC} loopback off")
check("the link comes back", wait_until(10, lambda: carrier(NIC)) and answers())
set_link("speed 100 duplex full autoneg off")
run(f"ethtool -K {NIC} loopback on")
run(f"ethtool -K {NIC} loopback off")
check("forced before the loopback: the link comes back", wait_until(10, lambda: carrier(NIC)) and answers())
same("... forced as it was", ("off", SPEED_100 | FULL), (settings()["Auto-negotiation"], phy(0) & (AUTONEG | SPEED_100 | FULL | LOOPBACK)))
set_link("autoneg on")
quiet_log()
finish()
