"""Passphrases and keys that a running relay knows, looked for wherever they must not be: in a core file of it above all."""
from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import pwd
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import clients
import relay as relays
import setup
from processes import as_user, dies_with_us, wait_until
from testing import Skip, Stage, claim, require_tools

STREAM = "e2e/main"
# Short ones lie within a C++ string itself, long ones on the heap.
WRITTEN, IN_A_FILE, IN_A_FILE_LATER, OVER_THE_API, IN_A_CALL, IN_A_URL = (
    "WrittenDown-7f3", "FromAFile-which-is-longer-4c8", "RereadAtHup-2b6", "PostedToTheApi-long-enough-91d", "CalledWith-58e0a",
    "WithinAUrl-aa41")
# Of SRTP, key and salt: in the configuration, and in a session description.
SRTP_WRITTEN, SRTP_DESCRIBED = (bytes((at * 37 + seed) % 256 for at in range(30)) for seed in (11, 90))


class Tap:
    """A UDP relay of one caller to `to`, that keeps the caller's first key message."""

    def __init__(self, to: str) -> None:
        host, port = to.rsplit(":", 1)
        self._there = (host, int(port))
        self._near, self._far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._near.bind(("127.0.0.1", 0))
        self._far.connect(self._there)
        self.address = f"127.0.0.1:{self._near.getsockname()[1]}"
        self._caller, self.key_message = None, b""
        for way in (self._upwards, self._downwards):
            threading.Thread(target=way, daemon=True).start()

    def _upwards(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                datagram, self._caller = self._near.recvfrom(2048)
                at = datagram.find(b"\x12\x20\x29")  # srt-wire 4.2: S, V and PT, then the signature.
                if datagram[:1] >= b"\x80" and at >= 0 and not self.key_message:
                    self.key_message = datagram[at:]
                self._far.send(datagram)

    def _downwards(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                datagram = self._far.recv(2048)
                if self._caller:
                    self._near.sendto(datagram, self._caller)

    def keys(self, passphrase: str) -> dict[str, bytes]:
        """The key-encrypting key and the stream's key of what was overheard."""
        message, size = self.key_message, self.key_message[15] * 4
        salt, wrapped = message[16:32], message[32:40 + size]
        kek = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), salt[8:], 2048, size)
        done = subprocess.run(["openssl", "enc", "-d", f"-id-aes{size * 8}-wrap", "-K", kek.hex(), "-iv", "A6" * 8],
                              input=wrapped, capture_output=True, timeout=10)
        claim(done.returncode == 0 and len(done.stdout) == size, f"the key message could not be read: {done.stderr!r}")
        return {"key-encrypting key": kek, "stream key": done.stdout}

    def __enter__(self) -> "Tap":
        return self

    def __exit__(self, *_exception) -> None:
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class ApiConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))

    def ask(self, method: str, target: str, body: dict | None = None) -> tuple[int, bytes]:
        self.request(method, target, json.dumps(body) if body is not None else None)
        answer = self.getresponse()
        return answer.status, answer.read()


def core_of(stage: Stage) -> Path:
    require_tools("gcore")
    pid = stage.relay.process.pid
    done = subprocess.run(["gcore", "-o", str(stage.work / "core"), str(pid)], capture_output=True, text=True, timeout=120)
    core = stage.work / f"core.{pid}"
    claim(done.returncode == 0 and core.exists(), f"no core file: {done.stderr[-300:]}")
    return core


def holds(core: Path, wanted: dict[str, bytes]) -> list[str]:
    """Read in pieces that overlap by more than a secret is long."""
    found, piece, overlap = set(), 1 << 24, 128
    with open(core, "rb") as file:
        text = file.read(piece)
        while text:
            found |= {name for name, secret in wanted.items() if secret in text}
            more = file.read(piece)
            text = text[-overlap:] + more if more else b""
    return sorted(found)


def sdes(key: bytes) -> str:
    return f"AES_CM_128_HMAC_SHA1_80 inline:{base64.b64encode(key).decode()}"


def srtp_secrets(name: str, key: bytes) -> dict[str, bytes]:
    """The text, the master key, and the key that packets are encrypted with: RFC 3711 section 4.3.1, label 0."""
    done = subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", key[:16].hex(), "-iv", key[16:].hex() + "0000"],
                          input=bytes(16), capture_output=True, timeout=10)
    claim(done.returncode == 0 and len(done.stdout) == 16, f"{done.stderr!r}")
    return {f"{name} text": base64.b64encode(key), f"{name} master key": key[:16], f"{name} session key": done.stdout}


def start_with_secrets(stage: Stage) -> clients.Target:
    user = relays.unprivileged_user()
    key = relays.prepare_home(stage.work, user) / "view.key"
    key.write_text(IN_A_FILE + "\nand a remark\n")
    key.chmod(0o600)
    if user is not None:
        os.chown(key, user, user)
    address = f"127.0.0.1:{relays.free_udp_port()}"
    streams = [relays.Stream(STREAM, bitrate_max_mbps=2, publish_passphrase=WRITTEN, view_passphrase_file=key.name)]
    calls = [relays.Call("srt://127.0.0.1:9", stream=STREAM, passphrase=IN_A_CALL)]
    ports = relays.free_udp_ports(4)
    described = key.with_name("feed.sdp")
    described.write_text(f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {ports + 2} RTP/SAVP 33\na=crypto:1 {sdes(SRTP_DESCRIBED)}\n")
    described.chmod(0o600)
    if user is not None:
        os.chown(described, user, user)
    streams += [relays.Stream(name, bitrate_max_mbps=2) for name in ("e2e/srtp", "e2e/described")]
    feeds = (f'[[feed]]\nstream = "e2e/srtp"\nurl = "rtp://127.0.0.1:{ports}"\nsrtp = "{sdes(SRTP_WRITTEN)}"\n'
             f'[[feed]]\nstream = "e2e/described"\nsdp = "{described.name}"\n')
    stage.start_relay(relays.Configuration(listen=[address], streams=streams, calls=calls, more=feeds))
    return clients.Target(address, STREAM)


def rotate_the_file(stage: Stage) -> None:
    """The file holds another passphrase, the relay is told, and the call in the configuration stays as it is."""
    (stage.relay.config.parent / "view.key").write_text(IN_A_FILE_LATER + "\n")
    stage.relay.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: b" reloaded" in stage.relay.process.log.read_bytes(), 3), "it did not reload")


def said_aloud(stage: Stage, api: ApiConnection) -> bytes:
    """All that the relay tells: its API, metrics, log, command line, and what the command line program makes of it."""
    targets = ["/metrics", "/v1/version", "/v1/status", "/v1/streams", "/v1/sessions", "/v1/calls", "/v1/feeds", "/v1/streams/none"]
    targets += [f"/v1/sessions/{session['id']}" for session in stage.relay.sessions()]
    said = [api.ask("GET", target)[1] for target in targets]
    for words in (["status"], ["streams"], ["sessions"], ["viewer", "list"], ["publisher", "list"], ["feed", "list"]):
        for as_json in (True, False):
            done = stage.relay.ask(*words, as_json=as_json)
            said += [done.stdout.encode(), done.stderr.encode()]
    pid = stage.relay.process.pid
    said += [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ", "comm")]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    claim(not children, f"the relay has children: {children}")
    return b"\n".join([*said, stage.relay.process.log.read_bytes()])


def no_secret_in_a_core_or_said_aloud(stage: Stage) -> str:
    """Every way in for a passphrase, encrypted sessions both ways, a reload; then a core while all of it is in use."""
    require_tools("openssl", "gcore")
    target = start_with_secrets(stage)
    api = ApiConnection(stage.api)  # Kept open: what a connection holds on to counts.
    posted = api.ask("POST", "/v1/streams", {"name": "e2e/posted", "bitrate_max_mbps": 1, "publish_passphrase": OVER_THE_API})
    called = api.ask("POST", "/v1/calls", {"role": "viewer", "stream": STREAM, "url": f"srt://127.0.0.1:10?passphrase={IN_A_URL}"})
    claim((posted[0], called[0]) == (201, 201), f"refused: {posted} {called}")
    with Tap(target.address) as publishers, Tap(target.address) as viewers:
        viewing = stage.view(clients.SLT, clients.Target(viewers.address, STREAM, passphrase=IN_A_FILE))
        stage.wait_for_sessions("viewer", 1)
        publishing = stage.publish(clients.SLT, clients.Target(publishers.address, STREAM, passphrase=WRITTEN), seconds=60, rate=100)
        stage.wait_for_sessions("publisher", 1)
        claim(wait_until(lambda: viewing.size() > 100_000, 10), "the stream did not come through")
        rotate_the_file(stage)
        time.sleep(0.5)
        said = said_aloud(stage, api)
        core = core_of(stage)
        wanted = {text: text.encode() for text in (WRITTEN, IN_A_FILE, IN_A_FILE_LATER, OVER_THE_API, IN_A_CALL, IN_A_URL)}
        wanted |= {f"the publisher's {name}": key for name, key in publishers.keys(WRITTEN).items()}
        wanted |= {f"the viewer's {name}": key for name, key in viewers.keys(IN_A_FILE).items()}
        wanted |= srtp_secrets("the configuration's SRTP", SRTP_WRITTEN) | srtp_secrets("the description's SRTP", SRTP_DESCRIBED)
        publishing.feed.stop()
    claim(holds(core, {"stream name": STREAM.encode()}) == ["stream name"], "the core does not even hold the stream's name")
    leaked = holds(core, wanted)
    claim(not leaked, f"in the core: {', '.join(leaked)}")
    aloud = [name for name, secret in wanted.items() if secret in said]
    claim(not aloud, f"said aloud: {', '.join(aloud)}")
    return f"{len(wanted)} secrets, none in {core.stat().st_size >> 20} MiB of core, nor in {len(said) >> 10} KiB of words"


def a_reload_that_may_not_read_is_told(stage: Stage) -> str:
    target = start_with_secrets(stage)
    key = stage.relay.config.parent / "view.key"
    key.chmod(0o644)
    stage.relay.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: b"reload refused" in stage.relay.process.log.read_bytes(), 3), "it reloaded")
    words = stage.relay.process.log.read_text()
    claim(f"view.key with mode 0644" in words and "chmod 600" in words, f"no way out is named: {words[-400:]}")
    viewing = stage.view(clients.SLT, clients.Target(target.address, STREAM, passphrase=IN_A_FILE))
    stage.wait_for_sessions("viewer", 1)
    viewing.process.stop(signal.SIGINT)
    return "the passphrase in use stays"


def a_configuration_that_strangers_read_has_no_secret(stage: Stage) -> str:
    """--check refuses it, and so do a start and a reload: they read it the same way."""
    config = stage.work / "open.toml"
    config.write_text('[[listen]]\naddress = "127.0.0.1:9000"\n[[stream]]\nname = "a"\nview_passphrase = "' + IN_A_FILE + '"\n')
    argv = [str(setup.find_program(stage.build, "fanlightd")), "--config", str(config), "--check"]
    found = {}
    for mode in (0o644, 0o640):
        config.chmod(mode)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10)
        found[mode] = done.returncode, done.stdout + done.stderr
    status, words = found[0o644]
    claim(status == 2 and ":5: stream.view_passphrase: found a secret in a file with mode 0644" in words, f"{status}: {words[-400:]}")
    claim(f"chmod 640 {config}" in words and IN_A_FILE not in words, f"{words[-400:]}")
    claim(found[0o640][0] == 0, f"the group may read it: {found[0o640]}")
    return words.strip().splitlines()[-1][-120:]


def a_strangers_socket_hears_no_secret(stage: Stage) -> str:
    """Somebody else has made the place in /tmp where a user's relay would listen."""
    if os.geteuid() != 0:
        raise Skip("it takes two users, and only root is both")
    program = relays.reachable_copy(setup.find_program(stage.build, "fanlight"), stage.work)
    stage.work.chmod(0o777)
    path = stage.work / "api.sock"
    listening = ("import socket, sys, os; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o666); "
                 "s.listen(); s.settimeout(10); print('up', flush=True); c = s.accept()[0]; c.settimeout(2); print(c.recv(999))")
    thief = subprocess.Popen(["/usr/bin/python3", "-c", listening, str(path)], stdout=subprocess.PIPE, text=True,
                             preexec_fn=dies_with_us(), **as_user(pwd.getpwnam("daemon").pw_uid))
    try:
        claim(thief.stdout.readline() == "up\n", "the stranger's program did not start")
        argv = [str(program), "--api", str(path), "key", "set", "live/main", "--view"]
        done = subprocess.run(argv, input=IN_A_FILE, capture_output=True, text=True, timeout=10, **as_user(relays.unprivileged_user()))
        heard = thief.communicate(timeout=15)[0]
    finally:
        thief.kill()
    claim(done.returncode == 1 and "another user's program" in done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}")
    claim(heard == "b''\n", f"it was told {heard}")
    return done.stderr.strip()[-120:]


CASES = [(f"secrets/{test.__name__}", test) for test in (no_secret_in_a_core_or_said_aloud, a_reload_that_may_not_read_is_told,
                                                         a_configuration_that_strangers_read_has_no_secret,
                                                         a_strangers_socket_hears_no_secret)]
