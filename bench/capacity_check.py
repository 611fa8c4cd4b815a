#!/usr/bin/env python3
"""Is `fanlight capacity` right? Predicts, then has fanlight-load look for the largest audience that loses nothing.

The relay has one core for its worker, the load generator another. An audience is held when at least 99 % of its viewers
missed less than 0.1 % of their packets. When the generator misses its own ticks, it is the limit, and that is said.
Prints one JSON object.

Build first: ninja -C build controlplane/fanlightd tools/fanlight_load/fanlight-load

examples:
  bench/capacity_check.py --bitrate 5
  bench/capacity_check.py --bitrate 1 --seconds 3 --relay-core 0 --load-core 1
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
MISSED_TICKS_SHARE = 0.01  # Of viewers' ticks, of which there are a hundred a second.


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_config(folder: Path, port: int, core: int) -> Path:
    path = folder / "fanlight.toml"
    path.write_text(f"""[relay]
api = "{folder}/api.sock"
sessions_max = 20000
core = {core}
log_level = "error"
[[listen]]
address = "127.0.0.1:{port}"
receive_buffer_kb = 32768
[[stream]]
name = "live/main"
bitrate_max_mbps = 50
join = "live"
""", encoding="utf-8")
    return path


def predict(args: argparse.Namespace, config: Path) -> dict:
    command = [args.build / "controlplane/fanlightd", "--capacity", "--json", "--config", config, "--bitrate", str(args.bitrate)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


def cpu_seconds(pid: int) -> float:
    """Of the worker's thread."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == "fanlight-0":
            return int((task / "schedstat").read_text().split()[0]) / 1e9
    raise SystemExit("the relay has no worker")


def load(args: argparse.Namespace, config: Path, port: int, viewers: int) -> dict:
    relay = subprocess.Popen([args.build / "controlplane/fanlightd", "--config", config], stderr=subprocess.PIPE, text=True)
    try:
        while "ready" not in relay.stderr.readline():
            if relay.poll() is not None:
                raise SystemExit("the relay did not start")
        generator = subprocess.Popen(
            [args.build / "tools/fanlight_load/fanlight-load", "both", "--relay", f"127.0.0.1:{port}", "--viewers", str(viewers),
             "--bitrate", f"{args.bitrate}M", "--duration", f"{args.seconds}s", "--core", str(args.load_core), "--json", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(viewers / 1000 + args.seconds * 0.4)
        before, start = cpu_seconds(relay.pid), time.monotonic()
        time.sleep(args.seconds * 0.4)
        share = (cpu_seconds(relay.pid) - before) / (time.monotonic() - start)
        report = json.loads(generator.communicate(timeout=viewers / 1000 + args.seconds * 4 + 30)[0])
    finally:
        relay.terminate()
        relay.wait(5)
    held = report["served"] >= SERVED_SHARE * viewers
    slow = report["generator"]["missed_ticks"] > MISSED_TICKS_SHARE * viewers * 100 * report["duration_s"]
    one = {"viewers": viewers, "held": held, "generator_slow": slow, "worker_share": round(share, 3), "served": report["served"],
           "p99_ms": round(report["latency_us"]["p99"] / 1000, 1), "generator_cpu": round(report["cpu_s"] / report["duration_s"], 2)}
    print(json.dumps(one), file=sys.stderr)
    return one


def search(args: argparse.Namespace, config: Path, port: int, predicted: int) -> tuple[int, list[dict]]:
    """Between half and twice the prediction, to 5 %."""
    runs = []
    least, most = predicted // 2, predicted * 2
    while most - least > predicted * 0.05 and len(runs) < args.runs:
        middle = (least + most) // 2
        runs.append(load(args, config, port, middle))
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
    parser.add_argument("--relay-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        port = free_udp_port()
        config = write_config(Path(name), port, args.relay_core)
        predicted = predict(args, config)["predictions"][0]
        print(json.dumps(predicted), file=sys.stderr)
        found, runs = search(args, config, port, predicted["viewers"])
    print(json.dumps({"bitrate_mbps": args.bitrate, "predicted": predicted["viewers"], "found": found,
                      "ratio": round(predicted["viewers"] / max(found, 1), 3),
                      "generator_was_the_limit": any(run["generator_slow"] and not run["held"] for run in runs), "runs": runs}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
