"""Feeds under SRTP, as GStreamer (libsrtp) and ffmpeg send it: what an SRT viewer gets is what the sender read.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import base64
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import clients
import relay as relays
import veth
from processes import wait_until
from rtp_cases import RATE, SECONDS, STREAM, frame_sums, free_pair, over, reports_sent, start, verdicts
from testing import Publishing, Results, Skip, Stage, claim, judge, on_a_stage, require_tools


@dataclass(frozen=True)
class Suite:
    name: str    # As SDES has it.
    bytes: int   # Of key and salt.
    gst: str     # srtpenc's words for it.
    ffmpeg: str = ""

    def key(self, seed: int = 1) -> bytes:
        return bytes((seed * 41 + at * 7) % 256 for at in range(self.bytes))

    def text(self, key: bytes) -> str:
        return f"{self.name} inline:{base64.b64encode(key).decode()}"


CM_80 = Suite("AES_CM_128_HMAC_SHA1_80", 30, "", "AES_CM_128_HMAC_SHA1_80")
# By SDES's name ffmpeg puts a tag of 32 bits on SRTCP too, where RFC 4568 (6.2.2) wants 80; by DTLS's name it puts 80.
CM_32 = Suite("AES_CM_128_HMAC_SHA1_32", 30, "rtp-auth=hmac-sha1-32", "SRTP_AES128_CM_HMAC_SHA1_32")
# Under GCM libsrtp takes no HMAC beside the cipher's own tag.
GCM_128 = Suite("AEAD_AES_128_GCM", 28, "rtp-cipher=aes-128-gcm rtcp-cipher=aes-128-gcm rtp-auth=null rtcp-auth=null")
GCM_256 = Suite("AEAD_AES_256_GCM", 44, "rtp-cipher=aes-256-gcm rtcp-cipher=aes-256-gcm rtp-auth=null rtcp-auth=null")


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    wanted = [(f"srtp/{suite.name} from GStreamer", lambda stage, suite=suite: bytes_of_gstreamer(stage, suite))
              for suite in (CM_80, CM_32, GCM_128, GCM_256)]
    wanted += [(f"srtp/{suite.name} from ffmpeg, with reports", lambda stage, suite=suite: pictures_of_ffmpeg(stage, suite))
               for suite in (CM_80, CM_32)]
    wanted += [("srtp/a key in an SDP file", key_in_a_description),
               ("srtp/a sender that restarts", restart),
               ("srtp/a relay that starts after 66,000 packets", late_relay),
               ("srtp/another key", another_key),
               ("srtp/on a device, net_af_packet, two workers", lambda stage: over(stage, veth.VethLink(), on_a_device))]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def gstreamer(port: int, suite: Suite, key: bytes, host: str) -> list[str]:
    """Reads payloads of 1,316 bytes from stdin."""
    return ["gst-launch-1.0", "-q", "fdsrc", "fd=0", f"blocksize={clients.PAYLOAD}", "!",
            "video/mpegts,packetsize=188,systemstream=true", "!", "rtpmp2tpay", "mtu=1328", "!",
            "srtpenc", f"key={key.hex()}", *suite.gst.split(), "!",
            "udpsink", f"host={host}", f"port={port}", "sync=false", "async=false"]


def publish(stage: Stage, port: int, suite: Suite, key: bytes, *, host: str = "127.0.0.1", seconds: float = SECONDS,
            rate: float = RATE, **more) -> Publishing:
    if subprocess.run(["gst-inspect-1.0", "--exists", "srtpenc"], check=False).returncode != 0:
        raise Skip("GStreamer has no srtpenc")
    return stage.publish_with("sender", gstreamer(port, suite, key, host), seconds=seconds, rate=rate, **more)


def begin(stage: Stage, port: int, more: str):
    address = start(stage, (STREAM, f"rtp://127.0.0.1:{port}", more), workers=2)
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    return viewing


def bytes_of_gstreamer(stage: Stage, suite: Suite) -> str:
    port = free_pair()
    viewing = begin(stage, port, f'srtp = "{suite.text(suite.key())}"')
    publishing = publish(stage, port, suite, suite.key())
    publishing.finish(SECONDS + 20)
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {verdicts(stage)}")
    claim(stage.relay.feeds()[0]["srtp"] == suite.name, f"{stage.relay.feeds()}")
    return f"{outcome.packets} packets, bit-exact"


def ffmpeg(port: int, source: Path, suite: Suite, key: bytes) -> list[str]:
    return ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-i", str(source), "-c", "copy",
            "-srtp_out_suite", suite.ffmpeg, "-srtp_out_params", base64.b64encode(key).decode(),
            "-f", "rtp_mpegts", f"srtp://127.0.0.1:{port}?pkt_size=1328"]


def film(stage: Stage) -> Path:
    """Pictures until ffmpeg's second sender report, after 5 s, is answered: its first may overtake all RTP, and is nobody's."""
    require_tools("ffmpeg")
    path = stage.work / "film.ts"
    subprocess.run(["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i",
                    "testsrc2=size=320x180:rate=25", "-t", "14", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                    "-g", "25", "-bf", "0", str(path)], check=True, timeout=60)
    return path


def pictures_of_ffmpeg(stage: Stage, suite: Suite, more: str | None = None) -> str:
    source, port = film(stage), free_pair()
    viewing = begin(stage, port, f'srtp = "{suite.text(suite.key())}"' if more is None else more)
    running = stage.processes.start("ffmpeg", ffmpeg(port, source, suite, suite.key()))
    claim(wait_until(lambda: reports_sent(stage) >= 1, 16, 0.2), f"no report went: {verdicts(stage)}")
    running.popen.wait(40)
    time.sleep(1)
    viewing.process.stop()
    sent, got, seen = frame_sums(source), frame_sums(viewing.path), verdicts(stage)
    # ffmpeg never sends what is left in its muxer at the end, less than a packet: the last picture comes cut, or not at all.
    whole = len(sent) - 1
    claim(whole > 0 and len(got) in (whole, whole + 1) and got[:whole] == sent[:whole], f"{len(got)} of {len(sent)} pictures; {seen}")
    claim(not {"unauthentic", "unencrypted", "replayed", "malformed"} & seen.keys(), f"{seen}")
    return f"{len(got)} pictures, {reports_sent(stage)} reports of ours"


def key_in_a_description(stage: Stage) -> str:
    port, suite = free_pair(), GCM_128
    text = (f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=film\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video {port} RTP/SAVP 33\r\n"
            f"a=crypto:1 {suite.text(suite.key())}|2^31\r\n")
    path = stage.work / "film.sdp"
    path.write_text(text)
    user = relays.unprivileged_user()
    if user is not None:
        os.chown(path, user, -1)
    path.chmod(0o644)
    table = f'[[feed]]\nstream = "{STREAM}"\nsdp = "{path}"\n'
    address = f"127.0.0.1:{relays.free_udp_port()}"
    configuration = relays.Configuration(listen=[address], streams=[relays.Stream(STREAM)], more=table)
    refused = relays.run_briefly(stage.build, stage.work, configuration.toml(stage.api), user)
    said = refused.stdout + refused.stderr
    claim(refused.returncode != 0 and "with mode 0644 and a key in it (a=crypto)" in said, said)
    path.chmod(0o600)
    relay = stage.start_relay(configuration)
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    publishing = publish(stage, port, suite, suite.key())
    publishing.finish(SECONDS + 20)
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {verdicts(stage)}")
    secret = base64.b64encode(suite.key()).decode()
    shown = said + relay.process.log.read_text() + relay.ask("feed", "list").stdout
    claim(secret[:12] not in shown, "the key was shown")
    return f"{outcome.packets} packets, bit-exact; a file that strangers read is refused"


def restart(stage: Stage) -> str:
    """Another SSRC and other numbers under the same key, as GStreamer begins: the viewer stays."""
    port, suite = free_pair(), CM_80
    viewing = begin(stage, port, f'srtp = "{suite.text(suite.key())}"')
    first = publish(stage, port, suite, suite.key(), flavour=1)
    first.finish(SECONDS + 20)
    time.sleep(0.5)
    second = publish(stage, port, suite, suite.key(), flavour=2)
    second.finish(SECONDS + 20)
    time.sleep(1)
    viewing.process.stop()
    got, sent = viewing.path.read_bytes(), first.copy.read_bytes() + second.copy.read_bytes()
    claim(got == sent, f"{len(got)} of {len(sent)} bytes; {verdicts(stage)}")
    return f"{len(got)} bytes of two sources, as they were sent"


def late_relay(stage: Stage) -> str:
    """Its numbers have wrapped once when the relay comes: what it says of them is half of the truth."""
    port, suite, rate = free_pair(), GCM_128, 8_000
    publishing = publish(stage, port, suite, suite.key(), seconds=12, rate=rate)
    claim(wait_until(lambda: publishing.copy.exists() and publishing.copy.stat().st_size > 66_000 * clients.PAYLOAD, 20, 0.1),
          "the sender did not come that far")
    viewing = begin(stage, port, f'srtp = "{suite.text(suite.key())}"')
    publishing.finish(40)
    time.sleep(1)
    viewing.process.stop()
    got, sent, seen = viewing.path.read_bytes(), publishing.copy.read_bytes(), verdicts(stage)
    claim(len(got) > rate * clients.PAYLOAD and sent.endswith(got), f"{len(got)} of {len(sent)} bytes; {seen}")
    claim(seen.get("unauthentic", 0) <= 1_000, f"{seen}")  # One in eight is looked at closely, of seven on average.
    return f"the last {len(got) // clients.PAYLOAD} packets; {seen.get('unauthentic', 0)} until it knew"


def another_key(stage: Stage) -> str:
    """Nothing of it is taken, and the log says once what to look at; with the right key all goes on."""
    port, suite = free_pair(), CM_80
    viewing = begin(stage, port, f'srtp = "{suite.text(suite.key())}"')
    wrong = publish(stage, port, suite, suite.key(2))
    wrong.finish(SECONDS + 20)
    seen, log = verdicts(stage), stage.relay.process.log.read_text
    claim(viewing.size() == 0, f"{viewing.size()} bytes of another key's packets; {seen}")
    claim(seen.get("unauthentic", 0) >= SECONDS * RATE * 0.9 and seen.get("accepted", 0) == 0, f"{seen}")
    line = "is not authentic: another key or suite than AES_CM_128_HMAC_SHA1_80"
    claim(log().count(line) == 1, log()[-2_000:])
    feed = stage.relay.feeds()[0]
    claim(feed["state"] == "silent" and line in feed["failure"], f"{feed}")
    right = publish(stage, port, suite, suite.key(), flavour=1)
    right.finish(SECONDS + 20)
    outcome = judge(right, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {verdicts(stage)}")
    claim(stage.relay.feeds()[0]["failure"] == "", f"{stage.relay.feeds()}")
    return f"{seen['unauthentic']} packets of another key, none taken; then {outcome.packets}, bit-exact"


def on_a_device(stage: Stage, link: veth.VethLink) -> str:
    suite = GCM_128
    device = relays.Device(f"net_af_packet0,iface={link.relay_end},qpairs=2", f"{veth.RELAY_IPV4}/24", f"{veth.RELAY_IPV6}/64")
    table = f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://{veth.RELAY_IPV4}:5004"\nsrtp = "{suite.text(suite.key())}"\n'
    stage.start_relay(relays.Configuration(devices=[device], streams=[relays.Stream(STREAM)], workers=2, feed_ports=[5004, 5005],
                                           more=table), privileged=True)
    stage.clients_live_in(link)
    viewing = stage.view(clients.SLT, clients.Target(f"{veth.RELAY_IPV4}:9000", STREAM))
    stage.wait_for_sessions("viewer", 1)
    publishing = publish(stage, 5004, suite, suite.key(), host=veth.RELAY_IPV4)
    publishing.finish(SECONDS + 20)
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {verdicts(stage)}")
    return f"{outcome.packets} packets, bit-exact"
