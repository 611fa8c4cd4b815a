"""RTP and bare transport streams out: strangers receive, and bytes are compared.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import clients
import relay as relays
import veth
from processes import wait_for_udp, wait_until
from rtp_cases import MULTICAT, Case as FeedCase, free_pair, over, publish as send_feed, verdicts
from testing import Results, Stage, Viewing, claim, judge, on_a_stage, require_tools

STREAM = "interop/main"
SECONDS = 4
RATE = 500


@dataclass(frozen=True)
class Case:
    scheme: str    # "rtp" or "udp".
    receiver: str
    host: str = "127.0.0.1"
    source: str = clients.SLT  # Who publishes: an SRT client, or "feed" for RTP in.

    @property
    def name(self) -> str:
        return f"rtp-out/{self.source} to {self.scheme} at {self.host}/{self.receiver}"


CASES = [Case("rtp", MULTICAT), Case("rtp", clients.GSTREAMER, "[::1]"), Case("udp", clients.FFMPEG), Case("udp", MULTICAT),
         Case("rtp", MULTICAT, source=clients.FFMPEG), Case("rtp", clients.GSTREAMER, source="feed"),
         Case("udp", clients.FFMPEG, source="feed")]


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    wanted = [(case.name, lambda stage, case=case: relay_case(stage, case)) for case in CASES]
    wanted += [("rtp-out/rtpbin hears sender reports, the relay its answers", reports),
               ("rtp-out/rtpbin answers the second address that the relay listens at", lambda stage: reports(stage, "127.0.0.2")),
               ("rtp-out/nobody is there, then somebody", nobody_then_somebody),
               ("rtp-out/nobody is there, as the second address of the relay is told",
                lambda stage: nobody_then_somebody(stage, "127.77.5.6", "127.77.5.7")),
               ("rtp-out/groups, IPv4 and IPv6, by a named interface and source", lambda stage: over(stage, veth.KernelLink(), groups)),
               ("rtp-out/on a device, net_af_packet", lambda stage: over(stage, veth.VethLink(), on_a_device)),
               ("rtp-out/groups on a device, net_af_packet", lambda stage: over(stage, veth.VethLink(), groups_on_a_device)),
               ("rtp-out/added, listed and removed at run time", at_run_time)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def even_pair() -> int:
    """As RTP wants it: an even port, whose next one is free as well."""
    return relays.free_udp_ports(2, multiple_of=2)


def receiver(case: Case, port: int, path: Path) -> list[str]:
    """Writes the payload it gets to `path`."""
    if case.receiver == MULTICAT:
        return ["multicat", "-U", *(["-u"] if case.scheme == "udp" else []), f"@{case.host}:{port}", str(path)]
    if case.receiver == clients.FFMPEG:
        return ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-y", "-f", "data", "-i", f"udp://{case.host}:{port}",
                "-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", str(path)]
    return clients.rtp_receiver(case.host, port, str(path))


def receive(stage: Stage, case: Case, port: int) -> Viewing:
    require_tools({MULTICAT: MULTICAT, clients.FFMPEG: "ffmpeg", clients.GSTREAMER: "gst-launch-1.0"}[case.receiver])
    path = stage.work / f"received-{port}.ts"
    path.touch()
    process = stage.processes.start(f"receiver-{port}", receiver(case, port, path))
    claim(wait_for_udp(port), "the receiver does not listen")
    return Viewing(case.receiver, process, path)


def start(stage: Stage, *destinations: str, host: str = "127.0.0.1", second: str | None = None, more: str = "") -> str:
    """A relay that sends the stream to these URLs; answers where publishers call. `second`: another host that it listens at."""
    port = relays.free_udp_port()
    address = f"{host}:{port}"
    listen = [address] + ([f"{second}:{port}"] if second else [])
    tables = "".join(f'[[destination]]\nstream = "{STREAM}"\nurl = "{url}"\n' for url in destinations)
    stage.start_relay(relays.Configuration(listen=listen, streams=[relays.Stream(STREAM)], more=more + tables))
    return address


def relay_case(stage: Stage, case: Case) -> str:
    port = even_pair()
    viewing = receive(stage, case, port)
    url = f"{case.scheme}://{case.host}:{port}"
    if case.source == "feed":
        incoming = free_pair()
        start(stage, url, more=f'[[feed]]\nstream = "{STREAM}"\nurl = "rtp://127.0.0.1:{incoming}"\n')
        publishing = send_feed(stage, FeedCase("rtp", clients.GSTREAMER), incoming)
    else:
        address = start(stage, url, host=case.host)
        publishing = stage.publish(case.source, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcome = judge(publishing, viewing)
    claim(outcome.bit_exact and outcome.packets == outcome.published, f"{outcome}; {stage.relay.calls()}; {verdicts(stage)}")
    return f"{outcome.packets} packets, bit-exact"


def reports(stage: Stage, source: str | None = None) -> str:
    """What rtpbin answers names our last sender report and how long ago that was: so the way there and back is known.
    `source`: an address of ours that is not the first."""
    require_tools("gst-launch-1.0")
    port = even_pair()
    address = start(stage, f"rtp://127.0.0.1:{port}" + (f"?source={source}" if source else ""), second=source)
    path = stage.work / "received.ts"
    caps = "application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33"
    stage.processes.start("rtpbin", [
        "gst-launch-1.0", "-q", "rtpbin", "name=bin", "latency=100", "udpsrc", f"port={port}", f"caps={caps}", "!", "bin.recv_rtp_sink_0",
        "bin.", "!", "rtpmp2tdepay", "!", "filesink", f"location={path}", "sync=false", "udpsrc", f"port={port + 1}", "!",
        "bin.recv_rtcp_sink_0", "bin.send_rtcp_src_0", "!", "udpsink", f"host={source or '127.0.0.1'}", f"port={address.split(':')[1]}",
        "sync=false", "async=false"])
    publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=20, rate=100)

    def way() -> float:
        return max((one["rtt_ms"] for one in stage.relay.sessions() if one["role"] == "viewer"), default=0)
    claim(wait_until(lambda: way() > 0, 18, 0.3), f"no report told the way: {stage.relay.sessions()}; {verdicts(stage)}")
    publishing.finish(40)
    found = way()
    return f"{found:.1f} ms there and back"


def nobody_then_somebody(stage: Stage, host: str = "127.77.5.4", source: str | None = None) -> str:
    """From an address of its own: a kernel says to one host once a second at most that nobody listens."""
    port = even_pair()
    address = start(stage, f"rtp://127.0.0.1:{port}" + (f"?source={source}" if source else ""), host=host, second=source)
    publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=12, rate=200)
    claim(wait_until(lambda: stage.relay.calls()[0]["state"] == "paused", 8, 0.1), f"{stage.relay.calls()}")
    said = stage.relay.calls()[0]["failure"]
    claim("ICMP" in said, said)
    sent = next(one["packets"] for one in stage.relay.sessions() if one["role"] == "viewer")
    claim(sent < 20, f"{sent} packets went to nobody")
    viewing = receive(stage, Case("rtp", MULTICAT), port)
    claim(wait_until(lambda: viewing.size() > 0, 9, 0.1), f"nothing came: {stage.relay.calls()}")
    publishing.finish(40)
    viewing.process.stop(signal.SIGINT)
    return f"{said}; {sent} packets until then; {viewing.size() // clients.PAYLOAD} when somebody came"


def inside(stage: Stage, link: veth.VethLink, case: Case, port: int) -> Viewing:
    """GStreamer in the namespace, which joins where it is told."""
    require_tools("gst-launch-1.0")
    path = stage.work / f"received-{port}.ts"
    path.touch()
    argv = clients.rtp_receiver(case.host, port, str(path), link.client_end)
    process = stage.processes.start(f"receiver-{port}", link.inside(argv))
    return Viewing(case.receiver, process, path)


def wait_for_receivers(link: veth.VethLink, ports: list[int]) -> None:
    """They join right after they have bound their ports."""
    def are_there() -> bool:
        bound = subprocess.run(link.inside(["ss", "-Hunl"]), capture_output=True, text=True, timeout=10).stdout
        return all(re.search(rf":{port}\b", bound) for port in ports)
    claim(wait_until(are_there, 20, 0.1), f"no receivers at {ports}")
    time.sleep(0.5)


def groups(stage: Stage, link: veth.KernelLink) -> str:
    kinds = [("239.255.8.1", f"interface={link.relay_end}"), ("239.255.8.2", f"source={veth.RELAY_IPV4}&ttl=4"),
             ("[ff15::8:1]", f"interface={link.relay_end}&ttl=4"), ("[ff12::8:1]", f"interface={link.relay_end}")]
    ports = [even_pair() for _ in kinds]
    viewings = [inside(stage, link, Case("rtp", clients.GSTREAMER, group), port) for port, (group, _) in zip(ports, kinds)]
    wait_for_receivers(link, ports)
    urls = [f"rtp://{group}:{port}?{options}" for port, (group, options) in zip(ports, kinds)]
    address = "127.0.0.1:" + start(stage, *urls, host="[::]").rsplit(":", 1)[1]
    publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcomes = [judge(publishing, viewing) for viewing in viewings]
    claim(all(one.bit_exact and one.packets == one.published for one in outcomes), f"{outcomes}; {stage.relay.calls()}; {verdicts(stage)}")
    return f"{sum(one.packets for one in outcomes)} packets to {len(kinds)} groups, bit-exact"


def on_a_device(stage: Stage, link: veth.VethLink) -> str:
    device = relays.Device(f"net_af_packet0,iface={link.relay_end}", f"{veth.RELAY_IPV4}/24", f"{veth.RELAY_IPV6}/64")
    kinds = [("rtp", veth.CLIENT_IPV4), ("rtp", f"[{veth.CLIENT_IPV6}]"), ("udp", veth.CLIENT_IPV4)]
    ports = [even_pair() for _ in kinds]
    cases = [Case(scheme, clients.GSTREAMER if scheme == "rtp" else clients.FFMPEG, host) for scheme, host in kinds]
    viewings = []
    for case, port in zip(cases, ports):
        path = stage.work / f"received-{port}.ts"
        path.touch()
        viewings.append(Viewing(case.receiver, stage.processes.start(f"receiver-{port}", link.inside(receiver(case, port, path))), path))
    wait_for_receivers(link, ports)
    tables = "".join(f'[[destination]]\nstream = "{STREAM}"\nurl = "{scheme}://{host}:{port}"\n'
                     for port, (scheme, host) in zip(ports, kinds))
    stage.start_relay(relays.Configuration(devices=[device], streams=[relays.Stream(STREAM)], more=tables), privileged=True)
    stage.clients_live_in(link)
    publishing = stage.publish(clients.SLT, clients.Target(f"{veth.RELAY_IPV4}:9000", STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcomes = [judge(publishing, viewing) for viewing in viewings]
    claim(all(one.bit_exact and one.packets == one.published for one in outcomes), f"{outcomes}; {stage.relay.calls()}; {verdicts(stage)}")
    return f"{sum(one.packets for one in outcomes)} packets to {len(kinds)} destinations, bit-exact"


def groups_on_a_device(stage: Stage, link: veth.VethLink) -> str:
    """Members in the namespace; of a group whose source they name, they hear the device's address alone."""
    device = relays.Device(f"net_af_packet0,iface={link.relay_end}", f"{veth.RELAY_IPV4}/24", f"{veth.RELAY_IPV6}/64")
    kinds = [("239.255.8.1", ""), ("239.255.8.2", f"?ttl=4&source={veth.RELAY_IPV4}"), ("[ff15::8:1]", "?ttl=4"),
             ("[ff12::8:1]", "?interface=net_af_packet0")]
    ports = [even_pair() for _ in kinds]
    viewings = [inside(stage, link, Case("rtp", clients.GSTREAMER, group), port) for port, (group, _) in zip(ports, kinds)]
    wait_for_receivers(link, ports)
    tables = "".join(f'[[destination]]\nstream = "{STREAM}"\nurl = "rtp://{group}:{port}{options}"\n'
                     for port, (group, options) in zip(ports, kinds))
    stage.start_relay(relays.Configuration(devices=[device], streams=[relays.Stream(STREAM)], more=tables), privileged=True)
    refused = stage.relay.ask("viewer", "add", "rtp://239.255.8.9:5004?interface=eth77", "--stream", STREAM, as_json=False)
    claim(refused.returncode == 1 and "there are net_af_packet0" in refused.stderr, f"not refused: {refused}")
    stage.clients_live_in(link)
    publishing = stage.publish(clients.SLT, clients.Target(f"{veth.RELAY_IPV4}:9000", STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcomes = [judge(publishing, viewing) for viewing in viewings]
    claim(all(one.bit_exact and one.packets == one.published for one in outcomes), f"{outcomes}; {stage.relay.calls()}; {verdicts(stage)}")
    return f"{sum(one.packets for one in outcomes)} packets to {len(kinds)} groups, bit-exact"


def at_run_time(stage: Stage) -> str:
    first, second = even_pair(), even_pair()
    cases = [Case("rtp", MULTICAT), Case("udp", clients.FFMPEG)]
    viewings = [receive(stage, case, port) for case, port in zip(cases, (first, second))]
    address = start(stage)
    ids = []
    for case, port in zip(cases, (first, second)):
        added = stage.relay.ask("viewer", "add", f"{case.scheme}://127.0.0.1:{port}", "--stream", STREAM, as_json=False)
        claim(added.returncode == 0, f"refused: {added.stderr}")
        ids.append(re.search(r"\d+", added.stdout).group())
    twice = stage.relay.ask("viewer", "add", f"rtp://127.0.0.1:{first}", "--stream", STREAM, as_json=False)
    claim(twice.returncode == 1 and "is destination" in twice.stderr, f"{twice.stderr}")
    claim(wait_until(lambda: [one["state"] for one in stage.relay.calls()] == ["sending"] * 2, 5), f"{stage.relay.calls()}")
    publishing = stage.publish(clients.SLT, clients.Target(address, STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcomes = [judge(publishing, viewing) for viewing in viewings]
    claim(all(one.bit_exact and one.packets == one.published for one in outcomes), f"{outcomes}")
    for number in ids:
        removed = stage.relay.ask("viewer", "remove", number, as_json=False)
        claim(removed.returncode == 0, f"remove: {removed.stderr}")
    claim(wait_until(lambda: not stage.relay.calls() and not stage.relay.sessions(), 5), f"{stage.relay.sessions()}")
    return f"{outcomes[0].packets} packets each, bit-exact"
