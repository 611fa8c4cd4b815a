"""One step at a time, and memory: micro_bench and memory_bench."""
from __future__ import annotations

import json
import subprocess

from bench_ground import SERVER_CPU, Ground, pinned
from processes import dies_with_us, say
from testing import Failed


def micro(ground: Ground) -> dict[str, float]:
    """Nanoseconds of each step; where a step is one of a burst, of one."""
    say("  one step at a time")
    argv = [ground.program("micro_bench"), "--benchmark_format=json", f"--benchmark_min_time={0.05 if ground.scale.quick else 0.3}",
            f"--benchmark_repetitions={ground.scale.runs}", "--benchmark_report_aggregates_only=false"]
    done = subprocess.run(pinned(argv, SERVER_CPU), capture_output=True, text=True, timeout=60 * ground.scale.runs,
                          preexec_fn=dies_with_us())
    if done.returncode != 0:
        raise Failed(f"micro_bench ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    found: dict[str, list[float]] = {}
    for one in json.loads(done.stdout)["benchmarks"]:
        if one.get("run_type") == "aggregate":
            continue
        ns = next((one[key] * 1e9 for key in ("each", "per_wake") if key in one), one["real_time"])
        found.setdefault(one["run_name"].removesuffix("/manual_time"), []).append(ns)
    return {name: sorted(runs)[len(runs) // 2] for name, runs in found.items()}


def memory(ground: Ground) -> dict:
    say("  memory")
    return ground.run([ground.program("memory_bench")], 10)
