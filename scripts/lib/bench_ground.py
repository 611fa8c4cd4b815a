"""What all benchmarks stand on: the machine, pinned and bounded programs that print JSON, medians of interleaved runs."""
from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import setup
from processes import Process, Processes, dies_with_us, wait_until
from testing import Failed

SERVER_CPU, LOAD_CPU = 0, 1
HUGEPAGES = Path("/proc/sys/vm/nr_hugepages")
HUGEPAGES_WANTED = 1024  # Of 2 MB: two processes of DPDK beside each other.


@dataclass(frozen=True)
class Scale:
    """How long and how often: --quick or not."""
    quick: bool
    seconds: float
    runs: int


QUICK = Scale(True, 1, 1)
FULL = Scale(False, 2, 3)


class Ground:
    """A context: a temporary directory, everything that was started in it, hugepages as they were found."""

    def __init__(self, build: Path, scale: Scale) -> None:
        self.build, self.scale = build, scale

    def __enter__(self) -> "Ground":
        self._stack = contextlib.ExitStack()
        self.work = Path(tempfile.mkdtemp(prefix="fanlight-bench-"))
        self._stack.callback(shutil.rmtree, self.work, ignore_errors=True)
        self.processes = self._stack.enter_context(Processes(self.work))
        self.has_hugepages = self._take_hugepages()
        return self

    def __exit__(self, *exception) -> None:
        self._stack.close()

    def _take_hugepages(self) -> bool:
        before = int(HUGEPAGES.read_text())
        if before >= HUGEPAGES_WANTED:
            return True
        if os.geteuid() != 0:
            return False
        HUGEPAGES.write_text(str(HUGEPAGES_WANTED))
        self._stack.callback(HUGEPAGES.write_text, str(before))
        return int(HUGEPAGES.read_text()) >= HUGEPAGES_WANTED

    def program(self, name: str) -> str:
        return str(setup.find_program(self.build, name))

    def eal(self, cpu: int, device: str) -> list[str]:
        memory = ["--in-memory", "--single-file-segments"] if self.has_hugepages else ["--no-huge", "-m", "256", "--no-shconf"]
        return [f"--lcores=0@{cpu}", *memory, "--no-pci", "--no-telemetry", "--log-level=error", "--vdev", device]

    def run(self, argv: list[str], seconds: float, cpu: int = SERVER_CPU) -> dict:
        """The last line a program prints, as JSON. It has `seconds`, and some to start and end."""
        name = Path(argv[0]).name
        try:
            done = subprocess.run(pinned(argv, cpu), capture_output=True, text=True, timeout=seconds + 30,
                                  preexec_fn=dies_with_us())
        except subprocess.TimeoutExpired:
            raise Failed(f"{name} did not end within {seconds + 30:.0f} s") from None
        if done.returncode != 0:
            raise Failed(f"{name} ended with status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    @contextlib.contextmanager
    def sink(self, seconds: float):
        """A counting process behind a virtio-user device; yields that device."""
        path = self.work / "sink.sock"
        path.unlink(missing_ok=True)
        argv = [self.program("vhost_sink"), *self.eal(LOAD_CPU, f"net_vhost0,iface={path}"), "--", str(seconds + 30)]
        process = self.processes.start("sink", argv)
        try:
            if not wait_until(lambda: path.exists() or not process.running(), 10) or not process.running():
                raise Failed(f"vhost_sink did not start: {process.log_tail(3)}")
            yield f"net_virtio_user0,path={path},queue_size=1024"
        finally:
            process.stop()


def pinned(argv: list[str], cpu: int) -> list[str]:
    return ["taskset", "-c", str(cpu), *argv]


def pin(process: Process, cpu: int) -> None:
    """All threads that are there; those to come follow the thread that makes them."""
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), {cpu})


def interleaved(scale: Scale, sides: dict[str, Callable[[], dict]]) -> dict[str, list[dict]]:
    """One run of each in turns, so that the machine's mood strikes all."""
    runs: dict[str, list[dict]] = {name: [] for name in sides}
    for _ in range(scale.runs):
        for name, side in sides.items():
            runs[name].append(side())
    return runs


def median(runs: list[dict], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def paired_ratio(above: list[dict], below: list[dict], key: str) -> float:
    """Of neighbours in time: a virtual machine's two CPUs come nearer to each other and go apart, and so do both sides."""
    return statistics.median(a[key] / b[key] for a, b in zip(above, below))


def machine(ground: Ground) -> dict:
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", str(setup.ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "hugepages": ground.has_hugepages,
            "commit": commit.stdout.strip(), "quick": ground.scale.quick}
