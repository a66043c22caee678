#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: the register dump and the EEPROM: documented layout, no side effects, bounds and magic, no success where nothing is stored
# models: e1000 e1000-82545em e1000-82544gc
# rust-only: the C driver's dump ends at word 31, its EEPROM writes pretend

import errno

from etool import *
from lib import *

DEVICE = {"e1000": 0x100E, "e1000-82545em": 0x100F, "e1000-82544gc": 0x100C}.get(MODEL, 0)
MAGIC = DEVICE << 16 | 0x8086

pair()
version, words = registers()
same("dump: version 1, revision, device", (1, DEVICE), (version >> 24, version & 0xFFFF))
# The first 32 words are those of the C driver, which its decoder knows.
same("CTRL, STATUS: link", (0x40, 2), (words[CTRL] & 0x40, words[STATUS] & 2))
same("rings of 256", (4096, 4096), (words[RDLEN], words[TDLEN]))
check("receiver and transmitter on", words[RCTL] & 2 and words[TCTL] & 2)
check("heads and tails in the rings", all(words[index] < 256 for index in (RDH, RDT, TDH, TDT)))
same("the station address", NIC_MAC, ":".join(f"{byte:02x}" for byte in struct.pack("<II", words[RAL0], words[RAH0])[:6]))
same("PHY: the words the ioctl gives", [phy(register) for register in (0, 2, 3, 4, 9, 16)],
     [words[index] for index in (BMCR, 63, 64, ANAR, GBCR, PSCR)])
# Not through a decoder, but as bytes: `ethtool -d` has none for this driver, and says so by showing them.
text = run(f"ethtool -d {NIC}")
dumped = bytes.fromhex("".join(re.sub(r"^0x[0-9a-f]+:|\s", "", line) for line in text.splitlines() if line.startswith("0x")))
same("ethtool -d shows it all", 4 * REGISTERS, len(dumped))
same("and the same", words[VET], struct.unpack("<I", dumped[4 * VET:4 * VET + 4])[0])
# Room for less is filled with less.
for count in (0, 1, 32, 72, 73, 200):
    room = 4 * count
    data = ethtool_ioctl(struct.pack("=III", GREGS, 0, room) + bytes(room) + b"\xa5" * 16)
    size = min(room, 4 * REGISTERS)
    same(f"room for {count} words: as many, and nothing beyond", (size, b"\xa5" * 16), (struct.unpack("=I", data[8:12])[0], data[12 + room:][:16]))
stable = settled()
for _ in range(50):
    registers()
same("50 dumps later it is the same", stable, settled())
flood = background("ping -q -f 10.9.0.2")
flow = background("ping -q -f 10.9.0.1", "peer")
for _ in range(50):
    registers()
flood.kill()
flow.kill()
check("50 dumps under a flood: traffic goes on", ping_all(100))

# The EEPROM.
def eeprom(offset, length):
    data = ethtool_ioctl(struct.pack("=IIII", GEEPROM, 0, offset, length) + bytes(length))
    return struct.unpack("=I", data[4:8])[0], data[16:16 + length]


def error_of(request):
    try:
        ethtool_ioctl(request)
    except OSError as err:
        return errno.errorcode[err.errno]
    return "none"


def write(offset, data, magic=MAGIC):
    return error_of(struct.pack("=IIII", SEEPROM, magic, offset, len(data)) + data)


magic, whole = eeprom(0, 128)
same("the magic", MAGIC, magic)
same("the station address", NIC_MAC, ":".join(f"{byte:02x}" for byte in whole[:6]))
same("the checksum", 0xBABA, sum(struct.unpack("<64H", whole)) & 0xFFFF)
same("the device's number", DEVICE, struct.unpack("<H", whole[26:28])[0])
check("any part of it", all(eeprom(at, length)[1] == whole[at:at + length]
                            for at, length in ((0, 1), (1, 1), (1, 2), (5, 6), (0, 127), (127, 1), (63, 65))))
same("beyond the end", ["EINVAL"] * 5, [error_of(struct.pack("=IIII", GEEPROM, 0, at, length) + bytes(256))
                                         for at, length in ((128, 1), (127, 2), (0, 129), (0xFFFFFFFF, 2), (4, 0))])
text = run(f"ethtool -e {NIC} offset 26 length 2 raw off")
check("ethtool -e", f"{DEVICE & 0xFF:02x} {DEVICE >> 8:02x}" in text, text)

same("write: another magic", "EINVAL", write(16, b"\x42", 0x12345678))
same("write: beyond the end", ["EINVAL"] * 3, [write(128, b"\0"), write(127, b"\0\0"), write(0, bytes(129))])
same("write: what is there already", "none", write(0, whole))
same("write: a part of it", "none", write(7, whole[7:20]))
for at, data in ((16, b"\x42\x42"), (17, b"\x42"), (0, bytes(128)), (60, b"\x01\x02\x03")):
    if CHIP:
        # The last two bytes are the checksum's.
        data_only = data[:126 - at]
        same(f"write at {at}: stored, with the checksum", ("none", data_only, 0xBABA),
             (write(at, data), eeprom(at, len(data_only))[1], sum(struct.unpack("<64H", eeprom(0, 128)[1])) & 0xFFFF))
    else:
        same(f"write at {at}: no success, as QEMU stores nothing", "EIO", write(at, data))
if CHIP:
    same("written as it was", "none", write(0, whole))
same("the checksum is not to be written", "none", write(126, b"\x55"))
same("it is as before", whole, eeprom(0, 128)[1])
command = f"ethtool -E {NIC} magic {MAGIC:#x} offset 16 value 0x42"
if CHIP:
    run(command)
    same("ethtool -E", b"\x42", eeprom(16, 1)[1])
    run(command.replace("0x42", f"{whole[16]:#x}"))
else:
    refused("ethtool -E", "input/output error", command)
refused("ethtool -E without magic", "cannot|invalid", f"ethtool -E {NIC} offset 16 value 0x42")
check("the peer answers", ping_all(50))
down()
same("while down it is read as well", whole, eeprom(0, 128)[1])
same("and written as when up", "none" if CHIP else "EIO", write(16, b"\x42"))
up()
check("the peer answers when up", answers())

# The light that identifies the card, seen in its register.
led, pin = registers()[1][LEDCTL], registers()[1][CTRL] & 0x440000
blinking = background(f"ethtool -p {NIC} 3")
seen = set()
end = time.monotonic() + 2.5
while time.monotonic() < end:
    seen.add(registers()[1][LEDCTL] if MODEL != "e1000-82544gc" else registers()[1][CTRL] & 0x440000)
    time.sleep(0.02)
same("identify: on and off", {0x0E0E0E0E, 0x0F0F0F0F} if MODEL != "e1000-82544gc" else {0x400000, 0x440000}, seen - {led, pin})
refused("identify: one at a time", "busy", f"ethtool -p {NIC} 1")
check("traffic goes on meanwhile", ping_all(20))
blinking.wait()
same("and as it was afterwards", (led, pin), (registers()[1][LEDCTL], registers()[1][CTRL] & 0x440000))

# What wakes the system: nothing, on a bus without power management.
text = run(f"ethtool {NIC}")
same("Wake-on-LAN: nothing is supported", ("d", "d"), (values(text)["Supports Wake-on"], values(text)["Wake-on"]))
for letter in "pumbg":
    refused(f"wol {letter}", "cannot enable unsupported WoL mode|not supported|invalid", f"ethtool -s {NIC} wol {letter}")
run(f"ethtool -s {NIC} wol d", fails=True)
quiet_log()
finish()
