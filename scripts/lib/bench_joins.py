"""(g) Joins: a thousand clear callers a second; callers that each cost a key derivation, at a rising rate."""
from __future__ import annotations

import time

from bench_ground import Ground
from bench_servers import SEALED_STREAM, fanlight, fanlight_with_secret, start_load
from processes import cpu_seconds, say

SPAN = 5  # Seconds of callers.
CLEAR_VIEWERS = 50
# The relay keeps 64 derived keys: with more salts than that, taken in turn, each caller costs a derivation.
SALTS = "1024"


def joins(ground: Ground) -> dict:
    """A thousand callers a second to a thin stream, so that what is measured is the joining."""
    viewers = 2000 if ground.scale.quick else 10000
    say(f"  joins: {viewers} viewers, 1000 a second")
    with fanlight(ground) as server:
        before = cpu_seconds(server.process.pid)
        load = start_load(ground, "both", server.view, "--excuse-loss", "100", viewers=viewers, ramp=1000, seconds=2,
                          bitrate="50k")
        report = load.report()
        spent = cpu_seconds(server.process.pid) - before
    return {"viewers": viewers, "ramp_per_s": 1000, "connected": report["connected"], "ramp_s": report["ramp_s"],
            "failures": report["failures"], "cpu_s": spent, "lost": report["lost"], "late": report["late"]}


def sealed_joins(ground: Ground) -> list[dict]:
    """Callers with a passphrase and salts of their own, from 256 sites, beside clear viewers of another stream; the first
    row has none of them."""
    rates = (0, 400) if ground.scale.quick else (0, 50, 100, 200, 400, 800)
    return [_sealed_joins(ground, rate) for rate in rates]


def _sealed_joins(ground: Ground, rate: int) -> dict:
    say(f"  joins: {rate} encrypted callers a second")
    with fanlight_with_secret(ground) as server:
        clear = start_load(ground, "both", server.view, "--excuse-loss", "100", viewers=CLEAR_VIEWERS, ramp=500,
                           seconds=SPAN + 5)
        time.sleep(2.5)
        before = cpu_seconds(server.process.pid)
        row = {"offered_per_s": rate, "callers": rate * SPAN, **(_rush(ground, server, rate) if rate else {})}
        report = clear.report()
        row["relay_cpu_s"] = round(cpu_seconds(server.process.pid) - before, 2)
    return row | {"clear_lost": report["lost"], "clear_late": report["late"], "clear_p50_us": report["latency_us"]["p50"],
                  "clear_p99_us": report["latency_us"]["p99"]}


def _rush(ground: Ground, server, rate: int) -> dict:
    report = start_load(ground, "view", server.view, "--excuse-loss", "100", "--salts", SALTS, *server.words,
                        name=SEALED_STREAM, viewers=rate * SPAN, ramp=rate, seconds=0.5).report()
    return {"connected": report["connected"], "held_per_s": round(report["connected"] / report["ramp_s"]),
            "longest_wait_ms": round(report["answer_us"]["max"] / 1000), "failures": report["failures"]}
