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
SEALED_STREAM = "live/sealed"
# Behind the relay's virtio-user device.
RELAY_IP, LOAD_IP = "10.77.0.1", "10.77.0.2"


PASSPHRASE = "a passphrase of the benchmarks"


@dataclass(frozen=True)
class Server:
    process: Process
    publish: str  # Where to call.
    view: str
    words: tuple[str, ...] = ()  # What a load has to say beside that.
    ramp: float = 500  # Viewers started per second; what its backlog bears.


def _start(ground: Ground, name: str, argv: list[str]) -> Process:
    process = ground.processes.start(name, pinned(argv, SERVER_CPU))
    time.sleep(0.5)
    if not process.running():
        raise Failed(f"{name} did not start: {process.log_tail(3)}")
    return process


def start_fanlight(ground: Ground, configuration: relays.Configuration) -> relays.Relay:
    privileged = bool(configuration.devices)
    user = None if privileged else relays.unprivileged_user()
    api = ground.work / "relay" / "api.sock"
    relay = relays.start(ground.processes, ground.build, ground.work, configuration.toml(api), api, user)
    pin(relay.process, SERVER_CPU)
    return relay


def _secret_words(ground: Ground) -> tuple[str, ...]:
    file = ground.work / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    file.chmod(0o600)
    return ("--publish-passphrase-file", str(file), "--view-passphrase-file", str(file))


@contextlib.contextmanager
def fanlight(ground: Ground, sealed: bool = False, coalesce_ms: int = 0) -> Iterator[Server]:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    secret = PASSPHRASE if sealed else None
    stream = relays.Stream(STREAM, latency_ms=120, bitrate_max_mbps=10, coalesce_ms=coalesce_ms, publish_passphrase=secret,
                           view_passphrase=secret)
    relay = start_fanlight(ground, relays.Configuration(listen=[address], streams=[stream], sessions_max=20500))
    try:
        yield Server(relay.process, address, address, _secret_words(ground) if sealed else ())
    finally:
        relay.process.stop()


@contextlib.contextmanager
def fanlight_with_secret(ground: Ground) -> Iterator[Server]:
    """A clear stream, and one that asks its viewers for a passphrase; the words are theirs."""
    address = f"127.0.0.1:{relays.free_udp_port()}"
    streams = [relays.Stream(STREAM, latency_ms=120, bitrate_max_mbps=10),
               relays.Stream(SEALED_STREAM, latency_ms=120, bitrate_max_mbps=1, view_passphrase=PASSPHRASE)]
    relay = start_fanlight(ground, relays.Configuration(listen=[address], streams=streams, sessions_max=20500))
    try:
        yield Server(relay.process, address, address, _secret_words(ground)[2:])
    finally:
        relay.process.stop()


def fanlight_coalescing(ground: Ground, sealed: bool = False):
    """As much as an operator may wait who has 120 ms: four packets of a 5 Mb/s stream."""
    return fanlight(ground, sealed, coalesce_ms=8)


@contextlib.contextmanager
def libsrt_fanout(ground: Ground, sealed: bool = False) -> Iterator[Server]:
    port = relays.free_udp_port()
    argv = [ground.program("libsrt_fanout"), str(port), "120", *((PASSPHRASE,) if sealed else ())]
    process = _start(ground, "libsrt_fanout", argv)
    try:
        yield Server(process, f"127.0.0.1:{port}", f"127.0.0.1:{port}", _secret_words(ground) if sealed else ())
    finally:
        process.stop()


def libsrt_flavour(ground: Ground) -> str:
    """Whose AES the opponent uses: its cost differs by an order of magnitude."""
    linked = subprocess.run(["ldd", ground.program("libsrt_fanout")], capture_output=True, text=True).stdout
    return "gnutls" if "libgnutls" in linked else "openssl" if "libcrypto" in linked else "unknown"


@contextlib.contextmanager
def srtsink(ground: Ground, sealed: bool = False) -> Iterator[Server]:
    """srtsink cannot share a port with srtsrc: two listeners, one process. It has a backlog of ten callers."""
    if sealed:
        raise Skip("srtsink is measured clear only")
    if shutil.which("gst-launch-1.0") is None:
        raise Skip("gst-launch-1.0 is not installed")
    source, sink = relays.free_udp_port(), relays.free_udp_port()
    process = _start(ground, "srtsink", [
        "gst-launch-1.0", "-q", "srtsrc", f"uri=srt://127.0.0.1:{source}?mode=listener", "latency=120", "!",
        "srtsink", f"uri=srt://127.0.0.1:{sink}?mode=listener", "latency=120",
        "wait-for-connection=false", "sync=false", "async=false"])
    try:
        yield Server(process, f"127.0.0.1:{source}", f"127.0.0.1:{sink}", ramp=40)
    finally:
        process.stop()


SERVERS = {"fanlight": fanlight, "fanlight_coalesce_8ms": fanlight_coalescing, "libsrt_fanout": libsrt_fanout,
           "srtsink": srtsink}


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
               bitrate: str = "5M", name: str = STREAM) -> Load:
    """`seconds` begin when every viewer is up."""
    path = ground.work / f"load-{mode}-{time.monotonic_ns()}.json"
    argv = [ground.program("fanlight-load"), mode, "--relay", relay, "--name", name, "--duration", f"{seconds:.1f}s",
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
        return start_fanlight(self.ground, relays.Configuration(devices=[self.device], streams=[stream], sessions_max=20500,
                                                             backoff=False))
