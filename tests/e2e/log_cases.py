"""A log that nobody reads: the relay goes on, and says afterwards what was lost."""
from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import time

import relay as relays
import setup
from processes import dies_with_us
from testing import Stage, claim

LINES, LINES_PER_SECOND = 100, 50
PIPE_BYTES = 4096  # The least that the kernel makes; some 50 lines.


class Api(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("fanlight", timeout=3)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def ask(self, method: str, target: str, body: dict | None = None) -> int:
        try:
            self.request(method, target, body=json.dumps(body) if body else None)
            answer = self.getresponse()
            answer.read()
            return answer.status
        except TimeoutError:
            return 0
        finally:
            self.close()


def a_reader_that_stalls_stops_nobody(stage: Stage) -> str:
    """Its pipe is full, and the relay answers, obeys and ends; who reads on is told how many lines there were."""
    home = relays.prepare_home(stage.work, None)
    config, api = home / "log.toml", home / "api.sock"
    listen = f"127.0.0.1:{relays.free_udp_port()}"
    config.write_text(relays.Configuration(listen=[listen], streams=[relays.Stream("e2e/main")]).toml(api))
    config.chmod(0o600)
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    program = str(setup.find_program(stage.build, "fanlightd"))
    relay = subprocess.Popen([program, "--config", str(config)], stderr=writing, preexec_fn=dies_with_us())
    os.close(writing)
    try:
        said = b""
        while b"fanlightd: ready" not in said:
            some = os.read(reading, 65536)
            claim(some, f"it did not start: {said.decode()}")
            said += some
        for number in range(LINES):
            status = Api(str(api)).ask("POST", "/v1/bans", {"prefix": f"192.0.2.{number}"})
            claim(status in (200, 201), f"ban {number} of {LINES} was answered with {status or 'nothing for 3 s'}")
            time.sleep(1.2 / LINES_PER_SECOND)
        claim(Api(str(api)).ask("GET", "/v1/status") == 200, "it does not answer any more")
        began = time.monotonic()
        relay.send_signal(signal.SIGTERM)
        claim(relay.wait(5) == 0, f"it ended with status {relay.returncode}")
        took = time.monotonic() - began
        fcntl.fcntl(reading, fcntl.F_SETFL, os.O_NONBLOCK)
        held = len(os.read(reading, 65536))
        claim(held > PIPE_BYTES / 2, f"{held} bytes are no full pipe")
    finally:
        relay.kill()
        relay.wait()
        os.close(reading)
    return f"{LINES} bans behind a full pipe of {PIPE_BYTES} bytes, ended after {took:.1f} s"


CASES = [("log/a_reader_that_stalls_stops_nobody", a_reader_that_stalls_stops_nobody)]
