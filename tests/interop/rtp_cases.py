"""RTP and bare transport streams in, SRT out: strangers send, strangers watch, and bytes are compared.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import clients
import feed as payloads
import relay as relays
import veth
from processes import stop_all, wait_until
from testing import Publishing, Results, Skip, Stage, claim, judge, on_a_stage, require_tools

STREAM = "interop/main"
SECONDS = 4
RATE = 500
GROUP_V4, GROUP_V6, GROUP_OF_LINK = "239.255.7.1", "[ff15::7:1]", "[ff12::7:1]"
MULTICAT = "multicat"


@dataclass(frozen=True)
class Case:
    scheme: str   # "rtp" or "udp".
    sender: str
    host: str = "127.0.0.1"
    viewer: str = clients.SLT

    @property
    def name(self) -> str:
        return f"rtp/{self.scheme} from {self.sender} to {self.host}/{self.viewer}"


CASES = [Case("rtp", MULTICAT, viewer=clients.FFMPEG), Case("rtp", clients.GSTREAMER, viewer=clients.GSTREAMER),
         Case("udp", clients.FFMPEG), Case("udp", MULTICAT), Case("udp", clients.GSTREAMER, "[::1]")]


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    wanted = [(case.name, lambda stage, case=case: relay_case(stage, case)) for case in CASES]
    wanted += [("rtp/ffmpeg's own RTP, picture by picture", pictures),
               ("rtp/ffmpeg hears reports of what it sends", reports),
               ("rtp/reordered, doubled and lost, over a 16-bit wrap", weather),
               ("rtp/a sender that restarts", restart),
               ("rtp/two streams on one port by SSRC", two_on_a_port),
               ("rtp/garbage is counted", garbage),
               ("rtp/on a device, net_af_packet", on_a_device),
               ("rtp/groups on a device, behind a bridge that asks", lambda stage: over(stage, veth.SnoopingLink(), groups_on_a_device)),
               ("rtp/groups on a device, behind a bridge that asks in IGMPv2 and MLDv1",
                lambda stage: over(stage, veth.SnoopingLink(igmp=2, mld=1), groups_on_a_device)),
               ("rtp/groups, with and without a source, IPv4 and IPv6", groups),
               ("rtp/groups on an interface that comes later, and anew", lambda stage: over(stage, veth.FickleLink(), later))]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def start(stage: Stage, *feeds: tuple[str, str, str], workers: int = 1) -> str:
    """A relay with these feeds (stream, URL, more keys); answers where viewers call."""
    address = f"127.0.0.1:{relays.free_udp_port()}"
    tables = "".join(f'[[feed]]\nstream = "{stream}"\nurl = "{url}"\n{more}\n' for stream, url, more in feeds)
    streams = [relays.Stream(stream) for stream, _, _ in feeds]
    stage.start_relay(relays.Configuration(listen=[address], streams=streams, workers=workers, more=tables))
    return address


def free_pair() -> int:
    """A port whose next one is free as well: RTCP's."""
    return relays.free_udp_ports(2)


def sender(case: Case, port: int, out_of: str | None = None) -> list[str]:
    """Reads payloads of 1,316 bytes from stdin."""
    to = f"{case.host}:{port}"
    if case.sender == MULTICAT:
        # -f: as it comes; it would go by a PCR that our payloads do not have.
        return ["multicat", "-f", *(["-U"] if case.scheme == "udp" else []), "/dev/stdin", to]
    if case.sender == clients.FFMPEG:
        return ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-f", "data", "-raw_packet_size", str(clients.PAYLOAD),
                "-i", "pipe:0", "-map", "0", "-c", "copy", "-f", "data", f"udp://{to}?pkt_size={clients.PAYLOAD}"]
    sink = ["udpsink", f"host={case.host.strip('[]')}", f"port={port}", "sync=false", "async=false"]
    if out_of is not None:
        sink += ["auto-multicast=true", f"multicast-iface={out_of}"]
    pay = ["!", "video/mpegts,packetsize=188,systemstream=true", "!", "rtpmp2tpay", "mtu=1328"] if case.scheme == "rtp" else []
    return ["gst-launch-1.0", "-q", "fdsrc", "fd=0", f"blocksize={clients.PAYLOAD}", *pay, "!", *sink]


def publish(stage: Stage, case: Case, port: int, out_of: str | None = None) -> Publishing:
    """`out_of`: the interface that a group's packets leave by."""
    require_tools({MULTICAT: MULTICAT, clients.FFMPEG: "ffmpeg", clients.GSTREAMER: "gst-launch-1.0"}[case.sender])
    return stage.publish_with("sender", sender(case, port, out_of), seconds=SECONDS, rate=RATE)


def relay_case(stage: Stage, case: Case) -> str:
    port = free_pair()
    address = start(stage, (STREAM, f"{case.scheme}://{case.host}:{port}", ""), workers=2)
    viewing = stage.view(case.viewer, clients.Target(address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    publishing = publish(stage, case, port)
    publishing.finish(SECONDS + 20)
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {verdicts(stage)}")
    return f"{outcome.packets} packets, bit-exact"


def verdicts(stage: Stage) -> dict[str, int]:
    """What became of datagrams on all workers, as the metrics have it."""
    found: dict[str, int] = {}
    for name, value in stage.relay.metrics().items():
        if name.startswith("fanlight_verdict_packets_total{") and float(value) > 0:
            verdict = name.split('verdict="')[1].split('"')[0]
            found[verdict] = found.get(verdict, 0) + int(float(value))
    return found


# --- pictures: ffmpeg makes its transport stream anew inside its RTP muxer, so what is compared is what it decodes to.

def frame_sums(path: Path) -> list[str]:
    done = subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-i", str(path), "-map", "0:v", "-f", "framemd5", "-"],
                          capture_output=True, text=True, timeout=60, check=False)
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if line and not line.startswith("#")]


def ffmpeg_rtp(port: int, sent: Path, options: str = "") -> list[str]:
    return ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
            "-t", "6", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-bf", "0", "-f", "tee", "-map", "0:v",
            f"[f=rtp_mpegts]rtp://127.0.0.1:{port}?pkt_size=1328{options}|[f=mpegts]{sent}"]


def pictures(stage: Stage) -> str:
    require_tools("ffmpeg")
    port = free_pair()
    address = start(stage, (STREAM, f"rtp://127.0.0.1:{port}", ""))
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    sent = stage.work / "sent.ts"
    stage.processes.start("ffmpeg", ffmpeg_rtp(port, sent)).popen.wait(40)
    time.sleep(1)
    viewing.process.stop()
    ours, theirs = frame_sums(viewing.path), frame_sums(sent)
    claim(len(theirs) == 150 and ours == theirs, f"{len(ours)} pictures of {len(theirs)}; {verdicts(stage)}")
    return f"{len(ours)} of {len(theirs)} pictures, equal"


def reports(stage: Stage) -> str:
    """Sender reports go in, receiver reports come back: both as ffmpeg and the relay send them, counted on the wire."""
    require_tools("ffmpeg")
    port, local = free_pair(), free_pair()
    start(stage, (STREAM, f"rtp://127.0.0.1:{port}", ""))
    options = f"&localrtpport={local}&localrtcpport={local + 1}"
    running = stage.processes.start("ffmpeg", ffmpeg_rtp(port, stage.work / "sent.ts", options))
    claim(wait_until(lambda: verdicts(stage).get("control", 0) >= 1, 8, 0.2), f"no sender report came: {verdicts(stage)}")
    claim(wait_until(lambda: reports_sent(stage) >= 1, 8, 0.2), "no receiver report went")
    running.popen.wait(40)
    return f"{verdicts(stage)['control']} sender reports, {reports_sent(stage)} answers"


def reports_sent(stage: Stage) -> int:
    return sum(int(float(value)) for name, value in stage.relay.metrics().items() if name.startswith("fanlight_reports_sent"))


# --- weather: datagrams made here, so that every number is known

def rtp(seq: int, number: int, ssrc: int = 0xABCD, stamp: int | None = None) -> bytes:
    return struct.pack(">BBHII", 0x80, 33, seq & 0xFFFF, (number * 180 if stamp is None else stamp) & 0xFFFFFFFF,
                       ssrc) + payloads.payload(number)


def numbers_in(path: Path) -> list[int]:
    """Which payloads a viewer wrote, in its order."""
    data = path.read_bytes()
    return [struct.unpack_from(">Q", data, at + 4)[0] for at in range(0, len(data) - 187, clients.PAYLOAD)]


def send_all(port: int, datagrams: list[bytes], pause: float = 0.002) -> None:
    """As fast as their timestamps say: a clock that is a tenth slow makes every packet late."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        begin = time.monotonic()
        for number, one in enumerate(datagrams):
            time.sleep(max(0.0, begin + number * pause - time.monotonic()))
            out.send(one)


def weather(stage: Stage) -> str:
    port = free_pair()
    address = start(stage, (STREAM, f"rtp://127.0.0.1:{port}", ""))
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    order = list(range(1_000))
    for at in range(10, 990, 20):
        order[at], order[at + 3] = order[at + 3], order[at]  # Each 20th comes three too early.
    lost = set(range(505, 1_000, 100))
    datagrams = [rtp(65_000 + number, number) for number in order if number not in lost]
    doubled = [one for i, one in enumerate(datagrams) for _ in range(2 if i % 50 == 0 else 1)]
    send_all(port, doubled)
    time.sleep(1)
    viewing.process.stop()
    got = numbers_in(viewing.path)
    wanted = [number for number in range(1_000) if number not in lost]
    missing = sorted(set(wanted) - set(got))
    claim(got == wanted, f"{len(got)} of {len(wanted)}, in order: {got == sorted(got)}, not {missing}; {verdicts(stage)}; {stage.relay.sessions()}")
    seen = verdicts(stage)
    claim(seen["duplicate"] == 20 and seen["accepted_late"] >= 49, f"{seen}")
    session = next(one for one in stage.relay.sessions() if one["role"] == "publisher")
    return f"{len(got)} packets in order, {seen['accepted_late']} late, {seen['duplicate']} twice, {session['dropped']} given up"


def restart(stage: Stage) -> str:
    """Another SSRC, other numbers, another clock; the viewer stays and sees one stream."""
    port = free_pair()
    address = start(stage, (STREAM, f"rtp://127.0.0.1:{port}", ""))
    viewing = stage.view(clients.SLT, clients.Target(address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    send_all(port, [rtp(100 + number, number) for number in range(500)])
    time.sleep(0.4)
    send_all(port, [rtp(40_000 + number, number, ssrc=0x1234, stamp=0xF000_0000 + number * 180)
                    for number in range(500, 1_000)])
    time.sleep(1)
    viewing.process.stop()
    got = numbers_in(viewing.path)
    claim(got == list(range(1_000)), f"{len(got)} of 1000; {verdicts(stage)}")
    claim(stage.relay.feeds()[0]["state"] == "live", f"{stage.relay.feeds()}")
    return "1000 packets of two sources, in order"


def groups(stage: Stage) -> str:
    """Senders in a namespace, behind a link whose other end joins: all five kinds, and one that wants another source."""
    return over(stage, veth.KernelLink(), joined_groups)


def over(stage: Stage, link: veth.VethLink, test) -> str:
    """The test with that link, or a skip where rights are missing."""
    try:
        with link:
            try:
                return test(stage, link)
            finally:  # The namespace goes when nobody lives in it any more.
                stop_all(stage.processes.running, signal.SIGTERM)
    except veth.NoRights as reason:
        raise Skip(str(reason)) from None


def joined_groups(stage: Stage, link: veth.KernelLink) -> str:
    kinds = [(GROUP_V4, ""), (GROUP_V4, f'source = "{veth.CLIENT_IPV4}"'), (GROUP_V6, ""),
             (GROUP_V6, f'source = "{veth.CLIENT_IPV6}"'), (GROUP_OF_LINK, ""), (GROUP_V4, 'source = "10.77.0.3"')]
    ports = [free_pair() for _ in kinds]
    streams = [f"interop/{number}" for number in range(len(kinds))]
    address = start(stage, *((stream, f"rtp://{group}:{port}", f'interface = "{link.relay_end}"\n{more}')
                             for stream, port, (group, more) in zip(streams, ports, kinds)))
    viewings = [stage.view(clients.SLT, clients.Target(address, stream)) for stream in streams]
    stage.wait_for_sessions("viewer", len(kinds))
    stage.clients_live_in(link)
    sent = [publish(stage, Case("rtp", clients.GSTREAMER, group), port, link.client_end)
            for port, (group, _) in zip(ports, kinds)]
    for publishing in sent:
        publishing.finish(SECONDS + 20)
    outcomes = [judge(publishing, viewing) for publishing, viewing in zip(sent, viewings)]
    claim(all(one.bit_exact and one.packets == one.published for one in outcomes[:-1]), f"{outcomes}; {verdicts(stage)}")
    claim(outcomes[-1].packets == 0, f"a group was heard from another source: {outcomes[-1]}")
    return f"{sum(one.packets for one in outcomes)} packets of five groups, bit-exact; nothing of the one with another source"


def later(stage: Stage, link: veth.FickleLink) -> str:
    """At the start there is no interface; it comes, goes and comes. Every sender is heard, and the relay says what it waits for."""
    port, another = free_pair(), free_pair()
    link.delete()
    address = start(stage, ("interop/group", f"rtp://{GROUP_V4}:{port}", f'interface = "{link.relay_end}"'),
                    ("interop/unicast", f"rtp://{link.relay_ipv4}:{another}", ""))
    said = [one["failure"] or "" for one in stage.relay.feeds()]
    claim([one["state"] for one in stage.relay.feeds()] == ["waiting"] * 2, f"{stage.relay.feeds()}")
    claim(link.relay_end in said[0] and link.relay_ipv4 in said[1], f"{said}")
    link.make_anew()
    claim(wait_until(lambda: [one["state"] for one in stage.relay.feeds()] == ["silent"] * 2, 10, 0.1), f"{stage.relay.feeds()}")

    def is_heard() -> bool:
        with link.sockets_inside():
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with out:
            out.bind((link.client_ipv4, 0))
            out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(link.client_ipv4))
            source = time.monotonic_ns() & 0xFFFF_FFFF
            for number in range(500):
                packet = struct.pack("!BBHII", 0x80, 33, number, number * 900, source) + (b"\x47\x1f\xff\x10" + bytes(184)) * 7
                out.sendto(packet, (GROUP_V4, port))
                out.sendto(packet, (link.relay_ipv4, another))
                if [one["state"] for one in stage.relay.feeds()] == ["live"] * 2:
                    return True
                time.sleep(0.02)
        return False
    claim(is_heard(), f"{stage.relay.feeds()}; {verdicts(stage)}")
    for life in range(2):
        link.delete()
        claim(wait_until(lambda: [one["state"] for one in stage.relay.feeds()] == ["silent"] * 2, 20, 0.1), f"{stage.relay.feeds()}")
        claim(link.relay_end in stage.relay.feeds()[0]["failure"], f"{stage.relay.feeds()}")
        link.make_anew()
        claim(is_heard(), f"life {life}: {stage.relay.feeds()}; {verdicts(stage)}")
    return f"{'; '.join(said)}; then heard in three lives of the interface"


def on_a_device(stage: Stage) -> str:
    return over(stage, veth.VethLink(), fed_on_a_device)


def fed_on_a_device(stage: Stage, link: veth.VethLink) -> str:
    device = relays.Device(f"net_af_packet0,iface={link.relay_end}", f"{veth.RELAY_IPV4}/24", f"{veth.RELAY_IPV6}/64")
    tables = f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://{veth.RELAY_IPV4}:5004"\n'
    stage.start_relay(relays.Configuration(devices=[device], streams=[relays.Stream(STREAM)], feed_ports=[5004, 5005],
                                           more=tables), privileged=True)
    stage.clients_live_in(link)
    viewing = stage.view(clients.SLT, clients.Target(f"{veth.RELAY_IPV4}:9000", STREAM))
    stage.wait_for_sessions("viewer", 1)
    publishing = publish(stage, Case("rtp", clients.GSTREAMER, veth.RELAY_IPV4), 5004)
    publishing.finish(SECONDS + 20)
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {verdicts(stage)}")
    return f"{outcome.packets} packets, bit-exact"


def groups_on_a_device(stage: Stage, link: veth.SnoopingLink) -> str:
    """The bridge sends a group to the relay's port if it was told that somebody there is in it: our reports, read by a
    stranger. Two workers, so that datagrams come to any queue; a source that a feed does not want is left out by us."""
    kinds = [(GROUP_V4, ""), (GROUP_V4, f'source = "{veth.CLIENT_IPV4}"'), (GROUP_V6, ""),
             (GROUP_V6, f'source = "{veth.CLIENT_IPV6}"'), (GROUP_OF_LINK, 'interface = "net_af_packet0"'),
             (GROUP_V4, 'source = "10.77.0.3"')]
    ports = [free_pair() for _ in kinds]
    streams = [f"interop/{number}" for number in range(len(kinds))]
    tables = "".join(f'[[feed]]\nstream = "{stream}"\nurl = "rtp://{group}:{port}"\n{more}\n'
                     for stream, port, (group, more) in zip(streams, ports, kinds))
    device = relays.Device(f"net_af_packet0,iface={link.relay_end},qpairs=2", f"{veth.RELAY_IPV4}/24", f"{veth.RELAY_IPV6}/64")
    stage.start_relay(relays.Configuration(devices=[device], streams=[relays.Stream(stream) for stream in streams], workers=2,
                                           feed_ports=[port + more for port in ports for more in (0, 1)], more=tables),
                      privileged=True)
    stage.clients_live_in(link)
    groups = {GROUP_V4, GROUP_V6.strip("[]"), GROUP_OF_LINK.strip("[]"), "ff02::1:ff00:1"}
    claim(wait_until(lambda: groups <= link.members(), 10, 0.2), f"the bridge knows of {link.members()}, not of {groups}")
    viewings = [stage.view(clients.SLT, clients.Target(f"{veth.RELAY_IPV4}:9000", stream)) for stream in streams]
    stage.wait_for_sessions("viewer", len(kinds))
    sent = [publish(stage, Case("rtp", clients.GSTREAMER, group), port, link.client_end)
            for port, (group, _) in zip(ports, kinds)]
    for publishing in sent:
        publishing.finish(SECONDS + 20)
    outcomes = [judge(publishing, viewing) for publishing, viewing in zip(sent, viewings)]
    seen = verdicts(stage)
    claim(all(one.bit_exact and one.packets == one.published for one in outcomes[:-1]), f"{outcomes}; {seen}")
    claim(outcomes[-1].packets == 0 and seen["foreign_source"] >= SECONDS * RATE, f"{outcomes[-1]}; {seen}")
    reports = {"IGMP": link.heard("IGMP reports"), "MLD": link.heard("MLD reports")}
    claim(all(one["errors"] == 0 for one in reports.values()), f"the bridge could not read: {reports}")
    claim(reports["IGMP"][f"v{link.igmp}"] >= 2 and reports["MLD"][f"v{link.mld}"] >= 2, f"it heard {reports}; we {seen}")
    ended = stage.relay.process.stop(signal.SIGTERM)
    claim(ended == 0, f"the relay ended with {ended}")
    claim(wait_until(lambda: not groups & link.members(), 10, 0.2), f"the bridge still knows of {groups & link.members()}")
    return f"{sum(one.packets for one in outcomes)} packets of five groups, bit-exact, {seen.get('handed_over', 0)} handed over; {reports}"


def two_on_a_port(stage: Stage) -> str:
    port = free_pair()
    url = f"rtp://127.0.0.1:{port}"
    address = start(stage, ("interop/a", url, "ssrc = 1"), ("interop/b", url, "ssrc = 2"))
    watching = [stage.view(clients.SLT, clients.Target(address, stream)) for stream in ("interop/a", "interop/b")]
    stage.wait_for_sessions("viewer", 2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for number in range(500):
            for ssrc in (1, 2):
                out.sendto(rtp(number, number + 1_000 * ssrc, ssrc), ("127.0.0.1", port))
            time.sleep(0.002)
    time.sleep(1)
    for viewing in watching:
        viewing.process.stop()
    claim([numbers_in(v.path) for v in watching] == [list(range(1_000, 1_500)), list(range(2_000, 2_500))],
          f"{[len(numbers_in(v.path)) for v in watching]}; {verdicts(stage)}")
    return "500 packets each, none of the other's"


def garbage(stage: Stage) -> str:
    port = free_pair()
    start(stage, (STREAM, f"rtp://127.0.0.1:{port}", ""))
    good = rtp(1, 1)
    send_all(port, [b"", b"\x80", b"\x40" + good[1:], good[:12] + b"\x46" + good[13:], good[:-1],
                    good[:1] + b"\x60" + good[2:], b"\xaf" * 1_472, b"\x80" * 1_472])
    send_all(port + 1, [b"\x80", b"\x81\xc9\x00\x07" + bytes(4)])
    time.sleep(0.3)
    seen = verdicts(stage)
    claim(sum(seen.values()) == 10 and "accepted" not in seen, f"{seen}")
    claim(stage.relay.feeds()[0]["state"] == "silent", f"{stage.relay.feeds()}")
    return json.dumps(seen)
