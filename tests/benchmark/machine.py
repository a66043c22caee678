# SPDX-License-Identifier: GPL-2.0
"""One exact run of the guest: instruction counts, device accesses, virtual time.

Under -icount with one processor a guest is deterministic: one instruction is
one nanosecond, and nothing on the host changes what it does.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile

from . import profile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = profile.BUILD

NIC_MAC = "52:54:00:12:34:10"
PEER_MAC = "52:54:00:12:35:10"
ICOUNT = "-icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm -seed 1"
ACCESS = re.compile(r"memory_region_ops_(read|write) cpu -?\d+ mr \S+ addr (0x[0-9a-f]+) value (0x[0-9a-f]+) size \d+ name '([^']*)'")
MARK = re.compile(r"^bench: (begin|end) (\d+)")


class Failed(Exception):
    """A run did not end well; the text says which and what it printed."""


class Counts:
    """Instructions executed: in user space, in the kernel by address."""

    def __init__(self):
        self.user = 0
        self.kernel = {}

    def total(self):
        return self.user + sum(self.kernel.values())

    def minus(self, other):
        out = Counts()
        out.user = self.user - other.user
        out.kernel = {address: count - other.kernel.get(address, 0) for address, count in self.kernel.items()}
        out.kernel.update((address, -count) for address, count in other.kernel.items() if address not in self.kernel)
        return out


class Phase:
    """What one marked stretch of a run did."""

    def __init__(self, name, nanoseconds, interrupts, extra):
        self.name, self.ns, self.irqs, self.extra = name, nanoseconds, interrupts, extra
        self.whole = Counts()
        self.longest = Counts()   # of the longest stretch without idling
        self.accesses = {}    # (region, "r"|"w", register) -> times


class Run:
    """All phases of one boot, by name, and the names of its addresses."""

    def __init__(self, phases, values, symbols):
        self.phases, self.values, self.symbols = phases, values, symbols


def parse_accesses(path, phases, base_of):
    """Attribute the log's device accesses to the phases.

    The trace gives addresses inside the bus's window or inside the region,
    depending on the region; base_of takes the region's base off.
    """
    current = None
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            mark = MARK.match(line)
            if mark:
                current = phases.get(int(mark[2])) if mark[1] == "begin" else None
            elif current:
                access = ACCESS.search(line)
                if access:
                    kind, address, _value, region = access.groups()
                    key = (region, kind[0], base_of(region, int(address, 16)))
                    current.accesses[key] = current.accesses.get(key, 0) + 1


def parse_counts(path, phases):
    with open(path, encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if len(words) == 3:
                kind, number, user = words
                current = getattr(phases[int(number)], kind)
                current.user = int(user)
            else:
                current.kernel[int(words[0], 16)] = int(words[1])


def nic_base(region, address):
    """Registers of the device under test lie in the low 17 bits of its BAR."""
    return address & 0x1FFFF if region == "e1000-mmio" else address


def devices(nic, peer):
    args = f"-netdev hubport,id=nicport,hubid=0 -device {nic},id=nic0,netdev=nicport,romfile=,addr=0x4,mac={NIC_MAC}"
    if peer:
        args += f" -netdev hubport,id=peerport,hubid=0 -device {peer},id=peer0,netdev=peerport,romfile=,addr=0x8,mac={PEER_MAC}"
    return args


def run(script, driver, *, nic="e1000", peer="", env=None, files=(), timeout=600, trace=True):
    """Boot, run tests/benchmark/guest/SCRIPT with DRIVER, return a Run."""
    driver_file = [driver] if driver.endswith(".ko") else []
    settings = {"DRIVER": os.path.basename(driver), **(env or {})}
    with tempfile.TemporaryDirectory(prefix="e1000_rust-bench.") as scratch:
        log, counts = f"{scratch}/qemu.log", f"{scratch}/counts"
        qemu = f"{ICOUNT} {devices(nic, peer)} -plugin {BUILD}/count.so,out={counts} -D {log} -d plugin"
        if trace:
            qemu += " -trace enable=memory_region_ops_read -trace enable=memory_region_ops_write"
        name = pathlib.Path(script).stem
        command = [
            str(TOP / "qemu" / "guest"), f"SCRIPT={HERE / 'guest' / script}", "MODULE=none", "NICS=0", "ACCEL=tcg",
            "APPEND=nokaslr", f"TIMEOUT={timeout}", f"QEMU_ARGS={qemu}",
            f"FILES={' '.join(map(str, [HERE / 'guest' / 'lib.sh', BUILD / 'work', *driver_file, *files]))}",
            "GUEST_ENV=" + " ".join(f"'{key}={value}'" for key, value in settings.items()),
            f"LOG={BUILD / f'guest-{name}-{pathlib.Path(driver).stem}.log'}",
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", check=False)
        output = done.stdout
        if done.returncode != 0:
            shown = "\n".join(line for line in output.splitlines() if not line.startswith("symbol: "))
            raise Failed(f"{script} with {driver}: status {done.returncode}\n{shown}\n{done.stderr}")
        phases, values, lines = {}, {}, {"result": [], "symbol": [], "module": []}
        for line in output.splitlines():
            kind, _, text = line.partition(": ")
            if kind in lines:
                lines[kind].append(text)
        for text in lines["result"]:
            fields = json.loads(text)
            if "value" in fields:
                values[fields.pop("value")] = fields
                continue
            phases[fields.pop("phase")] = Phase(fields.pop("name"), fields.pop("ns"), fields.pop("irqs"), fields)
        parse_counts(counts, phases)
        parse_accesses(log, phases, nic_base)
    symbols = profile.Symbols(profile.kernel_symbols(), lines["symbol"], lines["module"])
    return Run({phase.name: phase for phase in phases.values()}, values, symbols)
