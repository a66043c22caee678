# SPDX-License-Identifier: GPL-2.0
"""The guest's machine, its NICs played by e1000-nic."""

import json
import os
import pathlib
import shlex
import socket
import subprocess
import time

import guestvm

MODELS = {"e1000": "100e", "e1000-82540em": "100e", "e1000-82545em": "100f", "e1000-82544gc": "100c"}
START_SECONDS = 20
BUILD_SECONDS = 600


def binary(top):
    """The path of e1000-nic, built if it is not given."""
    if os.environ.get("NIC_BINARY"):
        return os.environ["NIC_BINARY"]
    target = pathlib.Path(os.environ.get("NIC_BUILD") or top / "build" / "nic")
    built = target / "release" / "e1000-nic"
    sources = [*(top / "tests" / "nic" / "src").glob("*.rs"), top / "tests" / "nic" / "Cargo.lock"]
    if built.is_file() and all(path.stat().st_mtime <= built.stat().st_mtime for path in sources):
        return str(built)
    try:
        done = subprocess.run(
            ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", str(target)],
            cwd=top / "tests" / "nic", stdin=subprocess.DEVNULL, check=False, timeout=BUILD_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as err:
        raise guestvm.Refused(f"tests/nic cannot be built: {err}") from None
    if done.returncode != 0:
        raise guestvm.Refused("tests/nic does not build; it takes cargo 1.85 or later, and the crates of its Cargo.lock")
    return str(built)


class Control:
    """The control socket of one e1000-nic."""

    def __init__(self, path):
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(30)
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self.lines = self.socket.makefile("r", encoding="utf-8", errors="replace")

    def __call__(self, line):
        """Send one command; return the answer's lines. OSError if the device is gone, ValueError if it refuses."""
        self.socket.sendall(line.encode() + b"\n")
        answer = []
        for text in self.lines:
            text = text.rstrip("\n")
            if text == "ok":
                return answer
            if text.startswith("err "):
                raise ValueError(f"e1000-nic: {text[4:]}")
            answer.append(text)
        raise OSError("e1000-nic closed its control socket")

    def stats(self):
        """What `stats` says, as numbers by name; the one that is text is left out."""
        pairs = (line.split(" ", 1) for line in self("stats"))
        return {name: int(value) for name, value in pairs if value.isdigit()}

    def close(self):
        self.lines.close()
        self.socket.close()


class NicMachine(guestvm.Machine):
    """As its base; each NIC of model e1000* is an e1000-nic process, which ends with QEMU."""

    # The device has to see the guest's memory.
    resumable = False

    def __init__(self, opts, top):
        super().__init__(opts, top)
        self.played, self.controls = [], {}
        self.options = shlex.split(os.environ.get("NIC_OPTIONS", ""))

    def start(self):
        if self.opts["NIC"] not in MODELS:
            raise guestvm.Refused(f"NIC={self.opts['NIC']}: e1000-nic plays {', '.join(MODELS)}")
        program = binary(self.top)
        for number in range(int(self.opts["NICS"])):
            given = os.environ.get("NIC_CONTROL") if number == 0 else None
            control = given or str(self.dir / f"control{number}")
            with open(self.dir / f"nic{number}.err", "wb") as errors:
                self.played.append(subprocess.Popen(
                    [program, "--socket", str(self.dir / f"vfio{number}"), "--control", control,
                     "--backend", f"listen:{self.dir}/wire{number}", "--device", MODELS[self.opts["NIC"]],
                     "--mac", f"52:54:00:12:34:{0x10 + number:02x}", *self.options],
                    stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True))
            self.wait_for(number)
            self.controls[f"nic{number}"] = Control(control)
        super().start()

    def wait_for(self, number):
        paths = [self.dir / f"vfio{number}", self.dir / f"wire{number}"]
        deadline = time.monotonic() + START_SECONDS
        while not all(path.exists() for path in paths):
            if self.played[number].poll() is not None or time.monotonic() > deadline:
                message = (self.dir / f"nic{number}.err").read_text(errors="replace").strip()
                raise guestvm.Refused(f"e1000-nic did not start: {message or 'no message'}")
            time.sleep(0.02)

    def command(self):
        """The base's command line, with the devices exchanged and the memory shared."""
        args, word = [], ""
        for arg in super().command():
            before, word = word, arg
            number = next((n for n in range(len(self.played)) if f",id=nic{n}," in arg), None)
            if before == "-machine":
                arg += ",memory-backend=mem"
            elif before == "-device" and number is not None:
                arg = json.dumps({
                    "driver": "vfio-user-pci", "id": f"nic{number}", "addr": f"{guestvm.NIC_SLOT + number:x}",
                    "x-no-posted-writes": True, "socket": {"type": "unix", "path": str(self.dir / f"vfio{number}")}})
            elif before == "-netdev" and arg.startswith("hubport,id=nicport"):
                # The wire hangs on the hub where QEMU's NIC would.
                wire = f"wire{arg.partition('hubid=')[2]}"
                args += [f"stream,id={wire},server=off,addr.type=unix,addr.path={self.dir / wire}", "-netdev"]
                arg += f",netdev={wire}"
            args.append(arg)
        return args + ["-object", f"memory-backend-memfd,id=mem,size={self.opts['MEM']},share=on"]

    def qmp(self, command):
        """The cable of a played NIC is in e1000-nic, not in QEMU."""
        if isinstance(command, dict) and command.get("execute") == "set_link":
            arguments = command.get("arguments", {})
            control = self.controls.get(arguments.get("name"))
            if control:
                control("link up" if arguments.get("up") else "link down")
                return {"return": {}}
        return super().qmp(command)

    def stop(self):
        """What the devices did goes beside the kernel's log, for whoever looks into a failure."""
        for name, control in self.controls.items():
            try:
                self.log_path.with_suffix(f".{name}").write_text("\n".join([*control("stats"), *control("counts")]) + "\n")
            except (OSError, ValueError):
                pass
        ended = super().stop()
        # Also when the runner itself is being ended.
        self.save_log()
        return ended

    def close(self):
        try:
            super().close()
        finally:
            for control in self.controls.values():
                control.close()
            for process in self.played:
                try:
                    process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
