"""A fanlightd of our own: its configuration, its life, what it says about itself."""
from __future__ import annotations

import contextlib
import itertools
import json
import os
import pwd
import secrets
import socket
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from processes import Process, Processes, as_user, dies_with_us, wait_until
from setup import SetupError, find_program


@dataclass
class Stream:
    name: str = "live/main"
    latency_ms: int = 120
    latency_max_ms: int = 1000
    bitrate_max_mbps: float = 20
    publish_passphrase: str | None = None
    view_passphrase: str | None = None
    view_passphrase_file: str | None = None
    wait: bool = True
    gop_max_ms: int | None = None
    join: str | None = None
    coalesce_ms: int | None = None
    rekey_packets: int | None = None
    rekey_interval_s: int | None = None
    fec_columns: int | None = None
    fec_rows: int | None = None
    fec_2d: bool | None = None


@dataclass
class Call:
    url: str
    role: str = "viewer"
    stream: str = "live/main"
    passphrase: str | None = None


@dataclass
class Issuer:
    name: str
    iss: str | None = None
    aud: str | None = None
    jwks: str | None = None


@dataclass
class Device:
    eal: str
    ipv4: str | None = None
    ipv6: str | None = None
    rx_checksum: str = "verify"


@dataclass
class Configuration:
    listen: list[str] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    issuers: list[Issuer] = field(default_factory=list)
    udp_port: int = 9000
    feed_ports: list[int] = field(default_factory=list)  # On devices, beside it.
    workers: int = 1
    # Poll mode would take one of two cores from the clients a relay is tried with.
    backoff: bool = True
    sessions_max: int | None = None
    capacity_mbps: float | None = None
    user: str | None = None  # Whom root becomes.
    more: str = ""  # Tables as they stand in the file.

    def toml(self, api: Path) -> str:
        lines = ["[relay]", f"api = {_quoted(str(api))}", f'port = "{"ethernet" if self.devices else "sockets"}"',
                 f"workers = {self.workers}"]
        if self.sessions_max is not None:
            lines.append(f"sessions_max = {self.sessions_max}")
        if self.capacity_mbps is not None:
            lines.append(f"capacity_mbps = {self.capacity_mbps}")
        if self.user is not None:
            lines.append(f"user = {_quoted(self.user)}")
        for address in self.listen:
            lines += ["[[listen]]", f"address = {_quoted(address)}"]
        if self.devices:
            lines += ["[ethernet]", f"udp_ports = {[self.udp_port, *self.feed_ports]}", f"backoff = {_value(self.backoff)}"]
        for device in self.devices:
            lines += ["[[ethernet.device]]", *_assignments(device)]
        for stream in self.streams:
            lines += ["[[stream]]", *_assignments(stream)]
        for call in self.calls:
            lines += ["[[call]]", *_assignments(call)]
        for issuer in self.issuers:
            lines += ["[[issuer]]", *_assignments(issuer)]
        return "\n".join(lines) + "\n" + self.more


def _assignments(table) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in vars(table).items() if value is not None]


def _value(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return json.dumps(text)  # A JSON string is a TOML basic string.


def unprivileged_user() -> int | None:
    """Whom the relay runs as: nobody when we are root, ourselves otherwise."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


# Below the ports that kernels give to whoever does not ask for one: nobody takes it between our look and its use.
_PORTS = range(20_000, 32_000)
_next_port = itertools.count(secrets.randbelow(len(_PORTS)))
_port_lock = threading.Lock()


def free_udp_ports(count: int, multiple_of: int = 1) -> int:
    """The first of so many in a row, itself such a multiple. None is given twice in a process before all were."""
    run: list[int] = []
    with _port_lock:  # Cases that run side by side would break each other's rows.
        for _ in _PORTS:
            port = _PORTS[next(_next_port) % len(_PORTS)]
            follows = run and port == run[-1] + 1
            if not _is_free(port) or (not follows and port % multiple_of != 0):
                run = []
                continue
            run = [*run, port] if follows else [port]
            if len(run) == count:
                return run[0]
    raise SetupError(f"no {count} UDP ports in a row are free from {_PORTS.start} to {_PORTS.stop - 1}")


def free_udp_port() -> int:
    return free_udp_ports(1)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind(("::", port))
        return True
    return False


_READY = b"fanlightd: ready"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class RelayFailed(SetupError):
    """fanlightd did not come up; the text carries its own last words."""


@dataclass
class Relay:
    process: Process
    cli: Path
    api: Path
    config: Path

    def ask(self, *words: str, as_json: bool = True) -> subprocess.CompletedProcess:
        argv = [str(self.cli), "--api", str(self.api), *words, *(["--json"] if as_json else [])]
        return subprocess.run(argv, capture_output=True, text=True, timeout=5)

    def calls(self) -> list[dict]:
        """Of listeners of both roles; empty while the relay does not answer."""
        try:
            answers = [self.ask(role, "list") for role in ("viewer", "publisher")]
            return [call for answer in answers if answer.returncode == 0 for call in json.loads(answer.stdout)["calls"]]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return []

    def sessions(self) -> list[dict]:
        """Empty while the relay does not answer."""
        try:
            answer = self.ask("sessions")
            return json.loads(answer.stdout)["sessions"] if answer.returncode == 0 else []
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return []

    def feeds(self) -> list[dict]:
        answer = self.ask("feed", "list")
        return json.loads(answer.stdout)["feeds"] if answer.returncode == 0 else []

    def metrics(self) -> dict[str, str]:
        """By name, with its labels as they are written."""
        done = subprocess.run(["curl", "-s", "--max-time", "3", "--unix-socket", str(self.api), "http://fanlight/metrics"],
                              capture_output=True, text=True, timeout=5)
        return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if line and not line.startswith("#"))

    def cpu_seconds(self) -> float:
        return self.process.cpu_seconds()


def prepare_home(work: Path, user: int | None) -> Path:
    """A directory that the relay's user may read and write; `work` itself becomes passable."""
    home = work / "relay"
    home.mkdir(exist_ok=True)
    if user is not None:
        work.chmod(0o755)
    owner = os.geteuid() if user is None else user  # The relay before may have run as somebody else.
    os.chown(home, owner, owner)
    return home


def start(processes: Processes, build: Path, work: Path, configuration: str, api: Path, user: int | None,
          name: str = "fanlightd") -> Relay:
    """Starts fanlightd and waits until it says that it is ready."""
    home = prepare_home(work, user)
    config = home / f"{name}.toml"
    config.write_text(configuration)
    program = find_program(build, "fanlightd")
    # It may hold passphrases. A relay that root starts may be nobody before it reads them again.
    if os.geteuid() == 0:
        os.chown(config, user or 0, pwd.getpwnam("nobody").pw_gid)
    config.chmod(0o640)
    if user is not None:
        program = reachable_copy(program, work)
    said_before = _size(processes.logs / f"{name}.log")
    process = processes.start(name, [str(program), "--config", str(config)], user=user,
                              env={"HOME": str(home), "XDG_RUNTIME_DIR": str(home)})
    relay = Relay(process, find_program(build, "fanlight"), api, config)
    ready = wait_until(lambda: not process.running() or _READY in process.log.read_bytes()[said_before:], 20)
    if not ready or not process.running():
        raise RelayFailed(f"fanlightd did not start: {process.log_tail(5) or 'it said nothing'}")
    return relay


def reachable_copy(program: Path, work: Path) -> Path:
    """The work tree may lie below a directory that only root can enter."""
    copy = work / program.name
    if not copy.exists():
        # In a process of its own: a file open for writing here is inherited by what other threads start, and until that
        # has called exec nobody can run it (ETXTBSY).
        subprocess.run(["install", "-m", "755", str(program), str(copy)], check=True)
    return copy


def run_briefly(build: Path, work: Path, configuration: str, user: int | None, seconds: float = 10):
    """For configurations that must be refused: the finished process, with its output."""
    home = prepare_home(work, user)
    config = home / "brief.toml"
    config.write_text(configuration)
    config.chmod(0o644)
    program = find_program(build, "fanlightd")
    if user is not None:
        program = reachable_copy(program, work)
    return subprocess.run([str(program), "--config", str(config)], capture_output=True, text=True, timeout=seconds,
                          env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}, preexec_fn=dies_with_us(), **as_user(user))
