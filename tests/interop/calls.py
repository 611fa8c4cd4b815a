"""The relay calls: strangers that listen, as the sink of a stream that is pushed out and as the source of one pulled in.

Imported by interop.py, whose helpers it uses; the comparison is the same: byte for byte.
"""
from __future__ import annotations

import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

import clients
import relay as relays
from processes import wait_until
from testing import Results, Stage, claim, judge

STREAM = "interop/main"
SECRET = "the-listener's-secret"
SECONDS = 4
RATE = 500


@dataclass(frozen=True)
class Case:
    role: str                    # Of the listener: a viewer is pushed to, a publisher is pulled from.
    client: str
    key_bytes: int | None = None

    @property
    def name(self) -> str:
        key = f"aes{self.key_bytes * 8}" if self.key_bytes else "clear"
        return f"call-{'push' if self.role == 'viewer' else 'pull'}/{key}/{self.client}"


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    cases = [Case(role, client, key_bytes) for key_bytes in (None, 16, 32) for role in ("viewer", "publisher")
             for client in clients.ALL]
    wanted = [(case.name, lambda stage, case=case: relay_case(stage, case)) for case in cases]
    wanted += [("call/wrong passphrase", wrong_passphrase), ("call/unknown passphrase", unknown_passphrase),
               ("call/nobody listens", nobody_listens), ("call/listener restarts", listener_restarts),
               ("call/relay calls relay", relay_calls_relay), ("call/two workers", two_workers),
               ("call/from the configuration, by name", from_the_configuration)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in wanted if only.search(name)]


def on_a_stage(build: Path, test) -> str:
    with Stage(build) as stage:
        stage.address = f"127.0.0.1:{relays.free_udp_port()}"
        stage.start_relay(relays.Configuration(listen=[stage.address], streams=[relays.Stream(STREAM)]))
        return test(stage)


def listening(**options) -> clients.Target:
    return clients.Target(f"127.0.0.1:{relays.free_udp_port()}", STREAM, listening=True, **options)


def call(stage: Stage, role: str, target: clients.Target, **more) -> int:
    """Asks the relay to call; answers the call's ID."""
    query = {"latency": 120, "pbkeylen": target.key_bytes if target.passphrase else None, "passphrase": target.passphrase, **more}
    url = replace(target, listening=False).url(**query)
    answer = stage.relay.ask(role, "add", url, "--stream", STREAM, as_json=False)
    claim(answer.returncode == 0, f"the relay refused the call: {answer.stderr}")
    return int(answer.stdout.split()[1])  # "viewer 6 is added; ..."


def state_of(stage: Stage, call_id: int) -> dict:
    return next((one for one in stage.relay.calls() if one["id"] == call_id), {})


def wait_for_state(stage: Stage, call_id: int, state: str, seconds: float = 12) -> dict:
    claim(wait_until(lambda: state_of(stage, call_id).get("state") == state, seconds),
          f"the call did not become {state} within {seconds:.0f} s: {state_of(stage, call_id)}")
    return state_of(stage, call_id)


def relay_case(stage: Stage, case: Case) -> str:
    target = listening(passphrase=SECRET if case.key_bytes else None, key_bytes=case.key_bytes or 16)
    ours = clients.Target(stage.address, STREAM)
    if case.role == "viewer":
        viewing = stage.view(case.client, target)
        one = wait_for_state(stage, call(stage, "viewer", target), "connected")
        publishing = stage.publish(clients.SLT, ours, seconds=SECONDS, rate=RATE)
    else:
        viewing = stage.view(clients.SLT, ours)
        stage.wait_for_sessions("viewer", 1)
        # ffmpeg listens once it has read something, and reads on when it is called; the others throw away what comes before.
        lead = 0 if case.client == clients.FFMPEG else 4
        publishing = stage.publish(case.client, target, seconds=SECONDS, rate=RATE, lead=lead)
        one = wait_for_state(stage, call(stage, "publisher", target), "connected", 8 if lead == 0 else 4)
    claim(one["encrypted"] == bool(case.key_bytes), f"encrypted: {one}")
    claim(any(s["id"] == one["session"] and s["call"] == one["id"] for s in stage.relay.sessions()),
          f"the call's session is not among {stage.relay.sessions()}")
    publishing.finish(SECONDS + 20)
    result = judge(publishing, viewing)
    claim(result.bit_exact and result.packets == result.published, f"{result} | {viewing.process.log_tail(2)}")
    return f"{result.packets} of {result.published} packets, bit-exact"


def wrong_passphrase(stage: Stage) -> str:
    target = listening(passphrase=SECRET)
    viewing = stage.view(clients.SLT, target)
    call_id = call(stage, "viewer", replace(target, passphrase="another-secret"))
    said = wait_for_state(stage, call_id, "waiting")["failure"]
    claim("1010" in said, f"the failure is {said!r}")
    shown = stage.relay.ask("viewer", "list", as_json=False).stdout + Path(stage.relay.process.log).read_text()
    claim("another-secret" not in shown, "the passphrase was shown")
    claim(viewing.size() == 0, f"the listener got {viewing.size()} bytes")
    return said


def unknown_passphrase(stage: Stage) -> str:
    target = listening(passphrase=SECRET)
    stage.view(clients.SLT, target)
    said = wait_for_state(stage, call(stage, "viewer", replace(target, passphrase=None)), "waiting")["failure"]
    claim("1011" in said, f"the failure is {said!r}")
    return said


def nobody_listens(stage: Stage) -> str:
    call_id = call(stage, "viewer", listening())
    said = wait_for_state(stage, call_id, "waiting")
    claim(said["failure"] == "no answer within 3 s", f"the failure is {said['failure']!r}")
    claim(0 <= said["retry_in_s"] <= 1, f"the first pause is {said['retry_in_s']} s")
    claim(wait_until(lambda: state_of(stage, call_id)["attempts"] >= 2, 5), "it was not tried again")
    removed = stage.relay.ask("viewer", "remove", str(call_id), as_json=False)
    claim(removed.returncode == 0 and not stage.relay.calls(), f"remove: {removed.stderr}")
    claim(stage.relay.ask("viewer", "remove", str(call_id), as_json=False).returncode == 1, "removed twice")
    return said["failure"]


def listener_restarts(stage: Stage) -> str:
    """The sink goes and comes back: the relay finds it again, and what it then writes is one bit-exact run."""
    target = listening()
    first = stage.view(clients.SLT, target)
    call_id = call(stage, "viewer", target)
    wait_for_state(stage, call_id, "connected")
    publishing = stage.publish(clients.SLT, clients.Target(stage.address, STREAM), seconds=12, rate=RATE)
    claim(wait_until(lambda: first.size() > 0, 5), "the first listener got nothing")
    first.process.stop(signal.SIGINT)
    why = wait_for_state(stage, call_id, "waiting", 8)["failure"]
    began = time.monotonic()
    second = stage.view(clients.SLT, target)
    wait_for_state(stage, call_id, "connected", 8)
    took = time.monotonic() - began
    publishing.finish(40)
    result = judge(publishing, second)
    claim(result.bit_exact and result.first not in (None, 0), f"{result}")
    return f"{why}; called again {took:.1f} s after it was back; {result.packets} packets, bit-exact"


def relay_calls_relay(stage: Stage) -> str:
    """Two of ours: the second one is called with a stream ID and feeds a viewer of its own."""
    first, first_address = stage.relay, stage.address
    second_address = f"127.0.0.1:{relays.free_udp_port()}"
    api = stage.work / "relay" / "second.sock"
    toml = relays.Configuration(listen=[second_address], streams=[relays.Stream(STREAM)]).toml(api)
    stage.relay = relays.start(stage.processes, stage.build, stage.work, toml, api, relays.unprivileged_user(), "second")
    viewing = stage.view(clients.SLT, clients.Target(second_address, STREAM))
    stage.wait_for_sessions("viewer", 1)
    stage.relay = first
    there = clients.Target(second_address, STREAM)
    call_id = call(stage, "viewer", there, streamid="publish:" + STREAM)
    wait_for_state(stage, call_id, "connected")
    publishing = stage.publish(clients.SLT, clients.Target(first_address, STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    result = judge(publishing, viewing)
    claim(result.bit_exact and result.packets == result.published, f"{result}")
    return f"{result.packets} of {result.published} packets, bit-exact over two relays"


def two_workers(stage: Stage) -> str:
    """Each call lands on a worker of its own; what listeners answer to the shared port finds it."""
    stage.relay.process.stop()
    configuration = relays.Configuration(listen=[stage.address], streams=[relays.Stream(STREAM)], workers=2)
    stage.start_relay(configuration)
    sinks = [listening() for _ in range(4)]
    viewings = [stage.view(clients.SLT, sink) for sink in sinks]
    source = listening()
    publishing = stage.publish(clients.SLT, source, seconds=SECONDS, rate=RATE, lead=5)
    sessions = [wait_for_state(stage, call(stage, "viewer", sink), "connected")["session"] for sink in sinks]
    claim(len({session >> 24 for session in sessions}) == 2, f"the calls share a worker: {sessions}")
    wait_for_state(stage, call(stage, "publisher", source), "connected", 4)
    publishing.finish(SECONDS + 20)
    results = [judge(publishing, viewing) for viewing in viewings]
    claim(all(one.bit_exact and one.packets == one.published for one in results), f"{results}")
    return f"4 viewers and their publisher called, {results[0].packets} packets each, bit-exact"


def from_the_configuration(stage: Stage) -> str:
    """[[call]] with a name, and gone from the file at the next SIGHUP."""
    target = listening()
    viewing = stage.view(clients.SLT, target)
    toml = stage.relay.config.read_text()
    port = target.address.split(":")[1]
    lines = relays.Configuration(calls=[relays.Call(f"srt://localhost:{port}", "viewer", STREAM)]).toml(stage.api)
    stage.relay.config.write_text(toml + lines[lines.index("[[call]]"):])
    stage.relay.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: stage.relay.calls(), 5), "the reload brought no call")
    call_id = stage.relay.calls()[0]["id"]
    wait_for_state(stage, call_id, "connected")
    publishing = stage.publish(clients.SLT, clients.Target(stage.address, STREAM), seconds=SECONDS, rate=RATE)
    publishing.finish(SECONDS + 20)
    claim(state_of(stage, call_id)["state"] == "connected", "the call did not last")
    stage.relay.config.write_text(toml)
    stage.relay.process.popen.send_signal(signal.SIGHUP)
    claim(wait_until(lambda: not stage.relay.calls(), 5), f"the reload left {stage.relay.calls()}")
    claim(wait_until(lambda: not stage.relay.sessions(), 5), f"sessions left: {stage.relay.sessions()}")
    result = judge(publishing, viewing)
    claim(result.bit_exact and result.packets == result.published, f"{result}")
    return f"{result.packets} of {result.published} packets, bit-exact"
