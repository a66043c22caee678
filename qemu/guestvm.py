# SPDX-License-Identifier: GPL-2.0
"""One QEMU machine: its image, its command line, its sockets, its end."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

QEMU_DIR = pathlib.Path(__file__).resolve().parent
MAX_NICS = 8
NIC_SLOT, PEER_SLOT = 0x04, 0x10
START_SECONDS = 20
# What a boot may take. An emulated machine of several processors can hang in it, long before there is
# anything of ours in it.
BOOT_SECONDS = 120 * int(os.environ.get("SLOW") or 1)
# A guest that is resumed is sent its files in blocks of so many bytes.
BLOCK = 4096
# The guest's memory is not part of what is migrated: it is in a file, and used from there.
SHARED_MEMORY = {"capability": "x-ignore-shared", "state": True}
PREFIX = "e1000_rust-guest."
# A run's settings, as qemu/guest --help explains them.
DEFAULTS = {
    "SCRIPT": "", "MODULE": "", "PARAMS": "", "NIC": "e1000", "NICS": "1", "USERNET": "1", "SMP": "1", "MEM": "512M",
    "TIMEOUT": "300", "FILES": "", "GUEST_ENV": "", "QEMU_ARGS": "", "NETDEV": "", "APPEND": "", "CPU": "",
    "ACCEL": "", "MACHINE": "pc", "KERNEL": "", "IMAGE": "", "LAYER": "", "RESUME": "", "PREPARE": "",
    "OUTPUT": "", "LOG": "", "EXPECT_LOG": "", "ALLOW_LOAD_FAIL": "",
    "PANIC_ON_WARN": "", "SHELL_MODE": "", "VERBOSE": "",
}


class Refused(Exception):
    """The run cannot be started; the text tells the user why and what to do."""


def cached(script, *args):
    """The path that one of the cache's scripts prints."""
    done = subprocess.run([QEMU_DIR / script, *args], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"qemu/{script} failed")
    return pathlib.Path(done.stdout.strip())


def runner():
    """qemu/guest as a module: its name has no .py."""
    loader = importlib.machinery.SourceFileLoader("guest_runner", str(QEMU_DIR / "guest"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("guest_runner", loader))
    loader.exec_module(module)
    return module


def remove_stale():
    """The directories of runs that were killed: QEMU ends with its runner, these stay."""
    for path in pathlib.Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        pid = path.name[len(PREFIX):].partition(".")[0]
        if pid.isdigit() and not pathlib.Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)


def kvm_works(qemu):
    """KVM counts only with the CPU's flags and after a guest's reset vector ran on it."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text(errors="replace")
        if not any(f" {flag}" in flags for flag in ("svm", "vmx")) or not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return False
        probe = subprocess.run(
            [*qemu, "-accel", "kvm", "-machine", "pc", "-nodefaults", "-display", "none", "-m", "16", "-no-reboot",
             "-monitor", "stdio"],
            input="info status\nquit\n", capture_output=True, text=True, timeout=10, check=False)
        return probe.returncode == 0 and "running" in probe.stdout
    except (OSError, subprocess.TimeoutExpired):
        return False


def cpio(members):
    """A newc archive of {name: (mode, bytes)}."""
    blob = bytearray()

    def pad():
        blob.extend(b"\0" * (-len(blob) % 4))

    for number, (name, (mode, data)) in enumerate({**members, "TRAILER!!!": (0, b"")}.items(), 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        blob.extend(b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0")
        pad()
        blob.extend(data)
        pad()
    return bytes(blob)


class Machine:
    """Owns the QEMU process and the run's temporary directory until close()."""

    # Whether a snapshot's memory, which is private to the machine, will do.
    resumable = True

    def __init__(self, opts, top):
        self.opts, self.top = opts, top
        self.token = secrets.token_hex(8)
        self.process = None
        self.sockets = []
        remove_stale()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}."))
        self.serial = self.dir / "serial.log"
        name = pathlib.Path(opts["SCRIPT"]).stem or "shell"
        self.log_path = pathlib.Path(opts["LOG"] or top / "build" / f"guest-{name}.log")

    def prepare(self):
        """Everything that the run needs of the cache."""
        root = cached("toolchain.sh")
        kernel = pathlib.Path(self.opts["KERNEL"]).resolve() if self.opts["KERNEL"] else cached("kernel.sh")
        self.image = cached("initramfs.sh", *([kernel] if self.opts["KERNEL"] else []))
        # An unpacked kernel boots quicker. A build tree's may lack the note that QEMU needs for it, and has a bzImage.
        names = ("bzImage", "vmlinux", "vmlinuz") if self.opts["KERNEL"] else ("vmlinux",)
        if self.opts["IMAGE"] and (kernel / self.opts["IMAGE"]).is_file():
            names = (self.opts["IMAGE"],)
        self.vmlinux = next((kernel / name for name in names if (kernel / name).is_file()), None)
        if not self.vmlinux:
            raise Refused(f"{kernel} has no {' or '.join(names)}")
        libraries = ":".join(str(root / part) for part in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"))
        self.qemu = [str(root / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", libraries,
                     str(root / "usr/bin/qemu-system-x86_64"), "-L", str(root / "usr/share/qemu"),
                     "-L", str(root / "usr/share/seabios")]
        self.accel = self.opts["ACCEL"] or ("kvm" if kvm_works(self.qemu) else "tcg")
        self.snapshot = self.find_snapshot()
        self.modules = root / "usr/lib/x86_64-linux-gnu/qemu"

    def start(self):
        self.prepare()
        own = self.own_files()
        if not self.snapshot:
            self.write_image(own)
        for name in ("qmp", "out", "reply"):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(self.dir / name))
            listener.listen(1)
            listener.settimeout(START_SECONDS)
            self.sockets.append(listener)
        command = self.command()
        if self.opts["VERBOSE"]:
            print("guest: " + shlex.join(command), flush=True)
        environment = {**os.environ, "QEMU_MODULE_DIR": str(self.modules)}
        interactive = bool(self.opts["SHELL_MODE"])
        with open(self.dir / "qemu.err", "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=None if interactive else subprocess.DEVNULL, stdout=None if interactive else errors,
                stderr=errors, env=environment, start_new_session=not interactive)
        try:
            self.monitor, self.out, self.back = (self.accept(listener) for listener in list(self.sockets))
            self.monitor.settimeout(30)
            self.lines = self.monitor.makefile("r", encoding="utf-8", errors="replace")
            self.lines.readline()
            self.qmp({"execute": "qmp_capabilities"})
        except (OSError, ValueError):
            self.stop()
            message = (self.dir / "qemu.err").read_text(errors="replace").strip()
            # QEMU's name for itself is the path of the loader.
            raise Refused(f"QEMU did not start: {message.split('.so.2: ')[-1] or 'no message'}") from None
        if self.snapshot:
            self.resume(own)

    def accept(self, listener):
        deadline = time.monotonic() + START_SECONDS
        listener.settimeout(0.2)
        while time.monotonic() < deadline:
            try:
                connection = listener.accept()[0]
                self.sockets.append(connection)
                return connection
            except TimeoutError:
                if not self.alive():
                    break
        raise OSError("QEMU did not connect")

    def find_snapshot(self):
        """The directory of a booted guest that this run can go on from, or None."""
        opts = self.opts
        different = any(opts[name] for name in ("SHELL_MODE", "IMAGE", "OUTPUT", "LAYER", "CPU"))
        if not opts["RESUME"] or different or not self.resumable or opts["MACHINE"] != "pc" or self.accel != "tcg":
            return None
        return cached("snapshot.sh", str(self.vmlinux.parent), f"IMAGE={self.vmlinux.name}",
                      *(f"{name}={opts[name]}" for name in ("SMP", "MEM", "APPEND")))

    def resume(self, own):
        """Go on from the snapshot, and give the guest what is the run's own."""
        self.ask("migrate-set-capabilities", capabilities=[SHARED_MEMORY])
        # QEMU would send frames in the NICs' names, as the end of a migration is.
        self.ask("migrate-set-parameters", **{"announce-rounds": 0})
        self.ask("migrate-incoming", uri=f"file:{self.snapshot}/state", **{"exit-on-error": False})
        self.wait_for_migration("the snapshot could not be resumed")
        self.ask("cont")
        archive = cpio(own)
        blocks = -(-len(archive) // BLOCK)
        self.back.settimeout(START_SECONDS * int(os.environ.get("SLOW") or 1))
        try:
            self.back.sendall(b"%d\n" % blocks + archive.ljust(blocks * BLOCK, b"\0"))
        except OSError as err:
            self.stop()
            self.save_log()
            raise Refused(f"the kept guest did not take the run's files ({err}); its log is {self.log_path}") from None
        self.back.settimeout(None)

    def ask(self, command, **arguments):
        """One QMP command that must not fail; what it returns."""
        reply = self.qmp({"execute": command, "arguments": arguments})
        if "error" in reply:
            raise Refused(f"QEMU: {command}: {reply['error']['desc']}")
        return reply["return"]

    def wait_for_migration(self, problem, seconds=60):
        """Its end, and what QEMU then says of it."""
        deadline = time.monotonic() + seconds
        while (state := self.ask("query-migrate")).get("status") != "completed":
            if state.get("status") == "failed" or time.monotonic() > deadline:
                raise Refused(f"{problem}: {state.get('error-desc') or state.get('status')}")
            time.sleep(0.02)
        return state

    def mode(self):
        """What init is to do."""
        return "shell" if self.opts["SHELL_MODE"] else "script"

    def own_files(self):
        """What the run has of its own in the guest, as members of an archive."""
        opts = self.opts
        module = opts["MODULE"]
        script = pathlib.Path(opts["SCRIPT"] or "shell")
        env = {
            "TOKEN": self.token, "MODE": self.mode(), "SCRIPT": script.name,
            "MODULE": os.path.basename(module), "PARAMS": opts["PARAMS"], "NICS": opts["NICS"],
            "NIC_SLOT": str(NIC_SLOT), "PEER_SLOT": str(PEER_SLOT), "PANIC_ON_WARN": opts["PANIC_ON_WARN"],
            "ALLOW_LOAD_FAIL": opts["ALLOW_LOAD_FAIL"], "IMAGE": self.vmlinux.name,
        }
        if opts["SHELL_MODE"]:
            size = shutil.get_terminal_size()
            env.update(COLUMNS=str(size.columns), LINES=str(size.lines))
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in env.items())
        text += "".join(f"export {shlex.quote(word)}\n" for word in shlex.split(opts["GUEST_ENV"]))
        members = {"guest": (0o40755, b""), "root": (0o40700, b"")}
        if opts["SCRIPT"]:
            members[f"guest/{script.name}"] = (0o100755, script.read_bytes())
        if module.endswith(".ko"):
            members[f"guest/{os.path.basename(module)}"] = (0o100644, pathlib.Path(module).read_bytes())
        for name in shlex.split(opts["FILES"]):
            path = pathlib.Path(name)
            if not path.is_file():
                raise Refused(f"FILES: {name} is not a file")
            members[f"root/{path.name}"] = (0o100755 if os.access(path, os.X_OK) else 0o100644, path.read_bytes())
        # The last one: a guest that has it has them all.
        return {**members, "guest/env": (0o100644, text.encode())}

    def write_image(self, own):
        """The guest's image, then the run's own files; the kernel unpacks both."""
        with open(self.dir / "initramfs", "wb") as image:
            for part in [self.image] + ([self.opts["LAYER"]] if self.opts["LAYER"] else []):
                with open(part, "rb") as source:
                    shutil.copyfileobj(source, image, 1 << 20)
            image.write(cpio(own))

    def command(self):
        opts = self.opts
        shell = bool(opts["SHELL_MODE"])
        # TCG does rep movs byte by byte: a processor without erms, fsrm and AVX is the quicker one.
        cpu = opts["CPU"] or ("host" if self.accel.startswith("kvm") else "Nehalem")
        # The kernel's check of its timer loses against a host that is busy otherwise, and it panics.
        append = f"console=ttyS0,115200 panic=-1 mitigations=off no_timer_check rdinit=/init {opts['APPEND']}".strip()
        args = [
            *self.qemu, "-accel", self.accel, "-machine", opts["MACHINE"], "-cpu", cpu, "-smp", opts["SMP"],
            "-m", opts["MEM"], "-nodefaults", "-display", "none", "-no-reboot",
            "-run-with", "exit-with-parent=on", "-kernel", str(self.vmlinux), "-append", append, *self.memory(),
            "-chardev", f"file,id=log,path={self.serial}", "-serial", "chardev:log",
        ]
        if shell:
            args += ["-chardev", "stdio,id=term,signal=off", "-serial", "chardev:term"]
        args += ["-chardev", f"socket,id=qmp,path={self.dir}/qmp", "-object", "monitor-qmp,id=monitor,chardev=qmp",
                 "-device", "virtio-serial-pci,addr=0x3"]
        for name in ("out", "reply"):
            args += ["-chardev", f"socket,id={name},path={self.dir}/{name}"]
            if name == "out" and opts["OUTPUT"] == "serial" and not shell:
                args += ["-serial", f"chardev:{name}"]
            else:
                args += ["-device", f"virtserialport,chardev={name},name={name}"]
        for number in range(int(opts["NICS"])):
            args += [
                "-netdev", f"hubport,id=nicport{number},hubid={number}",
                "-device", f"{opts['NIC']},id=nic{number},netdev=nicport{number},romfile=,"
                           f"addr={NIC_SLOT + number:#x},mac=52:54:00:12:34:{0x10 + number:02x}",
                "-netdev", f"hubport,id=peerport{number},hubid={number}",
                "-device", f"virtio-net-pci,id=peer{number},netdev=peerport{number},romfile=,"
                           f"addr={PEER_SLOT + number:#x},mac=52:54:00:12:35:{0x10 + number:02x}",
            ]
        if int(opts["NICS"]) and opts["USERNET"] != "0":
            args += ["-netdev", opts["NETDEV"] or "user,id=u", "-netdev", "hubport,id=userport,hubid=0,netdev=u"]
        return args + shlex.split(opts["QEMU_ARGS"])

    def memory(self):
        """Where the guest's image or, if it is resumed, its memory comes from."""
        if not self.snapshot:
            return ["-initrd", str(self.dir / "initramfs")]
        return ["-object", f"memory-backend-file,id=kept,size={self.opts['MEM']},mem-path={self.snapshot}/memory,"
                           "share=off,readonly=on,rom=off", "-machine", "memory-backend=kept", "-incoming", "defer"]

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def qmp(self, command):
        """Send one QMP command; return its reply, skipping events."""
        self.monitor.sendall(json.dumps(command).encode() + b"\n")
        while True:
            line = self.lines.readline()
            if not line:
                raise OSError("QEMU closed its monitor")
            reply = json.loads(line)
            if "return" in reply or "error" in reply:
                return reply

    def qmp_text(self, text):
        """The same for a command as text from the guest; never raises."""
        try:
            return json.dumps(self.qmp(json.loads(text)))
        except (ValueError, OSError) as err:
            return json.dumps({"error": {"class": "runner", "desc": str(err)}})

    def reply(self, text):
        try:
            self.back.sendall(text.encode() + b"\n")
        except OSError:
            pass

    def wait_for_log(self, text, seconds):
        """Whether the log has it within that time."""
        deadline = time.monotonic() + seconds
        while text not in self.log():
            if time.monotonic() > deadline or not self.alive():
                return False
            time.sleep(0.05)
        return True

    def log(self):
        try:
            return self.serial.read_text(errors="replace")
        except OSError:
            return ""

    def save_log(self):
        text = self.log()
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.log_path.write_text(text)
        return text

    def stop(self):
        """End QEMU; return how it had ended by itself, as text."""
        if not self.process:
            return ""
        try:
            # A guest that panicked is about to end by itself.
            code = self.process.wait(timeout=0.5) if not self.alive() else None
        except subprocess.TimeoutExpired:
            code = None
        if code is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            return ""
        message = (self.dir / "qemu.err").read_text(errors="replace").strip()
        return f" (QEMU's status {code}{': ' + message if message else ''})"

    def close(self):
        try:
            self.stop()
        finally:
            for connection in self.sockets:
                connection.close()
            shutil.rmtree(self.dir, ignore_errors=True)
