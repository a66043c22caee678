# SPDX-License-Identifier: GPL-2.0
"""ethtool's and the PHY's requests by ioctl, and what the tests look up in their answers."""

import array
import contextlib
import fcntl
import functools
import os
import socket
import struct
import threading

from lib import CHIP, NIC, run

SIOCETHTOOL, SIOCGMIIPHY, SIOCGMIIREG, SIOCSMIIREG = 0x8946, 0x8947, 0x8948, 0x8949
GREGS, GEEPROM, SEEPROM, GSTRINGS, GSTATS, GSSET_INFO = 0x04, 0x0B, 0x0C, 0x1B, 0x1D, 0x37
SS_STATS, STRING_BYTES = 1, 32

# Words of the register dump (Documentation/parity.md).
CTRL, STATUS, RCTL, RDLEN, RDH, RDT, TCTL, TDLEN, TDH, TDT = 0, 1, 2, 3, 4, 5, 7, 8, 9, 10
EECD, VET, LEDCTL, ITR, IMS, RDBAL, RDBAH = 33, 37, 39, 41, 42, 45, 46
TDBAL, TDBAH, TADV, RAL0, RAH0, BMCR, BMSR, ANAR, GBCR, PSCR = 52, 53, 55, 56, 57, 61, 62, 65, 68, 70
REGISTERS = 73
# What changes by itself, or with each set of rings; on a chip reading it clears a latched bit of the PHY's status.
VOLATILE = {*([BMSR] if CHIP else []), RDH, RDT, TDH, TDT, RDBAL, RDBAH, TDBAL, TDBAH}

_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def ethtool_ioctl(request, interface=NIC):
    """One SIOCETHTOOL request, which may be cut off; the bytes after it.  OSError if refused."""
    data = array.array("B", request)
    ifr = struct.pack("16sP16x", interface.encode(), data.buffer_info()[0])
    fcntl.ioctl(_socket, SIOCETHTOOL, ifr)
    return data.tobytes()


def registers():
    """The register dump: version, and a list of words."""
    data = ethtool_ioctl(struct.pack("=III", GREGS, 0, 4 * REGISTERS) + bytes(4 * REGISTERS))
    return struct.unpack("=I", data[4:8])[0], list(struct.unpack(f"={REGISTERS}I", data[12:]))


def settled():
    """The words of the register dump that stay as they are."""
    return {index: word for index, word in enumerate(registers()[1]) if index not in VOLATILE}


def mii(command, register=0, value=0, phy=1, interface=NIC):
    """A PHY request; the PHY's address and what was read."""
    ifr = struct.pack("16sHHHH16x", interface.encode(), phy, register, value, 0)
    address, _, _, found = struct.unpack("16xHHHH16x", fcntl.ioctl(_socket, command, ifr))
    return address, found


def phy(register):
    return mii(SIOCGMIIREG, register)[1]


def set_phy(register, value):
    mii(SIOCSMIIREG, register, value)


def values(text):
    """{name: value} of the lines `name: value`; of names that come twice, the last."""
    found = {}
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if colon:
            found[name.strip()] = value.strip()
    return found


def settings():
    """What `ethtool IF` says."""
    return values(run(f"ethtool {NIC}"))


def modes(option="Advertised link modes"):
    """The link modes listed under an option of `ethtool IF`."""
    found, inside = [], False
    for line in run(f"ethtool {NIC}").splitlines():
        name, colon, value = line.strip().partition(":")
        if colon:
            inside = name == option
            line = value
        if inside:
            found += line.split()
    return found


def coalesce(name):
    return values(run(f"ethtool -c {NIC}"))[name]


@functools.cache
def _statistics_names(interface):
    """What the interface's statistics are called, for good; no program is asked, which takes the debug kernel a second."""
    count = struct.unpack("=16xI", ethtool_ioctl(struct.pack("=IIQI", GSSET_INFO, 0, 1 << SS_STATS, 0), interface))[0]
    answer = ethtool_ioctl(struct.pack("=III", GSTRINGS, SS_STATS, count) + bytes(STRING_BYTES * count), interface)
    return [answer[at:at + STRING_BYTES].split(b"\0")[0].decode() for at in range(12, len(answer), STRING_BYTES)]


def statistics(interface=NIC):
    """{name: number}, as `ethtool -S` shows them."""
    names = _statistics_names(interface)
    answer = ethtool_ioctl(struct.pack("=II", GSTATS, len(names)) + bytes(8 * len(names)), interface)
    return dict(zip(names, struct.unpack(f"=8x{len(names)}Q", answer)))


def group(name):
    """{name: number} of one of the standard groups."""
    return {key: int(value) for key, value in values(run(f"ethtool -S {NIC} --groups {name}")).items() if value}


def interrupts():
    """How many interrupts the interface has had."""
    with open("/proc/interrupts", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[-1] == NIC:
                return sum(int(word) for word in words[1:-1] if word.isdigit())
    return 0


def config_path():
    return os.path.realpath(f"/sys/class/net/{NIC}/device/config")


@contextlib.contextmanager
def command_bits(clear=0, put=0):
    """Bits of the PCI command register changed for a while: 2 answers to registers, 4 may read
    and write memory, 0x400 raises no interrupt. They stay so even if the driver changes them."""
    over = threading.Event()

    def change():
        config.seek(4)
        word = struct.unpack("<H", config.read(2))[0]
        if word & clear or ~word & put:
            config.seek(4)
            config.write(struct.pack("<H", word & ~clear | put))

    def keep():
        while not over.wait(0.0005):
            change()

    with open(config_path(), "r+b", buffering=0) as config:
        config.seek(4)
        saved = config.read(2)
        change()
        keeper = threading.Thread(target=keep)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
            config.seek(4)
            config.write(saved)


def tests(mode):
    """`ethtool -t`: PASS or FAIL, and the names of the tests that failed with what they said."""
    status, output = run(f"ethtool -t {NIC} {mode}", fails=True)
    failed = {}
    for line in output.splitlines():
        name, tab, value = line.partition("\t")
        if tab and value.strip().isdigit() and int(value) != 0:
            failed[name.split()[0]] = int(value)
    verdict = "PASS" if "result is PASS" in output else "FAIL" if "result is FAIL" in output else f"{status} {output}"
    return verdict, failed
