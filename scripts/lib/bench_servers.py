"""Servers that a load is put on, in turns: fanlightd, libsrt_fanout, GStreamer's srtsink. Each pinned to one CPU."""
from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import relay as relays
from bench_ground import LOAD_CPU, SERVER_CPU, Ground, pin, pinned
from processes import Process, wait_until
from testing import Failed, Skip

STREAM = "live/main"
# Behind the relay's virtio-user device.
RELAY_IP, LOAD_IP = "10.77.0.1", "10.77.0.2"


@dataclass(frozen=True)
class Server:
    process: Process
    publish: str  # Where to call.
    view: str


def _start(ground: Ground, name: str, argv: list[str]) -> Process:
    process = ground.processes.start(name, pinned(argv, SERVER_CPU))
    time.sleep(0.5)
    if not process.running():
        raise Failed(f"{name} did not start: {process.log_tail(3)}")
    return process


def _fanlight(ground: Ground, configuration: relays.Configuration) -> relays.Relay:
    privileged = bool(configuration.devices)
    user = None if privileged else relays.unprivileged_user()
    api = ground.work / "relay" / "api.sock"
    relay = relays.start(ground.processes, ground.build, ground.work, configuration.toml(api), api, user)
    pin(relay.process, SERVER_CPU)
    return relay


@contextlib.contextmanager
def fanlight(ground: Ground) -> Iterator[Server]:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stream = relays.Stream(STREAM, latency_ms=120, bitrate_max_mbps=10)
    relay = _fanlight(ground, relays.Configuration(listen=[address], streams=[stream], sessions_max=20500))
    try:
        yield Server(relay.process, address, address)
    finally:
        relay.process.stop()


@contextlib.contextmanager
def libsrt_fanout(ground: Ground) -> Iterator[Server]:
    port = relays.free_udp_port()
    process = _start(ground, "libsrt_fanout", [ground.program("libsrt_fanout"), str(port), "120"])
    try:
        yield Server(process, f"127.0.0.1:{port}", f"127.0.0.1:{port}")
    finally:
        process.stop()


@contextlib.contextmanager
def srtsink(ground: Ground) -> Iterator[Server]:
    """srtsink cannot share a port with srtsrc: two listeners, one process."""
    if shutil.which("gst-launch-1.0") is None:
        raise Skip("gst-launch-1.0 is not installed")
    source, sink = relays.free_udp_port(), relays.free_udp_port()
    process = _start(ground, "srtsink", [
        "gst-launch-1.0", "-q", "srtsrc", f"uri=srt://127.0.0.1:{source}?mode=listener", "latency=120", "!",
        "srtsink", f"uri=srt://127.0.0.1:{sink}?mode=listener", "latency=120",
        "wait-for-connection=false", "sync=false", "async=false"])
    try:
        yield Server(process, f"127.0.0.1:{source}", f"127.0.0.1:{sink}")
    finally:
        process.stop()


SERVERS = {"fanlight": fanlight, "libsrt_fanout": libsrt_fanout, "srtsink": srtsink}


@dataclass
class Load:
    """A running fanlight-load, and its report when it has ended."""
    process: Process
    report_path: Path
    ends_within: float

    def report(self) -> dict:
        """Lost packets are figures here: only a load that could not run at all fails."""
        try:
            status = self.process.popen.wait(self.ends_within)
        except subprocess.TimeoutExpired:
            raise Failed(f"fanlight-load did not end within {self.ends_within:.0f} s") from None
        if not self.report_path.exists():
            raise Failed(f"fanlight-load ended with status {status}: {self.process.log_tail(3)}")
        return json.loads(self.report_path.read_text())


def start_load(ground: Ground, mode: str, relay: str, *more: str, seconds: float, viewers: int = 0, ramp: float = 1000,
               bitrate: str = "5M") -> Load:
    """`seconds` begin when every viewer is up."""
    path = ground.work / f"load-{mode}-{time.monotonic_ns()}.json"
    argv = [ground.program("fanlight-load"), mode, "--relay", relay, "--name", STREAM, "--duration", f"{seconds:.1f}s",
            "--core", str(LOAD_CPU), "--json", str(path)]
    if mode != "publish":
        argv += ["--viewers", str(viewers), "--ramp", str(ramp)]
    if mode != "view":
        argv += ["--bitrate", bitrate]
    process = ground.processes.start(f"load-{mode}", [*argv, *more])
    return Load(process, path, seconds + viewers / ramp + 20)


@contextlib.contextmanager
def over_virtio(ground: Ground) -> Iterator[tuple[Server, list[str]]]:
    """fanlightd in poll mode on a virtio-user device, and the words that tell fanlight-load of the other end. The load
    owns the socket, so the relay comes second: start the load within the context, then call `start_relay()` on it."""
    path = ground.work / "crowd.sock"
    path.unlink(missing_ok=True)
    words = ["--port", "ethernet", "--device", f"net_vhost0,iface={path}", "--ip", f"{LOAD_IP}/24", "--udp-ports", "20000"]
    device = relays.Device(eal=f"net_virtio_user0,path={path},queue_size=1024", ipv4=f"{RELAY_IP}/24", rx_checksum="trust")
    yield VirtioRelay(ground, path, device), words


class VirtioRelay:
    def __init__(self, ground: Ground, path: Path, device: relays.Device) -> None:
        self.ground, self.path, self.device = ground, path, device
        self.address = f"{RELAY_IP}:9000"

    def start(self) -> relays.Relay:
        if not wait_until(self.path.exists, 10):
            raise Failed("the load did not open its device")
        stream = relays.Stream(STREAM, latency_ms=120, bitrate_max_mbps=10)
        return _fanlight(self.ground, relays.Configuration(devices=[self.device], streams=[stream], sessions_max=20500,
                                                           backoff=False))
