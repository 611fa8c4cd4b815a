#!/usr/bin/env python3
"""Benchmarks with both sides of every ratio measured in the same run: ours, and the limit or the opponent.

The relay (or the other server) runs on CPU 0, the load on CPU 1. Progress goes to stderr, tables to stdout. What cannot
be measured on this machine is skipped with a reason.

examples:
  scripts/bench --quick                             3 minutes, one run of each
  scripts/bench --json results.json                 everything, medians of three; about half an hour
  scripts/bench --only fanout --only chain          the fan-out alone
  scripts/bench --plots bench/results               growth curves as SVG
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import bench_crowd
import bench_fanout
import bench_flood
import bench_hls
import bench_http
import bench_joins
import bench_micro
import bench_rtp
import bench_sockets
import plot
import setup
from bench_ground import FULL, QUICK, Ground, machine
from processes import Stopped, say, stop_on_signals
from testing import Failed, Skip

PROGRAMS = ("bench/fanout_bench", "bench/bare_fanout", "bench/vhost_sink", "bench/bare_cipher", "bench/micro_bench",
            "bench/memory_bench", "bench/bare_sockets", "bench/sockets_crowd", "bench/libsrt_fanout", "bench/http_bench",
            "bench/release_bench", "controlplane/fanlightd", "tools/fanlight/fanlight", "tools/fanlight_load/fanlight-load",
            "hls-packager/fanlight-packager")
SECTIONS = ("micro", "memory", "fanout", "chain", "workers", "rtp", "crowd", "sockets", "hold", "latency", "joins", "flood", "loss",
            "misbehaviour", "http", "hls")
QUICK_SECTIONS = tuple(name for name in SECTIONS if name not in ("hold", "misbehaviour", "hls"))


class Report:
    """The JSON object, filled section by section, and what is printed of it."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.json: dict = {"machine": machine(ground)}
        self.failed = 0

    def run(self, name: str) -> None:
        say(f"{name} …")
        try:
            getattr(self, f"_{name}")()
        except Skip as reason:
            print(f"skip {name}: {reason}", flush=True)
        except (Failed, setup.SetupError, subprocess.TimeoutExpired) as reason:
            self.failed += 1
            print(f"FAIL {name}: {reason}", flush=True)

    def demand_sound(self, name: str, rows: list[dict]) -> None:
        """Loss and lateness are figures; a viewer that never came up, or a wrong byte, is a fault."""
        for row in rows:
            faults = [key for key in ("continuity_errors", "hash_failures") if row.get(key, 0) > 0]
            if row["connected"] != row["viewers"]:
                faults.insert(0, f"{row['viewers'] - row['connected']} viewers that did not connect")
            if faults:
                self.failed += 1
                print(f"FAIL {name}, {row['viewers']} viewers: {', '.join(faults)}", flush=True)

    def _micro(self) -> None:
        steps = bench_micro.micro(self.ground)
        self.json["micro_ns"] = steps
        self.json["ack_ns"] = steps.get("ack_to_ackack/5000")
        table("one step", ("step", "ns"), [(name, f"{ns:.1f}") for name, ns in steps.items()])

    def _memory(self) -> None:
        memory = bench_micro.memory(self.ground)
        self.json |= {"memory": memory, "viewer_bytes": memory["viewer_bytes"], "stream_bytes": memory["stream_bytes"]}
        table("memory", ("what", "bytes"), list(memory.items()))

    def _fanout(self) -> None:
        rows = self.json["fanout"] = bench_fanout.fanout(self.ground)
        self.json["growth"] = bench_fanout.growth(self.ground, rows)
        if (share := bench_fanout.saturation(rows)) is not None:
            self.json["saturation"] = share
            print(f"20,000 viewers × 5 Mb/s into a sink: one worker sustains {share['share']:.0%} of 9.5 Mpps\n")
        table("growth with streams", ("viewers", "streams", "ns"), [
            (row["viewers"], row["streams"], f"{row['ns_per_packet']:.1f}") for row in self.json["growth"]
            if row["port"] == "null" and row["viewers"] == 5000])
        table("fan-out", ("port", "viewers", "cipher", "ns", "limit", "ratio", "busy ns", "limit's"), [
            (row["port"], row["viewers"], row["cipher"], f"{row['ns_per_packet']:.1f}", f"{row['limit_ns_per_packet']:.1f}",
             f"{row['ratio']:.2f}", _number(row.get("busy_ns_per_packet")), _number(row.get("limit_busy_ns_per_packet")))
            for row in rows])

    def _chain(self) -> None:
        row = self.json["chain_vs_copy"] = bench_fanout.chain_vs_copy(self.ground)
        table("chained against copied", ("chained ns", "copied ns", "ratio", "the bare loop's ratio"), [
            (f"{row['chain_ns_per_packet']:.1f}", f"{row['copy_ns_per_packet']:.1f}", f"{row['ratio']:.2f}",
             f"{row['limit_ratio']:.2f}")])

    def _workers(self) -> None:
        rows = self.json["workers"] = bench_fanout.workers(self.ground)
        table("two workers against one, net_null", ("viewers each", "one", "two", "ratio", "bare one", "bare two", "its ratio"), [
            (row["viewers"], *(f"{row[name + '_packets_per_s'] / 1e6:.1f} Mpps" for name in ("one", "two")), f"{row['ratio']:.2f}",
             *(f"{row[name + '_packets_per_s'] / 1e6:.1f} Mpps" for name in ("bare_one", "bare_two")), f"{row['limit_ratio']:.2f}")
            for row in rows])

    def _rtp(self) -> None:
        rows = bench_rtp.fanout(self.ground)
        table("RTP fan-out", ("port", "destinations", "ns", "limit", "ratio", "busy ns", "SRT's busy ns"), [
            (row["port"], row["destinations"], *(f"{row[key]:.1f}" for key in ("ns_per_packet", "limit_ns_per_packet")),
             f"{row['ratio']:.2f}", *(f"{row[key]:.1f}" for key in ("busy_ns_per_packet", "srt_busy_ns_per_packet"))) for row in rows])
        secret = bench_rtp.srtp(self.ground)
        table("SRTP under one key, beside RTP in clear", ("port", "destinations", "suite", "ns", "clear", "of clear"), [
            (row["port"], row["destinations"], row["suite"], *(f"{row[key]:.1f}" for key in ("ns_per_packet", "clear_ns_per_packet")),
             f"{row['of_clear']:.2f}") for row in secret])
        on_sockets = bench_rtp.sockets(self.ground)
        table("RTP on kernel sockets, CPU us per packet", tuple(on_sockets[0]), [
            (row["destinations"], *(f"{value:.2f}" for value in list(row.values())[1:])) for row in on_sockets])
        self.json["rtp"] = {"fanout": rows, "srtp": secret, "sockets": on_sockets}

    def _crowd(self) -> None:
        rows = self.json["crowd"] = bench_crowd.crowds(self.ground)
        self.json.setdefault("added_latency_us", []).extend(
            {"port": "virtio", "viewers": row["viewers"], **{key: row["latency_us"][key] for key in ("p50", "p99", "p999")}}
            for row in rows)
        self.demand_sound("crowd", rows)
        table("crowd over virtio", ("viewers", "bitrate", "up", "expected", "lost", "late", "p99 us"), [
            (row["viewers"], row["bitrate"], row["connected"], row["expected"], row["lost"], row["late"],
             row["latency_us"]["p99"]) for row in rows])

    def _sockets(self) -> None:
        rows = self.json["sockets"] = bench_sockets.sockets(self.ground)
        base = {(row["viewers"], row["cipher"]): row["cpu_us_per_packet"] for row in rows if row["server"] == "fanlight"}
        table("kernel sockets", ("server", "viewers", "cipher", "CPU us per packet", "fanlight's share of it"), [
            (f"{row['server']} ({row['library']})" if row["cipher"] != "none" and "library" in row else row["server"],
             row["viewers"], row["cipher"], f"{row['cpu_us_per_packet']:.2f}",
             f"{base[row['viewers'], row['cipher']] / row['cpu_us_per_packet']:.2f}"
             if (row["viewers"], row["cipher"]) in base else "-") for row in rows])
        self._virtio_beside_libsrt(rows)

    def _virtio_beside_libsrt(self, rows: list[dict]) -> None:
        """Busy time of a saturated worker through virtio-user against libsrt's CPU time on sockets, of the largest each."""
        libsrt = [row["cpu_us_per_packet"] for row in rows if row["server"] == "libsrt_fanout" and row["cipher"] == "none"]
        virtio = [row["busy_ns_per_packet"] for row in self.json.get("fanout", [])
                  if row["port"] == "virtio" and row["viewers"] == 5000 and row["cipher"] == "none"]
        if not libsrt or not virtio:
            return
        share = self.json["virtio_of_libsrt"] = virtio[0] / 1e3 / libsrt[-1]
        print(f"a packet through virtio-user costs 1/{1 / share:.0f} of one of libsrt_fanout on sockets\n")

    def _hold(self) -> None:
        rows = self.json["largest"] = bench_sockets.largest(self.ground)
        table("largest audience on one core, 5 Mb/s", ("server", "viewers"), [tuple(row.values()) for row in rows])

    def _latency(self) -> None:
        rows = bench_sockets.added_latency(self.ground, {row["server"]: row["viewers"] for row in self.json.get("largest", [])})
        self.json.setdefault("added_latency_us", []).extend(rows)
        whose = "half of the largest audience" if "largest" in self.json else "a small audience"
        table(f"latency of {whose}", tuple(rows[0]), [tuple(row.values()) for row in rows])

    def _joins(self) -> None:
        row = self.json["joins"] = bench_joins.joins(self.ground)
        self.demand_sound("joins", [row])
        table("joins", tuple(row), [tuple(row.values())])
        sealed = row["sealed"] = bench_joins.sealed_joins(self.ground)
        head = ("offered_per_s", "callers", "connected", "held_per_s", "longest_wait_ms", "clear_lost", "clear_late",
                "clear_p50_us", "clear_p99_us", "relay_cpu_s", "failures")
        table("encrypted joins, each with a key derivation; clear viewers beside them", head,
              [tuple(one.get(key, "") for key in head) for one in sealed])

    def _flood(self) -> None:
        flood = self.json["flood"] = bench_flood.flood(self.ground)
        self.demand_sound("flood", flood["rows"])
        head = ("flood", "connected", "lost", "late", "p50_us", "p99_us", "relay_cpu_s", "handshakes_per_s", "accepted")
        table(f"{flood['viewers']} viewers of {flood['bitrate']}, without a flood, with 5,000 handshakes a second past the relay and at it, in turns", head,
              [tuple(row.get(key, "") for key in head) for row in flood["rows"]])
        print(f"p99 under the flood: {flood['p99_ratio']:.2f} of that with the flood aimed past the relay (median of pairs); two of "
              f"those differ by {flood['spread']:.0%} at most; lost or late under it: {flood['lost']}. The flood's program alone: "
              f"{flood['program_ratio']:.2f} of the quiet p99\n")
        if flood["lost"] > 0 or not flood["holds"]:
            self.failed += 1
            print("FAIL flood: the audience felt it", flush=True)

    def _loss(self) -> None:
        rows = self.json["loss"] = bench_sockets.loss(self.ground)
        self.demand_sound("loss", rows)
        table("1 % loss, 200 ms latency", tuple(rows[0]), [tuple(row.values()) for row in rows])

    def _misbehaviour(self) -> None:
        rows = self.json["misbehaviour"] = bench_sockets.misbehaviour(self.ground)
        table("a tenth misbehaves: the others' p99", tuple(rows[0]), [tuple(row.values()) for row in rows])

    def _hls(self) -> None:
        rows = self.json["hls"] = bench_hls.audiences(self.ground)
        times = ("p50", "p99", "max")
        table("LL-HLS, packager on one core, times in ms", ("viewers", "up", "Mb/s each", "requests/s", "parts", "late", "stalls", "faults",
                                                          "arrival p50/p99/max", "release p50/p99/max", "publish p99", "packager CPU", "viewers' CPU", "RSS MB"), [
            (row["viewers"], row["connected"], f"{row['mbps_each']:.2f}", row["requests_per_s"], row["parts"], row["late"], row["stalls"],
             row["faults"], *("/".join(f"{row[key][which] / 1e3:.1f}" for which in times) for key in ("arrival_us", "release_us")),
             f"{row['publish_p99_ms']:.1f} of {row['publications']}", f"{row['packager_cpu']:.0%}", f"{row['generator_cpu']:.0%}", f"{row['rss_mb']:.0f}") for row in rows])
        for row in rows:
            print(f"{row['viewers']} viewers: the packager says of its memory: {row['bound'] or 'nothing'}", flush=True)
            if wrong := bench_hls.wrong_with(row):
                self.failed += 1
                print(f"FAIL hls, {row['viewers']} viewers: {'; '.join(wrong)}", flush=True)

    def _http(self) -> None:
        requests = bench_http.requests(self.ground)
        table("a request over HTTP/1.1, CPU us", ("body", "connections", "server", "us", "of the bare loop's"), [
            (row["body_bytes"], row["connections"], row["server"], f"{row['cpu_us']:.2f}", f"{row['ratio']:.2f}") for row in requests])
        releases = bench_http.releases(self.ground)
        table("from a publication to the answers that waited for it", ("server", "waiters", "threads", "p50 ms", "p99 ms", "most ms", "CPU us each", "CPU of those that wait"), [
            (row["server"], row["waiters"], row["threads"], *(f"{row[key]:.2f}" for key in ("p50_ms", "p99_ms", "max_ms", "cpu_us")), f"{row['idle_cpu']:.2%}")
            for row in releases])
        self.json["http"] = {"requests": requests, "releases": releases}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def table(title: str, head: tuple, rows: list[tuple]) -> None:
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    print(title)
    for row in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(flush=True)


def draw(report: dict, folder: Path) -> None:
    for port in ("null", "virtio"):
        rows = [row for row in report.get("growth", []) if row["port"] == port and row["streams"] == 1]
        plot.curves(folder / f"fanout-{port}.svg", f"Fan-out, {port}: cost of a delivered packet", "ns", {
            "fanlight": [(row["viewers"], row["ns_per_packet"]) for row in rows],
            "bare loop": [(row["viewers"], row["limit_ns_per_packet"]) for row in rows]})
    streams = [row for row in report.get("growth", []) if row["port"] == "null" and row["viewers"] == 5000]
    plot.curves(folder / "streams.svg", "Fan-out, net_null: 5,000 viewers of so many streams", "ns", {
        "fanlight": [(row["streams"], row["ns_per_packet"]) for row in streams]}, axis="streams")
    sockets = [row for row in report.get("sockets", []) if row["cipher"] == "none"]
    plot.curves(folder / "sockets.svg", "Kernel sockets: CPU of a delivered packet", "us", {
        name: [(row["viewers"], row["cpu_us_per_packet"]) for row in sockets if row["server"] == name]
        for name in sorted({row["server"] for row in sockets})})


def keep(report: dict, args: argparse.Namespace) -> None:
    if args.json is not None:
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    if args.plots is not None:
        draw(report, args.plots)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="ends within 3 minutes; small audiences, one run of each")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this section (may be given again)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as one object")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw growth curves as SVG")
    parser.add_argument("--build-dir", type=lambda text: Path(text).resolve(), default=setup.ROOT / "build", help="default: build/")
    parser.add_argument("--no-build", action="store_true", help="take the programs as they are")
    return parser.parse_args()


def main() -> int:
    args = parse_arguments()
    stop_on_signals()
    started = time.monotonic()
    try:
        if not args.no_build:
            setup.install([*setup.BUILD_PACKAGES, *setup.PEER_PACKAGES, *setup.BENCH_PACKAGES])
            setup.build(args.build_dir, PROGRAMS)
        with Ground(args.build_dir, QUICK if args.quick else FULL) as ground:
            report = Report(ground)
            try:
                for name in args.only or (QUICK_SECTIONS if args.quick else SECTIONS):
                    report.run(name)
            finally:  # What was measured before a Ctrl-C is not lost.
                report.json["seconds"] = round(time.monotonic() - started)
                keep(report.json, args)
    except (setup.SetupError, Stopped, OSError) as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
