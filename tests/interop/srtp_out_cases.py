"""Destinations under SRTP: GStreamer (libsrtp) and ffmpeg read what is encrypted once for all of a key's.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import base64
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import clients
import relay as relays
from processes import wait_for_udp, wait_until
from rtp_cases import frame_sums, verdicts
from rtp_out_cases import RATE, SECONDS, STREAM, even_pair
from testing import Results, Skip, Stage, Viewing, claim, judge, on_a_stage, require_tools


@dataclass(frozen=True)
class Suite:
    name: str    # As SDES has it.
    bytes: int   # Of key and salt.
    gst: str     # srtpdec's words for it, in caps.

    @property
    def key(self) -> bytes:
        return bytes((at * 11 + 3) % 256 for at in range(self.bytes))

    @property
    def base64(self) -> str:
        return base64.b64encode(self.key).decode()

    def table(self, port: int, more: str = "") -> str:
        return (f'[[destination]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{port}"\n'
                f'srtp = "{self.name} inline:{self.base64}{more}"\n')


def caps_of(cipher: str, auth: str) -> str:
    return f"srtp-cipher={cipher},srtp-auth={auth},srtcp-cipher={cipher},srtcp-auth={auth if auth == 'null' else 'hmac-sha1-80'}"


SUITES = [Suite("AES_CM_128_HMAC_SHA1_80", 30, caps_of("aes-128-icm", "hmac-sha1-80")),
          Suite("AES_CM_128_HMAC_SHA1_32", 30, caps_of("aes-128-icm", "hmac-sha1-32")),
          Suite("AEAD_AES_128_GCM", 28, caps_of("aes-128-gcm", "null")),
          Suite("AEAD_AES_256_GCM", 44, caps_of("aes-256-gcm", "null"))]
FFMPEGS = SUITES[:2]


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    wanted = [(f"srtp-out/{suite.name} to GStreamer, and twice the same datagrams", lambda stage, suite=suite: gstreamer_case(stage, suite))
              for suite in SUITES]
    wanted += [(f"srtp-out/{suite.name} to ffmpeg, by `fanlight sdp --with-keys`", lambda stage, suite=suite: described(stage, suite))
               for suite in FFMPEGS]
    wanted += [("srtp-out/somebody comes after the numbers have wrapped", latecomer),
               ("srtp-out/added with a key from a file, and worn out", at_run_time)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def start(stage: Stage, *tables: str) -> str:
    """A relay with these destinations; answers where publishers call."""
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(STREAM)], more="".join(tables)))
    return address


def counted(stage: Stage, counter: str) -> int:
    return sum(int(float(value)) for name, value in stage.relay.metrics().items() if name.startswith(f"fanlight_{counter}"))


class Ear:
    """A port that keeps each datagram as it came."""

    def __init__(self, port: int):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(0.5)

    def heard(self) -> list[bytes]:
        datagrams = []
        try:
            while True:
                datagrams.append(self._socket.recv(2048))
        except TimeoutError:
            return datagrams

    def close(self) -> None:
        self._socket.close()


def gstreamer(suite: Suite, port: int, ssrc: int, path: Path) -> list[str]:
    caps = (f"application/x-srtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33,ssrc=(uint){ssrc},"
            f"srtp-key=(buffer){suite.key.hex()},{suite.gst}")
    return ["gst-launch-1.0", "-q", "udpsrc", f"port={port}", "buffer-size=8000000", f"caps={caps}", "!", "srtpdec", "!",
            "rtpmp2tdepay", "!", "filesink", f"location={path}", "sync=false", "buffer-mode=unbuffered"]


def gstreamer_case(stage: Stage, suite: Suite) -> str:
    """gst-launch wants to be told the SSRC, which a second destination of the same key hears in clear."""
    require_tools("gst-launch-1.0")
    if subprocess.run(["gst-inspect-1.0", "--exists", "srtpdec"], check=False).returncode != 0:
        raise Skip("GStreamer has no srtpdec")
    port, beside = even_pair(), even_pair()
    ears = [Ear(port), Ear(beside)]
    address = start(stage, suite.table(port), suite.table(beside))
    first = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=1, rate=RATE)
    first.finish(20)
    one, other = (ear.heard() for ear in ears)
    claim(one and one == other, f"{len(one)} datagrams and {len(other)}, not the same; {stage.relay.calls()}")
    made = counted(stage, "srtp_made")
    claim(made == len(one), f"{made} encryptions for {len(one)} packets to each of two")
    ears[0].close()
    path = stage.work / "received.ts"
    path.touch()
    ssrc = int.from_bytes(one[0][8:12], "big")
    viewing = Viewing(clients.GSTREAMER, stage.processes.start("receiver", gstreamer(suite, port, ssrc, path)), path)
    claim(wait_for_udp(port), "the receiver does not listen")
    publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {stage.relay.calls()}; {verdicts(stage)}")
    return f"{outcome.packets} packets, bit-exact; {len(one)} datagrams twice the same"


def film(stage: Stage) -> Path:
    require_tools("ffmpeg")
    path = stage.work / "film.ts"
    subprocess.run(["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i",
                    "testsrc2=size=320x180:rate=25", "-t", "6", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                    "-g", "25", "-bf", "0", str(path)], check=True, timeout=60)
    return path


def behind_another(description: str) -> str:
    """ffmpeg passes over a=crypto until a section has made it a stream, which one of MP2T does not: one of data stands before it."""
    return description.replace("m=video", f"m=application {even_pair()} RTP/AVP 96\r\nm=video", 1)


def described(stage: Stage, suite: Suite) -> str:
    source, port = film(stage), even_pair()
    address = start(stage, suite.table(port))
    shown = stage.relay.ask("sdp", STREAM, as_json=False)
    claim("RTP/SAVP" in shown.stdout and "inline:" not in shown.stdout and "--with-keys" in shown.stderr, f"{shown}")
    description = stage.work / "main.sdp"
    keyed = stage.relay.ask("sdp", STREAM, "--with-keys", as_json=False).stdout
    claim(f"a=crypto:1 {suite.name} inline:{suite.base64}" in keyed, "no a=crypto in it")
    description.write_text(behind_another(keyed))
    path = stage.work / "received.ts"
    receiver = stage.processes.start("receiver", [
        "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-y", "-protocol_whitelist", "file,crypto,rtp,srtp,udp",
        "-i", str(description), "-map", "0:v", "-c", "copy", "-flush_packets", "1", "-f", "mpegts", str(path)])
    claim(wait_for_udp(port), "the receiver does not listen")
    sending = stage.processes.start("sender", [
        "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-i", str(source), "-c", "copy", "-f", "mpegts",
        f"srt://{address}?mode=caller&transtype=live&pkt_size=1316&streamid=publish:{STREAM}"])
    sending.popen.wait(30)
    time.sleep(1)
    receiver.stop(signal.SIGINT)
    sent, got = frame_sums(source), frame_sums(path)
    held_back = 5  # By its reader, until the next picture begins, and by its writer.
    claim(len(got) >= len(sent) - held_back and got == sent[:len(got)],
          f"{len(got)} of {len(sent)} pictures; {stage.relay.calls()}; {receiver.log_tail(5)}")
    key = suite.base64[:12]
    claim(key not in stage.relay.process.log.read_text() and key not in str(stage.relay.calls()), "the key was shown")
    return f"{len(got)} of {len(sent)} pictures as they were"


def payloads(read: bytes) -> list[bytes]:
    """Of whole RTP packets, end to end with the RTCP packets that ffmpeg's srtp: reads as well."""
    found, at = [], 0
    while at + 4 <= len(read):
        report = 200 <= read[at + 1] <= 206
        end = at + (4 * (int.from_bytes(read[at + 2:at + 4], "big") + 1) if report else 12 + clients.PAYLOAD)
        if not report and end <= len(read):
            found.append(read[at + 12:end])
        at = end
    return found


def latecomer(stage: Stage) -> str:
    """More than 65,536 packets go to a neighbour with the same key before somebody listens here."""
    require_tools("ffmpeg")
    suite, port, beside = FFMPEGS[0], even_pair(), even_pair()
    neighbour = Ear(beside)
    address = start(stage, suite.table(port), suite.table(beside))
    first = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=9, rate=8_000)
    claim(wait_until(lambda: stage.relay.calls()[0]["state"] == "paused", 8, 0.1), f"{stage.relay.calls()}")
    first.finish(40)
    made = counted(stage, "srtp_made")
    claim(made > 66_000, f"{made} packets, which do not wrap")
    path = stage.work / "received"
    receiver = stage.processes.start("receiver", [
        "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-y", "-srtp_in_suite", suite.name, "-srtp_in_params", suite.base64,
        "-f", "data", "-i", f"srtp://127.0.0.1:{port}", "-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", str(path)])
    second = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=20, rate=100)
    claim(wait_until(lambda: path.exists() and path.stat().st_size > 100 * clients.PAYLOAD, 20, 0.2),
          f"nothing was read: {stage.relay.calls()}; {receiver.log_tail(5)}")
    second.finish(40)
    receiver.stop(signal.SIGINT)
    neighbour.close()
    whole = payloads(path.read_bytes())
    claim(whole and b"".join(whole) in second.copy.read_bytes(), f"{len(whole)} packets, not what was sent")
    late = counted(stage, "srtp_late_joins")
    claim(late == 0, f"{late} late joins")
    return f"after {made} packets, {len(whole)} read, bit-exact"


def at_run_time(stage: Stage) -> str:
    suite, port = SUITES[2], even_pair()
    address = start(stage)
    ear = Ear(port)
    path = stage.work / "key"
    path.write_text(f"{suite.name} inline:{suite.base64}|500\n")
    path.chmod(0o600)
    url = f"rtp://127.0.0.1:{port}"
    beside = stage.relay.ask("viewer", "add", f"{url}?nack=1", "--stream", STREAM, "--srtp-file", str(path), as_json=False)
    claim(beside.returncode == 1 and "beside nack=1" in beside.stderr, f"not refused: {beside}")
    added = stage.relay.ask("viewer", "add", url, "--stream", STREAM, "--srtp-file", str(path), as_json=False)
    claim(added.returncode == 0, f"refused: {added}")
    publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
    claim(wait_until(lambda: stage.relay.calls()[0]["state"] == "worn out", 10, 0.1), f"{stage.relay.calls()}")
    publishing.finish(SECONDS + 20)
    heard = [one for one in ear.heard() if not 200 <= one[1] <= 206]
    claim(450 < len(heard) <= 500, f"{len(heard)} packets under a key for 500")
    return f"{len(heard)} packets under a key for 500, then none"
