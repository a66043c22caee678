#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: the PHY by ioctl, as mii-tool does: its address and registers, writes with their effect, what it has not refused
# models: e1000 e1000-82545em e1000-82544gc
# rust-only: the C driver looks at no PHY address, and resets

import errno

from etool import *
from lib import *


def error_of(act, *arguments):
    try:
        act(*arguments)
    except OSError as err:
        return errno.errorcode[err.errno]
    return "none"


pair()
same("the PHY's address", 1, mii(SIOCGMIIPHY)[0])
same("asking for it reads nothing wrong", 1, mii(SIOCGMIIPHY, phy=7)[0])
same("a Marvell", 0x0141, phy(2))
same("its model", {"e1000": 0xC20, "e1000-82545em": 0xC20, "e1000-82544gc": 0xC30}.get(MODEL), phy(3))
check("control: negotiating", phy(0) & 0x1000)
check("status: link", phy(1) & 0x04)
# QEMU leaves out the one for next pages.
there = "none" if CHIP else "EIO"
same("a register that it may not have", there, error_of(phy, 7))
same("another PHY", "ENODEV", error_of(lambda: mii(SIOCGMIIREG, 2, phy=2)))
same("writing to another", "ENODEV", error_of(lambda: mii(SIOCSMIIREG, 0, 0x1140, phy=2)))
same("writing what it may not have", there, error_of(set_phy, 7, 1))
same("writing what is read-only changes nothing", phy(2), (error_of(set_phy, 2, 0), phy(2))[1])

# Forced by its register: ethtool sees it, and it stays.
set_phy(0, 0x2100)
now = settings()
same("100 full by BMCR: ethtool says forced", ("off", 0x2100), (now["Auto-negotiation"], phy(0) & 0x3140))
run(f"ethtool -t {NIC} offline")
wait_until(10, lambda: carrier(NIC))
same("kept over a reset", 0x2100, phy(0) & 0x3140)
same("1000 half by BMCR", "EINVAL", error_of(set_phy, 0, 0x0040))
same("nothing changed", 0x2100, phy(0) & 0x3140)

changes = int(attr(NIC, "carrier_changes"))
set_phy(0, 0x1340)
check("negotiation restarted by BMCR: the link goes", wait_until(3, lambda: int(attr(NIC, "carrier_changes")) > changes))
check("and comes back", wait_until(10, lambda: carrier(NIC)))
same("ethtool says so", "on", settings()["Auto-negotiation"])

# The offer, by its registers.
set_phy(4, 0x0461)
set_phy(9, 0)
set_phy(0, 0x1340)
wait_until(10, lambda: carrier(NIC))
same("the offer by ANAR and GBCR", ["10baseT/Half", "10baseT/Full"], modes())
down()
up()
same("kept over down and up", ["10baseT/Half", "10baseT/Full"], modes())
run(f"ethtool -s {NIC} autoneg on advertise 0x2f")
wait_until(10, lambda: carrier(NIC))

set_phy(16, phy(16) & ~0x60 | 0x20)
check("crossover by PSCR: ethtool says so", "forced" in settings()["MDI-X"], settings()["MDI-X"])
run(f"ethtool -s {NIC} mdix auto")
wait_until(10, lambda: carrier(NIC))

# What the user does to the PHY alone lasts until something else is asked for.
set_phy(0, 0x1940)
check("powered down", phy(0) & 0x0800)
run(f"ethtool -r {NIC}")
check("up with the next negotiation", not phy(0) & 0x0800 and wait_until(10, lambda: carrier(NIC)))
check("the peer answers", answers())
run("setpriv --reuid 65534 --clear-groups true", fails=True)
flood = background("ping -q -f 10.9.0.2")
for _ in range(300):
    for register in (0, 1, 4, 5, 17):
        phy(register)
flood.kill()
check("1500 reads under a flood: the peer answers", ping_all(50))
run(f"ethtool -K {NIC} loopback on")
same("in loopback: control is not to be written", "EBUSY", error_of(set_phy, 0, 0x1140))
run(f"ethtool -K {NIC} loopback off")
check("the link comes back", wait_until(10, lambda: carrier(NIC)) and answers())
quiet_log()
finish()
