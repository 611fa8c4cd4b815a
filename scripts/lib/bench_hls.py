"""(k) An audience of LL-HLS on one core: relay, packager, and thousands of viewers that check everything.

The packager runs on CPU 0 alone; relay, publisher and viewers share CPU 1."""
from __future__ import annotations

import re
import resource
import statistics
import subprocess
import time
from pathlib import Path

import clients
import packager as packagers
import relay as relays
from bench_ground import LOAD_CPU, SERVER_CPU, Ground, pin, pinned
from bench_servers import STREAM, Load
from histogram import Histogram
from processes import Process, wait_until
from testing import Failed, require_tools

# Viewers, their stream's rate in kb/s, the size of its pictures.
CROWDS = ((1500, 2400, "640x360"), (5000, 500, "320x180"))
QUICK_CROWDS = ((150, 2400, "640x360"), (500, 500, "320x180"))
RAMP = 250  # Viewers started per second.
PUBLISH_MS_MAX = 5  # From the bytes that complete a part to its publication, p99.


def _encoded(ground: Ground, kbps: int, size: str, seconds: float) -> Path:
    """Noise, which fills its rate; an IDR picture each second. Made before, so that nobody encodes while it is measured."""
    path = ground.work / f"hls-{kbps}.ts"
    subprocess.run(["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30",
                    "-vf", "noise=alls=40:allf=t", "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                    "-pix_fmt", "yuv420p", "-g", "30", "-keyint_min", "30", "-b:v", f"{kbps}k", "-maxrate", f"{kbps}k", "-bufsize", f"{kbps}k",
                    "-f", "mpegts", str(path)], check=True, timeout=300)
    return path


def _resident_mb(process: Process, key: str = "VmHWM") -> float:
    return int(re.search(rf"{key}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024


def _bound(packager: packagers.Packager) -> str:
    """What it says of its memory when it starts; nothing where it does not."""
    lines = [line for line in packager.process.log.read_text().splitlines() if "memory" in line]
    return lines[0].strip() if lines else ""


def _watched(load: Load, packager: packagers.Packager, seconds: float) -> tuple[dict, float, Histogram]:
    """The load's report; of the last `seconds` of it the share of a CPU that the packager used, and its publications."""
    samples = []
    deadline = time.monotonic() + load.ends_within
    while load.process.running() and time.monotonic() < deadline:
        samples.append((time.monotonic(), packager.process.cpu_seconds(), packager.publish_delays(STREAM)))
        time.sleep(1)
    report = load.report()
    inside = [one for one in samples if one[0] > samples[-1][0] - seconds]
    shares = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(inside, inside[1:])]
    return report, statistics.median(shares) if shares else 0.0, inside[-1][2].since(inside[0][2])


def _start_packager(ground: Ground, source: str, port: int) -> packagers.Packager:
    config = ground.work / "packager.toml"
    config.write_text(f'[http]\nlisten = ["127.0.0.1:{port}"]\nconnections_max = 50000\n'
                      f'[[stream]]\nname = "{STREAM}"\nsource = "{source}"\n')
    packager = packagers.start(ground.processes, ground.build, ["--config", str(config)], port=port)
    pin(packager.process, SERVER_CPU)
    return packager


def _start_load(ground: Ground, url: str, viewers: int, seconds: float) -> Load:
    path = ground.work / f"load-hls-{viewers}.json"
    argv = [ground.program("fanlight-load"), "hls", url, "--viewers", str(viewers), "--ramp", str(RAMP), "--no-audio",
            "--duration", f"{seconds:.0f}s", "--core", str(LOAD_CPU), "--json", str(path)]
    return Load(ground.processes.start("load-hls", argv), path, seconds + viewers / RAMP + 60)


def _row(report: dict, share: float, delays: Histogram, viewers: int, packager: packagers.Packager) -> dict:
    seconds = max(report["duration_s"], 1e-9)
    return {"viewers": viewers, "connected": report["up"], "mbps_each": report["rate"]["bits_per_s"] / 1e6 / max(report["up"], 1),
            "requests_per_s": round(report["rate"]["requests_per_s"]), "parts": report["parts"]["measured"], "late": report["parts"]["late"],
            "stalls": report["stalls"]["count"], "faults": sum(one["count"] for one in report["faults"].values()),
            "first_faults": [f"{kind}: {one['first']}" for kind, one in report["faults"].items()],
            "arrival_us": report["arrival_us"], "release_us": report["release_us"], "packager_cpu": share,
            "publications": round(delays.total), "publish_p99_ms": delays.quantile(0.99) * 1e3,
            "generator_cpu": report["cpu_s"] / seconds, "turn_max_us": report["generator"]["turn_max_us"],
            "rss_mb": _resident_mb(packager.process), "bound": _bound(packager)}


def _run(ground: Ground, viewers: int, kbps: int, size: str, seconds: float) -> dict:
    file = _encoded(ground, kbps, size, seconds + viewers / RAMP + 40)
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stream = relays.Stream(STREAM, latency_ms=20)
    api = ground.work / "relay" / "api.sock"
    configuration = relays.Configuration(listen=[address], streams=[stream])
    relay = relays.start(ground.processes, ground.build, ground.work, configuration.toml(api), api, relays.unprivileged_user())
    pin(relay.process, LOAD_CPU)
    target = clients.Target(address, STREAM, latency_ms=20)
    publisher = ground.processes.start("publisher", pinned(
        ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-i", str(file), "-c", "copy", "-f", "mpegts",
         clients.ffmpeg_url(target, "publish")], LOAD_CPU))
    packager = _start_packager(ground, packagers.source_url(target), packagers.free_port())
    try:
        if not wait_until(lambda: packager.is_live(STREAM), 20):
            raise Failed(f"the packager is not live: {packager.process.log_tail(3)}")
        load = _start_load(ground, packager.playlist(STREAM), viewers, seconds)
        return _row(*_watched(load, packager, seconds), viewers, packager)
    finally:
        for process in (packager.process, publisher, relay.process):
            process.stop()


def audiences(ground: Ground) -> list[dict]:
    require_tools("ffmpeg")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # Of those that we start.
    quick = ground.scale.quick
    return [_run(ground, viewers, kbps, size, 5 if quick else 30) for viewers, kbps, size in (QUICK_CROWDS if quick else CROWDS)]


def wrong_with(row: dict) -> list[str]:
    """What was promised and did not hold."""
    seen = {f"{row['viewers'] - row['connected']} never played": row["connected"] != row["viewers"],
            f"{row['faults']} faults: {row['first_faults']}": row["faults"] > 0,
            f"{row['late']} of {row['parts']} parts late": row["late"] > 0,
            f"{row['stalls']} stalls": row["stalls"] > 0,
            f"p99 of publications is {row['publish_p99_ms']:.1f} ms": not row["publish_p99_ms"] <= PUBLISH_MS_MAX}
    return [what for what, is_so in seen.items() if is_so]
