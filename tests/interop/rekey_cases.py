"""Keys that change while strangers watch and publish: nothing may be lost at a turn, on either leg, at any key length.

Imported by interop.py, whose helpers it uses; the comparison is the same: byte for byte.
"""
from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import clients
import relay as relays
from calls import call, listening, wait_for_state
from testing import Results, Stage, claim, judge, on_a_stage, share_delivered

STREAM = "interop/main"
SECRETS = ("publisher's-secret", "viewer's-own-secret")
RATE = 1000
SECONDS = 6
LOSSY_SECONDS = 15
LOSSY = ("--loss", "0.05", "--delay", "25ms", "--seed", "7")
DELIVERED_WANTED = 0.9999
OFTEN = 300  # Packets under one key: more than three keys a second.
# libsrt 1.5.1 looks after its keys once in 1.5 RTT, and one that was not announced by then is never replaced: what it
# announces ahead, two fifths of this, must take longer.
OFTEN_FAR = 800


@dataclass(frozen=True)
class Case:
    what: str                 # viewers | publisher | both | push
    key_bytes: int = 16
    lossy: bool = False
    client: str = clients.SLT  # Who publishes, or listens for a push.

    @property
    def name(self) -> str:
        return "/".join(["rekey", self.what, "loss" if self.lossy else "clean", f"aes{self.key_bytes * 8}", self.client])


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    cases = [Case("viewers", key_bytes, lossy) for lossy in (True, False) for key_bytes in (16, 24, 32)]
    # Every publisher at another key length, with loss and without.
    cases += [Case("publisher", 16, True), Case("publisher", 32, False)]
    cases += [Case("both", *row) for row in ((24, True, clients.FFMPEG), (32, True, clients.GSTREAMER),
                                             (16, False, clients.FFMPEG), (24, False, clients.GSTREAMER))]
    cases += [Case("push", 16, False, client) for client in clients.ALL]
    play = {"viewers": viewers, "publisher": publisher, "both": publisher, "push": push}
    wanted = [(case.name, lambda stage, case=case: play[case.what](stage, case)) for case in sorted(cases, key=quick)]
    wanted += [("rekey/by time", by_time), ("rekey/by command", by_command)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def quick(case: Case) -> bool:
    """The long ones start first."""
    return not case.lossy


def start(stage: Stage, case: Case, **rule) -> None:
    stage.address = f"127.0.0.1:{relays.free_udp_port()}"
    stream = relays.Stream(STREAM, 500 if case.lossy else 120, publish_passphrase=SECRETS[0], view_passphrase=SECRETS[1],
                           **rule)
    stage.start_relay(relays.Configuration(listen=[stage.address], streams=[stream]))


def leg(stage: Stage, case: Case) -> str:
    return stage.start_proxy(stage.address, *LOSSY) if case.lossy else stage.address


def source(stage: Stage, case: Case, **options) -> clients.Target:
    return clients.Target(stage.address, STREAM, 500 if case.lossy else 120, SECRETS[0], case.key_bytes, **options)


def watch_all(stage: Stage, case: Case) -> list:
    target = replace(source(stage, case), address=leg(stage, case), passphrase=SECRETS[1])
    watching = [stage.view(client, target) for client in clients.ALL]
    stage.wait_for_sessions("viewer", len(watching))
    return watching


def key_turns(stage: Stage, role: str) -> list[int]:
    """How often each session's key has changed, as the relay tells it."""
    ids = [session["id"] for session in stage.relay.sessions() if session["role"] == role]
    told = [stage.relay.ask("session", str(one)) for one in ids]
    return [json.loads(one.stdout)["stats"]["key_turns"] for one in told if one.returncode == 0]


def worker_counts(stage: Stage) -> dict:
    worker = json.loads(stage.relay.ask("status").stdout)["worker"]
    return worker.get("counters", worker)


def judge_all(case: Case, publishing, watching: list) -> str:
    for viewing in watching:
        result = judge(publishing, viewing)
        log = f"{viewing.client}: {result} | {viewing.process.log_tail(2)}"
        if case.lossy:
            share = share_delivered(result)
            claim(result.foreign == 0 and share >= DELIVERED_WANTED, log)
        else:
            claim(result.bit_exact and result.packets == result.published, log)
    return "99.99 % delivered, exact" if case.lossy else "bit-exact"


def viewers(stage: Stage, case: Case) -> str:
    seconds = LOSSY_SECONDS if case.lossy else SECONDS
    start(stage, case, rekey_packets=OFTEN)
    watching = watch_all(stage, case)
    publishing = stage.publish(clients.SLT, source(stage, case), seconds=seconds, rate=RATE)
    publishing.finish(seconds + 20)
    turns = key_turns(stage, "viewer")
    note = judge_all(case, publishing, watching)
    # A key is due, said, confirmed, and the one before it acknowledged: a round trip or three on a link with loss.
    claim(len(turns) == len(watching) and min(turns) >= seconds, f"keys changed {turns} times in {seconds} s")
    claim(worker_counts(stage)["keys_unanswered"] == 0, "a viewer did not answer")
    return f"{note}; keys changed {turns} times in {seconds} s"


def publisher(stage: Stage, case: Case) -> str:
    """libsrt renews its own key, which each client has words for; "both": the relay renews its viewers' meanwhile."""
    seconds = LOSSY_SECONDS if case.lossy else SECONDS
    start(stage, case, rekey_packets=OFTEN if case.what == "both" else None)
    target = replace(source(stage, case, refresh_packets=OFTEN_FAR if case.lossy else OFTEN), address=leg(stage, case))
    watching = watch_all(stage, replace(case, lossy=False))
    publishing = stage.publish(case.client, target, seconds=seconds, rate=RATE, lead=2.5 if case.lossy else 0.5)
    stage.wait_for_sessions("publisher", 1)
    turns: dict[str, list[int]] = {"publisher": []}
    while publishing.feed.running():  # The session ends with the feed: the last look that still sees it counts.
        turns["publisher"] = key_turns(stage, "publisher") or turns["publisher"]
        time.sleep(0.2)
    turns["viewer"] = key_turns(stage, "viewer")
    publishing.finish(20)
    note = judge_all(case, publishing, watching)
    claim(len(turns["publisher"]) == 1 and turns["publisher"][0] >= seconds, f"the publisher's key changed: {turns}")
    if case.what == "both":
        claim(len(turns["viewer"]) == len(watching) and min(turns["viewer"]) >= seconds, f"the viewers' keys changed: {turns}")
    return f"{note}; keys changed {turns} times in {seconds} s"


def push(stage: Stage, case: Case) -> str:
    """A listener that the relay calls and sends to: the first key and the salt are the relay's own."""
    start(stage, case, rekey_packets=OFTEN)
    target = listening(passphrase=SECRETS[1], key_bytes=case.key_bytes)
    viewing = stage.view(case.client, target)
    wait_for_state(stage, call(stage, "viewer", target), "connected")
    publishing = stage.publish(clients.SLT, source(stage, case), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    turns = key_turns(stage, "viewer")
    note = judge_all(case, publishing, [viewing])
    claim(len(turns) == 1 and turns[0] >= SECONDS, f"keys changed {turns} times in {SECONDS} s")
    return f"{note}; keys changed {turns[0]} times in {SECONDS} s"


def by_time(stage: Stage) -> str:
    case = Case("viewers", client=clients.GSTREAMER)
    start(stage, case, rekey_packets=0, rekey_interval_s=1)
    watching = watch_all(stage, case)
    publishing = stage.publish(case.client, source(stage, case), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    turns = key_turns(stage, "viewer")
    note = judge_all(case, publishing, watching)
    claim(len(turns) == len(watching) and min(turns) >= SECONDS - 1, f"keys changed {turns} times in {SECONDS} s")
    return f"{note}; keys changed {turns} times"


def by_command(stage: Stage) -> str:
    case = Case("viewers", client=clients.FFMPEG)
    start(stage, case, rekey_packets=0)
    watching = watch_all(stage, case)
    publishing = stage.publish(case.client, source(stage, case), seconds=SECONDS, rate=RATE)
    stage.wait_for_sessions("publisher", 1)
    asked = 0
    while publishing.feed.running() and asked < 12:
        words = ("key", "rotate", "interop/*" if asked % 2 else STREAM)
        answer = stage.relay.ask(*words)
        claim(answer.returncode == 0 and json.loads(answer.stdout)["viewers"] == len(watching),
              f"{words}: {answer.stdout}{answer.stderr}")
        asked += 1
        time.sleep(0.4)
    one = next(session for session in stage.relay.sessions() if session["role"] == "viewer")
    claim(stage.relay.ask("key", "rotate", "--session", str(one["id"])).returncode == 0, "one session alone")
    refused = stage.relay.ask("key", "rotate", "interop/none", as_json=False)
    claim(refused.returncode == 1 and "interop/none" in refused.stderr, f"an unknown stream: {refused}")
    claim(stage.relay.ask("key", "rotate", as_json=False).returncode == 2, "nothing named is wrong usage")
    publishing.finish(SECONDS + 20)
    turns = key_turns(stage, "viewer")
    note = judge_all(case, publishing, watching)
    claim(len(turns) == len(watching) and min(turns) >= SECONDS, f"keys changed {turns} times by {asked} commands")
    log = Path(stage.relay.process.log).read_text()
    told = sum(int(count) for count in re.findall(rf"viewers of {STREAM}: (\d+) keys rotated", log))
    told += log.count(f"of {STREAM}: key rotated")
    claim(told == sum(turns), f"the log tells of {told} keys")
    return f"{note}; keys changed {turns} times by {asked} commands and one for a single viewer"
