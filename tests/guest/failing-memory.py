#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# about: each memory allocation of up, resize, MTU, XDP, features, sleep, load and probe fails once: a clean error, nothing broken (debug kernel)
# timeout: 600
# long: it takes half an hour on the debug kernel, the only one that fails allocations
# soak: 1800
# output: serial
# expect-log: page allocation failure|DMA-API: (cacheline tracking ENOMEM|debugging out of memory)|\] name '\w+'$|fs/proc/generic\.c:\d+ at remove_proc_entry
# c-skips: not all of its error paths hold

import errno
import fcntl
import os
import socket
import struct

import bpf
from failing import GOOD, each, prepare, refuse_pages, set_knob
from lib import *

prepare()
PCI_DEVICE = os.path.basename(os.path.realpath(f"/sys/class/net/{NIC}/device"))
MODULE_FILE = f"/guest/{os.environ['MODULE']}"
_control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def interface_ioctl(request, body):
    fcntl.ioctl(_control, request, struct.pack("16s24s", NIC.encode(), body))


def set_flags(up_or_down):
    interface_ioctl(0x8914, struct.pack("<H", up_or_down))  # SIOCSIFFLAGS


def set_mtu(mtu):
    interface_ioctl(0x8922, struct.pack("<i", mtu))  # SIOCSIFMTU


def ethtool(request):
    buffer = bytearray(request)
    import ctypes
    place = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    interface_ioctl(0x8946, struct.pack("<Q", ctypes.addressof(place)))  # SIOCETHTOOL


def set_rings(size):
    ethtool(struct.pack("<9I", 0x11, 0, 0, 0, 0, size, 0, 0, size))  # ETHTOOL_SRINGPARAM


def write(path, text):
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def interface_up(_error=None):
    set_flags(1)


def interface_down(_error=None):
    set_flags(0)


def works(name):
    check(f"after {name}: traffic", answers() and ping_all(50), run(f"ip -s link show {NIC}"))


# Small rings: one allocation fails at a time, and each buffer is one.
set_rings(64)
interface_down()
each("up", interface_up, interface_down)
pair()
works("up")

sizes = [64]


def resize():
    sizes.append(64 + 96 - sizes[-1])
    set_rings(sizes[-1])


each("resize", resize, lambda error: None)
works("resize")
set_rings(64)
each("MTU", lambda: set_mtu(9000), lambda error: set_mtu(1500))
works("MTU")

program = bpf.prog(bpf.fixed(bpf.PASS))
try:
    bpf.attach(NIC, program)
    bpf.detach(NIC)
except OSError as err:
    skip("XDP", err)
else:
    # A socket that there is no memory for is one file too many: sock_alloc().
    each("XDP attached", lambda: bpf.attach(NIC, program), lambda error: error or bpf.detach(NIC), allowed=GOOD + (errno.ENFILE,))
    works("XDP")

feature = [0]


def toggle():
    feature[0] ^= 1
    ethtool(struct.pack("<II", 0x15, feature[0]))  # ETHTOOL_SRXCSUM


each("checksums switched", toggle, lambda error: None)
each("promiscuous", lambda: set_flags(0x101), lambda error: set_flags(1))
works("features")

# To sleep and awake: memory may be short just then.
write("/sys/power/pm_test", "devices")
write("/sys/module/suspend/parameters/pm_test_delay", "0")
# In this task, whose allocations they are that fail. (Those of the peer's interrupt, too: an entry of /proc that was not
# made is missed when the peer goes to sleep the next time.)
write("/sys/power/pm_async", "0")


def sleep():
    try:
        write("/sys/power/state", "freeze")
    except OSError:
        # The kernel itself has none.
        pass


def awake(_error):
    if not answers():
        raise RuntimeError("awake, but the interface is not")


each("sleep", sleep, awake, step=1 if os.environ.get("SOAK") else 29)
works("sleep")


# The driver core reports a probe that failed as ENODEV to who wrote to bind.
def bind():
    write(f"/sys/bus/pci/drivers/{DRIVER}/bind", PCI_DEVICE)


def unbind(_error=None):
    try:
        write(f"/sys/bus/pci/drivers/{DRIVER}/unbind", PCI_DEVICE)
    except OSError as err:
        if err.errno != errno.ENODEV:
            raise


unbind()
# A probe takes a second on such a kernel: each of its allocations only in the long form.
each("bind", bind, unbind, step=1 if os.environ.get("SOAK") else 29, allowed=GOOD + (errno.ENODEV,))
bind()
check("the interface is back", wait_until(5, lambda: os.path.exists(f"/sys/class/net/{NIC}")))
pair()
works("bind")


def insist(act, *arguments, **keywords):
    """What the test itself does may fail as well, and is tried again: a process that cannot be made, a file that cannot be opened."""
    for _ in range(100):
        try:
            return act(*arguments, **keywords)
        except (OSError, MemoryError):
            pass
    raise RuntimeError(f"not once in 100 times: {arguments}")


# Transmission and reception with one allocation in 20 failing, whoever makes it.
for attribute, value in (("probability", 5), ("times", -1)):
    for kind in ("failslab", "fail_page_alloc"):
        insist(set_knob, f"{kind}/{attribute}", value)
insist(run, "ping -q -f -c 2000 -s 1400 -w 20 10.9.0.2", fails=True)
insist(run, "ping -q -f -c 300 -s 20000 -w 20 10.9.0.2", fails=True)
for kind in ("failslab", "fail_page_alloc"):
    insist(set_knob, f"{kind}/probability", 0)
works("traffic with little memory")

# To sleep, and awake with no page to be had at all: an interface has what it needs to come back. The last of it, as the peer
# has not.
state, control = os.open("/sys/power/state", os.O_WRONLY), os.open("/proc/self/make-it-fail", os.O_WRONLY)
refuse_pages(100)
os.write(control, b"1")
try:
    os.write(state, b"freeze")
    slept = "yes"
except OSError as err:
    slept = err
finally:
    os.pwrite(control, b"0", 0)
    set_knob("fail_page_alloc/probability", 0)
same("sleep with no page", "yes", slept)
check("the interface has its link", wait_until(10, lambda: carrier(NIC)))
status, text = run(f"ethtool -t {NIC} offline", fails=True)
check("and what is sent comes back", status == 0, text)
finish()
