"""Lost RTP is asked for again, or comes by a second leg: GStreamer asks us, we ask GStreamer, and links in between lose
a share of it.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import json
import random
import selectors
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import clients
from compare import compare
from processes import wait_for_udp, wait_until
from rtp_cases import ffmpeg_rtp, frame_sums, free_pair, start as start_feeds, verdicts
from rtp_out_cases import STREAM, even_pair, start as start_destinations
from testing import Publishing, Results, Stage, Viewing, claim, judge, on_a_stage, require_tools

SECONDS = 5
RATE = 400
LOSS = 0.05
Loses = Callable[[bytes], bool]
BANDWIDTH = 10_000_000  # Of the session: a receiver says no more than RTCP's share of it.
CAPS = "application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33"
RTX_MAP = "payload-type-map=application/x-rtp-pt-map,33=(uint)97"


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    wanted = [("retransmission/GStreamer asks us, the same packet again", lambda stage: gstreamer_asks(stage, is_rtx=False)),
              ("retransmission/GStreamer asks us, RFC 4588", lambda stage: gstreamer_asks(stage, is_rtx=True)),
              ("retransmission/GStreamer's rtpbin asks us by itself", rtpbin_asks),
              ("retransmission/who does not ask is not disturbed", nobody_asks),
              ("retransmission/ffmpeg is not disturbed by what comes twice", lambda stage: beside_who_asks(stage, "nack=1")),
              ("retransmission/ffmpeg is not disturbed by RFC 4588", lambda stage: beside_who_asks(stage, "nack=1&rtx_pt=97")),
              ("retransmission/we ask GStreamer's rtprtxsend", we_ask),
              ("two-ways/GStreamer sends by two, each loses a share, then one dies",
               lambda stage: legs_in(stage, lambda ports: f'second = "rtp://127.0.0.1:{ports[1]}"')),
              ("two-ways/the same, as a session description has it", lambda stage: legs_in(stage, lambda ports: described(stage, ports))),
              ("two-ways/GStreamer receives by two, each loses a share", legs_out)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def a_share(seed: int = 1) -> Loses:
    """Loses that share of all packets."""
    chance = random.Random(seed)
    return lambda _: chance.random() < LOSS


def a_share_once(seed: int = 1) -> Loses:
    """The same, and what comes again gets through."""
    loses, lost = a_share(seed), set()

    def loses_once(datagram: bytes) -> bool:
        number = struct.unpack_from("!H", datagram, 2)[0]
        return number not in lost and loses(datagram) and not lost.add(number)
    return loses_once


def share_of_leg(leg: int) -> Loses:
    """The same share, by the packets' numbers: at random, but nothing on both legs."""
    def loses(datagram: bytes) -> bool:
        return leg * LOSS <= random.Random(struct.unpack_from("!H", datagram, 2)[0]).random() < (leg + 1) * LOSS
    return loses


def nothing(_: bytes) -> bool:
    return False


# Nothing is lost of a leg's first packets: what is lost in front of the first that comes, no receiver can count, and one that
# hears of two legs begins with what comes first on either.
_BEGINNING = 10


class Link:
    """Ports of `host` that lead to some of `far`, each with what it loses; what comes back goes to `back`."""

    def __init__(self, ways: dict[int, tuple[int, Loses]], back: int | None = None, host: str = "127.0.0.1", far: str = "127.0.0.1",
                 keeps: bool = False) -> None:
        self.lost = self.passed = 0
        self.kept: list[bytes] | None = [] if keeps else None  # What it passed on.
        self._host, self._far = host, far
        self._is_whole = False
        self._selector = selectors.DefaultSelector()
        self._is_over = threading.Event()
        for port, (to, loses) in ways.items():
            entrance = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            entrance.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            entrance.bind((host, port))
            entrance.setblocking(False)
            self._selector.register(entrance, selectors.EVENT_READ, (to, loses, back))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over.is_set():
            for key, _ in self._selector.select(0.1):
                self._forward(key.fileobj, *key.data)

    def _forward(self, entrance: socket.socket, to: int, loses: Loses, back: int | None) -> None:
        try:
            datagram, sender = entrance.recvfrom(2048)
            if back is not None and sender[1] in (to, to - 1, to + 1):
                entrance.sendto(datagram, (self._host, back))
            elif not self._is_whole and self.passed >= _BEGINNING and loses(datagram):
                self.lost += 1
            else:
                self.passed += 1
                if self.kept is not None:
                    self.kept.append(datagram)
                entrance.sendto(datagram, (self._far, to))
        except OSError:
            pass  # ICMP of who is not there yet.

    def heal(self) -> None:
        """It loses nothing from now on."""
        self._is_whole = True

    def end(self) -> None:
        if self._is_over.is_set():
            return
        self._is_over.set()
        self._thread.join(2)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()


def asking_receiver(port: int, relay: str, path: Path, is_rtx: bool, host: str = "127.0.0.1") -> list[str]:
    relay_host, relay_port = relay.rsplit(":", 1)
    apart = ["rtprtxreceive", RTX_MAP, "!"] if is_rtx else []
    return ["gst-launch-1.0", "-q", "rtpsession", "name=s", "rtp-profile=avpf", f"bandwidth={BANDWIDTH}",
            "udpsrc", f"address={host}", f"port={port}", "buffer-size=4000000", f"caps={CAPS},rtcp-fb-nack=(boolean)true",
            "!", "s.recv_rtp_sink", "s.recv_rtp_src", "!", *apart, "rtpssrcdemux", "!", "rtpjitterbuffer", "do-retransmission=true", "rtx-delay=30", "rtx-retry-timeout=60", "latency=1000", "!",
            "rtpmp2tdepay", "!", "filesink", f"location={path}", "buffer-mode=unbuffered", "sync=false",
            "udpsrc", f"address={host}", f"port={port + 1}", "!", "s.recv_rtcp_sink",
            "s.send_rtcp_src", "!", "udpsink", f"host={relay_host}", f"port={relay_port}", "sync=false", "async=false"]


def rtpbin_receiver(port: int, relay: str, path: Path) -> list[str]:
    """As applications have it: all that stands between the sockets and the payload, in one element."""
    relay_host, relay_port = relay.rsplit(":", 1)
    return ["gst-launch-1.0", "-q", "rtpbin", "name=b", "do-retransmission=true", "rtp-profile=avpf", "latency=1000",
            "udpsrc", "address=127.0.0.1", f"port={port}", "buffer-size=4000000", f"caps={CAPS},rtcp-fb-nack=(boolean)true", "!", "b.recv_rtp_sink_0",
            "b.", "!", "rtpmp2tdepay", "!", "filesink", f"location={path}", "buffer-mode=unbuffered", "sync=false",
            "udpsrc", "address=127.0.0.1", f"port={port + 1}", "!", "b.recv_rtcp_sink_0",
            "b.send_rtcp_src_0", "!", "udpsink", f"host={relay_host}", f"port={relay_port}", "sync=false", "async=false"]


def asked(stage: Stage) -> dict:
    """What became of what was asked for."""
    worker = json.loads(stage.relay.ask("status").stdout)["worker"]
    return {name: count for name, count in worker.items() if name.startswith(("nak_", "repairs_", "reports_")) and count}


def session_of(stage: Stage, role: str) -> dict:
    return next(one for one in stage.relay.sessions() if one["role"] == role)


def rtpbin_asks(stage: Stage) -> str:
    return somebody_asks(stage, "nack=1", rtpbin_receiver, a_share_once())


def gstreamer_asks(stage: Stage, is_rtx: bool) -> str:
    options = "nack=1" + ("&rtx_pt=97" if is_rtx else "")
    return somebody_asks(stage, options, lambda *where: asking_receiver(*where, is_rtx), a_share())


def somebody_asks(stage: Stage, options: str, command: Callable[[int, str, Path], list[str]], loses: Loses) -> str:
    require_tools("gst-launch-1.0")
    entrance, port = even_pair(), even_pair()
    address = start_destinations(stage, f"rtp://127.0.0.1:{entrance}?{options}")
    path = stage.work / "received.ts"
    path.touch()
    receiver = stage.processes.start("receiver", command(port, address, path))
    viewing = Viewing(clients.GSTREAMER, receiver, path)
    claim(wait_for_udp(port), "the receiver does not listen")
    link = Link({entrance: (port, loses), entrance + 1: (port + 1, nothing)})
    try:
        publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
        wait_until(lambda: link.passed > RATE * (SECONDS - 1), SECONDS + 5)
        link.heal()  # What is lost behind the last packet, nobody can miss.
        publishing.finish(SECONDS + 20)
        time.sleep(2.5)
    finally:
        link.end()
    again = session_of(stage, "viewer")["repaired"]
    outcome = judge(publishing, viewing)
    claim(link.lost > RATE * SECONDS * LOSS / 3, f"only {link.lost} lost")
    claim(outcome.bit_exact and outcome.packets == outcome.published,
          f"{outcome}; {link.lost} lost, {again} sent again; {asked(stage)}; {verdicts(stage)}")
    return f"{outcome.packets} packets, bit-exact; {link.lost} lost on the way, {again} sent again"


def nobody_asks(stage: Stage) -> str:
    require_tools("gst-launch-1.0")
    port = even_pair()
    path = stage.work / "received.ts"
    path.touch()
    receiver = stage.processes.start("receiver", clients.rtp_receiver("127.0.0.1", port, str(path)))
    viewing = Viewing(clients.GSTREAMER, receiver, path)
    claim(wait_for_udp(port), "the receiver does not listen")
    address = start_destinations(stage, f"rtp://127.0.0.1:{port}?nack=1&rtx_pt=97")
    publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcome = judge(publishing, viewing)
    again = session_of(stage, "viewer")["repaired"]
    claim(outcome.bit_exact and outcome.packets == outcome.published and again == 0, f"{outcome}; {again} sent again")
    return f"{outcome.packets} packets, bit-exact, none twice"


class Asker:
    """Sees what passes, loses nothing, and asks for each 20th packet again in the name of its receiver: behind a few others,
    which tell a receiver that one is missing."""

    def __init__(self, relay: str) -> None:
        host, port = relay.rsplit(":", 1)
        self._relay, self._seen = (host, int(port)), 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __call__(self, datagram: bytes) -> bool:
        kind, number, ssrc = struct.unpack_from("!xBH4xI", datagram)
        self._seen += kind & 0x7F == 33
        if kind & 0x7F == 33 and self._seen % 20 == 0:  # An empty receiver report, and RFC 4585's NACK of one number.
            missed = (number - 5) & 0xFFFF
            self._socket.sendto(struct.pack("!BBHIBBHIIHH", 0x80, 201, 1, 7, 0x81, 205, 3, 7, ssrc, missed, 0), self._relay)
        return False


def beside_who_asks(stage: Stage, options: str) -> str:
    """It reads `fanlight sdp`, asks for nothing and gets what somebody asked for: its pictures are those that were sent."""
    require_tools("ffmpeg")
    entrance, port, feed = even_pair(), even_pair(), free_pair()
    address = start_destinations(stage, f"rtp://127.0.0.1:{entrance}?{options}", more=f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{feed}"\n')
    description, path, sent = stage.work / "out.sdp", stage.work / "received.ts", stage.work / "sent.ts"
    said = stage.relay.ask("sdp", STREAM, as_json=False).stdout
    description.write_text(said.replace(f" {entrance} RTP", f" {port} RTP"))
    receiver = stage.processes.start("receiver", ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-loglevel", "warning", "-protocol_whitelist",
                                                  "file,udp,rtp", "-i", str(description), "-map", "0:v", "-c", "copy", "-flush_packets", "1", "-f", "mpegts", str(path)])
    claim(wait_for_udp(port), "the receiver does not listen")
    link = Link({entrance: (port, Asker(address)), entrance + 1: (port + 1, nothing)})
    try:
        stage.processes.start("sender", ffmpeg_rtp(feed, sent)).popen.wait(40)
        time.sleep(1)
    finally:
        link.end()
    again = session_of(stage, "viewer")["repaired"]
    receiver.stop(signal.SIGINT)
    got, wanted = frame_sums(path)[:-1], frame_sums(sent)  # The last one is cut.
    held_back = 5  # By its reader, until the next picture begins, and by its writer.
    claim(again > 15, f"{again} sent again; {asked(stage)}; {verdicts(stage)}")
    claim(len(got) >= len(wanted) - held_back and got == wanted[:len(got)], f"{len(got)} pictures of {len(wanted)}; {again} sent again")
    return f"{len(got)} of {len(wanted)} pictures, equal; {again} packets came twice"


def answering_sender(rtp: int, rtcp: int, feedback: int, host: str = "127.0.0.1") -> list[str]:
    """Reads payloads of 1,316 bytes from stdin; hears RTCP at `feedback`."""
    sink = [f"host={host}", "sync=false", "async=false"]
    return ["gst-launch-1.0", "-q", "rtpsession", "name=s", "rtp-profile=avpf", "fdsrc", "fd=0", "do-timestamp=true", f"blocksize={clients.PAYLOAD}", "!",
            "video/mpegts,packetsize=188,systemstream=true", "!", "rtpmp2tpay", "mtu=1328", "!",
            "rtprtxsend", RTX_MAP, "max-size-packets=1000", "!", "s.send_rtp_sink",
            "s.send_rtp_src", "!", "udpsink", f"port={rtp}", *sink, "s.send_rtcp_src", "!", "udpsink", f"port={rtcp}", *sink,
            "udpsrc", f"address={host}", f"port={feedback}", "!", "s.recv_rtcp_sink"]


def we_ask(stage: Stage) -> str:
    require_tools("gst-launch-1.0")
    port, entrance, feedback = free_pair(), free_pair(), free_pair()
    address = start_feeds(stage, (STREAM, f"rtp://127.0.0.1:{port}", "nack = true\nrtx_pt = 97\nsource = \"127.0.0.1\""))
    # What GStreamer repairs late, since the host is busy, is played all the same.
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM, latency_ms=1000))
    stage.wait_for_sessions("viewer", 1)
    link = Link({entrance: (port, a_share()), entrance + 1: (port + 1, nothing)}, back=feedback)
    try:
        publishing: Publishing = stage.publish_with("sender", answering_sender(entrance, entrance + 1, feedback), seconds=SECONDS, rate=RATE)
        wait_until(lambda: link.passed > RATE * (SECONDS - 1), SECONDS + 5)
        link.heal()
        publishing.finish(SECONDS + 20)
        time.sleep(1)
    finally:
        link.end()
    session = session_of(stage, "publisher")
    outcome = judge(publishing, viewing)
    claim(link.lost > RATE * SECONDS * LOSS / 3, f"only {link.lost} lost")
    claim(outcome.bit_exact and outcome.packets == outcome.published,
          f"{outcome}; {link.lost} lost on the way; {session}; {asked(stage)}; {verdicts(stage)}")
    return f"{outcome.packets} packets, bit-exact; {link.lost} lost on the way, {session['repaired']} repaired"


def sender_by_two(first: int, second: int, host: str = "127.0.0.1") -> list[str]:
    """Reads payloads of 1,316 bytes from stdin; the same packets go to both ports."""
    sink = [f"host={host}", "sync=false", "async=false"]
    return ["gst-launch-1.0", "-q", "fdsrc", "fd=0", "do-timestamp=true", f"blocksize={clients.PAYLOAD}", "!", "video/mpegts,packetsize=188,systemstream=true", "!",
            "rtpmp2tpay", "mtu=1328", "!", "tee", "name=t", "t.", "!", "udpsink", f"port={first}", *sink,
            "t.", "!", "udpsink", f"port={second}", *sink]


def described(stage: Stage, ports: list[int]) -> str:
    """RFC 7104, as senders of SMPTE ST 2022-7 write it."""
    path = stage.work / "legs.sdp"
    legs = "".join(f"m=video {port} RTP/AVP 33\r\nc=IN IP4 127.0.0.1\r\na=source-filter: incl IN IP4 * 127.0.0.1\r\n"
                   f"a=ssrc:1 cname:another\r\na=mid:leg{number}\r\n" for number, port in enumerate(ports))
    path.write_text(f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=two legs\r\nt=0 0\r\na=group:DUP leg0 leg1\r\n{legs}", newline="")
    path.chmod(0o644)
    stage.work.chmod(0o755)
    return f'sdp = "{path}"'


def legs_in(stage: Stage, more: Callable[[list[int]], str]) -> str:
    require_tools("gst-launch-1.0")
    ports = [free_pair(), free_pair()]
    entrances = [free_pair(), free_pair()]
    address = start_feeds(stage, (STREAM, f"rtp://127.0.0.1:{ports[0]}", more(ports)))
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    links = [Link({entrance: (port, share_of_leg(leg))}) for leg, (entrance, port) in enumerate(zip(entrances, ports))]
    try:
        publishing = stage.publish_with("sender", sender_by_two(*entrances), seconds=SECONDS, rate=RATE)
        claim(wait_until(lambda: links[0].passed > RATE * SECONDS / 2, SECONDS + 5), "too few came")
        links[1].heal()
        time.sleep(0.2)  # What the second lost lately came by the first.
        links[0].end()
        publishing.finish(SECONDS + 20)
        time.sleep(1)
        legs = json.loads(stage.relay.ask("feed", "list").stdout)["feeds"][0]["legs"]
    finally:
        for link in links:
            link.end()
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {legs}; {verdicts(stage)}")
    claim(all(leg["packets"] > 0 for leg in legs) and legs[1]["lost"] == links[1].lost, f"{legs}, {[link.lost for link in links]} lost")
    return f"{outcome.packets} packets, bit-exact; {links[0].lost} and {links[1].lost} lost on the legs; {legs}"


def merge(links: list[Link], path: Path) -> Path:
    """Each number once, in order: what SMPTE ST 2022-7 has a receiver of these legs make of them."""
    first = struct.unpack_from("!H", links[0].kept[0], 2)[0]
    packets = {}
    for datagram in (one for link in links for one in link.kept):
        number = struct.unpack_from("!H", datagram, 2)[0]
        packets.setdefault((number - first + 0x8000) % 0x10000, datagram[12:])
    path.write_bytes(b"".join(packets[number] for number in sorted(packets)))
    return path


def judge_merged(publishing, viewing: Viewing, links: list[Link], words: str) -> str:
    """The legs together are what was published, to the byte. GStreamer's jitter buffer makes that of them, but for a packet or two that its
    sockets had on a busy host, and it has not; with one leg alone, it would lack one in twenty."""
    together = compare(publishing.copy, merge(links, viewing.path.with_suffix(".merged.ts")))
    claim(together.bit_exact and together.packets == together.published, f"{together}; {words}")
    outcome = judge(publishing, viewing)
    claim(outcome.foreign == 0 and outcome.packets >= 0.99 * outcome.published, f"{outcome}, of {together}; {words}")
    return f"{together.packets} packets, bit-exact, of which GStreamer has {outcome.packets}"


# What a busy host may hold one leg up for, while the other has lost the packet.
PATIENCE_MS = 1_000


def receiver_by_two(ports: list[int], path: Path, host: str = "127.0.0.1") -> list[str]:
    sources = [word for port in ports for word in ("udpsrc", f"address={host}", f"port={port}", "buffer-size=4000000", f"caps={CAPS}", "!", "f.")]
    return ["gst-launch-1.0", "-q", "funnel", "name=f", "!", "rtpjitterbuffer", f"latency={PATIENCE_MS}", "!", "rtpmp2tdepay", "!",
            "filesink", f"location={path}", "buffer-mode=unbuffered", "sync=false", *sources]


def legs_out(stage: Stage) -> str:
    require_tools("gst-launch-1.0")
    ports = [even_pair(), even_pair()]
    entrances = [even_pair(), even_pair()]
    path = stage.work / "received.ts"
    path.touch()
    receiver = stage.processes.start("receiver", receiver_by_two(ports, path))
    viewing = Viewing(clients.GSTREAMER, receiver, path)
    claim(wait_for_udp(*ports), "the receiver does not listen")
    address = start_destinations(stage, f"rtp://127.0.0.1:{entrances[0]}?second=127.0.0.1:{entrances[1]}")
    links = [Link({entrance: (port, share_of_leg(leg))}, keeps=True) for leg, (entrance, port) in enumerate(zip(entrances, ports))]
    try:
        publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
        publishing.finish(SECONDS + 20)
        time.sleep(1 + PATIENCE_MS / 1e3)
    finally:
        for link in links:
            link.end()
    lost = [link.lost for link in links]
    claim(min(lost) > 20, f"the links lost {lost}")
    told = judge_merged(publishing, viewing, links, f"{lost} lost; {stage.relay.sessions()}; {verdicts(stage)}")
    return f"{told}; {lost} lost on the legs"
