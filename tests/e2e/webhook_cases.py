"""fanlightd with a webhook that answers well, refuses, hangs, lies and dies, and real libsrt callers."""
from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import threading
import time

import clients
import libsrt
import relay as relays
import setup
from hook_server import HALF, Authority, HookServer, http
from processes import wait_until
from testing import Skip, Stage, claim, judge

ASKED, OPEN, FREE = "asked/main", "open/main", "free/main"
PASSPHRASE = "a passphrase from the answer"
GATEWAY = 2502


class House:
    """A relay whose policies ask one webhook: about asked/* closed, about open/* open, about free/* not at all."""

    def __init__(self, stage: Stage, url: str, *, more: str = "", tail: str = "") -> None:
        self.stage = stage
        self.srt = libsrt.load()
        if self.srt is None:
            raise Skip("libsrt is not installed")
        self.address = f"127.0.0.1:{relays.free_udp_port()}"
        self._plain = relays.Configuration(
            listen=[self.address], streams=[relays.Stream(name) for name in (ASKED, OPEN, FREE)]).toml(stage.api)
        user = relays.unprivileged_user()
        self.home = relays.prepare_home(stage.work, user)
        stage.relay = self.relay = relays.start(stage.processes, stage.build, stage.work, self.toml(url, more, tail), stage.api, user)

    def toml(self, url: str, more: str = "", tail: str = "") -> str:
        policies = "".join(f'[[policy]]\nstream = "{stream}/*"\nthen = "ask"\nwebhook = "door"\non_failure = "{failure}"\n'
                           for stream, failure in (("asked", "closed"), ("open", "open")))
        return (self._plain + policies + '[[policy]]\nthen = "allow"\n'
                f'[[webhook]]\nname = "door"\nurl = "{url}"\nnegative_cache_s = 0\n{more}\n{tail}\n')

    def reload(self, toml: str) -> None:
        self.relay.config.write_text(toml)
        self.relay.process.popen.send_signal(signal.SIGHUP)
        claim(wait_until(lambda: "reloaded" in self.relay.process.log_tail(3), 3), "the relay did not reload")

    def call(self, stream: str, words: str = "m=request", passphrase: str | None = None, source: str | None = None) -> int | None:
        """The code that the caller is turned down with, or None."""
        reason, handle = libsrt.connect(self.srt, self.address, f"#!::r={stream},{words}", passphrase, source)
        if reason is None:
            self.srt.srt_close(handle)
        return reason

    def timed_call(self, stream: str) -> tuple[int | None, float]:
        start = time.monotonic()
        return self.call(stream), time.monotonic() - start

    def log(self) -> str:
        return self.relay.process.log_tail(200)

    def metric(self, outcome: str) -> int:
        return int(float(self.stage.relay.metrics().get(f'fanlight_webhook_requests_total{{hook="door",outcome="{outcome}"}}', 0)))


def url_of(server: HookServer, scheme: str = "http", host: str = "127.0.0.1") -> str:
    return f"{scheme}://{host}:{server.port}/ask"


def webhook_decides(stage: Stage) -> str:
    def answer(question: dict):
        answers = {"ann": {"allow": True, "user": "Ann", "group": "gold", "news": [1]},
                   "bob": {"allow": False, "code": 2423, "reason": "not before noon"},
                   "eve": {"allow": False}, "odd": {"allow": False, "code": 1010, "reason": "mischief"},
                   "key": {"allow": True, "passphrase": PASSPHRASE}, "gone": http(403, "")}
        return answers[question["user"]]
    with HookServer(answer) as server:
        (secret := stage.work / "token").write_text("the relay's own token\n")
        (key := stage.work / "key").write_text("what bodies are signed with\n")
        for file in (secret, key):
            file.chmod(0o600)
            if (user := relays.unprivileged_user()) is not None:
                os.chown(file, user, user)
        house = House(stage, url_of(server), more=f'token_file = "{secret}"\nsigning_key_file = "{key}"')
        claim(house.call(ASKED, "m=request,u=ann") is None, f"ann was turned down: {house.log()}")
        question, head = server.questions[0], server.heads[0]
        wanted = {"event": "request", "mode": "view", "stream": ASKED, "user": "ann", "address": "127.0.0.1",
                  "encrypted": False}
        claim(wanted.items() <= question.items(), f"the question was {question}")
        claim(question["port"] > 0 and question["srt_version"].startswith("1."), f"the question was {question}")
        claim("Authorization: Bearer the relay's own token" in head, head)
        for code, user in ((2423, "bob"), (2403, "eve"), (2403, "odd"), (2403, "gone")):
            heard = house.call(ASKED, f"m=request,u={user}")
            claim(heard == code, f"{user} heard {heard} instead of {code}: {house.log()}")
        claim("not before noon" in house.log() and "code 1010" in house.log(), house.log())
        claim(house.call(ASKED, "m=request,u=key", PASSPHRASE) is None, f"the answer's passphrase: {house.log()}")
        claim(house.call(ASKED, "m=request,u=key", "another passphrase") == 1010, "a wrong passphrase came in")
        claim(house.call(ASKED, "m=request,u=key") == 1011, "a clear caller came in")
        claim(PASSPHRASE not in house.log(), "a passphrase in the log")
        asked = len(server.questions)
        claim(house.call(FREE) is None and len(server.questions) == asked, "a policy that asks nobody asked")
        claim(server.connections == 1, f"{server.connections} connections for {asked} questions one after the other")
        claim(house.metric("allowed") == 4 and house.metric("refused") == 4, str(stage.relay.metrics()))
        return f"{asked} questions over one connection"


def webhook_signs_what_it_says(stage: Stage) -> str:
    with HookServer() as server:
        house = House(stage, url_of(server), more='signing_key = "what bodies are signed with"')
        bodies: list[bytes] = []
        loads = json.loads
        house.call(ASKED)
        signature = next(line.split(": ")[1] for line in server.heads[0].split("\r\n") if line.startswith("X-Fanlight-Signature"))
        body = json.dumps(server.questions[0], separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
        mac = hmac.new(b"what bodies are signed with", body, hashlib.sha256).hexdigest()
        del bodies, loads
        claim(signature == f"sha256={mac}", f"{signature} for {body}")
        return "HMAC-SHA256 of the body"


def webhook_remembers_refusals(stage: Stage) -> str:
    with HookServer(lambda _question: {"allow": False, "code": 2423}) as server:
        house = House(stage, url_of(server))
        house.reload(house.toml(url_of(server)).replace("negative_cache_s = 0", "negative_cache_s = 2"))
        codes = [house.call(ASKED) for _ in range(10)]
        claim(codes == [2423] * 10, str(codes))
        claim(len(server.questions) == 1, f"{len(server.questions)} questions for one caller that hammers")
        time.sleep(2)
        server.answer = lambda _question: {"allow": True}
        claim(house.call(ASKED) is None, "a refusal was remembered beyond its time")
        return "ten calls, one question"


def webhook_lies(stage: Stage) -> str:
    lies = {"HTML": http(200, "<html>Welcome</html>"), "an endless body": http(200, " " * 70_000),
            "a length that is none": http(200, '{"allow": true}', length=10**9), "a wrong type": http(200, '{"allow": 1}'),
            "half of a type": http(200, '{"allow": true, "viewers_max": "all"}'),
            "a field twice": http(200, '{"allow": false, "allow": true}'), "nothing": http(204, ""),
            "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            "an error": http(500, '{"allow": true}'), "a wrong path": http(404, ""), "a wrong token": http(401, ""),
            "no HTTP": b"220 mail.example.net ESMTP\r\n", "a short passphrase": http(200, '{"allow":true,"passphrase":"short"}')}
    with HookServer() as server:
        house = House(stage, url_of(server), more="timeout_ms = 500")
        for name, said in lies.items():
            server.answer = lambda _question, said=said: said
            heard = house.call(ASKED)
            claim(heard == GATEWAY, f"{name}: the caller heard {heard}")
            claim(house.call(OPEN) is None, f"{name}: fail-open did not let in: {house.log()}")
        server.answer = lambda _question: {"allow": True}
        claim(house.call(ASKED) is None, f"after the lies: {house.log()}")
        return f"{len(lies)} of them"


def webhook_hangs(stage: Stage) -> str:
    took = []
    with HookServer(accepts=False) as deaf, HookServer(lambda _question: None) as silent, \
            HookServer(lambda _question: http(200, HALF.decode(), length=100)) as slow:
        house = House(stage, url_of(deaf), more="timeout_ms = 700")
        for server in (deaf, silent, slow):
            house.reload(house.toml(url_of(server), "timeout_ms = 700"))
            heard, seconds = house.timed_call(ASKED)
            claim(heard == GATEWAY and 0.6 < seconds < 1.6, f"closed: {heard} after {seconds:.2f} s: {house.log()}")
            let_in, seconds = house.timed_call(OPEN)
            claim(let_in is None and 0.6 < seconds < 1.6, f"open: {let_in} after {seconds:.2f} s: {house.log()}")
            took.append(seconds)
        claim("no answer in time" in house.log(), house.log())
        return f"before accepting, before the head, in the body; let in after {max(took):.2f} s at most"


def webhook_policies_change_meanwhile(stage: Stage) -> str:
    """The file changes while the webhook hangs: a door that failed open is closed, and another webhook is to be asked."""
    with HookServer(lambda _question: None) as silent, HookServer() as strict:
        strict.answer = lambda _question: {"allow": False, "code": 2423}
        house = House(stage, url_of(silent))
        before = house.toml(url_of(silent), "timeout_ms = 900")
        other = f'[[webhook]]\nname = "strict"\nurl = "{url_of(strict)}"\n'
        for after, code in ((before.replace('"open"', '"closed"'), GATEWAY),
                            (before.replace('webhook = "door"', 'webhook = "strict"') + other, 2423)):
            house.reload(before)
            asked, heard = len(silent.questions), []
            caller = threading.Thread(target=lambda to=heard: to.append(house.call(OPEN)))
            caller.start()
            claim(wait_until(lambda known=asked: len(silent.questions) > known, 2), "the question did not come")
            house.reload(after)
            caller.join(5)
            claim(heard == [code], f"the caller heard {heard} instead of {code}: {house.log()}")
        return "closed by then: 2502; another webhook by then: its 2423"


def webhook_dies(stage: Stage) -> str:
    with HookServer(lambda _question: http(200, '{"allow":', length=30)) as server:
        server.closes = True
        house = House(stage, url_of(server))
        claim(house.call(ASKED) == GATEWAY, "half an answer let somebody in")
        claim(house.call(OPEN) is None, "fail-open did not")
        server.answer = lambda _question: {"allow": True}
        codes = [house.call(ASKED) for _ in range(5)]  # A connection that says it is kept, and is not.
        claim(codes == [None] * 5, f"{codes}: {house.log()}")
        server.closes = False
        claim(house.call(ASKED) is None, house.log())
        port = server.port
        server.drop_connections()
        claim(house.call(ASKED) is None, f"a kept connection was dropped: {house.log()}")
    claim(house.call(ASKED) == GATEWAY and house.call(OPEN) is None, "nobody listens any more")
    claim("refused" in house.log().lower(), house.log())
    with HookServer(port=port):
        claim(house.call(ASKED) is None, f"it is back: {house.log()}")
    return "in the middle, between two questions, and for a while"


def webhook_over_tls(stage: Stage) -> str:
    authority, stranger = Authority(stage.work), Authority(stage.work, "stranger")
    stage.work.chmod(0o755)
    trusted = f'ca_file = "{authority.certificate}"\ntimeout_ms = 2000'
    authority.certificate.chmod(0o644)
    with HookServer(tls=authority.certify("good", "DNS:localhost,IP:127.0.0.1")) as good, \
            HookServer(tls=authority.certify("other", "DNS:door.example.net")) as misnamed, \
            HookServer(tls=stranger.certify("evil", "DNS:localhost,IP:127.0.0.1")) as unknown, HookServer() as clear:
        house = House(stage, url_of(good, "https", "localhost"), more=trusted)
        for host in ("localhost", "127.0.0.1"):
            house.reload(house.toml(url_of(good, "https", host), trusted))
            claim([house.call(ASKED) for _ in range(3)] == [None] * 3, f"{host}: {house.log()}")
        claim(good.connections == 2, f"{good.connections} connections")
        for name, server in (("another name", misnamed), ("an unknown authority", unknown), ("no TLS", clear)):
            house.reload(house.toml(url_of(server, "https", "localhost"), trusted))
            claim(house.call(ASKED) == GATEWAY and house.call(OPEN) is None, f"{name}: {house.log()}")
            claim(not server.questions, f"{name} was told a question")
        claim("certificate is not accepted" in house.log(), house.log())
        house.reload(house.toml(url_of(good, "https", "localhost"), "timeout_ms = 2000"))
        claim(house.call(ASKED) == GATEWAY, "the system's authorities vouch for the test's own")
        return "a good certificate by name and by address; three bad ones"


def webhook_hangs_for_two_hundred(stage: Stage) -> str:
    with HookServer(lambda question: {"allow": True} if question.get("user") == "honest" else None) as server:
        house = House(stage, url_of(server), more="concurrency = 8")
        target = clients.Target(house.address, FREE)
        viewing = stage.view(clients.SLT, target)
        stage.wait_for_sessions("viewer", 1)
        publishing = stage.publish(clients.SLT, target, seconds=6)
        stage.wait_for_sessions("publisher", 1)
        program = str(setup.find_program(stage.build, "fanlight-load"))
        crowd = stage.processes.start("crowd", [program, "view", "--relay", house.address, "--name", ASKED, "--viewers", "200",
                                                "--duration", "3s", "--ramp", "100000"])
        claim(wait_until(lambda: len(server.questions) >= 3, 2), "the crowd asks nothing")
        start = time.monotonic()
        heard = house.call(ASKED, "m=request,u=honest", source="127.9.0.1")
        waited = time.monotonic() - start
        claim(heard is None and waited < 0.7, f"an honest caller from elsewhere heard {heard} after {waited:.2f} s: {house.log()}")
        slowest, looks = 0.0, 0
        until = time.monotonic() + 4
        while time.monotonic() < until:
            start = time.monotonic()
            claim(len(house.relay.sessions()) >= 2, "the API does not answer")
            slowest, looks = max(slowest, time.monotonic() - start), looks + 1
            time.sleep(0.05)
        claim(slowest < 0.5, f"the API took {slowest:.2f} s")
        publishing.finish(25)
        result = judge(publishing, viewing)
        crowd.stop(signal.SIGINT)
        claim(result.bit_exact and result.packets == result.published, f"a viewer felt it: {result}")
        claim(server.open_most <= 10, f"{server.open_most} connections at a time")
        asked = house.metric("timeout") + house.metric("busy")
        claim(3 <= asked <= 40, f"{asked} of the crowd's questions were asked: a site has three connections of eight")
        unasked = int(float(stage.relay.metrics()["fanlight_webhook_unasked_total"]))
        claim(unasked >= 150, f"{unasked} callers had no turn")
        return (f"{asked} without an answer, {unasked} without a turn, one from elsewhere let in after {waited * 1000:.0f} ms; "
                f"{looks} looks at the API took {slowest * 1000:.0f} ms at most; the stream is bit-exact")


def webhook_is_told_events(stage: Stage) -> str:
    told: list[dict] = []
    failures = threading.Semaphore(2)

    def answer(question: dict):
        if question["event"] == "request":
            return {"allow": True, "user": "from-the-hook"}
        if failures.acquire(blocking=False):
            return http(503, "")
        told.extend(question["events"])
        return http(204, "")
    with HookServer(answer) as server:
        house = House(stage, url_of(server), tail='[events]\nwebhook = "door"')
        claim(house.call(ASKED, "m=publish,u=ann") is None, house.log())
        claim(house.call("none/such") == 2404, "a stream that is not there")
        claim(wait_until(lambda: len(told) >= 5, 8), f"told was {told}")
        kinds = [event["event"] for event in told]
        claim(kinds[:2] == ["connect", "publish_start"] and sorted(kinds[2:5]) == ["disconnect", "publish_stop", "rejected"], str(kinds))
        claim(told[0]["user"] == "from-the-hook", str(told[0]))
        claim([event["number"] for event in told] == list(range(1, 6)), str(told))
        viewing = stage.view(clients.SLT, clients.Target(house.address, FREE))
        stage.wait_for_sessions("viewer", 1)
        house.relay.process.popen.send_signal(signal.SIGTERM)
        claim(wait_until(lambda: not house.relay.process.running(), 3), "the relay does not end")
        claim(told[-1]["event"] == "disconnect" and told[-1]["reason"] == "relay stopping", f"the last word was {told[-1]}")
        viewing.process.stop(signal.SIGINT)
        return f"{len(told)} events, two of the posts repeated, the relay's end included"


def webhook_is_told_of_publishers_in_a_flood(stage: Stage) -> str:
    """Strangers come and go faster than a slow webhook takes it; every publisher's beginning and end is told all the same."""
    publishers = 20
    told: list[dict] = []

    def answer(question: dict):
        time.sleep(0.1)
        told.extend(question["events"])
        return http(204, "")
    with HookServer(answer) as server:
        house = House(stage, url_of(server), tail='[events]\nwebhook = "door"')
        flooding = stage.processes.start("flood", [
            str(setup.find_program(stage.build, "fanlight-load")), "flood", "--relay", house.address, "--rate", "2000", "--bogus",
            "0", "--name", FREE, "--sealed", FREE, "--missing", FREE, "--duration", "6s", "--json", str(stage.work / "flood.json")])
        time.sleep(1)
        for number in range(publishers):
            heard = house.call(FREE, f"m=publish,u=ann{number}")
            claim(heard is None, f"publisher {number} heard {heard}: {house.log()}")
            time.sleep(0.1)
        claim(flooding.popen.poll() is None, "the flood was over before the publishers had come")
        claim(flooding.popen.wait(timeout=20) == 0, "the flood was answered as it must not be")
        dropped = int(float(stage.relay.metrics()["fanlight_events_dropped_total"]))
        claim(dropped > 1024, f"{dropped} events dropped are no flood")
        users = [f"ann{number}" for number in range(publishers)]
        for kind in ("publish_start", "publish_stop"):
            claim(wait_until(lambda kind=kind: [event["user"] for event in told if event["event"] == kind] == users, 10),
                  f"of {kind} was told {[event['user'] for event in told if event['event'] == kind]}")
        return f"{publishers} of {publishers}, beside {dropped} events of strangers that were dropped"


CASES = [(case.__name__, case) for case in (
    webhook_hangs_for_two_hundred, webhook_decides, webhook_signs_what_it_says, webhook_remembers_refusals, webhook_lies,
    webhook_hangs, webhook_policies_change_meanwhile, webhook_dies, webhook_over_tls, webhook_is_told_events,
    webhook_is_told_of_publishers_in_a_flood)]
