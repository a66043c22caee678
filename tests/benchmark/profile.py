# SPDX-License-Identifier: GPL-2.0
"""From addresses to functions and modules."""

import bisect
import functools
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
QEMU = HERE.parent.parent / "qemu"
BUILD = HERE.parent.parent / "build" / "bench"
TEXT = "tTwW"
MODULES = 0xFFFFFFFFC0000000
HASH = re.compile(r"\[[0-9a-f]{16}\]")


@functools.cache
def cached(script):
    """The directory that one of the machine room's scripts prints."""
    done = subprocess.run([QEMU / script], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(done.stdout.strip())


@functools.cache
def kernel_symbols():
    """The stock kernel's functions; with nokaslr they lie at the same place in every boot."""
    kernel = cached("kernel.sh")
    path = BUILD / f"kallsyms-{kernel.name}"
    if not path.is_file():
        command = [QEMU / "guest", f"SCRIPT={HERE / 'guest' / 'symbols.sh'}", "MODULE=none", "NICS=0",
                   "APPEND=nokaslr", f"LOG={BUILD / 'guest-symbols.log'}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        path.with_suffix(".new").write_text(done.stdout)
        path.with_suffix(".new").rename(path)
    return tuple(path.read_text().splitlines())


def demangle(names):
    root = cached("toolchain.sh")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    done = subprocess.run([root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", libraries,
                           root / "usr/bin/c++filt", "--format=rust"],
                          input="\n".join(names), stdout=subprocess.PIPE, text=True, check=False)
    found = [HASH.sub("", name) for name in done.stdout.splitlines()]
    return found if done.returncode == 0 and len(found) == len(names) else list(names)


class Symbols:
    """Finds the function and the module of a kernel address."""

    def __init__(self, kernel, symbols):
        table = {}
        for line in kernel:
            address, kind, name = line.split()[:3]
            if kind in TEXT:
                table.setdefault(int(address, 16), (name, "vmlinux"))
        for line in symbols:
            words = line.split()
            if words[1] in TEXT:
                table.setdefault(int(words[0], 16), (words[2], words[3].strip("[]")))
        self.starts = sorted(table)
        self.names = [table[start] for start in self.starts]

    @functools.lru_cache(maxsize=None)
    def find(self, address):
        """(function, module) of an address."""
        at = bisect.bisect_right(self.starts, address) - 1
        name, module = self.names[at] if at >= 0 else ("?", "?")
        if module == "vmlinux" and address >= MODULES:
            # Among the modules, but below them all: BPF, ftrace and the like.
            name, module = "?", "?"
        return name, module

    def by_function(self, counts):
        """{(function, module): instructions}"""
        totals = {}
        for address, count in counts.items():
            key = self.find(address)
            totals[key] = totals.get(key, 0) + count
        return totals

    def of_module(self, counts, module):
        return sum(count for address, count in counts.kernel.items() if self.find(address)[1] == module)


def print_functions(title, load, limit, out=sys.stdout):
    """The functions by instructions per packet, largest first."""
    counts, units = load.part.counts, load.units
    totals = sorted(load.symbols.by_function(counts.kernel).items(), key=lambda item: -item[1])[:limit]
    names = demangle([name for (name, _), _ in totals])
    print(f"\n{title}: {counts.total() / units:.1f} instructions per packet", file=out)
    by_module = {"user space": counts.user}
    for (_, module), count in load.symbols.by_function(counts.kernel).items():
        by_module[module] = by_module.get(module, 0) + count
    print("  by module: " + ", ".join(f"{module} {count / units:.1f}" for module, count in
                                      sorted(by_module.items(), key=lambda item: -item[1]) if count / units >= 0.05),
          file=out)
    for name, ((_, module), count) in zip(names, totals):
        if count / units >= 0.005:
            print(f"  {count / units:9.2f}  {module:<12} {name}", file=out)
    print("  accesses: " + (", ".join(f"{name} {times:.3f}" for name, times in load.figures["registers"].items()) or
                            "none"), file=out)
