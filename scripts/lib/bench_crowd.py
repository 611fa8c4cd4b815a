"""The whole relay over virtio-user with verifying viewers on the other core: is every published packet delivered?"""
from __future__ import annotations

import time

from bench_ground import Ground
from bench_servers import over_virtio, start_load
from processes import cpu_seconds, say

CROWDS = ((5000, "5M"), (20000, "1M"))
QUICK_CROWDS = ((1000, "5M"),)


def crowds(ground: Ground) -> list[dict]:
    rows = []
    for viewers, bitrate in QUICK_CROWDS if ground.scale.quick else CROWDS:
        say(f"  crowd over virtio: {viewers} viewers, {bitrate}b/s")
        with over_virtio(ground) as (relay, words):
            load = start_load(ground, "both", relay.address, *words, "--excuse-loss", "100", viewers=viewers, ramp=2000,
                              bitrate=bitrate, seconds=3 if ground.scale.quick else 10)
            running = relay.start()
            started, before = time.monotonic(), cpu_seconds(running.process.pid)
            report = load.report()
            share = (cpu_seconds(running.process.pid) - before) / (time.monotonic() - started)
            running.process.stop()
        rows.append({"port": "virtio", "viewers": viewers, "bitrate": bitrate, "relay_cpu_share": share, **{
            key: report[key] for key in ("connected", "served", "expected", "received", "lost", "late", "repaired",
                                         "continuity_errors", "hash_checked", "hash_failures", "latency_us", "busy_s",
                                         "duration_s")}, "missed_ticks": report["generator"]["missed_ticks"]})
    return rows
