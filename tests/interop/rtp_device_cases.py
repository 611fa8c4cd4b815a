"""RTP on an Ethernet device, net_af_packet on one end of a veth pair, strangers in the namespace at the other: groups,
FEC, retransmission and two legs, in and out in one go. Bytes are compared.

Imported by interop.py, whose helpers it uses.
"""
from __future__ import annotations

import ipaddress
import json
import subprocess
import time
from pathlib import Path

import clients
import fec_cases
import relay as relays
import retransmission_cases as again
import veth
from fec_link import FecLink
from processes import wait_until
from rtp_cases import MULTICAT, Case as FeedCase, over, publish, verdicts
from rtp_out_cases import Case, receiver, wait_for_receivers
from testing import Results, Stage, Viewing, claim, judge, on_a_stage, require_tools

STREAM = "interop/main"
SECONDS = 4
RATE = 400
RELAY, CLIENT = veth.RELAY_IPV4, veth.CLIENT_IPV4


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """One after the other: each has a device that is polled all the time, and links that must not lose more than they say."""
    tests = {"multicat and ffmpeg send to groups and receive from them": groups, "GStreamer's FEC in, ours out, losses on both ways": fec,
             "GStreamer is asked and asks, losses on both ways": asking, "two legs in and two out, each loses a share": legs,
             "nobody is there, then somebody": nobody_then_somebody}
    wanted = [(f"rtp-device/{name}", lambda stage, test=test: over(stage, veth.VethLink(), test)) for name, test in tests.items()]
    asked = [(name, test) for name, test in wanted if only.search(name)]

    def one_by_one() -> None:
        for name, test in asked:
            results.run(name, lambda test=test: on_a_stage(build, test))
    return [("rtp-device/*", one_by_one)] if asked else []


def start(stage: Stage, link: veth.VethLink, ports: list[int], tables: str, *streams: relays.Stream) -> None:
    """A relay with the device; its feeds' ports. From then on clients live behind it."""
    device = relays.Device(f"net_af_packet0,iface={link.relay_end}", f"{RELAY}/24", f"{veth.RELAY_IPV6}/64")
    stage.start_relay(relays.Configuration(devices=[device], streams=list(streams) or [relays.Stream(STREAM)], feed_ports=ports, more=tables),
                      privileged=True)
    stage.clients_live_in(link)


def feed(url: str, more: str = "", stream: str = STREAM) -> str:
    return f'[[feed]]\nstream = "{stream}"\nurl = "{url}"\n{more}\n'


def destination(url: str, stream: str = STREAM) -> str:
    return f'[[destination]]\nstream = "{stream}"\nurl = "{url}"\n'


def receive(stage: Stage, link: veth.VethLink, name: str, argv: list[str], path: Path) -> Viewing:
    path.touch()
    return Viewing(name, stage.processes.start(f"receiver-{path.stem}", link.inside(argv)), path)


def whole(stage: Stage, outcomes: list, words: str = "") -> None:
    claim(all(one.bit_exact and one.packets == one.published for one in outcomes), f"{outcomes}; {words} {stage.relay.calls()}; {verdicts(stage)}")


def groups(stage: Stage, link: veth.VethLink) -> str:
    """Neither is told of an interface: the namespace has a route for groups."""
    require_tools(MULTICAT, "ffmpeg")
    subprocess.run(["ip", "-n", link.namespace, "route", "add", "224.0.0.0/4", "dev", link.client_end], check=True)
    senders = {"interop/a": FeedCase("rtp", MULTICAT, "239.255.7.2"), "interop/b": FeedCase("udp", clients.FFMPEG, "239.255.7.3")}
    receivers = [("interop/a", Case("rtp", MULTICAT, "239.255.8.2")), ("interop/a", Case("udp", clients.FFMPEG, "239.255.8.3")),
                 ("interop/b", Case("udp", MULTICAT, "239.255.8.4"))]
    viewings = [receive(stage, link, case.receiver, receiver(case, 6004, path), path)
                for number, (_, case) in enumerate(receivers) for path in [stage.work / f"received-{number}.ts"]]
    time.sleep(1)  # There is nothing to ask them by.
    tables = "".join(feed(f"{case.scheme}://{case.host}:5004", stream=stream) for stream, case in senders.items())
    tables += "".join(destination(f"{case.scheme}://{case.host}:6004", stream) for stream, case in receivers)
    start(stage, link, [5004, 5005], tables, *(relays.Stream(stream) for stream in senders))
    sent = {stream: publish(stage, case, 5004) for stream, case in senders.items()}
    for publishing in sent.values():
        publishing.finish(SECONDS + 20)
    time.sleep(0.5)
    outcomes = [judge(sent[stream], viewing) for (stream, _), viewing in zip(receivers, viewings)]
    whole(stage, outcomes)
    return f"{sum(one.packets for one in outcomes)} packets of two groups to three, bit-exact"


def fec(stage: Stage, link: veth.VethLink) -> str:
    require_tools("gst-launch-1.0")
    path = stage.work / "received.ts"
    receive(stage, link, clients.GSTREAMER, fec_cases.decoder(8004, path), path)
    start(stage, link, [5004, 5005, 5006, 5008], feed(f"rtp://{RELAY}:5004", "fec = true") + destination(f"rtp://{CLIENT}:6004?fec=1"),
          fec_cases.protected())
    last = (fec_cases.SECONDS - 1) * fec_cases.RATE  # What is lost at the very end, nothing brings back.
    with link.sockets_inside():
        way_in = FecLink(7004, 5004, lambda leg, number: number < last and fec_cases.by_turns(leg, number), far=RELAY).__enter__()
        way_out = FecLink(6004, 8004, lambda leg, number: number < last and fec_cases.bursts(leg, number), host=CLIENT).__enter__()
    try:
        fec_cases.send_protected(stage, 7004)
        wait_until(lambda: path.stat().st_size >= len(way_in.sent()), 4, 0.2)
    finally:
        way_in.__exit__()
        way_out.__exit__()
    claim(len(way_in.lost) > 40 and len(way_out.lost) > 40, f"the links lost {len(way_in.lost)} and {len(way_out.lost)}")
    claim(path.read_bytes() == way_in.sent(), f"{path.stat().st_size} bytes of {len(way_in.sent())}; {verdicts(stage)}")
    return f"{len(way_in.payloads)} packets, {len(way_in.lost)} lost on the way in and {len(way_out.lost)} out, bit-exact"


def asking(stage: Stage, link: veth.VethLink) -> str:
    require_tools("gst-launch-1.0")
    path = stage.work / "received.ts"
    viewing = receive(stage, link, clients.GSTREAMER, again.asking_receiver(8004, f"{RELAY}:9000", path, is_rtx=True, host=CLIENT), path)
    start(stage, link, [5004, 5005],
          feed(f"rtp://{RELAY}:5004", f'nack = true\nrtx_pt = 97\nsource = "{CLIENT}"') + destination(f"rtp://{CLIENT}:6004?nack=1&rtx_pt=97"),
          relays.Stream(STREAM, latency_ms=300))
    with link.sockets_inside():
        way_in = again.Link({7004: (5004, again.a_share()), 7005: (5005, again.nothing)}, back=7104, host=CLIENT, far=RELAY)
        way_out = again.Link({6004: (8004, again.a_share(2)), 6005: (8005, again.nothing)}, host=CLIENT, far=CLIENT)
    try:
        publishing = stage.publish_with("sender", again.answering_sender(7004, 7005, 7104, CLIENT), seconds=SECONDS, rate=RATE)
        wait_until(lambda: way_in.passed > RATE * (SECONDS - 1), SECONDS + 5)
        way_in.heal()
        way_out.heal()  # What is lost behind the last packet, nobody can miss.
        publishing.finish(SECONDS + 20)
        time.sleep(2)
    finally:
        way_in.end()
        way_out.end()
    claim(way_in.lost > 20 and way_out.lost > 20, f"the links lost {way_in.lost} and {way_out.lost}")
    outcome = judge(publishing, viewing)
    whole(stage, [outcome], f"{way_in.lost} and {way_out.lost} lost; {again.asked(stage)}")
    return f"{outcome.packets} packets, {way_in.lost} lost on the way in and {way_out.lost} out, bit-exact"


def nobody_then_somebody(stage: Stage, link: veth.VethLink) -> str:
    """A host whose port is closed, and an address that no host has; then both are there. Numbers are of packets the relay sent."""
    require_tools(MULTICAT)
    absent = str(ipaddress.ip_address(CLIENT) + 50)
    wanted = {CLIENT: "ICMP", absent: "ARP"}
    start(stage, link, [], "".join(destination(f"rtp://{host}:6004") for host in wanted))
    stage.publish(clients.SLT, clients.Target(f"{RELAY}:9000", STREAM), seconds=60, rate=200)  # Ends with the stage.
    claim(wait_until(lambda: [one["state"] for one in stage.relay.calls()] == ["paused"] * 2, 20, 0.1), f"{stage.relay.calls()}; {verdicts(stage)}")
    said = [one["failure"] for one in stage.relay.calls()]
    claim(all(word in text for word, text in zip(wanted.values(), said)), f"{said}")

    def sent() -> int:
        return sum(one["packets"] for one in stage.relay.sessions() if one["role"] == "viewer")
    began, before = time.monotonic(), sent()
    time.sleep(4)
    went, took = sent() - before, time.monotonic() - began
    claim(went < 2 * 200 * took / 10, f"{went} packets to two that are paused, in {took:.1f} s")
    for host in wanted:
        if host == absent:
            subprocess.run(["ip", "-n", link.namespace, "addr", "add", f"{absent}/24", "dev", link.client_end], check=True)
        path = stage.work / f"received-{host}.ts"
        viewing = receive(stage, link, MULTICAT, receiver(Case("rtp", MULTICAT, host), 6004, path), path)
        claim(wait_until(lambda viewing=viewing: viewing.size() > 50 * clients.PAYLOAD, 20, 0.1), f"nothing came to {host}: {stage.relay.calls()}")
    claim(wait_until(lambda: [one["state"] for one in stage.relay.calls()] == ["sending"] * 2, 10, 0.1), f"{stage.relay.calls()}")
    return f"{'; '.join(said)}; {went} packets in {took:.1f} s to both"


def legs(stage: Stage, link: veth.VethLink) -> str:
    require_tools("gst-launch-1.0")
    path = stage.work / "received.ts"
    viewing = receive(stage, link, clients.GSTREAMER, again.receiver_by_two([8004, 8104], path, CLIENT), path)
    wait_for_receivers(link, [8004, 8104])  # What comes before that is gone on both legs.
    # Each link is a process of this host's: what one of them is late by is no loss of the relay's.
    start(stage, link, [5004, 5005, 5104], feed(f"rtp://{RELAY}:5004", f'second = "rtp://{RELAY}:5104"') +
          destination(f"rtp://{CLIENT}:6004?second={CLIENT}:6104"), relays.Stream(STREAM, latency_ms=again.PATIENCE_MS))
    with link.sockets_inside():
        links = [again.Link({7004 + 100 * leg: (5004 + 100 * leg, again.share_of_leg(leg))}, host=CLIENT, far=RELAY) for leg in (0, 1)]
        links += [again.Link({6004 + 100 * leg: (8004 + 100 * leg, again.share_of_leg(leg))}, host=CLIENT, far=CLIENT, keeps=True) for leg in (0, 1)]
    try:
        publishing = stage.publish_with("sender", again.sender_by_two(7004, 7104, CLIENT), seconds=SECONDS, rate=RATE)
        publishing.finish(SECONDS + 20)
        wait_until(lambda: path.stat().st_size >= publishing.copy.stat().st_size, 2 + 3 * again.PATIENCE_MS / 1e3, 0.1)
        time.sleep(0.5)  # Nothing comes behind it.
        told = json.loads(stage.relay.ask("feed", "list").stdout)["feeds"][0]["legs"]
    finally:
        for one in links:
            one.end()
    lost = [one.lost for one in links]
    claim(min(lost) > 20, f"the links lost {lost}")
    merged = again.judge_merged(publishing, viewing, links[2:], f"{lost} lost, {[one.passed for one in links]} passed; {told}; {verdicts(stage)}")
    return f"{merged}; {lost} lost on the legs in and out"
