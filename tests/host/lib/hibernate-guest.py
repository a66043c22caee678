#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: hibernate under traffic, and go on.  Each kernel that starts runs this from its beginning; where there
is an image, it becomes the kernel that was saved, and goes on there.

On the second disk is a note of what the next kernel is to do with the NIC before that, and which kernel it is."""

import mmap

from reborn_guest import *

SWAP, NOTES = "/dev/vda", "/dev/vdb"
POWER = pathlib.Path("/sys/power")


def note(text=None):
    """Write the note, or read it: past the page cache, which a saved kernel has an old one of."""
    page = mmap.mmap(-1, 4096)
    disk = os.open(NOTES, os.O_RDWR | os.O_DIRECT)
    try:
        if text is not None:
            page[:len(text)] = text.encode()
            os.pwritev(disk, [page], 0)
            return text
        os.preadv(disk, [page], 0)
        return page[:].rstrip(b"\0").decode()
    finally:
        os.close(disk)


def hibernate():
    """To the disk and back, by way of another kernel."""
    (POWER / "disk").write_text("reboot")
    (POWER / "state").write_text("disk")


def rings():
    return re.findall(r"^(RX|TX):\s+(\d+)$", run(f"ethtool -g {lib.NIC}"), re.MULTILINE)


run("modprobe virtio_blk", fails=True)
if not wait_until(10, lambda: os.path.exists(NOTES)):
    raise RuntimeError("no disks")
task, _, kernels = (note() or "up 0").partition(" ")
note(f"{task} {int(kernels) + 1}")
if task != "leave":
    load()
if task != "up" or kernels != "0":
    # Ends here, if there is an image.
    (POWER / "resume").write_text(pathlib.Path("/sys/block/vda/dev").read_text(encoding="ascii"))
    raise RuntimeError("there is no image, or it was not taken")

run(f"mkswap {SWAP}")
run(f"swapon {SWAP}")
(POWER / "resume").write_text(pathlib.Path("/sys/block/vda/dev").read_text(encoding="ascii"))
(POWER / "image_size").write_text("0")
run(f"ethtool -G {lib.NIC} rx 128 tx 512")
up(lib.NIC)
check("traffic before", answers() and ping_all(50))
for number, (task, what) in enumerate((("up", "which has the interface up as well"), ("leave", "which has left the NIC alone"))):
    before, sizes = stat(lib.NIC, "rx_packets"), rings()
    note(f"{task} {number + 1}")
    clients = floods()
    hibernate()
    same("saved under traffic, and restored by another kernel, " + what, f"{task} {number + 2}", note())
    for client in clients:
        client.terminate()
    check("the link comes", wait_until(10, lambda: carrier(lib.NIC)))
    check("traffic afterwards", answers() and ping_all(200))
    check("counters go on", stat(lib.NIC, "rx_packets") >= before + 200)
    same("rings keep their sizes", sizes, rings())
if SLOW > 1:
    skip("saved and restored while down", "each time takes ten minutes on a slow kernel")
else:
    down(lib.NIC)
    note("leave 3")
    hibernate()
    same("saved and restored while down", "leave 4", note())
    up(lib.NIC)
    check("traffic afterwards", answers() and ping_all(200))
quiet_log()
finish()
