"""From a caller's start to its first whole picture, and that its bytes are the publisher's from there on.

ffmpeg encodes one picture with GOPs of 4 s into two streams and a file; srt-live-transmit joins each at random moments.
"""
from __future__ import annotations

import os
import random
import select
import signal
import statistics
import subprocess
import time
from pathlib import Path

import clients
import relay as relays
from compare import compare
from testing import Results, Stage, claim, require_tools

JOINS = 5
GOP_FRAMES, FRAMES_PER_SECOND = 100, 25
MUX_MBPS = 2  # Constant: the muxer fills up what the pictures leave.
GOP = (f"GOP of {GOP_FRAMES} pictures, {GOP_FRAMES / FRAMES_PER_SECOND:.1f} s, "
       f"{MUX_MBPS / 8 * GOP_FRAMES / FRAMES_PER_SECOND:.1f} MB")
LATENCY_MS = 120
# What half of the joins may take: latency, start of the client, and a whole picture at eight times the rate.
MEDIAN_MAX = 1.0
_TS = 188
_VIDEO, _MAP = 0x100, 0x1000  # As ffmpeg's muxer numbers them.


def run(build: Path, results: Results, only) -> None:
    names = ["join/keyframe starts with a picture", "join/live waits for one", "join/bytes are the publisher's"]
    if not any(only.search(name) for name in names):
        return
    with Stage(build) as stage:
        cases = _Cases(stage)
        results.run("join/the stage is up", cases.start)
        for name, test in zip(names, (cases.keyframe, cases.live, cases.exact)):
            results.run(name, test)


class _Cases:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._random = random.Random(25)
        self._address = f"127.0.0.1:{relays.free_udp_port()}"
        self._copy = stage.work / "copy.ts"
        self._times: dict[str, list[float]] = {}

    def start(self) -> None:
        require_tools("ffmpeg", "srt-live-transmit")
        streams = [relays.Stream("join/keyframe", LATENCY_MS, gop_max_ms=4000, join="keyframe"),
                   relays.Stream("join/live", LATENCY_MS, join="live")]
        self._stage.start_relay(relays.Configuration(listen=[self._address], streams=streams))
        legs = [clients.ffmpeg_url(self._target(s.name), "publish") for s in streams] + [str(self._copy)]
        self._stage.processes.start("encoder", [
            "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-y",
            "-re", "-f", "lavfi", "-i", f"testsrc2=size=480x270:rate={FRAMES_PER_SECOND}", "-map", "0:v",
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p",
            "-g", str(GOP_FRAMES), "-keyint_min", str(GOP_FRAMES), "-sc_threshold", "0",
            "-b:v", "1400k", "-maxrate", "1400k", "-bufsize", "700k",
            "-f", "tee", "|".join(f"[f=mpegts:muxrate={MUX_MBPS}M:max_delay=700000]{leg}" for leg in legs)])
        self._stage.wait_for_sessions("publisher", 2)
        time.sleep(5)  # A whole GOP is behind.

    def keyframe(self) -> str:
        seen = self._first_pictures("keyframe")
        claim(statistics.median(self._times["keyframe"]) < MEDIAN_MAX, seen)
        return seen

    def live(self) -> str:
        seen = self._first_pictures("live")
        claim("keyframe" in self._times, f"nothing to compare with: {seen}")
        claim(statistics.median(self._times["live"]) > statistics.median(self._times["keyframe"]), seen)
        return seen

    def _first_pictures(self, mode: str) -> str:
        """Joins in this mode; tells what was seen in all modes so far."""
        self._times[mode] = [self._join(f"join/{mode}") for _ in range(JOINS)]
        return f"{GOP}; first whole picture: " + "; ".join(f"{name} {_show(times)}" for name, times in self._times.items())

    def exact(self) -> str:
        viewing = self._stage.view(clients.SLT, self._target("join/keyframe"))
        time.sleep(3)
        viewing.process.stop(signal.SIGINT)
        time.sleep(1.5)  # The file is written in blocks.
        result = compare(self._copy, viewing.path)
        pids = [pid for pid, _, _ in _packets(viewing.path.read_bytes())]
        claim(result.bit_exact, f"{result}")
        claim(0 in pids[:7] and _MAP in pids[:14], f"the first packets are {pids[:14]}")
        decoded = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-f", "null", "-"],
                                 input=_whole_pictures(viewing.path.read_bytes()), capture_output=True, timeout=30)
        claim(not decoded.stderr, f"ffmpeg complains: {decoded.stderr[:200]!r}")
        return f"{GOP}; {result.packets} payloads, all of them decoded"

    def _target(self, stream: str) -> clients.Target:
        return clients.Target(self._address, stream, LATENCY_MS)

    def _join(self, stream: str) -> float:
        """Seconds from the client's start to the end of the first picture that can be decoded; 9 when none came."""
        require_tools("srt-live-transmit")
        time.sleep(self._random.uniform(0, 2))
        begun = time.monotonic()
        argv = ["srt-live-transmit", "-loglevel:error", clients.slt_url(self._target(stream), "request"), "file://con"]
        client = self._stage.processes.start(f"joiner-{begun}", argv, stdout=subprocess.PIPE)
        data = b""
        try:
            while time.monotonic() - begun < 8:
                if not select.select([client.popen.stdout], [], [], 0.1)[0]:
                    continue
                data += os.read(client.popen.stdout.fileno(), 1 << 16)
                if _has_picture(data):
                    return time.monotonic() - begun
            return 9.0
        finally:
            client.stop(signal.SIGINT)
            client.popen.stdout.close()


def _packets(data: bytes):
    """PID, start of a unit, and random access indicator of each TS packet."""
    for at in range(0, len(data) - _TS + 1, _TS):
        has_field = data[at + 3] & 0x20 and data[at + 4] > 0
        yield (int.from_bytes(data[at + 1:at + 3], "big") & 0x1FFF, bool(data[at + 1] & 0x40),
               bool(has_field and data[at + 5] & 0x40))


def _has_picture(data: bytes) -> bool:
    tables, begun = set(), False
    for pid, starts, random_access in _packets(data):
        if not starts:
            continue
        if pid in (0, _MAP):
            tables.add(pid)
        if pid == _VIDEO and begun:
            return True
        begun = begun or (pid == _VIDEO and random_access and len(tables) == 2)
    return False


def _whole_pictures(data: bytes) -> bytes:
    """Without the last picture: the viewer ends where the signal found it, mostly inside one."""
    begins = [index for index, (pid, starts, _) in enumerate(_packets(data)) if pid == _VIDEO and starts]
    return data[:begins[-1] * _TS]


def _show(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} s at the median, {max(times):.2f} s at most"
