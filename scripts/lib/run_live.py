"""Builds fanlight, relays a live stream to three strangers on this machine, and checks every byte they got.

ffmpeg publishes a test picture with a clock as constant 5 Mb/s MPEG-TS; ffmpeg, srt-live-transmit and GStreamer watch
it through fanlightd, and fanlight-packager shows it to browsers. On Ctrl-C or after --seconds the bytes are compared: exit status 0 means that every viewer has one
contiguous, bit-exact run of the publisher's copy that covers at least 80 % of it.

examples:
  ./scripts/run                                  until Ctrl-C; watch at the URL that it prints
  ./scripts/run --seconds 20 --json              the last line of stdout is one JSON object
  ./scripts/run --seconds 20 --encrypt           AES-128 on both legs, a passphrase of its own for each
  ./scripts/run --seconds 20 --rtp               ffmpeg sends RTP to a feed of the relay, which sends RTP on, too
  sudo ./scripts/run --seconds 20 --port ethernet    over DPDK and a veth pair, in a network namespace
"""
from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import clients  # noqa: E402
import packager as packagers  # noqa: E402
import publisher  # noqa: E402
import relay as relays  # noqa: E402
import setup  # noqa: E402
import show  # noqa: E402
import veth  # noqa: E402
from compare import Comparison, compare  # noqa: E402
from processes import Process, Processes, Stopped, is_alive, stop_all, stop_on_signals, undisturbed, wait_until  # noqa: E402

SHARE_WANTED = 0.8
EXAMPLE = setup.ROOT / "examples" / "fanlight.toml"
# A virtual device has a queue pair for each worker, and is told so.
QUEUES_OF = {"net_af_packet": "qpairs", "net_af_xdp": "queue_count"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=run_length, help="stop after so long (default: on Ctrl-C)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line of stdout; the rest on stderr")
    parser.add_argument("--encrypt", action="store_true", help="AES-128 from publisher to relay and from relay to viewers")
    parser.add_argument("--rtp", action="store_true",
                        help="the publisher sends RTP (MP2T); SRT viewers watch, and a host and a group (on sockets one of IPv4) are sent RTP")
    parser.add_argument("--port", choices=("sockets", "ethernet"), default="sockets", help="default: sockets")
    parser.add_argument("--driver", choices=("net_af_packet", "net_af_xdp"), default="net_af_packet",
                        help="DPDK device for --port ethernet (default: net_af_packet)")
    parser.add_argument("--workers", type=int, default=1, help="threads that move packets (default: 1)")
    parser.add_argument("--ipv6", action="store_true", help="the clients call over IPv6")
    parser.add_argument("--udp-port", type=int, help="default: the one in examples/fanlight.toml")
    parser.add_argument("--http-port", type=int, help="where the packager answers (default: the first that is free from 8080 on)")
    parser.add_argument("--build-dir", type=lambda text: Path(text).resolve(), default=setup.ROOT / "build", help="default: build/")
    parser.add_argument("--no-build", action="store_true", help="install and build nothing; use what is in --build-dir")
    return parser.parse_args()


def run_length(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 5):
        raise argparse.ArgumentTypeError(f"{text}: a number of at least 5, for the viewers take a moment to join")
    return seconds


@dataclass
class Output:
    host: str
    port: int
    leaves_by: str | None = None  # Of a group, where the routing table does not say it.
    joined_on: str | None = None


@dataclass
class Plan:
    """What the relay is told, and what the clients must know to call it."""
    relay_toml: str
    publish: clients.Target
    view: clients.Target
    user: int | None
    feed: str | None = None  # Where RTP goes instead of the publisher's SRT.
    outputs: dict[str, Output] = field(default_factory=dict)  # Of RTP, by name.


# RTP's ports, so many above SRT's; the next ones are RTCP's.
_FEED_OFFSET = 4
_HOST_OFFSET = 8
_GROUP_OFFSET = 10
_GROUP_V4, _GROUP_V6 = "239.255.42.1", "[ff15::42:1]"


def make_plan(args: argparse.Namespace, api: Path, link: veth.VethLink | None) -> Plan:
    if not (args.encrypt or args.ipv6 or link or args.workers > 1 or args.rtp):
        return plan_from_example(args, api)
    stream = relays.Stream()
    if args.encrypt:
        # ps shows them in the clients' arguments: they live as long as the run, and these clients take them no other way.
        stream.publish_passphrase, stream.view_passphrase = secrets.token_hex(12), secrets.token_hex(12)
    port = args.udp_port or 9000
    if link is None:
        listen = f"[::1]:{port}" if args.ipv6 else f"127.0.0.1:{port}"
        configuration = relays.Configuration(listen=[listen], streams=[stream], workers=args.workers)
        return plan_for(args, configuration, stream, listen, api, relays.unprivileged_user())
    address = f"[{veth.RELAY_IPV6}]:{port}" if args.ipv6 else f"{veth.RELAY_IPV4}:{port}"
    queues = f",{QUEUES_OF[args.driver]}={args.workers}" if args.workers > 1 else ""
    device = relays.Device(eal=f"{args.driver}0,iface={link.relay_end}{queues}", ipv4=f"{veth.RELAY_IPV4}/24",
                           ipv6=f"{veth.RELAY_IPV6}/64")
    configuration = relays.Configuration(streams=[stream], devices=[device], udp_port=port, workers=args.workers)
    return plan_for(args, configuration, stream, address, api, None, link)  # A raw device needs root.


def plan_for(args, configuration, stream, address: str, api: Path, user: int | None, link: veth.VethLink | None = None) -> Plan:
    target, feed, outputs = clients.Target(address, stream.name, stream.latency_ms), None, {}
    if args.rtp:
        host, port = address.rsplit(":", 1)
        feed = f"{host}:{int(port) + _FEED_OFFSET}"
        configuration.feed_ports = [int(port) + _FEED_OFFSET, int(port) + _FEED_OFFSET + 1]
        configuration.more += f'[[feed]]\nstream = "{stream.name}"\nurl = "rtp://{feed}"\n'
        outputs = plan_outputs(host, int(port), link)
        for to in outputs.values():
            option = f"?interface={to.leaves_by}" if to.leaves_by else ""
            configuration.more += f'[[destination]]\nstream = "{stream.name}"\nurl = "rtp://{to.host}:{to.port}{option}"\n'
    return Plan(configuration.toml(api), replace(target, passphrase=stream.publish_passphrase),
                replace(target, passphrase=stream.view_passphrase), user, feed, outputs)


def plan_outputs(host: str, port: int, link: veth.VethLink | None) -> dict[str, Output]:
    """The clients' own address, and a group; not of IPv6 on sockets, for `lo` has no route for those."""
    is_v6 = host.startswith("[")
    clients_own = (f"[{veth.CLIENT_IPV6}]" if is_v6 else veth.CLIENT_IPV4) if link else host
    even = port + port % 2
    outputs = {"rtp": Output(clients_own, even + _HOST_OFFSET)}
    if link:
        outputs["rtp-group"] = Output(_GROUP_V6 if is_v6 else _GROUP_V4, even + _GROUP_OFFSET, joined_on=link.client_end)
    elif not is_v6:
        outputs["rtp-group"] = Output(_GROUP_V4, even + _GROUP_OFFSET, leaves_by="lo", joined_on="lo")
    return outputs


def plan_from_example(args: argparse.Namespace, api: Path) -> Plan:
    """The example as it stands, except for the API's path: the default one is not an unprivileged user's to make."""
    text = EXAMPLE.read_text()
    example = tomllib.loads(text)
    if args.udp_port:
        text = re.sub(r'(?m)^(address\s*=\s*"[^"]*:)\d+"', rf'\g<1>{args.udp_port}"', text)
    port = args.udp_port or int(example["listen"][0]["address"].rsplit(":", 1)[1])
    stream = next(s for s in example["stream"] if "*" not in s["name"] and "publish_passphrase" not in s)
    target = clients.Target(f"127.0.0.1:{port}", stream["name"], stream.get("latency_ms", 120))
    return Plan(with_api_path(text, api), target, target, relays.unprivileged_user())


def with_api_path(text: str, api: Path) -> str:
    line = f"api = {json.dumps(str(api))}"
    changed, count = re.subn(r"(?m)^#?\s*api\s*=.*$", lambda _: line, text, count=1)
    if count:
        return changed
    changed, count = re.subn(r"(?m)^\[relay\].*$", lambda found: f"{found.group()}\n{line}", text, count=1)
    return changed if count else f"[relay]\n{line}\n{text}"


@dataclass
class Cast:
    """Everybody on stage."""
    relay: relays.Relay
    publisher: Process
    viewers: dict[str, Process]
    started: float
    packager: packagers.Packager | None = None

    def missing(self) -> list[Process]:
        others = [self.packager.process] if self.packager else []
        return [p for p in (self.relay.process, self.publisher, *self.viewers.values(), *others) if not p.running()]


def bring_on(args, plan: Plan, processes: Processes, work: Path, link: veth.VethLink | None, out) -> Cast:
    inside = link.inside if link else lambda argv: argv
    api = work / "relay" / "api.sock"
    receivers = {name: start_receiver(name, to, processes, work, inside) for name, to in plan.outputs.items()}
    if receivers:
        time.sleep(1)  # There is nothing to ask them by.
    relay = relays.start(processes, args.build_dir, work, plan.relay_toml, api, plan.user)
    started = time.monotonic()
    source = processes.start("publisher", inside(publisher.command(plan.feed or plan.publish, work / "copy.ts")))
    if not wait_until(lambda: not source.running() or (work / "copy.ts").exists(), 10) or not source.running():
        raise setup.SetupError(f"the publisher was not let in: {source.log_tail(3)} | relay: {relay.process.log_tail(3)}")
    viewers = {client: start_viewer(client, plan, processes, work, inside) for client in clients.ALL}
    return Cast(relay, source, viewers | receivers, started, start_packager(args, plan, processes, work, link, out))


def start_packager(args, plan: Plan, processes: Processes, work: Path, link, out) -> packagers.Packager | None:
    if link:
        print("no page for browsers: the clients are in a network namespace, where no browser is", file=out, flush=True)
        return None
    program = setup.find_program(args.build_dir, "fanlight-packager")
    page = program.parent / "page" / "dist"
    words = [packagers.source_url(plan.view), *(["--page", str(page)] if page.exists() else [])]
    packager = packagers.start(processes, args.build_dir, words, port=args.http_port)
    print(f"watch: {packager.page(plan.view.stream)}", file=out, flush=True)
    return packager


def start_receiver(name: str, to: Output, processes: Processes, work: Path, inside) -> Process:
    return processes.start(name, inside(clients.rtp_receiver(to.host, to.port, str(work / f"{name}.ts"), to.joined_on)))


def start_viewer(client: str, plan: Plan, processes: Processes, work: Path, inside) -> Process:
    path = work / f"{client}.ts"
    with open(path, "wb") as out:
        stdout = out if client == clients.SLT else None
        return processes.start(client, inside(clients.viewer(client, plan.view, str(path))), stdout=stdout)


def watch(args, cast: Cast, out) -> None:
    """Until the time is over, somebody asks us to stop, or somebody leaves early."""
    table = show.SessionTable(out)
    tick = 0
    with contextlib.suppress(Stopped):
        while args.seconds is None or time.monotonic() - cast.started < args.seconds:
            table.draw(time.monotonic() - cast.started, cast.relay.sessions())
            tick += 1
            end = cast.started + (args.seconds or float("inf"))
            time.sleep(max(0.0, min(cast.started + tick, end) - time.monotonic()))
            if gone := cast.missing():
                for process in gone:
                    print(f"{process.name} left early: {process.log_tail(3)}", file=out)
                return


def was_watchable(cast: Cast, stream: str, out) -> bool:
    """Whether a browser that came now would have had something to play."""
    if cast.packager is None:
        return True
    status, playlist = cast.packager.get(f"/live/{stream}/v0/index.m3u8")
    is_live = status == 200 and b"#EXT-X-PART:" in playlist
    print(f"packager: {'live, with parts' if is_live else f'no live playlist: {status} {playlist[:200]!r}'}", file=out)
    return is_live


def take_off(cast: Cast, latency_ms: int) -> tuple[float, float | None]:
    """The publisher first, so that the viewers can play what is under way. Returns seconds run, and the relay's CPU,
    None when it died."""
    seconds = time.monotonic() - cast.started
    cast.publisher.stop(signal.SIGINT)
    time.sleep(latency_ms / 1000 + 1)
    cpu = cast.relay.cpu_seconds() if cast.relay.process.running() else None
    stop_all(list(cast.viewers.values()) + ([cast.packager.process] if cast.packager else []), signal.SIGINT)
    cast.relay.process.stop(signal.SIGTERM)
    return seconds, cpu


def report(args, work: Path, seconds: float, cpu: float | None, complete: bool, out) -> bool:
    names = [name for name in (*clients.ALL, "rtp", "rtp-group") if (work / f"{name}.ts").exists()]
    results: dict[str, Comparison] = {name: compare(work / "copy.ts", work / f"{name}.ts") for name in names}
    published = (work / "copy.ts").stat().st_size // clients.PAYLOAD
    print(f"\n{published} packets published in {seconds:.0f} s over {args.port}", file=out)
    for client, result in results.items():
        print(show.verdict_line(client, result, SHARE_WANTED), file=out)
    print(show.describe_relay_cost(cpu, seconds, sum(r.packets for r in results.values())), file=out, flush=True)
    if args.json:
        viewers = [{"client": client, "packets": r.packets, "missing": r.missing, "bit_exact": r.bit_exact}
                   for client, r in results.items()]
        print(json.dumps({"port": args.port, "seconds": round(seconds, 1), "published_packets": published,
                          "viewers": viewers, "relay_cpu_seconds": None if cpu is None else round(cpu, 3)}), flush=True)
    return complete and all(r.bit_exact and r.coverage >= SHARE_WANTED for r in results.values())


def remove_leftovers() -> None:
    """What a run left behind that was killed before it could clean up."""
    veth.remove_leftovers()
    for path in Path(tempfile.gettempdir()).glob("fanlight-run-*-*"):
        owner = re.match(r"fanlight-run-(\d+)-", path.name)
        if owner and not is_alive(int(owner[1])) and path.lstat().st_uid == os.geteuid():
            shutil.rmtree(path, ignore_errors=True)


def perform(args: argparse.Namespace) -> bool:
    out = show.to_stderr_when(args.json)
    remove_leftovers()
    work = Path(tempfile.mkdtemp(prefix=f"fanlight-run-{os.getpid()}-"))
    try:
        with contextlib.ExitStack() as stack:
            with undisturbed():
                link = stack.enter_context(veth.VethLink()) if args.port == "ethernet" else None
            processes = stack.enter_context(Processes(work))
            plan = make_plan(args, work / "relay" / "api.sock", link)
            cast = bring_on(args, plan, processes, work, link, out)
            watch(args, cast, out)
            complete = not cast.missing() and was_watchable(cast, plan.view.stream, out)
            seconds, cpu = take_off(cast, plan.view.latency_ms)
            return report(args, work, seconds, cpu, complete, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> int:
    args = parse_arguments()
    stop_on_signals()
    try:
        if args.port == "ethernet" and os.geteuid() != 0:
            raise veth.NoRights(veth.NEEDS_ROOT)
        if not args.no_build:
            setup.install(list(setup.BUILD_PACKAGES + setup.PEER_PACKAGES + setup.node_packages()))
            setup.build(args.build_dir, setup.PROGRAMS)
            setup.build_page(args.build_dir)
        return 0 if perform(args) else 1
    except setup.SetupError as error:
        print(f"scripts/run: {error}", file=sys.stderr)
    except Stopped as signal_name:
        print(f"scripts/run: stopped by {signal_name} before there was anything to compare", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
