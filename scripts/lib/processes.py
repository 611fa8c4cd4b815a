"""Every process the scripts start, ended by its id on every way out."""
from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path


_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Loaded here: between fork and exec nothing may be looked up, for another thread may hold the loader's lock.
_prctl = ctypes.CDLL(None, use_errno=True).prctl


class Stopped(Exception):
    """SIGINT or SIGTERM arrived: unwind, clean up, report."""


class _Interrupts:
    """What a signal does now: at once, or as soon as undisturbed() is left."""
    depth = 0
    pending: str | None = None


def stop_on_signals() -> None:
    """Turns SIGINT, SIGTERM and SIGHUP into one Stopped; later ones are ignored so that the clean-up is not cut short."""
    def handler(number, _frame):
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        if _Interrupts.depth == 0:
            raise Stopped(signal.Signals(number).name)
        _Interrupts.pending = signal.Signals(number).name

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


@contextlib.contextmanager
def undisturbed():
    """Between making a thing and noting that it is ours, Stopped waits. Only the main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Interrupts.depth += 1
    try:
        yield
    finally:
        _Interrupts.depth -= 1
    if _Interrupts.depth == 0 and _Interrupts.pending is not None:
        name, _Interrupts.pending = _Interrupts.pending, None
        raise Stopped(name)


@dataclass
class Process:
    name: str
    popen: subprocess.Popen
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def running(self) -> bool:
        return self.popen.poll() is None

    def stop(self, first: int = signal.SIGINT, patience: float = 3.0) -> int:
        """Asks, asks again with SIGTERM, then kills. Returns the exit status."""
        for number in (first, signal.SIGTERM, signal.SIGKILL):
            if not self.running():
                break
            self.popen.send_signal(number)
            try:
                self.popen.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        return self.popen.wait()

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def log_tail(self, lines: int = 5) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


@dataclass
class Processes:
    """A context that owns what it started. Children lead their own group, so a terminal's Ctrl-C reaches us alone."""
    logs: Path
    running: list[Process] = field(default_factory=list)

    def start(self, name: str, argv: list[str], *, stdin=subprocess.DEVNULL, stdout=None, user: int | None = None,
              env: dict[str, str] | None = None) -> Process:
        log = self.logs / f"{name}.log"
        with undisturbed(), open(log, "ab") as err:
            popen = subprocess.Popen(
                argv, stdin=stdin, stdout=err if stdout is None else stdout, stderr=err, start_new_session=True,
                preexec_fn=dies_with_us(),
                env=None if env is None else {**os.environ, **env}, **as_user(user))
            process = Process(name, popen, log)
            self.running.append(process)
        return process

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_exception) -> None:
        stop_all(list(reversed(self.running)), signal.SIGTERM)


def stop_all(processes: list[Process], first: int = signal.SIGINT) -> None:
    """All are asked before the first is waited for."""
    for process in processes:
        if process.running():
            process.popen.send_signal(first)
    for process in processes:
        process.stop(first)


def as_user(user: int | None) -> dict:
    """Popen arguments that leave root behind, supplementary groups included."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def dies_with_us():
    """For preexec_fn, which runs after the change of user: that would take the death signal back.

    The signal follows the thread that forks, so a thread must outlive the children it starts.
    """
    parent = os.getpid()

    def prepare() -> None:
        if _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(126)
    return prepare


def is_alive(pid: int) -> bool:
    """A zombie is dead: where nobody reaps orphans it stays in /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text[text.rindex(")") + 2] not in "ZX"


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads so far, from /proc/PID/stat fields 14 and 15."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, seconds: float, step: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def wait_for_udp(*ports: int, seconds: float = 15) -> bool:
    """Until somebody of this namespace has bound them: most programs say nothing when they are ready to hear."""
    def are_bound() -> bool:
        lines = [line for name in ("udp", "udp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
        bound = {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
        return bound.issuperset(ports)
    return wait_until(are_bound, seconds)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
