#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: makes traffic, watches it, and answers the host's questions.

One JSON request a line comes over the virtio port `faults`, or the terminal that
FAULTS_PORT names, {"do": name, ...}; one JSON answer a line goes back.  Every request ends within the time it is
given, whatever the NIC does.
"""

import json
import os
import subprocess
import sys
import time
import traceback
import tty

import pools
import traffic

KMSG = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK)


def run(command, seconds=20):
    """Run a shell command; its status and the end of what it prints. It is killed after that time."""
    try:
        done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds, check=False)
        return done.returncode, done.stdout.decode(errors="replace")[-4000:]
    except subprocess.TimeoutExpired as err:
        return 124, (err.output or b"").decode(errors="replace")[-4000:]


def kernel_log():
    """The kernel's messages since the last call, as (level, text); those of user space are left out."""
    lines = []
    while True:
        try:
            record = os.read(KMSG, 8192).decode(errors="replace")
        except BlockingIOError:
            return lines
        except OSError:  # overwritten meanwhile
            continue
        head, _, text = record.partition(";")
        priority = int(head.split(",")[0])
        if priority >> 3 == 0:
            lines.append([priority & 7, text.split("\n")[0]])


def counters(interface):
    """All counters of the interface and the stack's own for what it refuses, flat."""
    found = {}
    status, text = run(f"ip -s -s -j link show {interface}")
    if status == 0:
        for way, values in json.loads(text)[0].get("stats64", {}).items():
            found.update({f"{way}.{name}": value for name, value in values.items()})
    status, text = run(f"ethtool -S {interface}")
    for line in text.splitlines() if status == 0 else []:
        name, colon, value = line.strip().rpartition(":")
        if colon and value.strip().isdigit():
            found[f"ethtool.{name.strip()}"] = int(value)
    for line_names, line_values in pairs(open("/proc/net/snmp", encoding="ascii").read().splitlines()):
        family = line_names[0].rstrip(":")
        for name, value in zip(line_names[1:], line_values[1:]):
            if "Err" in name or "Discards" in name or name == "NoPorts":
                found[f"stack.{family}.{name}"] = int(value)
    return found


def pairs(lines):
    words = [line.split() for line in lines]
    return zip(words[::2], words[1::2])


def memory():
    """KiB of slab and of free memory."""
    found = dict(line.split(":") for line in open("/proc/meminfo", encoding="ascii"))
    return {name: int(found[name].split()[0]) for name in ("MemAvailable", "SUnreclaim", "Slab")}


class Agent:
    def __init__(self):
        self.net = None

    def setup(self, seconds=15, **_):
        """Addresses, sockets, link; after every load of the module."""
        if self.net:
            self.net.close()
        self.net = None
        end = time.monotonic() + seconds
        while not (interface := traffic.interface()):
            if time.monotonic() > end:
                return {"interface": ""}
            time.sleep(0.05)
        self.net = traffic.Net(interface)
        return {"interface": interface, "mac": self.net.mac.hex(":")}

    def traffic(self, seconds, tcp=True, **_):
        return self.net.attempts(seconds, tcp) if self.net else {}

    def recover(self, seconds, **_):
        if not self.net:
            return {"seconds": None, "why": "no interface"}
        return self.net.recover(seconds)

    def burst(self, frames, seconds, sizes=(60, 600, 1514), **_):
        """Frames from the peer at full speed; how many came."""
        return self.net.burst(frames, seconds, sizes)

    def seen(self, **_):
        """What has been received since the last call, by kind."""
        return self.net.take_seen() if self.net else {"kinds": {}, "examples": {}}

    def counters(self, **_):
        return counters(self.net.interface) if self.net else {}

    def log(self, **_):
        return kernel_log()

    def sh(self, command, seconds=20, **_):
        status, text = run(command, seconds)
        return {"status": status, "text": text}

    def say(self, text, **_):
        os.write(KMSG, f"faults: {text}".encode())

    def memory(self, **_):
        return memory()

    def close(self, **_):
        """Before the module goes: nothing of ours may hold its packets."""
        if self.net:
            self.net.close()
            self.net = None

    def tcp(self, size, seconds, **_):
        return self.net.tcp(size, seconds)

    def rounds(self, count, seconds, **_):
        """Rounds of every size, each complete or given up after a second; how many were not complete."""
        end = time.monotonic() + seconds
        return sum(0 if time.monotonic() < end and self.net.round(1.0) else 1 for _ in range(count))

    def pools(self, **_):
        return pools.left()

    def unsent(self, **_):
        """Bytes of the sockets that the driver has not freed yet."""
        return self.net.unsent() if self.net else 0


def main():
    agent = Agent()
    kernel_log()
    with open(os.environ.get("FAULTS_PORT") or "/dev/virtio-ports/faults", "r+b", buffering=0) as port:
        if port.isatty():
            tty.setraw(port)
        port.write(b'{"ok": "ready"}\n')
        pending = b""
        while True:
            data = port.read(4096)
            if not data:
                time.sleep(0.05)  # nobody there yet
                continue
            pending += data
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                request = json.loads(line)
                if request["do"] == "end":
                    return 0
                try:
                    answer = {"ok": getattr(agent, request.pop("do"))(**request)}
                except Exception:  # the host decides
                    answer = {"error": traceback.format_exc()[-3000:]}
                out = json.dumps(answer).encode() + b"\n"
                while out:
                    out = out[port.write(out):]


if __name__ == "__main__":
    sys.exit(main())
