"""Each form of a stream ID, said by the clients themselves: what they make of it on the way is part of the case.

Imported by interop.py. ffmpeg and srt-live-transmit send the escapes of a URL as they stand; GStreamer decodes them.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import clients
import relay as relays
from processes import wait_until
from testing import Results, Stage, claim, judge

STREAM = "name/main"
SECONDS = 1


@dataclass(frozen=True)
class Case:
    publisher: str
    says: str
    is_user: str
    viewer: str
    asks: str
    is_viewer: str


# Each client says each kind once as a publisher or as a viewer.
CASES = (
    Case(clients.FFMPEG, "publish:name/main", "", clients.SLT, "name/main", ""),
    Case(clients.SLT, "publish:name/main:ann", "ann", clients.GSTREAMER, "read:name/main:bob:secret", "bob"),
    Case(clients.GSTREAMER, "#!::m=publish,r=/name%2Fmain,u=J%C3%BCrgen", "Jürgen", clients.FFMPEG, "/name/main?u=bob", "bob"),
    Case(clients.FFMPEG, "%23!::r=name/main,m=publish", "", clients.SLT, "%23%21%3A%3Ar%3Dname%2Fmain%2Cu%3Dbob", "bob"),
    Case(clients.SLT, "publish%3Aname%2Fmain", "", clients.FFMPEG, "name%2Fmain", ""),
)


def run(build: Path, results: Results, only) -> None:
    wanted = [(f"stream-id/{case.publisher} {case.says}, {case.viewer} {case.asks}", case) for case in CASES]
    wanted = [(name, case) for name, case in wanted if only.search(name)]
    if not wanted:
        return
    with Stage(build) as stage:
        stage.address = f"127.0.0.1:{relays.free_udp_port()}"
        results.run("stream-id/the relay starts", lambda: start(stage))
        for name, case in wanted:
            results.run(name, lambda case=case: understood(stage, case))


def start(stage: Stage) -> None:
    stage.start_relay(relays.Configuration(listen=[stage.address], streams=[relays.Stream(STREAM)]))


def understood(stage: Stage, case: Case) -> str:
    target = clients.Target(stage.address, STREAM)
    viewing = stage.view(case.viewer, replace(target, words=case.asks))
    stage.wait_for_sessions("viewer", 1)
    publishing = stage.publish(case.publisher, replace(target, words=case.says), seconds=SECONDS)
    stage.wait_for_sessions("publisher", 1)
    users = {session["role"]: session["user"] for session in stage.relay.sessions()}
    publishing.finish(20)
    result = judge(publishing, viewing)
    claim(wait_until(lambda: not stage.relay.sessions(), 8, 0.2), f"sessions stay: {stage.relay.sessions()}")
    claim(users == {"publisher": case.is_user, "viewer": case.is_viewer}, f"the relay knows them as {users}")
    claim(result.bit_exact and result.packets == result.published, f"{result} | {viewing.process.log_tail(2)}")
    return f"{result.packets} packets, bit-exact"
