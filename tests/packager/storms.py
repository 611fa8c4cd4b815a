#!/usr/bin/env python3
"""What a storm costs a viewer who has no part in it: the 99th percentile of the times in which a segment is had, beside hundreds of
connections that send their heads a byte at a time, requests of what is not there as fast as they are answered, and streams of HTTP/2 that
are reset as soon as they are begun. The packager has a processor of its own where there are two, so that what the storm and the viewer take of
the other is not taken for its doing. It is looked at alone and in the storm by turns, and the medians count. A case fails when the storm's
is more than twice the other, and more than 5 ms. Prints one line per case and the counts last.

examples:
  tests/packager/storms.py
  tests/packager/storms.py --only reset
"""
from __future__ import annotations

import contextlib
import http.client
import multiprocessing
import os
import select
import socket
import statistics
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import packager as packagers  # noqa: E402
import relay as relays  # noqa: E402
from processes import Processes, stop_on_signals, wait_until  # noqa: E402
from testing import Results, arguments, claim, require_tools  # noqa: E402

STREAM = "live/main"
REQUESTS = 200
PACE_S = 0.003
ROUNDS = 5
TIMES_MOST = 2.0
MATTERS_S = 0.005  # A turn of another process of a busy machine is as long.
SLOW_CONNECTIONS = 200
BYTE_EVERY_S = 0.1
RESETS_AT_ONCE = 100
HEADERS, RESET = 1, 3
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Stage:
    """A packager on a processor of its own, where there is one; all else is on the others."""

    def __init__(self, args, processes: Processes) -> None:
        first, *others = sorted(os.sched_getaffinity(0))
        if others:
            os.sched_setaffinity(0, others)
        door = f"127.0.0.1:{relays.free_udp_port()}"
        processes.start("source", ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30",
                                   "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30",
                                   "-f", "mpegts", f"udp://{door}?pkt_size=1316"])
        self.packager = packagers.start(processes, args.build_dir, [f"{STREAM}=udp://{door}"])
        claim(wait_until(lambda: self.packager.is_live(STREAM), 30), f"not live after 30 s: {self.packager.streams()}")
        for thread in os.listdir(f"/proc/{self.packager.process.pid}/task"):
            os.sched_setaffinity(int(thread), [first])


def segment(packager: packagers.Packager) -> tuple[int, str]:
    """Port and path of the newest that is whole."""
    status, body = packager.get(f"/live/{STREAM}/v0/index.m3u8")
    names = [line for line in body.decode().splitlines() if line.endswith(".m4s")]
    claim(status == 200 and names, f"no segments: {status} {body[:200]!r}")
    return int(packager.base.rsplit(":", 1)[1]), f"/live/{STREAM}/v0/{names[-1]}"


def p99(port: int, path: str) -> float:
    """Of a viewer who keeps a connection."""
    connection, took = http.client.HTTPConnection("127.0.0.1", port, timeout=10), []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        took.append(time.perf_counter() - began)
        claim(answer.status == 200 and body, f"{path}: {answer.status}")
        time.sleep(PACE_S)
    connection.close()
    return sorted(took)[REQUESTS * 99 // 100 - 1]


# --- storms: each goes on until it is told to stop, and counts what it does.

def slow_heads(port: int, path: str, stop) -> Counter:
    told, head = Counter(), f"GET {path} HTTP/1.1\r\nHost: here\r\nX-Long: ".encode() + b"x" * 4000
    crowd: dict[socket.socket, int] = {}
    while not stop.is_set():
        for one in range(len(crowd), SLOW_CONNECTIONS):
            crowd[socket.create_connection(("127.0.0.1", port), 5)] = one % 20
        told["connections"] = len(crowd)
        for one, sent in list(crowd.items()):
            try:
                one.send(head[sent:sent + 1])
                crowd[one] = sent + 1
                told["bytes"] += 1
            except OSError:
                told["ended"] += 1
                del crowd[one]
                one.close()
        stop.wait(BYTE_EVERY_S)
    return told


def not_there(port: int, _path: str, stop) -> Counter:
    told, connection = Counter(), http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while not stop.is_set():
        connection.request("GET", f"/live/{('none', STREAM)[told['answers'] % 2]}/v0/none{told['answers']}.m4s")
        answer = connection.getresponse()
        answer.read()
        claim(answer.status == 404, f"{answer.status} for what is not there")
        told["answers"] += 1
    return told


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def resets(port: int, path: str, stop) -> Counter:
    """CVE-2023-44487, by prior knowledge; and again when the server has had enough."""
    told = Counter()
    # RFC 7541: GET, http, and a literal path and authority.
    head = b"\x82\x86\x04" + bytes([len(path)]) + path.encode() + b"\x01\x04here"
    while not stop.is_set():
        told["connections"] += 1
        with socket.create_connection(("127.0.0.1", port), 5) as connection, contextlib.suppress(OSError):
            connection.sendall(PREFACE + frame(4, 0, 0, b""))
            connection.settimeout(1)
            for first in range(1, 1 << 30, 2 * RESETS_AT_ONCE):
                ids = range(first, first + 2 * RESETS_AT_ONCE, 2)
                connection.sendall(b"".join(frame(HEADERS, 5, one, head) + frame(RESET, 0, one, struct.pack(">I", 8)) for one in ids))
                told["resets"] += RESETS_AT_ONCE
                if stop.is_set() or (select.select([connection], [], [], 0)[0] and not connection.recv(65536)):
                    break
    return told


STORMS = {"slow_heads": (slow_heads, "bytes", 1000), "not_there": (not_there, "answers", 200), "resets": (resets, "resets", 1000)}


def rage(storm: str, port: int, path: str, begun, stop, said) -> None:
    os.nice(19)  # It comes from elsewhere: what it takes of this machine is not what is measured.
    begun.set()
    said.send(STORMS[storm][0](port, path, stop))


def in_storm(storm: str, packager: packagers.Packager) -> tuple[float, float, Counter]:
    """The viewer's time, the processor's share that the packager took, and what the storm did."""
    begun, stop = multiprocessing.Event(), multiprocessing.Event()
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=rage, args=(storm, *segment(packager), begun, stop, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        claim(begun.wait(10), "the storm does not begin")
        time.sleep(0.5)
        began, used = time.monotonic(), packager.process.cpu_seconds()
        took = p99(*segment(packager))
        share = (packager.process.cpu_seconds() - used) / (time.monotonic() - began)
        claim(process.is_alive(), "the storm has ended by itself")
        stop.set()
        claim(ours.poll(10), "the storm does not end")
        return took, share, ours.recv()
    finally:
        stop.set()
        process.join(10)
        process.kill()


def weather(stage: Stage, storm: str) -> str:
    _, unit, least = STORMS[storm]
    rounds, shares, told = [], [], Counter()
    for _ in range(ROUNDS):
        alone = p99(*segment(stage.packager))
        here, share, did = in_storm(storm, stage.packager)
        claim(did[unit] >= least, f"no storm: {dict(did)}")
        rounds.append((alone, here))
        shares.append(share)
        told.update(did)
    figures = ", ".join("/".join(f"{1000 * one:.1f}" for one in times) for times in rounds)
    alone, here = map(statistics.median, zip(*rounds))
    note = f"p99 {1000 * alone:.1f} ms alone, {1000 * here:.1f} in it ({figures}), {100 * statistics.median(shares):.0f} % of a processor; {dict(told)}"
    claim(here <= max(TIMES_MOST * alone, MATTERS_S), note)
    return note


def main() -> int:
    args = arguments(__doc__).parse_args()
    stop_on_signals()
    require_tools("ffmpeg")
    results = Results()
    with tempfile.TemporaryDirectory(prefix="fanlight-storms-") as directory, Processes(Path(directory)) as processes:
        stages: list[Stage] = []
        results.run("storms/stage", lambda: stages.append(Stage(args, processes)) or "")
        for storm in STORMS if stages else ():
            if args.only.search(f"storms/{storm}"):
                results.run(f"storms/{storm}", lambda storm=storm: weather(stages[0], storm))
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
