# SPDX-License-Identifier: GPL-2.0
"""What an access to the device costs under KVM, and the names of the registers."""

# A read always leaves the guest.  Of the writes, QEMU lets KVM collect all but
# these; it sees the collected ones at the next access that does leave.
HEAVY_WRITES = {0x20: "MDIC", 0xC0: "ICR", 0xC8: "ICS", 0xD0: "IMS", 0xD8: "IMC", 0x400: "TCTL", 0x3818: "TDT"}
NAMES = {
    **HEAVY_WRITES, 0x0: "CTRL", 0x8: "STATUS", 0x10: "EECD", 0x14: "EERD", 0x18: "CTRL_EXT", 0x28: "FCAL", 0x2C: "FCAH",
    0x30: "FCT", 0x38: "VET", 0xC4: "ITR", 0x100: "RCTL", 0x170: "FCTTV", 0x410: "TIPG", 0x458: "AIT", 0xE00: "LEDCTL",
    0x1000: "PBA", 0x2160: "FCRTL", 0x2168: "FCRTH", 0x2800: "RDBAL", 0x2804: "RDBAH", 0x2808: "RDLEN", 0x2810: "RDH",
    0x2818: "RDT", 0x2820: "RDTR", 0x2828: "RXDCTL", 0x282C: "RADV", 0x3800: "TDBAL", 0x3804: "TDBAH", 0x3808: "TDLEN",
    0x3810: "TDH", 0x3820: "TIDV", 0x3828: "TXDCTL", 0x382C: "TADV", 0x5000: "RXCSUM", 0x5800: "WUC", 0x5808: "WUFC",
    0x5810: "WUS", 0x5820: "MANC",
}
# (first, one past the last, name)
RANGES = ((0x4000, 0x4100, "statistics"), (0x5200, 0x5400, "MTA"), (0x5400, 0x5480, "RA"), (0x5600, 0x5800, "VFTA"))

# Instructions that one heavy access and one interrupt are worth under KVM.
HEAVY_COST, INTERRUPT_COST = 3000, 2000


def register(offset):
    for first, end, name in RANGES:
        if first <= offset < end:
            return name
    return NAMES.get(offset, f"{offset:#x}")


def split(accesses, nic):
    """(heavy, light, {"TDT w": times}) of {(kind, offset): times}."""
    heavy = light = 0
    names = {}
    for (kind, offset), times in accesses.items():
        e1000 = nic.startswith("e1000")
        if kind == "r" or not e1000 or offset in HEAVY_WRITES:
            heavy += times
        else:
            light += times
        name = f"{register(offset) if e1000 else hex(offset)} {kind}"
        names[name] = names.get(name, 0) + times
    return heavy, light, names
