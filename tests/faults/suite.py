# SPDX-License-Identifier: GPL-2.0
"""The faults, and what each of them may do to traffic.

What a driver cannot know it is not blamed for: `may` names the kinds of frame
(see traffic.py) that a lie of the device makes all by itself, and `uncounted`
says why a loss shows in no counter.
"""

import dataclasses

# The device does what the fault says to data; no driver could tell.
CUT, GROWN, CHANGED, REPEATED, ALIEN, TAGGED = "short", "grown", "corrupt", "again", "alien", "vlan"


@dataclasses.dataclass
class Fault:
    name: str
    arm: tuple                 # control commands that switch it on
    seconds: float = 0.8       # of traffic under it
    may: tuple = ()
    uncounted: str = ""
    during: str = "traffic"    # traffic, silence, control (and ethtool, MTU, promiscuity under it), open, probe
    bad_dma: bool = False      # DMA to nowhere is the fault's
    may_fail_probe: bool = False
    silent: str = ""           # why it may have no opportunity to fire
    jumps: bool = False        # registers that count may hold any number: no driver could tell
    group: str = ""


def fault(name, *arm, **more):
    return Fault(name, tuple(f"set {line}" for line in arm or (name,)), **more)


NOT_SEEN = "the device says that all is well"
LIE = "the lie looks like a truth"

RX = [
    fault("rx.length 65535", "rx.length 0xffff"),
    fault("rx.length 2049", "rx.length 2049"),
    fault("rx.length 0", "rx.length 0"),
    fault("rx.length 1", "rx.length 1"),
    fault("rx.length 13", "rx.length 13"),
    fault("rx.length 2048", "rx.length 2048", may=(GROWN, CHANGED)),
    fault("rx.length random", "rx.length rand", may=(CUT, GROWN, CHANGED)),
    fault("rx.csum", "rx.csum rand", uncounted=LIE),
    fault("rx.status random", "rx.status rand", may=(CUT, GROWN, CHANGED, TAGGED, ALIEN, REPEATED)),
    fault("rx.status 0", "rx.status 0 count=20"),
    fault("rx.status all", "rx.status ones", may=(TAGGED,), uncounted=LIE),
    fault("rx.errors all", "rx.errors ones"),
    fault("rx.errors random", "rx.errors rand"),
    fault("rx.special", "rx.special rand", may=(TAGGED,), uncounted=LIE),
    fault("rx.addr", "rx.addr rand"),
    fault("rx.noeop", "rx.noeop", may=(GROWN, CHANGED, ALIEN)),
    fault("rx.noeop one in 4", "rx.noeop p=250", may=(GROWN, CHANGED, ALIEN)),
    fault("rx.stale", "rx.stale"),
    fault("rx.late 20 ms", "rx.late us=20000"),
    fault("rx.missing once", "rx.missing count=1"),
    fault("rx.missing one in 10", "rx.missing p=100"),
    fault("rx.missing", "rx.missing"),
    fault("rx.dup", "rx.dup p=200", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN)),
    fault("rx.wrong +1 once", "rx.wrong add:1 count=1", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN)),
    fault("rx.wrong +100", "rx.wrong add:100", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN)),
    fault("rx.wrong random", "rx.wrong rand p=100", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN)),
    fault("rx.swap", "rx.swap p=300"),
    fault("rx.ddall", "rx.ddall count=3", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN)),
    fault("rx.ddall without EOP", "rx.ddall 1 count=3", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN)),
    fault("rx.nodata", "rx.nodata p=300", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN), uncounted=LIE),
    fault("rx.corrupt", "rx.corrupt p=500", may=(CHANGED, ALIEN, CUT, GROWN, TAGGED), uncounted=LIE),
    fault("rx.grow 16000", "rx.grow 16000 p=300"),
    fault("rx.grow 2000", "rx.grow 2000 p=300"),
    fault("rx.crc", "rx.crc p=500", uncounted="the device drops them, in CRCERRS only"),
    fault("rx.never", "rx.never", uncounted=NOT_SEEN),
    fault("rx.rxo", "rx.rxo p=500"),
    fault("rx.stall 1 s", "rx.stall", seconds=1, uncounted=NOT_SEEN),
    fault("rx.stall 6 s", "rx.stall", seconds=6, uncounted=NOT_SEEN),
    fault("rx.rdh random", "rx.rdh rand count=3", may=(REPEATED, CUT, GROWN, CHANGED, ALIEN)),
    fault("rx.rdh 65535", "rx.rdh 0xffff count=1"),
]

TX = [
    fault("tx.status random", "tx.status rand"),
    fault("tx.cmd", "tx.cmd rand"),
    fault("tx.addr", "tx.addr rand"),
    fault("tx.special", "tx.special rand"),
    fault("tx.late 20 ms", "tx.late us=20000"),
    fault("tx.late 2 s", "tx.late us=2000000 count=2", seconds=3),
    fault("tx.missing once", "tx.missing count=1", seconds=1),
    fault("tx.missing 8 s", "tx.missing", seconds=8),
    fault("tx.dup", "tx.dup"),
    fault("tx.wrong +1", "tx.wrong add:1 p=200"),
    fault("tx.wrong random", "tx.wrong rand p=200"),
    fault("tx.ddall", "tx.ddall", uncounted=LIE, may=(CHANGED, CUT, GROWN, ALIEN, REPEATED)),
    fault("tx.ddbefore", "tx.ddbefore us=5000", uncounted=LIE, may=(CHANGED, CUT, GROWN, ALIEN, REPEATED)),
    fault("tx.drop", "tx.drop p=500", uncounted=NOT_SEEN),
    fault("tx.twice", "tx.twice", may=(REPEATED,)),
    fault("tx.stall 1 s", "tx.stall", seconds=1),
    fault("tx.stall 8 s", "tx.stall", seconds=8),
    fault("tx.tdh random", "tx.tdh rand count=3", may=(REPEATED,)),
    fault("tx.tdh 65535", "tx.tdh 0xffff count=1", may=(REPEATED,)),
    fault("tx.noirq", "tx.noirq", seconds=2, silent="with synchronous transmission nobody waits for it"),
]

# Data to memory that was the device's a moment ago: in `modes`, behind an IOMMU, as only there it hits nothing else.
LATE = [
    fault("rx.recycled", "rx.recycled p=300", seconds=2, may=(REPEATED, CUT, GROWN, CHANGED, ALIEN), uncounted=LIE, bad_dma=True),
    fault("rx.early", "rx.early p=300", seconds=2, may=(REPEATED, CUT, GROWN, CHANGED, ALIEN), uncounted=LIE, bad_dma=True),
]

IRQ = [
    fault("irq.lost 1 in 2", "irq.lost p=500"),
    fault("irq.lost 3 s", "irq.lost", seconds=3, uncounted=NOT_SEEN),
    fault("irq.late 10 ms", "irq.late us=10000"),
    fault("irq.spurious", "irq.spurious"),
    fault("irq.stuck", "irq.stuck", seconds=1, uncounted=NOT_SEEN),
    fault("irq.stuck in silence", "irq.stuck", seconds=20, during="silence"),
    fault("irq.storm", "irq.storm us=100", seconds=1, uncounted=NOT_SEEN),
    fault("irq.storm all causes", "irq.storm 0x1ffff us=200", seconds=1, uncounted=NOT_SEEN),
    fault("irq.noclear", "irq.noclear", seconds=1, uncounted=NOT_SEEN),
]

LINK = [
    fault("link.down 2 s", "link.down", seconds=2, uncounted="no carrier, no packets"),
    fault("link.flap 50 ms", "link.flap us=50000", seconds=2, uncounted="no carrier, no packets"),
    fault("link.flap 1 s", "link.flap us=1000000", seconds=4, uncounted="no carrier, no packets"),
    fault("link.lsc", "link.lsc"),
]

GONE = [
    fault("gone 1 s", "gone", seconds=1),
    fault("gone 6 s", "gone", seconds=6),
    fault("gone 12 s", "gone", seconds=12),
    fault("gone.kept 1 s", "gone.kept", seconds=1),
    fault("gone.kept 6 s", "gone.kept", seconds=6),
    fault("gone.config 3 s", "gone.config", seconds=3),
    fault("gone, control", "gone", seconds=2, during="control"),
    fault("gone, up and down", "gone", seconds=1, during="open"),
    fault("dma.off 1 s", "dma.off", seconds=1, bad_dma=True),
    fault("dma.off 8 s", "dma.off", seconds=8, bad_dma=True),
]

NOT_READ = "the driver does not read it there"
STATISTICS = [f"reg.{offset:#x}" for offset in range(0x4000, 0x4100, 4)]

REG = [
    fault("reg.ICR ones", "reg.ICR ones", seconds=2),
    fault("reg.ICR 0", "reg.ICR 0", seconds=2, uncounted=NOT_SEEN),
    fault("reg.ICR random", "reg.ICR rand", seconds=1),
    fault("reg.STATUS ones", "reg.STATUS ones", seconds=1, during="control", silent=NOT_READ),
    fault("reg.STATUS random", "reg.STATUS rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.RDH ones", "reg.RDH ones", seconds=1, during="control", silent=NOT_READ),
    fault("reg.RDH random", "reg.RDH rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.TDH random", "reg.TDH rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.CTRL ones", "reg.CTRL ones", seconds=1, during="control", silent=NOT_READ),
    fault("reg.CTRL random", "reg.CTRL rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.RCTL random", "reg.RCTL rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.TCTL random", "reg.TCTL rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.IMS random", "reg.IMS rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.MDIC random", "reg.MDIC rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.EERD random", "reg.EERD rand", seconds=1, during="control", silent=NOT_READ),
    fault("reg.statistics ones", *(f"{reg} ones" for reg in STATISTICS), seconds=1, during="control"),
    fault("reg.statistics random", *(f"{reg} rand" for reg in STATISTICS), seconds=1, during="control", jumps=True),
    fault("reg.flaky", "reg.flaky rand p=300", seconds=1, during="control", jumps=True),
    fault("reg.flaky ones", "reg.flaky ones p=300", seconds=1, during="control"),
    fault("wreg.TDT", "wreg.TDT", seconds=2),
    fault("wreg.TDT once", "wreg.TDT count=1"),
    fault("wreg.RDT", "wreg.RDT", seconds=2),
    fault("wreg.RDT, 8 s", "wreg.RDT", seconds=8),
    fault("wreg.IMS", "wreg.IMS", seconds=1),
    fault("wreg.IMC", "wreg.IMC", seconds=1),
    fault("wreg, up and down", "wreg.RCTL", "wreg.TCTL", "wreg.RDBAL", "wreg.TDBAL", "wreg.IMS", "wreg.RDLEN",
          seconds=1, during="open"),
    fault("mdic.never", "mdic.never", seconds=1, during="control", silent=NOT_READ),
    fault("mdic.error", "mdic.error", seconds=1, during="control", silent=NOT_READ),
    fault("mdic.data ones", "mdic.data ones", seconds=1, during="control", silent=NOT_READ),
    fault("reset.never, up and down", "reset.never", seconds=1, during="open"),
    fault("CTRL ones in a reset", "tx.stall", "reg.CTRL ones", seconds=6, silent=NOT_READ),
    fault("RCTL random in a reset", "tx.stall", "reg.RCTL rand", seconds=6, silent=NOT_READ),
    fault("STATUS ones in a reset", "tx.stall", "reg.STATUS ones", seconds=6, silent=NOT_READ),
    fault("CTRL.RST stays in a reset", "tx.stall", "reset.never", seconds=6),
    fault("wreg.RDBAL in a reset", "tx.stall", "wreg.RDBAL", seconds=4, during="control"),
    fault("registers flaky in a reset", "tx.stall", "reg.flaky rand p=300", seconds=6, jumps=True),
    fault("dma.off, up and down", "dma.off", seconds=1, during="open", bad_dma=True),
]

PROBE = [
    fault("probe: EEPROM sum", "eeprom.badsum", during="probe"),
    fault("probe: EEPROM zero", "eeprom.zero", during="probe"),
    fault("probe: EEPROM ones", "eeprom.ones", during="probe"),
    fault("probe: EEPROM multicast", "eeprom.multicast", during="probe"),
    fault("probe: EEPROM no address", "eeprom.nomac", during="probe"),
    fault("probe: EERD never done", "eerd.never", during="probe"),
    fault("probe: EERD random", "eerd.data rand", during="probe"),
    fault("probe: MDIC never ready", "mdic.never", during="probe", may_fail_probe=True),
    fault("probe: MDIC error", "mdic.error", during="probe", may_fail_probe=True),
    fault("probe: MDIC ones", "mdic.data ones", during="probe", may_fail_probe=True),
    fault("probe: reset never ends", "reset.never", during="probe", may_fail_probe=True),
    fault("probe: gone", "gone", during="probe", may_fail_probe=True),
    fault("probe: gone with configuration", "gone.config", during="probe", may_fail_probe=True),
    fault("probe: STATUS ones", "reg.STATUS ones", during="probe", may_fail_probe=True),
    fault("probe: CTRL random", "reg.CTRL rand", during="probe", may_fail_probe=True),
    fault("probe: any register random", "reg.flaky rand p=300", during="probe", may_fail_probe=True, jumps=True),
    fault("probe: DMA off", "dma.off", during="probe", bad_dma=True),
]

GROUPS = {"rx": RX, "tx": TX, "irq": IRQ, "link": LINK, "gone": GONE, "reg": REG, "probe": PROBE}


def every():
    """All faults, in the order they are tried."""
    for name, faults in GROUPS.items():
        for one in faults:
            one.group = name
            yield one
