"""SMPTE 2022-1 FEC between strangers and the relay, over links that lose: bytes are compared.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Callable

import clients
import relay as relays
from fec_link import LEGS, FecLink
from processes import wait_for_udp, wait_until
from rtp_cases import verdicts
from testing import Results, Stage, claim, on_a_stage, require_tools

STREAM = "interop/main"
SECONDS = 4
RATE = 500
COLUMNS, ROWS = 5, 6
LATENCY_MS = 600  # A column's FEC is over when the next matrix is.


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    wanted = [("fec/GStreamer sends rows and columns, single losses", lambda stage: gstreamer(stage, singles)),
              ("fec/GStreamer sends rows and columns, bursts of a row", lambda stage: gstreamer(stage, bursts)),
              ("fec/GStreamer sends rows and columns, what takes both by turns", lambda stage: gstreamer(stage, by_turns)),
              ("fec/GStreamer sends columns alone, bursts of a row", lambda stage: gstreamer(stage, bursts, "enable-row-fec=false")),
              ("fec/ffmpeg's prompeg, bursts of a row", ffmpeg),
              ("fec/to GStreamer, single losses", lambda stage: to_gstreamer(stage, singles)),
              ("fec/to GStreamer, bursts of a row", lambda stage: to_gstreamer(stage, bursts)),
              ("fec/to GStreamer, what takes both by turns", lambda stage: to_gstreamer(stage, by_turns)),
              ("fec/to GStreamer, columns alone, bursts of a row", lambda stage: to_gstreamer(stage, bursts, is_2d=False)),
              ("fec/in and out, lossy on both sides", across)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


# --- what is lost: of matrices of COLUMNS by ROWS, the first and the last ones left alone

def in_matrix(number: int) -> tuple[int, int]:
    return number // (COLUMNS * ROWS), number % (COLUMNS * ROWS)


def singles(leg: int, number: int) -> bool:
    matrix, place = in_matrix(number)
    return leg == 0 and matrix > 0 and place == matrix % (COLUMNS * ROWS)


def bursts(leg: int, number: int) -> bool:
    """As long as a row, beginning anywhere: columns alone bring it back."""
    matrix, place = in_matrix(number)
    begin = matrix % (COLUMNS * (ROWS - 1))
    return leg == 0 and matrix > 0 and begin <= place < begin + COLUMNS


def by_turns(leg: int, number: int) -> bool:
    """Two each in rows 0 and 1 and in columns 1 and 2, but for one: each line that is repaired makes the next one possible.

      · x x · ·
      · x · · ·     row 1 brings back 6, column 1 then 1, row 0 then 2
      · · x · ·     column 2 then 12; 18 and 23 need column 3, row 3 and row 4
      · · · x ·
      · · · x ·
    """
    matrix, place = in_matrix(number)
    return leg == 0 and matrix > 0 and place in (1, 2, 6, 12, 18, 23)


def free_ports() -> int:
    """An even port, with those of RTCP and FEC behind it free and nobody else's."""
    return relays.free_udp_ports(6, multiple_of=2)


def fed_stream(stage: Stage, port: int) -> str:
    """A relay with a feed there that hears FEC; answers where viewers call."""
    address = f"127.0.0.1:{relays.free_udp_port()}"
    feed = f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{port}"\nfec = true\n'
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(STREAM, latency_ms=LATENCY_MS)], more=feed))
    return address


def fed_over(stage: Stage, loses: Callable[[int, int], bool], send: Callable[[Stage, int], None], packets: int) -> str:
    """`send` sends to a port whose link loses; nothing of the last two matrices is lost."""
    link_port, port = free_ports(), free_ports()
    address = fed_stream(stage, port)
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM, latency_ms=2 * LATENCY_MS))
    stage.wait_for_sessions("viewer", 1)
    last = packets - 2 * COLUMNS * ROWS
    with FecLink(link_port, port, lambda leg, number: (leg != 0 or number < last) and loses(leg, number)) as link:
        send(stage, link_port)
        wait_until(lambda: viewing.size() >= len(link.sent()), 4, 0.2)
    viewing.process.stop(signal.SIGINT)
    session = next(one for one in stage.relay.sessions() if one["role"] == "publisher")
    repaired = int(session["repaired"])
    claim(len(link.lost) > 40, f"the link lost {len(link.lost)} of {len(link.payloads)}: too few to say anything")
    claim(viewing.path.read_bytes() == link.sent(),
          f"{viewing.size()} bytes of {len(link.sent())}; {len(link.lost)} lost, {repaired} repaired, {verdicts(stage)}")
    claim(repaired == len(link.lost), f"{repaired} repaired of {len(link.lost)} lost; {session}")
    return f"{len(link.payloads)} packets, {len(link.lost)} lost and repaired, bit-exact"


def gstreamer(stage: Stage, loses: Callable[[int, int], bool], *options: str) -> str:
    require_tools("gst-launch-1.0")
    return fed_over(stage, loses, lambda stage, port: send_protected(stage, port, *options), SECONDS * RATE)


def send_protected(stage: Stage, port: int, *options: str) -> None:
    """GStreamer's encoder wants the SSRC to be 0. Numbers wrap."""
    sinks = [word for leg, pad in zip(LEGS, ("src", "fec_0", "fec_1"))
             for word in (f"fec.{pad}", "!", "queue", "!", "udpsink", "host=127.0.0.1", f"port={port + leg}", "sync=false", "async=false")]
    stage.publish_with("gstreamer", [
        "gst-launch-1.0", "-q", "fdsrc", "fd=0", f"blocksize={clients.PAYLOAD}", "do-timestamp=true", "!",
        "video/mpegts,packetsize=188,systemstream=true", "!", "rtpmp2tpay", "mtu=1328", "ssrc=0", "seqnum-offset=65000", "!",
        "rtpst2022-1-fecenc", "name=fec", f"columns={COLUMNS}", f"rows={ROWS}", *options, *sinks], seconds=SECONDS, rate=RATE
    ).finish(SECONDS + 20)


def ffmpeg(stage: Stage) -> str:
    """Its muxer makes the transport stream: what is compared is what it sent, before the link."""
    require_tools("ffmpeg")

    def send(stage: Stage, port: int) -> None:
        running = stage.processes.start("ffmpeg", [
            "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
            "-t", "8", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "3M", "-minrate", "3M", "-maxrate", "3M",
            "-bufsize", "1M", "-x264-params", "nal-hrd=cbr", "-f", "rtp_mpegts", "-fec", f"prompeg=l={COLUMNS}:d={ROWS}",
            f"rtp://127.0.0.1:{port}?pkt_size=1328"])
        running.popen.wait(40)

    return fed_over(stage, bursts, send, 1_500)


# --- out: the relay protects, GStreamer repairs

def decoder(port: int, path: Path) -> list[str]:
    """Writes the payload that it got or brought back. Its repaired packets are late ones: the jitter buffer sorts."""
    media = "application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33"
    legs = [word for leg in LEGS[1:] for word in ("udpsrc", "address=127.0.0.1", f"port={port + leg}", "caps=application/x-rtp,payload=96",
                                                  "!", "queue", "!", f"fec.fec_{leg // 2 - 1}")]
    return ["gst-launch-1.0", "-q", "rtpst2022-1-fecdec", "name=fec", "size-time=2000000000", "udpsrc", "address=127.0.0.1", f"port={port}",
            "buffer-size=4000000", f"caps={media}", "!", "queue", "!", "fec.sink", "fec.src", "!", "rtpjitterbuffer", "latency=1000", "!",
            "rtpmp2tdepay", "!", "filesink", f"location={path}", "buffer-mode=unbuffered", "sync=false", *legs]


def protected(is_2d: bool = True) -> relays.Stream:
    return relays.Stream(STREAM, latency_ms=LATENCY_MS, fec_columns=COLUMNS, fec_rows=ROWS, fec_2d=is_2d)


def received_over(stage: Stage, loses: Callable[[int, int], bool], port: int, send: Callable[[], None]) -> str:
    """`send` has the relay send to that port; GStreamer is behind a link that loses."""
    behind = free_ports()
    path = stage.work / "received.ts"
    path.touch()
    stage.processes.start("gstreamer", decoder(behind, path))
    claim(wait_for_udp(behind), "the receiver does not listen")
    last = SECONDS * RATE - 2 * COLUMNS * ROWS
    with FecLink(port, behind, lambda leg, number: (leg != 0 or number < last) and loses(leg, number)) as link:
        send()
        wait_until(lambda: path.stat().st_size >= len(link.sent()), 4, 0.2)
    claim(len(link.payloads) == SECONDS * RATE and len(link.lost) > 40, f"the link lost {len(link.lost)} of {len(link.payloads)}")
    claim(path.read_bytes() == link.sent(), f"{path.stat().st_size} bytes of {len(link.sent())}; {len(link.lost)} lost of "
          f"{len(link.payloads)}, {len(link.fec)} of FEC")
    return f"{len(link.payloads)} packets and {len(link.fec)} of FEC, {len(link.lost)} lost and repaired, bit-exact"


def to_gstreamer(stage: Stage, loses: Callable[[int, int], bool], *, is_2d: bool = True) -> str:
    require_tools("gst-launch-1.0")
    port, address = free_ports(), f"127.0.0.1:{relays.free_udp_port()}"
    table = f'[[destination]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{port}?fec=1"\n'
    stage.start_relay(relays.Configuration(listen=[address], streams=[protected(is_2d)], more=table))

    def send() -> None:
        stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE).finish(SECONDS + 20)

    return received_over(stage, loses, port, send)


def across(stage: Stage) -> str:
    """FEC in on a lossy link, other FEC out on another."""
    require_tools("gst-launch-1.0")
    link_port, feed_port, port = free_ports(), free_ports(), free_ports()
    tables = (f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{feed_port}"\nfec = true\n'
              f'[[destination]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{port}?fec=1"\n')
    stage.start_relay(relays.Configuration(listen=[f"127.0.0.1:{relays.free_udp_port()}"], streams=[protected()], more=tables))
    last = SECONDS * RATE - 2 * COLUMNS * ROWS

    def send() -> None:
        with FecLink(link_port, feed_port, lambda leg, number: (leg != 0 or number < last) and bursts(leg, number)) as link:
            send_protected(stage, link_port)
            time.sleep(1)
        claim(len(link.lost) > 40, f"the first link lost {len(link.lost)}")

    return received_over(stage, by_turns, port, send)
