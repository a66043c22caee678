# SPDX-License-Identifier: GPL-2.0
"""Runs groups, several at a time, each within its time, and judges how they ended."""

import collections
import concurrent.futures
import os
import pathlib
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from . import gate, groups, ktap

ENDINGS = {
    96: "an emulated processor met a breakpoint that was gone",
    97: "the guest ended before the test did",
    98: "the module did not load, or its interfaces did not appear",
    99: "the kernel complained",
    124: "time-out",
    125: "the guest could not be started",
}
# Not for want of time.
FINAL = (97, 99)
# What the guest needs beyond its time-out: to boot, to be stopped, to have its log read.
GUEST_SPARE = 60
# Groups beyond one for each processor, while those have little to do.
EXTRA = 3
KERNEL_LOG_LINES = 30


class Floor:
    """Where the tests run: the settings, a private copy of the module, the processes under way."""

    def __init__(self, values, top):
        self.values, self.top = values, top
        self.guest = os.environ.get("GUEST_RUNNER") or str(top / "qemu" / "guest")
        # A number that was asked for is kept; else it is what the machine has time for.
        self.jobs, extra = (int(values["JOBS"]), 0) if values["JOBS"] else (len(os.sched_getaffinity(0)), EXTRA)
        self.places, self.jobs = (self.jobs, extra), self.jobs + extra
        self.slow = int(values["SLOW"])
        self.out = pathlib.Path(values["OUT"])
        self.running, self.lock, self.ended = set(), threading.Lock(), False
        # Guests that are resumed are as random as each other.
        self.seeds = collections.defaultdict(lambda: os.environ.get("SEED") or str(1 + secrets.randbelow((1 << 31) - 1)))
        self.dir = self.gate = None

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="e1000_rust-tests."))
        self.out.mkdir(parents=True, exist_ok=True)
        self.gate = gate.Gate(pathlib.Path(os.environ.pop("GATE", self.dir)), *self.places)
        self.module = self.values["MODULE"]
        if self.module.endswith(".ko"):
            if not os.path.isfile(self.module):
                raise groups.Refused(f"there is no {self.module}: run make first, or give MODULE=")
            # A build beside the tests must not change what they test.
            self.module = shutil.copy(self.module, self.dir)
            # As a distribution does: most of it is of no use to a guest, which would copy it each time.
            if shutil.which("strip"):
                subprocess.run(["strip", "--strip-debug", self.module], check=False)
        return self

    def __exit__(self, *_):
        self.ended = True
        with self.lock:
            left = list(self.running)
        for process in left:
            end(process)
        shutil.rmtree(self.dir, ignore_errors=True)

    def is_c(self):
        return not pathlib.Path(self.module).name.startswith("e1000_rust")

    def run(self, chosen):
        """Yield (group, result) as the groups end; those that may take longest start first."""
        self.prepare(chosen)
        order = sorted(chosen, key=lambda group: -int(group.header["timeout"]))
        pool = concurrent.futures.ThreadPoolExecutor(self.jobs)
        try:
            futures = {pool.submit(self.in_turn, group): group for group in order}
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            # What is still under way would start its guest all the same.
            self.ended = True
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def prepare(self, chosen):
        """Fill the cache before the clocks run."""
        done = set()
        for group in chosen:
            if group.on_host:
                continue
            env = self.environment(group, 1, self.out / "prepare.log", self.dir)
            kind = tuple(env[name] for name in ("RESUME", "SMP", "MEM"))
            if kind not in done:
                done.add(kind)
                subprocess.run([self.guest], env={**env, "PREPARE": "1"}, stdout=subprocess.DEVNULL, check=False)

    def in_turn(self, group):
        with self.gate.place():
            return self.one(group)

    def again(self, group):
        """Run a group alone, in a guest that boots, with the seed of before; what that left behind is kept."""
        self.values = {**self.values, "RESUME": ""}
        for kind in ("log", "out"):
            path = self.out / f"{group.label}.{kind}"
            if path.is_file():
                path.replace(self.out / f"{group.label}.first.{kind}")
        with self.gate.alone():
            return self.one(group)

    def one(self, group):
        reason = group.header["rust-only"] or group.header["c-skips"]
        if reason and self.is_c() and not group.on_host:
            result = ktap.Result()
            result.add("skipped", f"{group.label} # SKIP the C driver: {reason}")
            return result
        start = time.monotonic()
        limit = self.limit(group)
        log = self.out / f"{group.label}.log"
        log.unlink(missing_ok=True)
        scratch = pathlib.Path(tempfile.mkdtemp(dir=self.dir))
        environment = self.environment(group, limit, log, scratch)
        command = [group.path] if group.on_host else [self.guest]
        status, text, notes = self.execute(command, environment, limit + (0 if group.on_host else GUEST_SPARE * self.slow))
        (self.out / f"{group.label}.out").write_text(text + notes)
        result, problems = ktap.parse(text)
        result.seconds = time.monotonic() - start
        self.judge(result, problems, status, notes, log)
        result.lines.append(f"1..{len(result.cases)}")
        return result

    def limit(self, group):
        """The seconds that a group may take."""
        minutes = os.environ.get("SOAK")
        seconds = int(group.header["timeout"])
        if minutes and group.header["soak"]:
            seconds = int(group.header["soak"]) + 60 * int(minutes)
        return seconds * self.slow

    def environment(self, group, limit, log, scratch):
        env = {**os.environ, "TOP": str(self.top), "SLOW": str(self.slow), "SCRATCH": str(scratch)}
        env["MODULE"] = self.module
        env["SEED"] = self.seeds[group.label]
        if group.on_host:
            return {**env, "TMPDIR": str(scratch), "RESUME": ""}
        header = group.header
        tests = self.top / "tests" / "guest"
        files = sorted((tests / "lib").glob("*.*")) + [tests / name for name in header["files"].split()]
        guest = {"PYTHONPATH": "/root", "PYTHONDONTWRITEBYTECODE": "1", "SLOW": str(self.slow), "SCRATCH": str(scratch),
                 "NIC_MODEL": group.model, "PLACE": self.values["PLACE"], "DRIVER": pathlib.Path(self.module).name.removesuffix(".ko")}
        if os.environ.get("SOAK"):
            guest["SOAK"] = os.environ["SOAK"]
        guest["SEED"] = env["SEED"]
        if self.module.endswith(".ko") and header["module"]:
            # The test loads it itself.
            files.append(self.module)
        env.update(
            SCRIPT=str(group.path), NIC=group.model, NICS=header["nics"], PARAMS=header["params"], TIMEOUT=str(limit),
            SMP=os.environ.get("SMP") or header["smp"], MEM=os.environ.get("MEM") or header["mem"], USERNET=header["usernet"],
            EXPECT_LOG=header["expect-log"], ALLOW_LOAD_FAIL=header["load-may-fail"], LOG=str(log),
            FILES=shlex.join(str(path) for path in files),
            QEMU_ARGS=f"{os.environ.get('QEMU_ARGS', '')} {header['qemu-args'].replace('$SCRATCH', shlex.quote(str(scratch)))}".strip(),
            GUEST_ENV=" ".join(f"{name}={shlex.quote(value)}" for name, value in guest.items()),
            APPEND=f"{os.environ.get('APPEND', '')} {header['append']}".strip())
        # Others would each need a kept guest of their own, or a kernel that has booted with those devices.
        # Several emulated processors: one that runs code for the first time since the guest was resumed
        # while another patches it can be left with the old one, an int3 (xdp-swap: every second time).
        common = (not header["append"] and not os.environ.get("QEMU_ARGS") and env["SMP"] == "1" and
                  ("MEM" in os.environ or header["mem"] == groups.KEYS["mem"]))
        env["RESUME"] = self.values["RESUME"] if common and not header["boot"] else ""
        if header["module"]:
            env["MODULE"] = header["module"]
        for name in ("machine", "image", "output"):
            if header[name]:
                env[name.upper()] = header[name]
        return env

    def execute(self, command, environment, limit):
        """Run the command; return its status, its output and its messages."""
        with tempfile.TemporaryFile(dir=self.dir) as output, tempfile.TemporaryFile(dir=self.dir) as messages:
            with self.lock:
                if self.ended:
                    return 130, "", ""
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=messages,
                                           env=environment, start_new_session=True)
                self.running.add(process)
            try:
                status = process.wait(timeout=limit)
            except subprocess.TimeoutExpired:
                end(process)
                status = 124
            # One that an interrupt took us away from stays there, to be ended.
            with self.lock:
                self.running.discard(process)
            texts = []
            for file in (output, messages):
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
            return status, *texts

    def judge(self, result, problems, status, notes, log):
        """Add what is wrong with the run as a whole as a case of its own."""
        result.final = status in FINAL
        if status in ENDINGS:
            result.add("failed", ENDINGS[status], notes.splitlines()[-80:])
        elif status and "failed" not in result.cases:
            result.add("failed", f"exit status {status}", notes.splitlines()[-ktap.EXCERPT:])
        elif problems:
            result.add("failed", "; ".join(problems))
        if "failed" in result.cases and log.is_file() and status not in (96, 99):
            text = log.read_text(errors="replace").replace("\r", "")
            lines = text[max(text.find("Run /init"), 0):].splitlines()[1:]
            result.lines.append(f"# the end of the kernel's log, {log}:")
            result.lines += [f"#   {line}" for line in lines[-KERNEL_LOG_LINES:]]


def end(process):
    """Stop a test and what it started; the guest's runner needs a moment to stop QEMU."""
    for signum, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, signum)
            process.wait(timeout=seconds)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
