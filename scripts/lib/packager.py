"""A fanlight-packager of our own: called with one stream of a relay, asked over HTTP."""
from __future__ import annotations

import contextlib
import json
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from clients import Target
from histogram import Histogram
from processes import Process, Processes, wait_until
from setup import SetupError, find_program

FIRST_PORT = 8080


def free_port(first: int = FIRST_PORT, tries: int = 100) -> int:
    for port in range(first, first + tries):
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise SetupError(f"no port of 127.0.0.1 is free from {first} to {first + tries - 1}")


def source_url(target: Target, latency_ms: int = 20) -> str:
    """What the packager calls: the stream as a viewer sees it, with no more latency than it must have."""
    words = quote(target.stream_id("request"), safe="!:=,/")
    passphrase = f"&passphrase={quote(target.passphrase)}&pbkeylen={target.key_bytes}" if target.passphrase else ""
    return f"srt://{target.address}?streamid={words}&latency={latency_ms}{passphrase}"


@dataclass
class Packager:
    process: Process
    base: str  # "http://127.0.0.1:8080"

    def page(self, stream: str) -> str:
        return f"{self.base}/play/{stream}"

    def playlist(self, stream: str) -> str:
        return f"{self.base}/live/{stream}/index.m3u8"

    def get(self, path: str, seconds: float = 5) -> tuple[int, bytes]:
        """Status and body; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.base + path, timeout=seconds) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def streams(self) -> list[dict]:
        status, body = self.get("/api/streams.json")
        return json.loads(body) if status == 200 else []

    def publish_delays(self, stream: str) -> Histogram:
        """From the bytes that complete a part to its publication, since the start, in seconds."""
        return Histogram.of(self.get("/metrics")[1].decode(), "fanlight_packager_publish_delay_seconds", stream=stream)

    def is_live(self, stream: str) -> bool:
        return any(one["name"] == stream and one["state"] == "live" for one in self.streams())


def start(processes: Processes, build: Path, words: list[str], *, user: int | None = None, port: int | None = None,
          program: Path | None = None, name: str = "packager", env: dict[str, str] | None = None) -> Packager:
    """`words`: streams and options. Waits until it answers."""
    port = port or free_port()
    program = program or find_program(build, "fanlight-packager")
    process = processes.start(name, [str(program), *words, "--listen", f"127.0.0.1:{port}"], user=user, env=env)
    packager = Packager(process, f"http://127.0.0.1:{port}")
    if not wait_until(lambda: not process.running() or packager.get("/healthz")[0] == 200, 10) or not process.running():
        raise SetupError(f"fanlight-packager did not start: {process.log_tail(5) or 'it said nothing'}")
    return packager
