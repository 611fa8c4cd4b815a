#!/usr/bin/env python3
"""A first number: relay CPU per delivered packet on kernel sockets, beside a GStreamer relay doing the same.

Both relay one feed of numbered payloads to the same viewers (srt-live-transmit) in turns, so that the machine's mood
strikes both. CPU is user and system time of the relay's process while everybody is connected; a delivered packet is a
payload a viewer wrote. Then, through a link without delay or loss, how long fanlightd keeps a payload: from the moment
it is handed to the relay's socket to the moment the kernel has it for a viewer.

Build first: ninja -C build controlplane/fanlightd tools/fanlight/fanlight tools/link_proxy/fanlight-linkproxy

examples:
  bench/first_number.py
  bench/first_number.py --seconds 10 --runs 5 --viewers 10 --json
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts" / "lib"))
import clients  # noqa: E402
import relay as relays  # noqa: E402
import setup  # noqa: E402
from processes import Process, Stopped, stop_on_signals  # noqa: E402
from testing import Failed, Skip, Stage, claim  # noqa: E402

STREAM = "bench/main"
# A connection, and on fanlightd the first start with a picture, are over by then.
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Opponent:
    """A running relay: its process, and where to call it."""
    process: Process
    publish: clients.Target
    view: clients.Target


def start_fanlight(stage: Stage) -> Opponent:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    relay = stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(STREAM)]))
    target = clients.Target(address, STREAM)
    return Opponent(relay.process, target, target)


def start_gstreamer(stage: Stage) -> Opponent:
    """srtsink cannot share a port with srtsrc: two listeners, one process."""
    source, sink = (f"127.0.0.1:{relays.free_udp_port()}" for _ in range(2))
    process = stage.processes.start("gstreamer-relay", [
        "gst-launch-1.0", "-q", "srtsrc", f"uri=srt://{source}?mode=listener", "latency=120", "!",
        "srtsink", f"uri=srt://{sink}?mode=listener", "latency=120",
        "wait-for-connection=false", "sync=false", "async=false"])
    time.sleep(1)
    return Opponent(process, clients.Target(source, STREAM), clients.Target(sink, STREAM))


OPPONENTS = {"fanlightd": start_fanlight, "gstreamer srtsink": start_gstreamer}


@dataclass(frozen=True)
class Sample:
    cpu_seconds: float
    delivered: int

    @property
    def us_per_packet(self) -> float:
        return self.cpu_seconds / self.delivered * 1e6


def measure(name: str, args: argparse.Namespace) -> Sample:
    with Stage(args.build_dir) as stage:
        opponent = OPPONENTS[name](stage)
        viewings = [stage.view(clients.SLT, opponent.view) for _ in range(args.viewers)]
        time.sleep(1)
        publishing = stage.publish(clients.SLT, opponent.publish, seconds=args.seconds + SETTLE_SECONDS + 5, rate=args.rate)
        time.sleep(0.5 + SETTLE_SECONDS)
        before = opponent.process.cpu_seconds(), sum(v.size() for v in viewings)
        time.sleep(args.seconds)
        after = opponent.process.cpu_seconds(), sum(v.size() for v in viewings)
        publishing.feed.stop(signal.SIGTERM)
        delivered = (after[1] - before[1]) // clients.PAYLOAD
        wanted = args.rate * args.seconds * args.viewers
        claim(delivered > 0.95 * wanted, f"{name} delivered {delivered} of {wanted:.0f} packets: no fair run")
        return Sample(after[0] - before[0], delivered)


def measure_delay(args: argparse.Namespace) -> dict:
    with Stage(args.build_dir) as stage:
        opponent = start_fanlight(stage)
        report = stage.work / "delay.json"
        through = stage.start_proxy(opponent.view.address, "--measure", str(report))
        target = clients.Target(through, STREAM)
        for _ in range(args.viewers):
            stage.view(clients.SLT, target)
        time.sleep(1)
        stage.publish(clients.SLT, target, seconds=args.seconds, rate=args.rate).finish(args.seconds + 20)
        next(p for p in stage.processes.running if p.name.startswith("linkproxy")).stop(signal.SIGTERM)
        return json.loads(report.read_text())["relay_delay_us"]


def machine() -> str:
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} CPUs, Linux {platform.release()}"


def print_table(samples: dict[str, list[Sample]], delay: dict, args, out) -> None:
    print(f"{machine()}; {args.rate:.0f} packets/s to {args.viewers} viewers, "
          f"{args.runs} runs of {args.seconds:.0f} s\n", file=out)
    print(f"{'relay':<20} {'us per delivered packet':<24} {'lowest–highest':<16} delivered", file=out)
    for name, runs in samples.items():
        costs = [sample.us_per_packet for sample in runs]
        spread = f"{min(costs):.2f}–{max(costs):.2f}"
        print(f"{name:<20} {statistics.median(costs):<24.2f} {spread:<16} {sum(s.delivered for s in runs)}", file=out)
    print(f"\nratio {ratio(samples):.3f} (fanlightd / GStreamer)", file=out)
    print(f"relay's own delay: p50 {delay['p50']:.0f} us, p90 {delay['p90']:.0f} us, p99 {delay['p99']:.0f} us, "
          f"max {delay['max']:.0f} us over {delay['samples']} packets", file=out, flush=True)


def medians(samples: dict[str, list[Sample]]) -> dict[str, float]:
    return {name: statistics.median(sample.us_per_packet for sample in runs) for name, runs in samples.items()}


def ratio(samples: dict[str, list[Sample]]) -> float:
    ours, theirs = (medians(samples)[name] for name in OPPONENTS)
    return ours / theirs


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15, help="length of a run (default %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each relay (default %(default)s)")
    parser.add_argument("--viewers", type=int, default=3, help="default %(default)s")
    parser.add_argument("--rate", type=float, default=475, help="packets per second (default %(default)s: 5 Mb/s)")
    parser.add_argument("--build-dir", type=Path, default=setup.ROOT / "build", help="default: build/")
    parser.add_argument("--json", action="store_true", help="the last line of stdout is one JSON object")
    return parser.parse_args()


def main() -> int:
    args = parse_arguments()
    stop_on_signals()
    out = sys.stderr if args.json else sys.stdout
    samples: dict[str, list[Sample]] = {name: [] for name in OPPONENTS}
    try:
        for _ in range(args.runs):
            for name, runs in samples.items():
                runs.append(measure(name, args))
        delay = measure_delay(args)
    except (setup.SetupError, Failed, Skip, Stopped) as reason:
        print(f"first_number: {reason}", file=sys.stderr)
        return 1
    print_table(samples, delay, args, out)
    if args.json:
        print(json.dumps({"machine": machine(), "rate": args.rate, "viewers": args.viewers, "seconds": args.seconds,
                          "us_per_delivered_packet": medians(samples), "ratio": ratio(samples), "relay_delay_us": delay}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
