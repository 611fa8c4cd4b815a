"""What the interop and end-to-end tests share: a stage with a relay and its clients, and the counting of results."""
from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import clients
import relay as relays
import setup
from compare import Comparison, compare
from processes import Process, Processes, Stopped, say, wait_until

FEED = Path(__file__).resolve().parent / "feed.py"
# Who sends SRT repeats what is reported lost, libsrt and we alike: when the last packets of a feed are lost, none comes
# behind them that would show the gap. Where one in twenty is lost, more than three in a row are one run in 160,000.
_TAIL_LOST_MAX = 3


class Skip(Exception):
    """This machine cannot try that; the text says why."""


class Failed(Exception):
    """A claim did not hold; the text says what was seen."""


def claim(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Failed(otherwise)


class Results:
    """One line per case as it ends, one last line with the counts. Cases may end on several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = {"ok": 0, "FAIL": 0, "skip": 0}

    def add(self, kind: str, name: str, note: str = "") -> None:
        with self._lock:
            self._counts[kind] += 1
            print(f"{kind:<4} {name}{'  ' + note if note else ''}", flush=True)

    def run(self, name: str, test) -> None:
        """`test` returns a note, or raises Skip or Failed."""
        try:
            self.add("ok", name, test() or "")
        except Skip as reason:
            self.add("skip", name, str(reason))
        except (Failed, setup.SetupError, subprocess.TimeoutExpired) as reason:
            self.add("FAIL", name, str(reason))

    def finish(self) -> int:
        print(f"{self._counts['ok']} passed, {self._counts['FAIL']} failed, {self._counts['skip']} skipped", flush=True)
        return 1 if self._counts["FAIL"] else 0


def run_side_by_side(tasks: list[tuple], jobs: int, results: Results) -> bool:
    """Runs (name, function) pairs on `jobs` threads, in this order. False after a signal: those under way end first.

    The threads live until all is done: the processes that they start would die with them.
    """
    pool, complete = ThreadPoolExecutor(jobs), True
    started = [(name, pool.submit(run)) for name, run in tasks]
    try:
        wait([future for _, future in started])
    except Stopped:
        complete = False
        say("stopping: the cases under way end first")
        results.add("FAIL", "the rest", "stopped by a signal")
    pool.shutdown(wait=True, cancel_futures=True)
    for name, future in started:
        if not future.cancelled() and (reason := future.exception()) is not None:
            results.add("FAIL", name, f"{type(reason).__name__}: {reason}")
    return complete


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=lambda text: Path(text).resolve(), default=setup.ROOT / "build",
                        help="where the programs are (default: build/)")
    parser.add_argument("--only", type=re.compile, default=re.compile(""), metavar="PATTERN",
                        help="run the cases whose name matches this regular expression")
    return parser


def require_tools(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            raise Skip(f"{tool} is not installed")


PROGRAM_OF = {clients.FFMPEG: "ffmpeg", clients.SLT: "srt-live-transmit", clients.GSTREAMER: "gst-launch-1.0"}


@dataclass
class Viewing:
    client: str
    process: Process
    path: Path

    def size(self) -> int:
        return self.path.stat().st_size


@dataclass
class Publishing:
    feed: Process
    process: Process
    copy: Path

    def finish(self, timeout: float) -> None:
        """Waits for the end of the feed, then ends the client."""
        try:
            self.feed.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"the publisher took no data any more: {self.process.log_tail(3)}") from None
        self.process.stop(signal.SIGINT)


class Stage:
    """A context: a temporary directory, the processes of one test, its relay."""

    def __init__(self, build: Path) -> None:
        self.build = build
        self._inside = lambda argv: argv
        self._taken: dict[str, int] = {}

    def __enter__(self) -> "Stage":
        self._stack = contextlib.ExitStack()
        self.work = Path(tempfile.mkdtemp(prefix="fanlight-test-"))
        self._stack.callback(shutil.rmtree, self.work, ignore_errors=True)
        self.processes = self._stack.enter_context(Processes(self.work))
        return self

    def __exit__(self, *exception) -> None:
        self._stack.close()

    @property
    def api(self) -> Path:
        return self.work / "relay" / "api.sock"

    def clients_live_in(self, link) -> None:
        """From now on clients start in this namespace."""
        self._inside = link.inside

    def start_relay(self, configuration: relays.Configuration, *, privileged: bool = False) -> relays.Relay:
        user = None if privileged else relays.unprivileged_user()
        self.relay = relays.start(self.processes, self.build, self.work, configuration.toml(self.api), self.api, user)
        return self.relay

    def start_proxy(self, relay_address: str, *impairment: str) -> str:
        """Returns the address to call."""
        address = f"127.0.0.1:{relays.free_udp_port()}"
        program = setup.find_program(self.build, "fanlight-linkproxy")
        self.processes.start(self._unique("linkproxy"),
                             [str(program), "--listen", address, "--relay", relay_address, *impairment])
        time.sleep(0.1)
        return address

    def view(self, client: str, target: clients.Target) -> Viewing:
        require_tools(PROGRAM_OF[client])
        name = self._unique(f"viewer-{client}")
        path = self.work / f"{name}.ts"
        with open(path, "wb") as out:
            argv = self._inside(clients.viewer(client, target, str(path)))
            process = self.processes.start(name, argv, stdout=out if client == clients.SLT else None)
        return Viewing(client, process, path)

    def publish(self, client: str, target: clients.Target, *, seconds: float, rate: float = 1000,
                flavour: int = 0, lead: float = 0.5, linger: float = 2.0) -> Publishing:
        require_tools(PROGRAM_OF[client])
        return self.publish_with(f"publisher-{client}", clients.publisher(client, target), seconds=seconds, rate=rate,
                                 flavour=flavour, lead=lead, linger=linger)

    def publish_with(self, name: str, argv: list[str], *, seconds: float, rate: float = 1000,
                     flavour: int = 0, lead: float = 0.5, linger: float = 2.0) -> Publishing:
        """`argv` reads payloads of 1,316 bytes from stdin."""
        name = self._unique(name)
        copy = self.work / f"{name}.ts"
        feed = self.processes.start(
            f"{name}-feed", [sys.executable, str(FEED), "--rate", str(rate), "--seconds", str(seconds),
                             "--copy", str(copy),
                             "--flavour", str(flavour), "--lead", str(lead), "--linger", str(linger)], stdout=subprocess.PIPE)
        process = self.processes.start(name, self._inside(argv), stdin=feed.popen.stdout)
        feed.popen.stdout.close()  # Ours, so that the feed notices when the client goes.
        return Publishing(feed, process, copy)

    def wait_for_sessions(self, role: str, count: int, seconds: float = 8) -> None:
        def there() -> bool:
            return sum(s.get("role") == role for s in self.relay.sessions()) >= count
        claim(wait_until(there, seconds, 0.2), f"the relay did not show {count} {role} sessions within {seconds:.0f} s: "
              f"{self.relay.sessions()}")

    def _unique(self, name: str) -> str:
        self._taken[name] = self._taken.get(name, 0) + 1
        return name if self._taken[name] == 1 else f"{name}-{self._taken[name]}"


def on_a_stage(build: Path, test) -> str:
    with Stage(build) as stage:
        return test(stage)


def judge(publishing: Publishing, viewing: Viewing) -> Comparison:
    viewing.process.stop(signal.SIGINT)
    return compare(publishing.copy, viewing.path)


def share_delivered(result: Comparison) -> float:
    """Of what was published, over links that lose some of it."""
    lost_for_good = min(result.tail, _TAIL_LOST_MAX)
    return (result.packets + lost_for_good) / result.published if result.published else 0.0
