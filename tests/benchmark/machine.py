# SPDX-License-Identifier: GPL-2.0
"""One exact run of the guest: instruction counts, device accesses, virtual time.

Under -icount with one processor a guest is deterministic: one instruction is
one nanosecond, and nothing on the host changes what it does.
"""

import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

from . import profile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = profile.BUILD

NIC_MAC, PEER_MAC = "52:54:00:12:34:10", "52:54:00:12:35:10"
NIC_SLOT, PEER_SLOT = "0x4", "0x8"
EXACT = "-icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm -seed 1"
# virtio-net would do its work in another thread of QEMU's, at no exact time.
VIRTIO = "virtio-net-pci,ioeventfd=off,tx=timer,x-txtimer=2000"
# An idle processor waits for the world outside.
PACED = "-icount shift=0,sleep=on -seed 1"
INHERITED = ("PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "E1000_RUST_CACHE", "E1000_RUST_MIRROR")
WIRE_SECONDS, PEER_END_SECONDS = 60, 30
TRACE = "-trace enable=memory_region_ops_read -trace enable=memory_region_ops_write"
ACCESS = re.compile(r"memory_region_ops_(read|write) cpu -?\d+ mr \S+ addr (0x[0-9a-f]+) ")
MARK = re.compile(r"bench: (begin|halt|end) (\d+)")


def prepare():
    """Build what runs need."""
    subprocess.run([HERE / "build.sh", BUILD], check=True, stdout=sys.stderr)
    profile.kernel_symbols()


def stripped(module, directory):
    """The module as a distribution would ship it, and where no build changes it; the path of the copy."""
    subprocess.run([HERE / "build.sh", directory, module], check=True, stdout=sys.stderr)
    return str(pathlib.Path(directory) / pathlib.Path(module).name)


class Failed(Exception):
    """A run did not end well; the text says which and what it printed."""


@dataclasses.dataclass(frozen=True)
class Driver:
    """What is measured: a module's file or name, on a model of QEMU's."""

    load: str
    nic: str = "e1000"

    @property
    def module(self):
        return pathlib.Path(self.load).stem


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


class Part:
    """Instructions, and accesses to the NIC as {("r"|"w", offset in the BAR): times}."""

    def __init__(self):
        self.counts = Counts()
        self.accesses = {}


class Phase:
    """What one marked stretch of a run did, as a whole and in its longest stretch without idling."""

    def __init__(self, fields):
        self.name, self.ns, self.irqs, self.extra = fields["name"], fields["ns"], fields["irqs"], fields
        self.whole, self.longest = Part(), Part()
        self.longest_number = 0


class Run:
    """All phases of one boot by name, single values, and the names of its addresses."""

    def __init__(self, phases, values, symbols):
        self.phases, self.values, self.symbols = phases, values, symbols


def parse_counts(path, phases):
    part = None
    with open(path, encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words[0] in ("whole", "longest"):
                phase = phases[int(words[1])]
                part = phase.whole if words[0] == "whole" else phase.longest
                part.counts.user = int(words[2])
                phase.longest_number = int(words[3])
            else:
                part.counts.kernel[int(words[0], 16)] = int(words[1])


def parse_accesses(path, phases, bars):
    """Attribute the log's accesses to the NIC to the phases and their longest stretches."""
    phase, stretch = None, 0
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            mark = MARK.match(line)
            if mark:
                phase = None if mark[1] == "end" else phases.get(int(mark[2]))
                stretch = stretch + 1 if mark[1] == "halt" else 0
                continue
            access = ACCESS.search(line) if phase else None
            if not access:
                continue
            address = int(access[2], 16)
            for start, end in bars:
                if start <= address <= end:
                    key = (access[1][0], address - start)
                    phase.whole.accesses[key] = phase.whole.accesses.get(key, 0) + 1
                    if stretch == phase.longest_number:
                        phase.longest.accesses[key] = phase.longest.accesses.get(key, 0) + 1


def hub(nic, peer):
    """The NIC under test, alone or with a peer, on a hub of QEMU's."""
    args = (f"-netdev hubport,id=nicport,hubid=0 "
            f"-device {nic},id=nic0,netdev=nicport,romfile=,addr={NIC_SLOT},mac={NIC_MAC}")
    if peer:
        args += (f" -netdev hubport,id=peerport,hubid=0 "
                 f"-device {peer},id=peer0,netdev=peerport,romfile=,addr={PEER_SLOT},mac={PEER_MAC}")
    return args


def wire(nic, mac, path, server):
    """A NIC on a wire to another guest."""
    return (f"-netdev stream,id=wire,server={server},addr.type=unix,addr.path={path} "
            f"-device {nic},id=nic0,netdev=wire,romfile=,addr={NIC_SLOT},mac={mac}")


def command(script, load, qemu, env, timeout):
    """The command and environment that run a script of tests/benchmark/guest in a guest."""
    stem = pathlib.Path(load).stem
    library = TOP / "tests" / "guest" / "lib"
    files = [HERE / "guest" / "lib.sh", HERE / "guest" / "xdp.py", library / "bpf.py", library / "xsk.py",
             BUILD / "work", *([load] if load.endswith(".ko") else [])]
    settings = {"DRIVER": pathlib.Path(load).name, **env}
    # Nothing in the environment may change what is measured.
    environment = {name: value for name, value in os.environ.items() if name in INHERITED}
    return [str(word) for word in (
        TOP / "qemu" / "guest", f"SCRIPT={HERE / 'guest' / script}", "MODULE=none", "NICS=0", "ACCEL=tcg",
        "APPEND=nokaslr", f"TIMEOUT={timeout}", f"QEMU_ARGS={qemu}", f"FILES={shlex.join(map(str, files))}",
        "GUEST_ENV=" + " ".join(f"'{key}={value}'" for key, value in settings.items()),
        f"LOG={BUILD / f'guest-{pathlib.Path(script).stem}-{stem}.log'}")], environment


def guest(script, load, qemu, env, timeout):
    """Run a script of tests/benchmark/guest; return its output."""
    words, environment = command(script, load, qemu, env, timeout)
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", check=False)
    if done.returncode != 0:
        shown = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("symbol: "))
        raise Failed(f"{script} with {load}: status {done.returncode}\n{shown}\n{done.stderr}")
    return done.stdout


def counted(script, driver, qemu, env, timeout):
    """Run the script with the counting plugin; return a Run."""
    with tempfile.TemporaryDirectory(prefix="e1000_rust-bench.") as scratch:
        log, counts = f"{scratch}/qemu.log", f"{scratch}/counts"
        qemu += f" -plugin {shlex.quote(f'{BUILD}/count.so,out={counts}')} -D {log} -d plugin {TRACE}"
        output = guest(script, driver.load, qemu, env, timeout)
        phases, values, bars, symbols = {}, {}, [], []
        for line in output.splitlines():
            kind, _, text = line.partition(": ")
            if kind == "result":
                fields = json.loads(text)
                if "phase" in fields:
                    phases[fields["phase"]] = Phase(fields)
                else:
                    values[fields["value"]] = fields
            elif kind == "bar":
                start, end = text.split()[:2]
                bars.append((int(start, 16), int(end, 16)))
            elif kind == "symbol":
                symbols.append(text)
        parse_counts(counts, phases)
        parse_accesses(log, phases, bars)
    names = profile.Symbols(profile.kernel_symbols(), symbols)
    return Run({phase.name: phase for phase in phases.values()}, values, names)


def run(script, driver, peer="", env=None, timeout=900):
    """Boot exactly, run the script, return a Run."""
    return counted(script, driver, f"{EXACT} {hub(driver.nic, peer)}", env or {}, timeout)


def run_two(script, driver, peer_script, env=None, timeout=900):
    """The same with a peer in a second guest.  The clocks then follow the host's, so it is not exact."""
    with tempfile.TemporaryDirectory(prefix="e1000_rust-bench.") as scratch:
        path = pathlib.Path(scratch) / "wire"
        words, environment = command(peer_script, "virtio_net", wire("virtio-net-pci", PEER_MAC, path, "on"), {}, timeout)
        with open(f"{scratch}/peer.out", "w+", encoding="utf-8", errors="replace") as output:
            other = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                deadline = time.monotonic() + WIRE_SECONDS
                while not path.exists():
                    if other.poll() is not None or time.monotonic() > deadline:
                        output.seek(0)
                        raise Failed(f"the second guest did not start: {output.read()}")
                    time.sleep(0.1)
                found = counted(script, driver, f"{PACED} {wire(driver.nic, NIC_MAC, path, 'off')}", env or {}, timeout)
                other.wait(timeout=PEER_END_SECONDS)
                return found
            except subprocess.TimeoutExpired:
                raise Failed("the second guest does not end") from None
            finally:
                if other.poll() is None:
                    other.terminate()
                    other.wait()
