"""`fanlight events` follows real sessions."""
from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import clients
import libsrt
import relay as relays
import setup
from processes import wait_until
from testing import Skip, Stage, claim

STREAM = "live/main"


class Follower:
    """`fanlight events`, and what it has printed so far."""

    def __init__(self, stage: Stage, name: str, *words: str) -> None:
        self._path = stage.work / f"{name}.txt"
        program = setup.find_program(stage.build, "fanlight")
        with open(self._path, "wb") as out:
            self.process = stage.processes.start(name, [str(program), "--api", str(stage.api), "events", *words], stdout=out)

    def lines(self) -> list[str]:
        return self._path.read_text().splitlines()

    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.lines()]

    def saw(self, *kinds: str) -> bool:
        return set(kinds) <= {event["event"] for event in self.events()}

    def ends(self) -> int | None:
        try:
            return self.process.popen.wait(5)
        except subprocess.TimeoutExpired:
            return None


def a_relay(stage: Stage) -> clients.Target:
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[relays.Stream(STREAM), relays.Stream("live/other")]))
    return clients.Target(address, STREAM)


def events_follow_sessions(stage: Stage) -> str:
    target = a_relay(stage)
    srt = libsrt.load()
    if srt is None:
        raise Skip("libsrt is not installed")
    all_of_them, others = Follower(stage, "all", "--json"), Follower(stage, "others", "--json", "--stream", "live/other")
    people = Follower(stage, "people")
    claim(wait_until(lambda: _listeners(stage) >= 3, 3), "fanlight events does not listen")
    publishing = stage.publish(clients.SLT, target, seconds=3)
    stage.wait_for_sessions("publisher", 1)
    viewing = stage.view(clients.SLT, target)
    stage.wait_for_sessions("viewer", 1)
    reason, _ = libsrt.connect(srt, target.address, "#!::r=live/other,m=publish,u=b\u00f6b")
    claim(reason is None, f"the other publisher was rejected with {reason}")
    reason, _ = libsrt.connect(srt, target.address, "#!::r=live/none,m=request,u=bob")
    claim(reason == 2404, f"a viewer of nothing heard {reason}")
    publishing.finish(20)
    viewing.process.stop(signal.SIGINT)
    done = lambda: sum(event["event"] == "disconnect" for event in all_of_them.events()) >= 2
    claim(wait_until(done, 5), f"two sessions ended, told was {all_of_them.lines()}")
    told = all_of_them.events()
    numbers = [event["number"] for event in told]
    claim(numbers == list(range(1, len(told) + 1)), f"numbers {numbers}")
    mine = [(event["event"], event["role"]) for event in told if event["stream"] == STREAM]
    claim(mine[:3] == [("connect", "publisher"), ("publish_start", "publisher"), ("connect", "viewer")], str(mine))
    claim(sorted(mine[3:]) == sorted([("publish_stop", "publisher"), ("disconnect", "publisher"), ("disconnect", "viewer")]),
          str(mine))
    stats = next(event for event in told if event["event"] == "disconnect" and event["role"] == "publisher")["stats"]
    claim(stats["packets_received"] > 100, f"the publisher brought {stats}")
    rejected = next(event for event in told if event["event"] == "rejected")
    claim(rejected["code"] == 2404 and rejected["user"] == "bob" and rejected["address"].startswith("127.0.0.1:"), str(rejected))
    claim({event["stream"] for event in others.events()} == {"live/other"}, f"the filter let through {others.lines()}")
    claim(any("rejected" in line and "2404" in line and "bob" in line for line in people.lines()), str(people.lines()))
    people.process.popen.send_signal(signal.SIGINT)
    claim(people.ends() == 0, "Ctrl-C is the way out, and no failure")
    stage.relay.process.popen.send_signal(signal.SIGTERM)
    claim(all_of_them.ends() == 1, "the relay's end is a failure of whoever follows")
    return f"{len(told)} events, filtered and for people as well"


def _listeners(stage: Stage) -> int:
    """Connections to the API's socket that stay."""
    table = Path("/proc/net/unix").read_text().splitlines()
    return sum(line.endswith(str(stage.api)) and line.split()[5] == "03" for line in table)


CASES = [(case.__name__, case) for case in (events_follow_sessions,)]
