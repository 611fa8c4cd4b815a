"""(j) A flood of handshakes while an audience watches: what the audience feels of it."""
from __future__ import annotations

import contextlib
import json
import statistics
from typing import Iterator

import relay as relays
from bench_ground import LOAD_CPU, Ground, pinned
from bench_servers import PASSPHRASE, SEALED_STREAM, STREAM, Server, start_fanlight, start_load
from processes import cpu_seconds, say
from testing import Failed

IDLE_STREAM = "live/idle"  # Nobody publishes it: who is let in and vanishes is sent nothing.
RATE, BOGUS = 5000, 90
SPAN = 6.0


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


def _run(ground: Ground, viewers: int, bitrate: str, is_flooded: bool) -> dict:
    """The flood begins before the audience and outlasts it, so that all that is measured is under it."""
    with _server(ground) as server:
        flood, place = None, ground.work / "flood.json"
        if is_flooded:
            # It shares the CPU of those who measure, where a real one would come from elsewhere: it gives way to them.
            flood = ground.processes.start("flood", pinned(["nice", "-n", "19",
                ground.program("fanlight-load"), "flood", "--relay", server.view, "--rate", str(RATE), "--bogus", str(BOGUS),
                "--name", IDLE_STREAM, "--sealed", SEALED_STREAM, "--duration", f"{SPAN + viewers / 500 + 2:.0f}s",
                "--json", str(place)], LOAD_CPU))
        before = cpu_seconds(server.process.pid)
        report = start_load(ground, "both", server.view, "--excuse-loss", "100", viewers=viewers, ramp=500, seconds=SPAN,
                            bitrate=bitrate).report()
        spent = cpu_seconds(server.process.pid) - before
        row = {"flooded": is_flooded, "connected": report["connected"], "viewers": viewers, "lost": report["lost"],
               "late": report["late"], "p50_us": report["latency_us"]["p50"], "p99_us": report["latency_us"]["p99"],
               "relay_cpu_s": round(spent, 2), "continuity_errors": report["continuity_errors"],
               "hash_failures": report["hash_failures"]}
        if flood is not None:
            if flood.popen.wait(30) != 0:
                raise Failed(f"the flood ended with {flood.popen.returncode}: {flood.log_tail(3)}")
            said = json.loads(place.read_text())
            row["handshakes"] = said["bogus_inductions"] + said["wrong_cookies"] + said["complete"]
            row["handshakes_per_s"] = round(row["handshakes"] / said["seconds"])
            row |= {key: said[key] for key in ("accepted", "rejected", "cpu_s")}
    say(f"  {'flood' if is_flooded else 'quiet'}: p99 {row['p99_us'] / 1000:.2f} ms, lost {row['lost']}, CPU {row['relay_cpu_s']} s")
    return row


def flood(ground: Ground) -> dict:
    """Pairs, quiet and flooded in turns; the quiet runs among themselves tell how far apart two equal runs lie."""
    quick = ground.scale.quick
    viewers, bitrate, pairs = (200, "500k", 1) if quick else (1000, "250k", 5)
    rows = [_run(ground, viewers, bitrate, is_flooded) for _ in range(pairs) for is_flooded in (False, True)]
    quiet, flooded = rows[0::2], rows[1::2]
    p99 = [row["p99_us"] for row in quiet]
    ratios = [b["p99_us"] / a["p99_us"] for a, b in zip(quiet, flooded)]
    # Of two quiet runs, one after the other: what a pair may differ by without any flood.
    spread = max((abs(b / a - 1) for a, b in zip(p99, p99[1:])), default=0.0)
    return {"viewers": viewers, "bitrate": bitrate, "rows": rows, "p99_ratio": statistics.median(ratios),
            "quiet_spread": spread, "lost": sum(row["lost"] + row["late"] for row in flooded),
            "holds": abs(statistics.median(ratios) - 1) < max(0.10, spread)}
