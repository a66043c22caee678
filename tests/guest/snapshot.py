#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: savevm and loadvm under traffic: the interface goes on, also with a driver state the device has not seen since
# not-in: nic; a NIC that is another process is in no snapshot
# timeout: 400
# append: nowatchdog rcupdate.rcu_cpu_stall_suppress=1

import os

from lib import *

DISK = f"{os.environ['SCRATCH']}/disk.qcow2"


def job(command, **arguments):
    """Run one of QEMU's jobs.  The machine stands still meanwhile: no question may be under way."""
    name = f"job{int(time.monotonic() * 1000)}"
    try:
        qmp(command, **{"job-id": name}, **arguments)
    except RuntimeError:
        # Saved before a slow guest had read the answer, which its first life got: jobs() knows.
        pass
    time.sleep(4 * SLOW)
    return name


def jobs():
    return {one["id"]: one for one in qmp("query-jobs")}


def make_disk():
    qmp("blockdev-create", **{"job-id": "file", "options": {"driver": "file", "filename": DISK, "size": 0}})
    wait_until(10, lambda: jobs()["file"]["status"] == "concluded")
    qmp("blockdev-add", driver="file", filename=DISK, **{"node-name": "raw"})
    qmp("blockdev-create", **{"job-id": "qcow", "options": {"driver": "qcow2", "file": "raw", "size": 1 << 30}})
    wait_until(10, lambda: jobs()["qcow"]["status"] == "concluded")
    qmp("blockdev-add", driver="qcow2", file="raw", **{"node-name": "disk"})


def lives():
    """How often the machine was loaded so far: what QEMU knows and the guest cannot."""
    return sum(one["type"] == "snapshot-load" for one in jobs().values())


pair()
make_disk()
ping = background("ping -q -i 0.005 10.9.0.2")
check("traffic before", ping_all(50))
known = lives()
saved = job("snapshot-save", tag="one", vmstate="disk", devices=["disk"])
if lives() == known:
    # The first life: it went on after the save, and goes back to it.
    one = jobs()[saved]
    # No case is counted in it: what is printed stays, what is counted is undone.
    trouble = "" if one["status"] == "concluded" and "error" not in one else f"not saved: {one}"
    if not ping_all(100):
        trouble = "no traffic after the save"
    for _ in range(3):
        run(f"ethtool -G {NIC} rx 512 tx 512")
        run(f"ethtool -G {NIC} rx 64 tx 64")
    if not (answers() and ping_all(200)):
        trouble = "no traffic with other rings"
    if not trouble:
        job("snapshot-load", tag="one", vmstate="disk", devices=["disk"])
        trouble = f"the machine did not go back: {jobs()}"
    fail("saved, and loaded again", trouble)
    finish()
ok("saved, and loaded again")
# The second life begins here, with the first one's number of cases.
check("loaded: the driver is where it was at the save", "256" in run(f"ethtool -g {NIC}").split("Current")[1])
check("the peer answers", answers(seconds=10))
check("traffic", ping_all(200))
ping.kill()
ping.wait()
run(f"ethtool -G {NIC} rx 512")
check("a ring resize", answers() and ping_all(100))
down()
up()
check("down and up", answers() and ping_all(100))
quiet_log()
finish()
