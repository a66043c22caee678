# SPDX-License-Identifier: GPL-2.0
"""The module's disassembly with the exact count before each instruction."""

import pathlib
import re
import subprocess

from . import profile

INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t")
PLACE = re.compile(r"^(inlined by )?\S*?([^/\s]+:\d+)( |$)")
START = re.compile(r"^([0-9a-f]+) <(.+)>:$")


def disassembly(module, name):
    """Lines of (offset in the function or None, text)."""
    root = profile.cached("toolchain.sh")
    done = subprocess.run(
        [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", root / "usr/lib/x86_64-linux-gnu",
         root / "usr/bin/objdump", "-drl", "--no-show-raw-insn", "--inlines", f"--disassemble={name}", module],
        stdout=subprocess.PIPE, text=True, errors="replace", check=True)
    base = None
    for line in done.stdout.splitlines():
        start, instruction = START.match(line), INSTRUCTION.match(line)
        if start:
            base = int(start[1], 16)
        if base is not None:
            yield (int(instruction[1], 16) - base if instruction else None), line


def print_annotated(title, load, module, wanted, executed_only):
    """Functions of the module whose demangled name has `wanted` in it."""
    if not pathlib.Path(module).is_file():
        return
    symbols, units = load.symbols, load.units
    names = [(start, name) for start, (name, owner) in zip(symbols.starts, symbols.names)
             if owner == pathlib.Path(module).stem]
    for (start, name), shown in zip(names, profile.demangle([name for _, name in names])):
        if wanted not in shown or not any(symbols.find(address)[0] == name for address in load.part.counts.kernel):
            continue
        print(f"\n{title}: {shown}")
        chain, shown_chain, fresh, printed = [], None, False, False
        for offset, line in disassembly(module, name):
            place = PLACE.match(line)
            if offset is None and place:
                # The innermost line comes first, then those that it is inlined in; a chain without
                # its first line repeats what was there.
                if not place[1]:
                    chain, fresh = [place[2]], True
                elif fresh:
                    chain = chain + [place[2]]
            elif offset is None:
                if printed and "R_X86_64" in line:
                    print(" " * 10 + line.strip())
            else:
                fresh = False
                count = load.part.counts.kernel.get(start + offset, 0) / units
                printed = count or not executed_only
                if printed:
                    if chain != shown_chain:
                        print(" " * 10 + "; " + " < ".join(chain))
                        shown_chain = list(chain)
                    print(f"{count:9.3f} {line.strip()}")
