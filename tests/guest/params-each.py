#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: each module parameter of the C driver: its name, its values, what it does, for each card, and what is said of wrong ones
# rust-only: the C driver shows most of them nowhere
# nics: 2
# timeout: 400

import struct

from etool import BMCR, GEEPROM, ITR, TADV, coalesce, ethtool_ioctl, modes, registers, settings, values
from lib import *

MODULE = os.environ["MODULE"]
RDTR, RADV = 6, 48
C_NAMES = {"TxDescriptors", "RxDescriptors", "Speed", "Duplex", "AutoNeg", "FlowControl", "XsumRX", "TxIntDelay", "TxAbsIntDelay",
           "RxIntDelay", "RxAbsIntDelay", "InterruptThrottleRate", "SmartPowerDownEnable", "copybreak", "debug"}
SECOND = NIC[:-1] + str(int(NIC[-1]) + 1)
ALL = ["10baseT/Half", "10baseT/Full", "100baseT/Half", "100baseT/Full", "1000baseT/Full"]


def parameters(module):
    """{name: what modinfo says of it}"""
    return {one[0].strip(): one[1] for line in run(f"modinfo {module}").splitlines()
            if line.startswith("parm:") and len(one := line.split(":", 1)[1].split(":", 1)) == 2}


def load(*params):
    """Load with these; what the driver says in the log, taints aside."""
    run(f"rmmod {DRIVER}")
    run("dmesg -c")
    run(["insmod", f"/guest/{MODULE}", *params])
    for name in (NIC, SECOND):
        if not wait_until(5, lambda one=name: os.path.exists(f"/sys/class/net/{one}")):
            raise RuntimeError(f"no {name}")
    return [line for line in run("dmesg").splitlines() if DRIVER in line and "taint" not in line and " Intel " not in line]


def rings(interface):
    current = run(f"ethtool -g {interface}").split("Current hardware settings:")[1]
    return values(current)["RX"], values(current)["TX"]


def feature(name, interface=NIC):
    return values(run(f"ethtool -k {interface}"))[name]


def word(index):
    return registers()[1][index]


def each(name, cases, find):
    """Load with each value; `cases` is {value: what `find` finds, or None for the default and one line about it}."""
    load()
    default = find()
    wrong = {}
    for value, expected in cases.items():
        said = load(f"{name}={value}")
        found = find()
        about = [line for line in said if f"Invalid {name} value" in line and f"({value.split(',')[0]})" in line]
        if expected is None:
            # Both cards are told apart: only the first has a value.
            if found != default or len(about) != 1 or len(said) != 1:
                wrong[value] = (found, said)
        elif found != expected or about:
            wrong[value] = (found, said)
    same(f"{name}: {', '.join(cases)}", {}, wrong)


ours = parameters(f"/guest/{MODULE}")
same("the C driver's parameters", C_NAMES, set(ours))
if (stock := run("modinfo e1000", fails=True))[0] == 0:
    same("as the C driver has them", set(parameters("e1000")), set(ours))
same("each with its default", [], [name for name, text in ours.items() if "(default" not in text])

each("RxDescriptors", {"48": ("48", "256"), "4096": ("4096", "256"), "-1": ("256", "256"), "47": None, "4104": None, "-2": None},
     lambda: rings(NIC))
each("TxDescriptors", {"48": ("256", "48"), "4096": ("256", "4096"), "-1": ("256", "256"), "0": None}, lambda: rings(NIC))
each("XsumRX", {"0": "off", "1": "on", "-1": "on", "2": None}, lambda: feature("rx-checksumming"))
throttle = lambda: (word(ITR), "on" if "Adaptive RX: on" in run(f"ethtool -c {NIC}") else "off")
each("InterruptThrottleRate",
     {"0": (0, "off"), "1": (0, "on"), "3": (0, "on"), "4": (0, "on"), "100": (39062, "off"), "8000": (488, "off"),
      "100000": (39, "off"), "-1": (0, "on"), "2": None, "99": None, "100001": None}, throttle)
each("RxIntDelay", {"0": 0, "1": 1, "65535": 65535, "-1": 0, "65536": None}, lambda: word(RDTR) & 0xFFFF)
each("RxAbsIntDelay", {"0": 0, "9": 9, "65535": 65535, "-1": 8, "65536": None}, lambda: word(RADV))
each("TxAbsIntDelay", {"0": 0, "9": 9, "65535": 65535, "-1": 32, "65536": None}, lambda: word(TADV))
# QEMU has no TIDV; without it nothing is delayed.
each("TxIntDelay", {"0": "0", "1": "32", "65535": "32", "-1": "32", "65536": None}, lambda: coalesce("tx-usecs"))


def pause():
    found = values(run(f"ethtool -a {NIC}"))
    return found["RX"], found["TX"]


data = ethtool_ioctl(struct.pack("=IIII", GEEPROM, 0, 0x1E, 2) + bytes(2))
stored = struct.unpack("<H", data[16:18])[0] >> 12 & 3
by_eeprom = {0: ("off", "off"), 2: ("off", "on")}.get(stored, ("on", "on"))
each("FlowControl", {"0": ("off", "off"), "1": ("on", "off"), "2": ("off", "on"), "3": ("on", "on"), "255": by_eeprom, "-1": by_eeprom,
                     "4": None, "254": None}, pause)


def link():
    """The modes offered, or what is forced."""
    if settings()["Auto-negotiation"] == "on":
        return modes()
    return word(BMCR) & 0x3140


LINKS = {
    "": ALL, "Speed=0 Duplex=0": ALL, "Speed=-1": ALL,
    "Duplex=1": ["10baseT/Half", "100baseT/Half"], "Duplex=2": ["10baseT/Full", "100baseT/Full", "1000baseT/Full"],
    "Speed=10": ["10baseT/Half", "10baseT/Full"], "Speed=100": ["100baseT/Half", "100baseT/Full"], "Speed=1000": ["1000baseT/Full"],
    "Speed=1000 Duplex=2": ["1000baseT/Full"], "Speed=1000 Duplex=1": ["1000baseT/Full"],
    "Speed=10 Duplex=1": 0, "Speed=10 Duplex=2": 0x100, "Speed=100 Duplex=1": 0x2000, "Speed=100 Duplex=2": 0x2100,
    "AutoNeg=0x2f": ALL, "AutoNeg=0x01": ALL[:1], "AutoNeg=0x20": ALL[4:], "AutoNeg=0x09": [ALL[0], ALL[3]], "AutoNeg=15": ALL[:4],
    "AutoNeg=-1 Duplex=1": ["10baseT/Half", "100baseT/Half"],
}
wrong = {}
for text, expected in LINKS.items():
    said = load(*text.split())
    if (found := link()) != expected or len(said) != (text == "Speed=1000 Duplex=1"):
        wrong[text] = (found, said)
same("Speed, Duplex, AutoNeg: what is offered or forced", {}, wrong)
wrong = {}
for text in ("Speed=20", "Speed=2", "Duplex=3", "AutoNeg=0", "AutoNeg=0x10", "AutoNeg=0x30", "AutoNeg=64"):
    said = load(text)
    if link() != ALL or len(said) != 1 or f"Invalid {text.split('=')[0]} value" not in said[0]:
        wrong[text] = (link(), said)
same("wrong ones: the default, and one line", {}, wrong)
for text, expected in (("Speed=100", ["100baseT/Half", "100baseT/Full"]), ("Duplex=2", ["10baseT/Full", "100baseT/Full", "1000baseT/Full"])):
    said = load(text, "AutoNeg=1")
    same(f"{text} with AutoNeg: that is ignored, and said so", (expected, 1), (link(), len([one for one in said if "ignored" in one])))

# Accepted, without effect.
for text, lines in (("SmartPowerDownEnable=0", 0), ("SmartPowerDownEnable=1", 1), ("SmartPowerDownEnable=1,1", 2),
                    ("copybreak=256", 0), ("copybreak=0", 1), ("copybreak=128", 1)):
    said = [one for one in load(text) if "has no effect" in one and text.split("=")[0] in one]
    same(f"{text}: said to have no effect, once for each card or module that has it", lines, len(said))
same("SmartPowerDownEnable=2", 1, len([one for one in load("SmartPowerDownEnable=2") if "Invalid SmartPowerDownEnable" in one]))
load("copybreak=300")
same("copybreak in sysfs", "300", run(f"cat /sys/module/{DRIVER}/parameters/copybreak").strip())
run(["sh", "-c", f"echo 100 >/sys/module/{DRIVER}/parameters/copybreak"])
same("no other parameter there", ["copybreak"], os.listdir(f"/sys/module/{DRIVER}/parameters"))


def level(interface):
    return int(re.search(r"Current message level: 0x([0-9a-f]+)", run(f"ethtool {interface}"))[1], 16)


wrong = {}
# There are 15 classes; ethtool's answer has no more bits.
ALL = 0x7FFF
for text, first, second in (("-1", 7, 7), ("0", 0, 0), ("1", 1, 1), ("16", ALL, ALL), ("31", ALL, ALL), ("2,16", 3, ALL), ("-1,0", 7, 0)):
    said = load(f"debug={text}")
    if (level(NIC), level(SECOND)) != (first, second) or said:
        wrong[text] = (level(NIC), level(SECOND), said)
same("debug: one value for all cards, or one for each", {}, wrong)
said = load("debug=32")
same("debug=32: the default, and one line for each card", (7, 7, 2), (level(NIC), level(SECOND), len([one for one in said if "Invalid debug" in one])))

# Lists: the n-th value is the n-th card's.
said = load("RxDescriptors=64,128", "TxDescriptors=-1,512", "XsumRX=1,0", "InterruptThrottleRate=8000,3", "FlowControl=0")
same("lists: rings", (("64", "256"), ("128", "512")), (rings(NIC), rings(SECOND)))
same("lists: receive checksums", ("on", "off"), (feature("rx-checksumming"), feature("rx-checksumming", SECOND)))
same("lists: nothing to complain of", [], said)
check("more values than there can be cards are refused", (run(f"rmmod {DRIVER}"), run(["insmod", f"/guest/{MODULE}", "XsumRX=" + ",".join(["1"] * 40)], fails=True)[0])[1])
run(["insmod", f"/guest/{MODULE}", "XsumRX=" + ",".join(["1"] * 32)])
wait_until(5, lambda: os.path.exists(f"/sys/class/net/{NIC}"))
pair()
check("traffic", ping_all(50))
finish()
