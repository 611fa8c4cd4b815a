"""(j) A flood of handshakes while an audience watches: what the audience feels of it.

The flood's program has to run on the CPU of those who measure, where a real one would come from elsewhere, and that alone
moves their p99. So it runs in both halves of a pair: aimed past the relay, at a socket that nobody reads, and at the relay.
Runs without it tell what the program itself does to the figures.
"""
from __future__ import annotations

import contextlib
import json
import socket
import statistics
from typing import Iterator

import relay as relays
from bench_ground import LOAD_CPU, Ground, pinned
from bench_servers import PASSPHRASE, SEALED_STREAM, STREAM, Server, start_fanlight, start_load
from processes import Process, cpu_seconds, say
from testing import Failed

IDLE_STREAM = "live/idle"  # Nobody publishes it: who is let in and vanishes is sent nothing.
RATE, BOGUS = 5000, 90
SPAN = 6.0
QUIET, PAST, FLOODED = WAYS = ("none", "past the relay", "at the relay")


@contextlib.contextmanager
def _server(ground: Ground) -> Iterator[Server]:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    streams = [relays.Stream(STREAM, latency_ms=120, bitrate_max_mbps=10), relays.Stream(IDLE_STREAM, bitrate_max_mbps=1),
               relays.Stream(SEALED_STREAM, bitrate_max_mbps=1, view_passphrase=PASSPHRASE)]
    relay = start_fanlight(ground, relays.Configuration(listen=[address], streams=streams, sessions_max=4096))
    try:
        yield Server(relay.process, address, address)
    finally:
        relay.process.stop()


@contextlib.contextmanager
def _deaf_socket() -> Iterator[str]:
    """Takes what fits into its buffer and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield "%s:%d" % deaf.getsockname()


def _start_flood(ground: Ground, target: str, seconds: float) -> Process:
    return ground.processes.start("flood", pinned(["nice", "-n", "19",
        ground.program("fanlight-load"), "flood", "--relay", target, "--rate", str(RATE), "--bogus", str(BOGUS), "--name",
        IDLE_STREAM, "--sealed", SEALED_STREAM, "--duration", f"{seconds:.0f}s", "--json", str(ground.work / "flood.json")],
        LOAD_CPU))


def _finish_flood(ground: Ground, flood: Process) -> dict:
    if flood.popen.wait(30) != 0:
        raise Failed(f"the flood ended with {flood.popen.returncode}: {flood.log_tail(3)}")
    said = json.loads((ground.work / "flood.json").read_text())
    handshakes = said["bogus_inductions"] + said["wrong_cookies"] + said["complete"]
    return {"handshakes_per_s": round(handshakes / said["seconds"])} | {key: said[key] for key in ("accepted", "rejected", "cpu_s")}


def _run(ground: Ground, viewers: int, bitrate: str, way: str) -> dict:
    """The flood begins before the audience and outlasts it, so that all that is measured is under it."""
    with _server(ground) as server, _deaf_socket() as deaf:
        flood = None
        if way != QUIET:
            flood = _start_flood(ground, server.view if way == FLOODED else deaf, SPAN + viewers / 500 + 2)
        before = cpu_seconds(server.process.pid)
        report = start_load(ground, "both", server.view, "--excuse-loss", "100", viewers=viewers, ramp=500, seconds=SPAN,
                            bitrate=bitrate).report()
        spent = cpu_seconds(server.process.pid) - before
        row = {"flood": way, "connected": report["connected"], "viewers": viewers, "lost": report["lost"],
               "late": report["late"], "p50_us": report["latency_us"]["p50"], "p99_us": report["latency_us"]["p99"],
               "relay_cpu_s": round(spent, 2), "continuity_errors": report["continuity_errors"],
               "hash_failures": report["hash_failures"]}
        if flood is not None:
            row |= _finish_flood(ground, flood)
    say(f"  {way}: p99 {row['p99_us'] / 1000:.2f} ms, lost {row['lost']}, CPU {row['relay_cpu_s']} s")
    return row


def _moves(rows: list[dict], aside: list[dict]) -> list[float]:
    """Of the p99, by pairs."""
    return [b["p99_us"] / a["p99_us"] for a, b in zip(aside, rows)]


def flood(ground: Ground) -> dict:
    """In turns; runs with the flood aimed past the relay tell among themselves how far apart two equal runs lie."""
    quick = ground.scale.quick
    viewers, bitrate, rounds = (200, "500k", 1) if quick else (1000, "250k", 5)
    rows = [_run(ground, viewers, bitrate, way) for _ in range(rounds) for way in WAYS]
    quiet, past, flooded = (rows[i::len(WAYS)] for i in range(len(WAYS)))
    p99 = [row["p99_us"] for row in past]
    # Of two such runs, one after the other: what a pair may differ by without any handshake to the relay.
    spread = max((abs(b / a - 1) for a, b in zip(p99, p99[1:])), default=0.0)
    ratio = statistics.median(_moves(flooded, past))
    return {"viewers": viewers, "bitrate": bitrate, "rows": rows, "p99_ratio": ratio, "spread": spread,
            "program_ratio": statistics.median(_moves(past, quiet)),
            "lost": sum(row["lost"] + row["late"] for row in flooded), "holds": abs(ratio - 1) < max(0.10, spread)}
