#!/usr/bin/env python3
"""Is `fanlight capacity` right? Predicts, then has fanlight-load look for the largest audience that loses nothing.

The relay has one core for its worker, the load generator another. An audience is held when at least 99 % of its viewers
missed less than 0.1 % of their packets. When the generator misses its own ticks, it is the limit, and that is said. A
machine may change its pace within a minute: so it predicts before the search and after it, and takes the mean. A load
that was not held, and during which somebody else had more than 3 % of the worker's core, is done once more.

With --port ethernet the two face each other through net_virtio_user and net_vhost, and the generator is the slower side.
Nothing is searched there: at each audience (--viewers) the share of its time that the worker was busy is compared with
the predicted one, with a fresh prediction beside each load. An audience that fits into the ring (of 1,024 places, three
for a packet) shows what the worker's work costs; with a larger one it also waits for the other end, up to the share that
is predicted for full rings.

Prints one JSON object.

Build first: ninja -C build controlplane/fanlightd tools/fanlight/fanlight tools/fanlight_load/fanlight-load

examples:
  bench/capacity_check.py --bitrate 5
  bench/capacity_check.py --bitrate 1 --seconds 3 --relay-core 0 --load-core 1
  bench/capacity_check.py --port ethernet --bitrate 50 --viewers 300 --viewers 1000 --rounds 3
"""
from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVED_SHARE = 0.99
VIEWERS_MAX = 20_000  # fanlight-load's.
AWAY_SHARE = 0.03
MISSED_TICKS_SHARE = 0.01  # Of viewers' ticks, of which there are a hundred a second.


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Place:
    """Where relay and generator meet: the relay's configuration, and the generator's words for it."""

    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        self.config = folder / "fanlight.toml"
        self.api = folder / "api.sock"
        port = free_udp_port()
        if args.port == "sockets":
            self.words = ["--relay", f"127.0.0.1:{port}"]
            where = f"""[[listen]]
address = "127.0.0.1:{port}"
receive_buffer_kb = {args.receive_buffer_kb}
"""
        else:
            meeting = folder / "pair.sock"
            self.words = ["--relay", "10.77.0.1:9000", "--port", "ethernet", "--ip", "10.77.0.2/24", "--udp-ports", "20000",
                          "--device", f"net_vhost0,iface={meeting},client=1"]
            where = f"""[[ethernet.device]]
eal = "net_virtio_user0,path={meeting},server=1,queue_size=1024"
ipv4 = "10.77.0.1/24"
rx_checksum = "trust"
"""
        self.config.write_text(f"""[relay]
api = "{self.api}"
port = "{"sockets" if args.port == "sockets" else "ethernet"}"
sessions_max = 20100
core = {args.relay_core}
log_level = "error"
{where}
[[stream]]
name = "live/main"
bitrate_max_mbps = 50
join = "live"
""", encoding="utf-8")


def predict(args: argparse.Namespace, place: Place, viewers: int = 1) -> dict:
    command = [args.build / "controlplane/fanlightd", "--capacity", "--json", "--config", place.config,
               "--bitrate", str(args.bitrate), "--viewers", str(viewers)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    predicted = {**report["predictions"][0], "measured": report["measured"]}
    print(json.dumps(predicted), file=sys.stderr, flush=True)
    return predicted


def counters(args: argparse.Namespace, place: Place) -> dict[str, int]:
    """Of the worker."""
    command = [args.build / "tools/fanlight/fanlight", "--api", place.api, "status", "--json"]
    status = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout)
    return {**status["workers"][0], "us": time.monotonic_ns() // 1000}


def worker_cpu_us(relay: subprocess.Popen) -> int:
    """CPU time of its worker's thread."""
    for task in Path(f"/proc/{relay.pid}/task").iterdir():
        name, _, fields = (task / "stat").read_text(encoding="ascii").partition(") ")
        if "(fanlight-" in name:
            user, system = fields.split()[11:13]
            return (int(user) + int(system)) * 1_000_000 // os.sysconf("SC_CLK_TCK")
    raise SystemExit("the relay has no worker")


def load(args: argparse.Namespace, place: Place, viewers: int) -> dict:
    relay = subprocess.Popen([args.build / "controlplane/fanlightd", "--config", place.config], stderr=subprocess.PIPE, text=True)
    words = [args.build / "tools/fanlight_load/fanlight-load", "both", *place.words, "--viewers", str(viewers), "--ramp", str(args.ramp),
             "--bitrate", f"{args.bitrate}M", "--duration", f"{args.seconds}s", "--core", str(args.load_core), "--json", "-"]
    generator = None
    try:
        if args.port == "ethernet":  # The relay waits for the other end of its device.
            generator = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while "ready" not in relay.stderr.readline():
            if relay.poll() is not None:
                raise SystemExit("the relay did not start")
        if generator is None:
            generator = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(viewers / args.ramp + args.seconds * 0.4)
        before = counters(args, place) | {"cpu_us": worker_cpu_us(relay)}
        time.sleep(args.seconds * 0.4)
        now = counters(args, place) | {"cpu_us": worker_cpu_us(relay)}
        grown = {name: now[name] - before[name] for name in ("us", "cpu_us", "busy_us", "received", "fresh_sent", "transmitted", "transmit_calls")}
        report = json.loads(generator.communicate(timeout=viewers / args.ramp + args.seconds * 4 + 60)[0])
    finally:
        if generator is not None and generator.poll() is None:
            generator.kill()
        relay.terminate()
        relay.wait(5)
    held = report["served"] >= SERVED_SHARE * viewers
    slow = report["generator"]["missed_ticks"] > MISSED_TICKS_SHARE * viewers * 100 * report["duration_s"]
    generator_share = report["busy_s" if args.port == "ethernet" else "cpu_s"] / report["duration_s"]
    wanted_us = grown["us" if args.port == "ethernet" else "busy_us"]  # One polls, the other sleeps.
    one = {"viewers": viewers, "held": held, "generator_slow": slow, "worker_share": round(grown["busy_us"] / grown["us"], 3),
           "away_share": round(max(wanted_us - grown["cpu_us"], 0) / grown["us"], 3), "served": report["served"],
           "p99_ms": round(report["latency_us"]["p99"] / 1000, 1), "generator_share": round(generator_share, 2),
           "acks_per_viewer": round((grown["received"] - grown["fresh_sent"] / viewers) / viewers / grown["us"] * 1e6, 1),
           "datagrams_per_call": round(grown["transmitted"] / max(grown["transmit_calls"], 1), 1)}
    print(json.dumps(one), file=sys.stderr, flush=True)
    return one


def load_undisturbed(args: argparse.Namespace, place: Place, viewers: int) -> list[dict]:
    runs = [load(args, place, viewers)]
    if not runs[-1]["held"] and runs[-1]["away_share"] > AWAY_SHARE:
        runs.append(load(args, place, viewers))
    return runs


def search(args: argparse.Namespace, place: Place) -> dict:
    """Between half and twice the prediction, to 5 %."""
    runs, before = [], predict(args, place)
    least, most = before["viewers"] // 2, min(before["viewers"] * 2, VIEWERS_MAX)
    while most - least > before["viewers"] * 0.05 and len(runs) < args.runs:
        middle = (least + most) // 2
        runs += load_undisturbed(args, place, middle)
        if runs[-1]["held"]:
            least = middle
        else:
            most = middle
    after = predict(args, place)
    predicted = (before["viewers"] + after["viewers"]) / 2
    return {"bitrate_mbps": args.bitrate, "predicted": round(predicted), "before": before, "after": after, "found": least,
            "ratio": round(predicted / max(least, 1), 3),
            "generator_was_the_limit": any(run["generator_slow"] and not run["held"] for run in runs), "runs": runs}


def compare_shares(args: argparse.Namespace, place: Place) -> dict:
    """Of the worker's time, each audience in turn."""
    runs = []
    for viewers in args.viewers * args.rounds:
        predicted = predict(args, place, viewers)
        run = load(args, place, viewers)
        ratio = round(predicted["share"] / max(run["worker_share"], 1e-3), 3)
        runs.append({**run, "predicted_share": round(predicted["share"], 3),
                     "predicted_full": round(predicted["share_full"], 3), "ratio": ratio, "measured": predicted["measured"]})

    def median(viewers: int, figure: str) -> float:
        return statistics.median(run[figure] for run in runs if run["viewers"] == viewers)
    audiences = [{"viewers": viewers, **{figure: median(viewers, figure) for figure in ("predicted_share", "predicted_full", "worker_share", "ratio")}}
                 for viewers in args.viewers]
    return {"bitrate_mbps": args.bitrate, "audiences": audiences, "runs": runs}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bitrate", type=float, default=5, help="Mb/s (default 5)")
    parser.add_argument("--seconds", type=float, default=5, help="of each load (default 5)")
    parser.add_argument("--runs", type=int, default=8, help="loads at most (default 8)")
    parser.add_argument("--viewers", type=int, action="append", default=[], help="no search: load so many and compare the worker's share; may be given again")
    parser.add_argument("--rounds", type=int, default=1, help="of all --viewers (default 1)")
    parser.add_argument("--port", choices=("sockets", "ethernet"), default="sockets")
    parser.add_argument("--ramp", type=float, default=1000, help="viewers that call in a second (default 1000)")
    parser.add_argument("--receive-buffer-kb", type=int, default=32768, help="of the relay's socket (default 32768)")
    parser.add_argument("--relay-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    args = parser.parse_args()
    if args.port == "ethernet" and not args.viewers:
        parser.error("--port ethernet compares shares at given audiences: give --viewers")
    with tempfile.TemporaryDirectory() as name:
        place = Place(args, Path(name))
        print(json.dumps(compare_shares(args, place) if args.viewers else search(args, place)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
