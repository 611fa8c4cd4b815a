#!/usr/bin/env python3
"""Is `fanlight capacity` right? Predicts, then has fanlight-load look for the largest audience that loses nothing.

The relay has one core for its worker, the load generator another. An audience is held when at least 99 % of its viewers
missed less than 0.1 % of their packets. When the generator misses its own ticks, it is the limit, and that is said.
With --port virtio the two face each other through net_virtio_user and net_vhost. There the generator is usually the
slower side, so the worker's busy share at given audiences (--viewers) is compared with the predicted one as well.
Prints one JSON object.

Build first: ninja -C build controlplane/fanlightd tools/fanlight/fanlight tools/fanlight_load/fanlight-load

examples:
  bench/capacity_check.py --bitrate 5
  bench/capacity_check.py --bitrate 1 --seconds 3 --relay-core 0 --load-core 1
  bench/capacity_check.py --port virtio --bitrate 5 --viewers 2000 --viewers 4000
"""
from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVED_SHARE = 0.99
VIEWERS_MAX = 20_000  # fanlight-load's.
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


def predict(args: argparse.Namespace, place: Place) -> dict:
    command = [args.build / "controlplane/fanlightd", "--capacity", "--json", "--config", place.config,
               "--bitrate", str(args.bitrate)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    return {**report["predictions"][0], "measured": report["measured"]}


def counters(args: argparse.Namespace, place: Place) -> dict[str, int]:
    """Of the worker."""
    command = [args.build / "tools/fanlight/fanlight", "--api", place.api, "status", "--json"]
    status = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout)
    return {**status["workers"][0], "us": time.monotonic_ns() // 1000}


def load(args: argparse.Namespace, place: Place, viewers: int) -> dict:
    relay = subprocess.Popen([args.build / "controlplane/fanlightd", "--config", place.config], stderr=subprocess.PIPE, text=True)
    words = [args.build / "tools/fanlight_load/fanlight-load", "both", *place.words, "--viewers", str(viewers), "--ramp", str(args.ramp),
             "--bitrate", f"{args.bitrate}M", "--duration", f"{args.seconds}s", "--core", str(args.load_core), "--json", "-"]
    generator = None
    try:
        if args.port == "virtio":  # The relay waits for the other end of its device.
            generator = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while "ready" not in relay.stderr.readline():
            if relay.poll() is not None:
                raise SystemExit("the relay did not start")
        if generator is None:
            generator = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(viewers / args.ramp + args.seconds * 0.4)
        before = counters(args, place)
        time.sleep(args.seconds * 0.4)
        now = counters(args, place)
        grown = {name: now[name] - before[name] for name in ("us", "busy_us", "received", "fresh_sent", "transmitted", "transmit_calls")}
        report = json.loads(generator.communicate(timeout=viewers / args.ramp + args.seconds * 4 + 60)[0])
    finally:
        if generator is not None and generator.poll() is None:
            generator.kill()
        relay.terminate()
        relay.wait(5)
    held = report["served"] >= SERVED_SHARE * viewers
    slow = report["generator"]["missed_ticks"] > MISSED_TICKS_SHARE * viewers * 100 * report["duration_s"]
    generator_share = report["busy_s" if args.port == "virtio" else "cpu_s"] / report["duration_s"]
    one = {"viewers": viewers, "held": held, "generator_slow": slow, "worker_share": round(grown["busy_us"] / grown["us"], 3), "served": report["served"],
           "p99_ms": round(report["latency_us"]["p99"] / 1000, 1), "generator_share": round(generator_share, 2),
           "acks_per_viewer": round((grown["received"] - grown["fresh_sent"] / viewers) / viewers / grown["us"] * 1e6, 1),
           "datagrams_per_call": round(grown["transmitted"] / max(grown["transmit_calls"], 1), 1)}
    print(json.dumps(one), file=sys.stderr, flush=True)
    return one


def search(args: argparse.Namespace, place: Place, predicted: int) -> tuple[int, list[dict]]:
    """Between half and twice the prediction, to 5 %."""
    runs = []
    least, most = predicted // 2, min(predicted * 2, VIEWERS_MAX)
    while most - least > predicted * 0.05 and len(runs) < args.runs:
        middle = (least + most) // 2
        runs.append(load(args, place, middle))
        if runs[-1]["held"]:
            least = middle
        else:
            most = middle
    return least, runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bitrate", type=float, default=5, help="Mb/s (default 5)")
    parser.add_argument("--seconds", type=float, default=5, help="of each load (default 5)")
    parser.add_argument("--runs", type=int, default=8, help="loads at most (default 8)")
    parser.add_argument("--viewers", type=int, action="append", default=[], help="no search: load so many; may be given again")
    parser.add_argument("--port", choices=("sockets", "virtio"), default="sockets")
    parser.add_argument("--ramp", type=float, default=1000, help="viewers that call in a second (default 1000)")
    parser.add_argument("--receive-buffer-kb", type=int, default=32768, help="of the relay's socket (default 32768)")
    parser.add_argument("--relay-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Place(args, Path(name))
        predicted = predict(args, place)
        print(json.dumps(predicted), file=sys.stderr, flush=True)
        result = {"bitrate_mbps": args.bitrate, "predicted": predicted["viewers"]}
        if args.viewers:
            runs = [load(args, place, viewers) for viewers in args.viewers]
        else:
            found, runs = search(args, place, predicted["viewers"])
            result |= {"found": found, "ratio": round(predicted["viewers"] / max(found, 1), 3)}
    for run in runs:
        run["predicted_share"] = round(run["viewers"] / predicted["viewers_unhurried"], 3)
    result["generator_was_the_limit"] = any(run["generator_slow"] and not run["held"] for run in runs)
    print(json.dumps({**result, "runs": runs}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
