"""Strangers against the real fanlightd: a flood of handshakes, forged control packets, a ban."""
from __future__ import annotations

import json
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import clients
import libsrt
import relay as relays
import setup
from load_cases import NAME, Load
from processes import wait_until
from testing import Skip, Stage, claim

SEALED = "live/sealed"
PASSPHRASE = "a passphrase of the flood"
FLOOD_SECONDS = 5
MUTE_SITE = "127.99.7.1"  # Neither the site nor the network of who is honest.
SITES, HOSTS = 12, 40


def start_relay(stage: Stage, more: str = "") -> str:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    streams = [relays.Stream(NAME, join="live"), relays.Stream("live/idle"), relays.Stream(SEALED, view_passphrase=PASSPHRASE)]
    stage.start_relay(relays.Configuration(listen=[address], streams=streams, more=more))
    return address


def verdicts(stage: Stage) -> dict:
    return json.loads(stage.relay.ask("status").stdout)["worker"]["verdicts"]


def flood(stage: Stage, relay: str, *words: str) -> tuple[subprocess.Popen, object]:
    """A running flood, and the place of its report."""
    report = stage.work / "flood.json"
    program = str(setup.find_program(stage.build, "fanlight-load"))
    process = stage.processes.start("flood", [program, "flood", "--relay", relay, "--name", "live/idle", "--sealed", SEALED,
                                              "--json", str(report), *words])
    return process.popen, report


def a_flood_is_felt_by_nobody(stage: Stage) -> str:
    """Sixty viewers, 5,000 handshakes a second, nine of ten bogus: nothing is lost, and who is honest comes in."""
    relay = start_relay(stage)
    watching = Load(stage, "both", relay, "--viewers", "60", "--bitrate", "1M", "--duration", f"{FLOOD_SECONDS + 3}s")
    stage.wait_for_sessions("viewer", 60)
    flooding, place = flood(stage, relay, "--rate", "5000", "--bogus", "90", "--duration", f"{FLOOD_SECONDS}s")
    time.sleep(FLOOD_SECONDS / 2)
    newcomer = Load(stage, "view", relay, "--viewers", "3", "--duration", "1s").finish()
    claim(flooding.poll() is None, "the flood was over before the newcomer had come")
    claim(newcomer["connected"] == newcomer["served"] == 3, f"{newcomer}")
    claim(flooding.wait(timeout=20) == 0, "the flood was answered as it must not be")
    said = json.loads(place.read_text())
    watched = watching.finish()
    claim(watched["connected"] == watched["served"] == 60 and watched["lost"] == watched["late"] == 0, f"{watched}")
    sent = said["bogus_inductions"] + said["wrong_cookies"] + said["complete"]
    claim(sent >= 4500 * FLOOD_SECONDS, f"{sent} handshakes are no flood of 5,000 a second: {said}")
    claim(said["wrong_cookies_answered"] == said["longer_answers"] == 0, f"{said}")
    rejected = said["rejected"]
    # Those that ask for a stream that is not there; rightly; with a wrong passphrase, which are rationed.
    claim(rejected.get("2404", 0) > 100 and said["accepted"] > 100, f"{said}")
    claim(rejected.get("1010", 0) > 20 and postponed(stage) > 100, f"{said}, {postponed(stage)} postponed")
    seen = verdicts(stage)
    claim(seen["bad_cookie"] >= said["wrong_cookies"] * 0.9, f"{seen['bad_cookie']} of {said['wrong_cookies']} bad cookies")
    return f"{sent} handshakes, {said['accepted']} let in, rejected {rejected}; {watched['received']} packets, none lost"


def handshake(kind: int, version: int, extension: int, identity: int, cookie: int, content: bytes = b"") -> bytes:
    return (struct.pack(">HHIII", 0x8000, 0, 0, 0, 0)
            + struct.pack(">IHHIIIiII", version, 0, extension, 7, 1500, 8192, kind, identity, cookie) + bytes(16) + content)


class MuteCrowd:
    """Viewers that call, take the cookie, conclude, and are silent ever after: so many a second from one address."""

    def __init__(self, relay: str, stream_id: bytes) -> None:
        host, port = relay.split(":")
        self.relay, self.opened, self.rejected, self.heard_bytes = (host, int(port)), 0, [], 0
        padded = stream_id + bytes(-len(stream_id) % 4)
        words = b"".join(padded[i:i + 4][::-1] for i in range(0, len(padded), 4))
        self.request = struct.pack(">HHIIHH", 1, 3, 0x00010500, 0xBF, 120, 120) + struct.pack(">HH", 5, len(words) // 4) + words
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((MUTE_SITE, 0))
        self.socket.setblocking(False)

    def listen(self) -> None:
        while True:
            try:
                datagram = self.socket.recv(2048)
            except BlockingIOError:
                return
            self.heard_bytes += len(datagram)
            if len(datagram) < 64 or datagram[:2] != b"\x80\x00":
                continue
            kind, _, cookie = struct.unpack(">iII", datagram[36:48])
            identity = struct.unpack(">I", datagram[12:16])[0]
            if kind == 1:
                self.socket.sendto(handshake(-1, 5, 5, identity, cookie, self.request), self.relay)
            elif kind == -1:
                self.opened += 1
            else:
                self.rejected.append(kind)

    def call(self, per_second: int, seconds: float) -> None:
        start, called = time.monotonic(), 0
        while (elapsed := time.monotonic() - start) < seconds:
            while called < elapsed * per_second:
                called += 1
                self.socket.sendto(handshake(1, 4, 2, called, 0), self.relay)
            self.listen()
            time.sleep(0.001)
        time.sleep(0.05)
        self.listen()


def a_mute_crowd_displaces_only_itself(stage: Stage) -> str:
    """Five times as many as may wait to be heard, every second, from one site: whoever comes from elsewhere is let in."""
    relay = start_relay(stage, "[armour]\nhalf_open_max = 100\n")
    crowd = MuteCrowd(relay, clients.Target(relay, "live/idle").stream_id("request").encode())
    calling = threading.Thread(target=crowd.call, args=(500, 4))
    calling.start()
    time.sleep(0.6)
    watched = Load(stage, "both", relay, "--viewers", "35", "--bitrate", "1M", "--duration", "2s").finish()
    calling.join()
    seen = json.loads(stage.relay.ask("status").stdout)["worker"]
    claim(watched["connected"] == watched["served"] == 35 and watched["lost"] == watched["late"] == 0, f"{watched}")
    claim(crowd.opened > 1500 and not crowd.rejected, f"{crowd.opened} opened, rejected: {crowd.rejected[:5]}")
    claim(seen["half_open_displaced"] > 1000, f"{seen['half_open_displaced']} gave way, of {crowd.opened}")
    claim(seen["sessions_refused"] == 0, f"{seen['sessions_refused']} were refused")
    return f"{crowd.opened} mute sessions, {seen['half_open_displaced']} displaced; 35 of 35 viewers let in"


def a_mute_viewer_is_not_sent_the_stream(stage: Stage) -> str:
    """Of 6 Mb/s: 19 packets of 1,332 bytes, and what a handshake takes; 3 s of it would be 2.3 MB."""
    relay = start_relay(stage)
    publishing = Load(stage, "publish", relay, "--duration", "12s", "--bitrate", "6M")
    stage.wait_for_sessions("publisher", 1)
    mute = MuteCrowd(relay, clients.Target(relay, NAME).stream_id("request").encode())
    mute.call(100, 0.1)
    began = time.monotonic()
    while time.monotonic() - began < 4:  # Each ends after 3 s.
        mute.listen()
        time.sleep(0.01)
    viewers = [session for session in stage.relay.sessions() if session["role"] == "viewer"]
    publishing.process.terminate()
    claim(not viewers, f"still there: {viewers}")
    claim(mute.opened >= 5 and not mute.rejected, f"{mute.opened} opened, rejected: {mute.rejected[:5]}")
    each = mute.heard_bytes / mute.opened
    claim(12_000 < each <= 19 * 1332 + 400, f"{each:.0f} bytes for each of {mute.opened}")
    return f"{each / 1000:.1f} kB for each of {mute.opened} mute viewers of 6 Mb/s"


def postponed(stage: Stage) -> int:
    return int(float(stage.relay.metrics()["fanlight_conclusions_postponed_total"]))


def wrong_passphrases_shut_nobody_out(stage: Stage) -> str:
    """Twelve /24s with forty addresses each try passphrases; callers from elsewhere, a derivation each, come in."""
    relay = start_relay(stage)
    passphrase = stage.work / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    passphrase.chmod(0o600)
    publishing = Load(stage, "publish", relay, "--bitrate", "300k", "--duration", f"{FLOOD_SECONDS + 2}s", name=SEALED)
    stage.wait_for_sessions("publisher", 1)
    flooding, place = flood(stage, relay, "--rate", "1500", "--bogus", "0", "--addresses", str(SITES), "--hosts", str(HOSTS),
                            "--duration", f"{FLOOD_SECONDS}s")
    time.sleep(2)
    honest = Load(stage, "view", relay, "--viewers", "20", "--duration", "1s", "--view-passphrase-file", str(passphrase),
                  "--salts", "20", name=SEALED).finish()
    claim(flooding.poll() is None, "the flood was over before the honest callers had come")
    claim(honest["connected"] == honest["served"] == 20, f"{honest}")
    claim(flooding.wait(timeout=20) == 0, "the flood was answered as it must not be")
    rejected = json.loads(place.read_text())["rejected"]
    claim(rejected.get("1010", 0) > SITES and postponed(stage) > 500, f"{rejected}, {postponed(stage)} postponed")
    publishing.finish()
    return (f"20 of 20 beside {rejected['1010']} wrong passphrases and {postponed(stage)} that were put off; "
            f"the longest waited {honest['answer_us']['max'] / 1000:.0f} ms")


def control_packets(identity: int) -> list[bytes]:
    """One of each type, with a session's ID: SHUTDOWN, keep-alive, ACK, NAK, ACKACK, drop request, KMREQ, handshake, data."""
    def control(kind: int, subtype: int = 0, info: int = 0, content: bytes = bytes(4)) -> bytes:
        return struct.pack(">HHIII", 0x8000 | kind, subtype, info, 0, identity) + content
    key = bytes([0x12, 0x20, 0x29, 1]) + bytes(4) + bytes([2, 0, 2, 0, 0, 0, 4, 4]) + bytes(16 + 24)
    handshake = struct.pack(">IHHIIIiII", 5, 0, 1, 7, 1500, 8192, -1, 99, 0) + bytes(16)
    return [control(5), control(1), control(2, info=1, content=struct.pack(">7I", 8000, 1, 1, 8192, 1, 1, 1)),
            control(3, content=struct.pack(">I", 1)), control(6, info=1), control(7, info=1, content=struct.pack(">II", 1, 9)),
            control(0x7FFF, 3, content=key), control(0x7FFF, 4, content=key), control(0, content=handshake),
            struct.pack(">IIII", 1, 0xC0000001, 0, identity) + bytes(188)]


def forged_control_packets_touch_no_session(stage: Stage) -> str:
    """With the right IDs, from another port and from another address."""
    relay = start_relay(stage)
    watching = Load(stage, "both", relay, "--viewers", "4", "--bitrate", "1M", "--duration", "4s")
    stage.wait_for_sessions("viewer", 4)
    before, ids = verdicts(stage)["wrong_address"], [session["id"] for session in stage.relay.sessions()]
    host, port = relay.split(":")
    forged = 0
    for source in ("127.0.0.1", "127.0.0.9"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((source, 0))
            stranger.settimeout(0.2)
            for packet in (packet for identity in ids for packet in control_packets(identity)):
                stranger.sendto(packet, (host, int(port)))
                forged += 1
            try:
                answer = stranger.recv(2048)
            except TimeoutError:
                answer = b""
            claim(not answer, f"a forged packet was answered: {answer.hex()}")
    claim(wait_until(lambda: verdicts(stage)["wrong_address"] == before + forged, 2),
          f"{verdicts(stage)['wrong_address'] - before} of {forged} were counted as wrong_address")
    claim(sorted(ids) == sorted(session["id"] for session in stage.relay.sessions()), "a session has gone")
    watched = watching.finish()
    claim(watched["lost"] == watched["late"] == 0 and watched["served"] == 4, f"{watched}")
    return f"{forged} forged packets of 10 kinds for {len(ids)} sessions, all counted, none answered"


def a_ban_ends_sessions_and_keeps_out(stage: Stage) -> str:
    relay = start_relay(stage)
    srt = libsrt.load()
    if srt is None:
        raise Skip("libsrt is not installed")
    target = clients.Target(relay, NAME)
    reason, viewer = libsrt.connect(srt, relay, target.stream_id("request"))
    claim(reason is None, f"rejected with {reason}")
    stage.wait_for_sessions("viewer", 1)
    banned = stage.relay.ask("ban", "127.0.0.0/8", "--for", "10m", "--reason", "a test")
    claim(banned.returncode == 0 and json.loads(banned.stdout)["sessions_closed"] == 1, banned.stdout + banned.stderr)
    seconds = libsrt.seconds_until_broken(srt, viewer, 3)
    claim(seconds is not None and seconds < 1, f"the session ended after {seconds} s")
    claim(libsrt.connect(srt, relay, target.stream_id("request"))[0] is not None, "a banned caller was let in")
    claim(verdicts(stage)["banned"] > 0, "the banned caller's handshakes were not counted")
    told = stage.relay.ask("bans", as_json=False).stdout
    claim("127.0.0.0/8" in told and "a test" in told, told)
    claim(stage.relay.ask("unban", "127.0.0.0/8").returncode == 0, "unban failed")
    reason, viewer = libsrt.connect(srt, relay, target.stream_id("request"))
    claim(reason is None, f"rejected with {reason} after the ban was lifted")
    srt.srt_close(viewer)
    mistake = stage.relay.ask("ban", "10.1.2.3/8")
    claim(mistake.returncode == 1 and "10.0.0.0/8 or 10.1.2.3 alone" in mistake.stderr, mistake.stderr)
    return f"the session ended after {seconds * 1000:.0f} ms"


def the_control_thread_gives_way(stage: Stage) -> str:
    """Its nice value is 10, the workers' 0: on a CPU of both it weighs a tenth."""
    start_relay(stage)
    nice = {}
    for task in Path(f"/proc/{stage.relay.process.pid}/task").iterdir():
        nice[(task / "comm").read_text().strip()] = int((task / "stat").read_text().rpartition(")")[2].split()[16])
    claim(nice["fanlightd"] == 10 and nice["fanlight-0"] == 0, f"{nice}")
    return f"{nice}"


CASES = [(case.__name__, case) for case in (the_control_thread_gives_way, forged_control_packets_touch_no_session, a_ban_ends_sessions_and_keeps_out,
                                           a_mute_crowd_displaces_only_itself, a_mute_viewer_is_not_sent_the_stream)]
LOADS = [(case.__name__, case) for case in (a_flood_is_felt_by_nobody, wrong_passphrases_shut_nobody_out)]
