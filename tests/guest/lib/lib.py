# SPDX-License-Identifier: GPL-2.0
"""What every Python test in the guest begins with: from lib import *

Cases, commands, waiting, namespaces, sysfs.  Frames are in wire.py.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time

NIC = os.environ.get("NIC_IF", "")
DRIVER = os.environ.get("DRIVER", "")
SLOW = int(os.environ.get("SLOW", "1"))
MODEL = os.environ.get("NIC_MODEL", "e1000")
# Which of tests/environments it is, or "nic" for the NIC of tests/nic.
PLACE = os.environ.get("PLACE", "")
# That one is all that the manual says, also what QEMU leaves out.
CHIP = PLACE == "nic"
# As in net.sh.
FLOOD, PACE = ("-f", "0.002") if SLOW == 1 else ("-i 0.05", "0.02")
NIC_MAC, PEER_MAC = "52:54:00:12:34:10", "52:54:00:12:35:10"
PEER = "peer0"

_cases = _failures = 0
_c_reason = ""
print("KTAP version 1", flush=True)


def ok(name):
    _result(True, name)


def fail(name, reason=""):
    if _c_reason and DRIVER == "e1000":
        skip(name, f"the C driver: {_c_reason}")
    else:
        _result(False, name, reason)


def skip(name, reason):
    _result(True, f"{name} # SKIP {reason}")


def _result(passed, name, reason=""):
    global _cases, _failures, _c_reason
    _cases += 1
    _failures += not passed
    _c_reason = ""
    reason = " ".join(str(reason).split())
    print(f"{'ok' if passed else 'not ok'} {_cases} {name}{' # ' + reason if reason else ''}", flush=True)


def on_c(reason):
    """The next case may fail with the C driver, and is then skipped."""
    global _c_reason
    _c_reason = reason


def check(name, passed, reason=""):
    if passed:
        ok(name)
    else:
        fail(name, reason)
    return passed


def same(name, expected, found):
    return check(name, expected == found, f"expected {expected!r}, found {found!r}")


def finish():
    print(f"1..{_cases}", flush=True)
    sys.exit(1 if _failures else 0)


def _words(command, ns):
    """A command as a list; split at spaces unless it is one."""
    words = command.split() if isinstance(command, str) else list(command)
    return ["ip", "netns", "exec", ns, *words] if ns else words


def run(command, ns=None, fails=False, timeout=60):
    """Run a command, split at spaces unless it is a list; return its output.  Its
    failure ends the test, unless it is known that it `fails`: then (status, output)."""
    words = _words(command, ns)
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                          timeout=timeout * SLOW, check=False)
    if fails:
        return done.returncode, done.stdout
    if done.returncode:
        print(done.stdout)
        raise RuntimeError(f"status {done.returncode} of: {' '.join(words)}")
    return done.stdout


def refused(name, text, command, ns=None):
    """A case: the command fails and says something that matches `text`."""
    status, output = run(command, ns, fails=True)
    if status == 0:
        fail(name, f"accepted: {command}")
    elif not re.search(text, output, re.IGNORECASE):
        fail(name, f"refused without /{text}/: {output}")
    else:
        ok(name)


def background(command, ns=None, output=subprocess.DEVNULL):
    """The same, left running; with its output thrown away, if it is not for a pipe."""
    return subprocess.Popen(_words(command, ns), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True)


def wait_until(seconds, condition):
    end = time.monotonic() + seconds * SLOW
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def namespace(name):
    """What is opened inside belongs to the namespace."""
    if not name:
        yield
        return
    with open("/proc/self/ns/net", "rb") as here, open(f"/run/netns/{name}", "rb") as there:
        os.setns(there.fileno(), os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(here.fileno(), os.CLONE_NEWNET)


def attr(interface, name, ns=None):
    """What sysfs says of the interface."""
    if ns:
        return run(f"cat /sys/class/net/{interface}/{name}", ns).strip()
    with open(f"/sys/class/net/{interface}/{name}", encoding="utf-8") as file:
        return file.read().strip()


def set_attr(interface, name, value):
    """The opposite of attr(), in this namespace."""
    with open(f"/sys/class/net/{interface}/{name}", "w", encoding="utf-8") as file:
        file.write(str(value))


def defer_interrupts(times, interval):
    """After a poll that found something NAPI polls again each `interval` ns, until `times` polls find nothing; 0, 0 ends it."""
    set_attr(NIC, "napi_defer_hard_irqs", times)
    set_attr(NIC, "gro_flush_timeout", interval)


def stat(interface, name, ns=None):
    return int(attr(interface, f"statistics/{name}", ns))


def carrier(interface):
    try:
        return attr(interface, "carrier") == "1"
    except OSError:
        return False


def up(interface=NIC):
    run(f"ip link set {interface} up")
    if not wait_until(10, lambda: carrier(interface)):
        raise RuntimeError(f"{interface} has no carrier")


def settle(promisc=False):
    """After a change of mode: each write of RCTL stops QEMU's receiver for a second,
    and the C driver writes it whenever it can."""
    if promisc or DRIVER == "e1000":
        time.sleep(1.3)


def down(interface=NIC):
    run(f"ip link set {interface} down")


def peer_up():
    run("ip link set peer0 up", "peer")


def quiet():
    """Both ends up, and no packet of the kernel's own on the wire."""
    for interface, ns in ((NIC, None), (PEER, "peer")):
        run(f"sysctl -qw net.ipv6.conf.{interface}.disable_ipv6=1", ns)
        run(f"ip link set {interface} arp off multicast off", ns)
    peer_up()
    up()


def talk():
    """The opposite of quiet(): as it was, for pair()."""
    for interface, ns in ((NIC, None), (PEER, "peer")):
        run(f"ip link set {interface} arp on multicast on", ns)
        run(f"sysctl -qw net.ipv6.conf.{interface}.disable_ipv6=0", ns)


def address(interface=NIC):
    run(f"ip addr replace 10.9.0.1/24 dev {interface}")
    run(f"ip addr replace fd09:0::1/64 dev {interface} nodad")


def pair():
    """Both ends up with addresses, answering, each other's address known for good."""
    run("ip addr replace 10.9.0.2/24 dev peer0", "peer")
    run("ip addr replace fd09:0::2/64 dev peer0 nodad", "peer")
    peer_up()
    address()
    up()
    for ip in ("10.9.0.2", "fd09:0::2"):
        run(f"ip neigh replace {ip} lladdr {PEER_MAC} dev {NIC} nud permanent")
    for ip in ("10.9.0.1", "fd09:0::1"):
        run(f"ip neigh replace {ip} lladdr {attr(NIC, 'address')} dev peer0 nud permanent", "peer")
    if not answers():
        raise RuntimeError("the peer does not answer")


def answers(ip="10.9.0.2", seconds=5, ns=None):
    return wait_until(seconds, lambda: run(f"ping -q -c 1 -W 1 {ip}", ns, fails=True)[0] == 0)


def pings(count, ip="10.9.0.2", options=f"-i {PACE}", ns=None):
    """So many in the background; `all_answered` is for its end."""
    return background(f"ping -q -c {count} -W 5 {options} {ip}", ns, subprocess.PIPE)


def all_answered(count, ping):
    """Whether all of so many pings were answered, none twice; ping's own status is 0 if one was."""
    output = ping.communicate(timeout=60 * SLOW)[0]
    return f"{count} packets transmitted, {count} received, 0% packet loss" in output


def ping_all(count, *args, **options):
    return all_answered(count, pings(count, *args, **options))


def arrives(out, into, data):
    """Send data on one end of a connection and close both; whether just that came out of the other."""
    def feed():
        try:
            out.sendall(data)
            out.shutdown(socket.SHUT_WR)
        except OSError:
            out.close()

    with out, into:
        for end in (out, into):
            end.settimeout(20 * SLOW)
        thread = threading.Thread(target=feed)
        thread.start()
        got = bytearray()
        try:
            while piece := into.recv(1 << 18):
                got += piece
        except OSError:
            pass
        thread.join(30 * SLOW)
    return bytes(got) == data


def qmp(command, **arguments):
    """One command to the machine; the text of its answer."""
    import json
    return json.loads(run(["hostctl", json.dumps({"execute": command, "arguments": arguments})])).get("return")


def pktgen(file, command, ns=None):
    """One command to the kernel's packet generator, which is loaded."""
    if ns:
        run(["sh", "-c", f"echo '{command}' >/proc/net/pktgen/{file}"], ns)
        return
    with open(f"/proc/net/pktgen/{file}", "w", encoding="utf-8") as control:
        control.write(command)


@contextlib.contextmanager
def pktgen_running(ns=None):
    """The generator sends meanwhile."""
    sender = background(["sh", "-c", "echo start >/proc/net/pktgen/pgctrl"], ns)
    try:
        yield
    finally:
        sender.kill()
        sender.wait()


def driver_warnings():
    """What the driver said at the level of warnings or worse."""
    lines = run("dmesg -r").splitlines()
    return [line for line in lines if re.match(r"<[0-4]>", line) and DRIVER in line and "taint" not in line]


def quiet_log():
    lines = driver_warnings()
    check("no warnings of the driver in the log", not lines, "; ".join(lines[:5]))
