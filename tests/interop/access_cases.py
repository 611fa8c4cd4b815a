"""Policies, keys and stream IDs, tried with libsrt itself: who comes in, who hears which number, and with which latency.

Imported by interop.py. `fanlight policy check` is asked the same each time and must foretell it.
"""
from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import clients
import libsrt
import relay as relays
from processes import wait_until
from testing import Results, Skip, Stage, claim

TABLES = """
[[policy]]
stream = "door/enemies"
from = ["127.0.1.0/24"]
then = "deny"
code = 2423
[[policy]]
stream = "door/enemies"
from = ["127.0.0.0/16"]
then = "allow"
[[policy]]
stream = "door/users"
mode = "publish"
users = ["ann"]
then = "allow"
[[policy]]
stream = "door/users"
mode = "view"
users = ["bob", "eve"]
then = "allow"
[[policy]]
stream = "door/gold"
users = ["bob"]
then = "allow"
group = "gold"
[[policy]]
stream = "door/gold"
then = "allow"
[[policy]]
stream = "door/few"
then = "allow"
viewers_max = 2
[[policy]]
stream = "door/address"
then = "allow"
sessions_per_address_max = 1
[[policy]]
stream = "door/latency"
users = ["early"]
then = "allow"
latency_max_ms = 80
[[policy]]
stream = "door/latency"
users = ["late"]
then = "allow"
latency_ms = 700
[[issuer]]
name = "shop"
secret = "a secret of two and thirty bytes"
[[policy]]
stream = "door/token"
token = "shop"
then = "allow"
[[policy]]
stream = "door/encoder"
then = "allow"
bitrate_max_mbps = 2
[[key]]
stream = "door/gold"
direction = "view"
group = "gold"
passphrase = "the gold group's"
[[key]]
stream = "door/users"
direction = "view"
user = "bob"
passphrase = "bob's passphrase"
[[key]]
stream = "door/users"
direction = "view"
user = "eve"
passphrase = "eve's passphrase"
expires = 2020-01-01T00:00:00Z
"""


class Door:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._library = libsrt.load()
        self._address = f"127.0.0.1:{relays.free_udp_port()}"
        self._open: list[int] = []

    def start(self) -> None:
        listen = f"0.0.0.0:{self._address.rsplit(':', 1)[1]}"
        streams = [relays.Stream("door/*", wait=False), *(relays.Stream(f"door/{name}") for name in
                   ("enemies", "users", "gold", "few", "address", "latency", "token"))]
        configuration = relays.Configuration(listen=[listen], streams=streams, more=TABLES)
        self._stage.start_relay(configuration)

    def try_in(self, stream_id: str | None, wanted: int | None, passphrase: str | None = None, source: str = "127.0.0.1",
               foretells: bool = True, **options) -> int:
        """Wants the code on the wire; None: let in, and the socket stays open until end()."""
        if self._library is None:
            raise Skip("libsrt is not installed")
        told = self._stage.relay.ask("policy", "check", stream_id or "", "--from", source) if foretells else None
        reason, handle = libsrt.connect(self._library, self._address, stream_id, passphrase, source, **options)
        if reason is None:
            self._open.append(handle)
        claim(reason == wanted, f"{stream_id} from {source}: {reason}, wanted {wanted}")
        if told is not None:
            forecast = json.loads(told.stdout)["code"] if told.stdout else told.stderr
            claim(forecast == wanted and told.returncode == (wanted is not None),
                  f"foretold {forecast} with exit code {told.returncode}, came {wanted}")
        return handle

    def end(self) -> None:
        """Everybody leaves."""
        for handle in self._open:
            self._library.srt_close(handle)
        self._open.clear()
        wait_until(lambda: not self._stage.relay.sessions(), 5)

    # --- cases

    def prefixes(self) -> str:
        self.try_in("door/enemies", None, source="127.0.0.1")
        self.try_in("door/enemies", None, source="127.0.2.1")
        self.try_in("door/enemies", 2423, source="127.0.1.1")
        self.try_in("door/enemies", 2403, source="127.1.0.1")
        return "2423 from 127.0.1.0/24, in from the rest of 127.0.0.0/16, 2403 from elsewhere"

    def users(self) -> str:
        bob = "bob's passphrase"
        self.try_in("#!::r=door/users,m=publish,u=ann", None)
        self.try_in("publish:door/users:mallory", 2403)
        self.try_in("#!::r=door/users,u=ann", 2403)
        self.try_in("#!::r=door/users,u=bob", None, bob)
        self.try_in("door/users?user=bob", None, bob)
        self.try_in("read:door/users:bob", None, bob)
        self.try_in("#!::r=/door%2Fusers,u=%62ob,,s=7", None, bob)
        self.try_in("#!::r=door/users,u=bob", 1010, "not bob's passphrase", foretells=False)
        self.try_in("#!::r=door/users,u=bob", 1011, foretells=False)
        self.try_in("#!::r=door/users,u=eve", 2423, "eve's passphrase")
        return "each user needs its own; an expired one hears 2423"

    def groups(self) -> str:
        self.try_in("#!::r=door/gold,u=bob", None, "the gold group's")
        self.try_in("#!::r=door/gold,u=eve", 1011, "the gold group's", foretells=False)
        self.try_in("#!::r=door/gold,u=eve", None)
        return "the policy's group chooses the passphrase"

    def limits(self) -> str:
        for _ in range(2):
            self.try_in("door/few", None)
        self.try_in("door/few", 2402)
        self.end()
        self.try_in("door/few", None)
        self.end()
        self.try_in("door/address", None)
        self.try_in("door/address", 2402)
        self.try_in("door/address", None, source="127.0.0.2")
        return "viewers_max and sessions_per_address_max answer 2402"

    def latency(self) -> str:
        told = {}
        for user, asked, wanted in (("early", 500, 80), ("early", 50, 80), ("late", 50, 700), ("late", 900, 900)):
            handle = self.try_in(f"#!::r=door/latency,u={user}", None, latency_ms=asked)
            got = libsrt.receive_latency_ms(self._library, handle)
            claim(got == wanted, f"{user} asked for {asked} ms, plays with {got}, wanted {wanted}")
            told[f"{user} {asked}"] = got
            self.end()
        return f"libsrt plays with {told}"

    def codes(self) -> str:
        for stream_id, code in (("door//x", 2400), ("#!:{r=door/few}", 2400), ("#!:{r=door/few,{m=publish}}", 2400), ("%23!:{r=door/few}", 2400),
                                ("#!::r=door/few,m=bidirectional", 2405),
                                ("#!::r=door/few,t=file", 2405), ("door/token", 2401), ("other", 2403), (None, 2400),
                                ("door/encoder", 2404)):
            self.try_in(stream_id, code)
        self.try_in("publish:door/encoder", None)
        self.try_in("publish:door/encoder", 2409)
        return "2400, 2401, 2403, 2404, 2405, 2409"

    def keys_at_run_time(self) -> str:
        relay = self._stage.relay
        self.try_in("#!::r=door/few,u=bob", None)
        command = [str(relay.cli), "--api", str(relay.api), "key", "set", "door/few", "--view", "--user", "bob"]
        done = subprocess.run(command, input="set at run time\n", capture_output=True, text=True, timeout=5)
        claim(done.returncode == 0, f"key set: {done.stderr}")
        self.try_in("#!::r=door/few,u=bob", None, "set at run time")
        rows = json.loads(relay.ask("key", "list").stdout)["keys"]
        mine = [row for row in rows if row["stream"] == "door/few"]
        claim([(row["user"], row["source"], row["sessions"]) for row in mine] == [("bob", "api", 1)], f"{mine}")
        claim("set at run time" not in relay.ask("key", "list").stdout, "the list shows the passphrase")
        ended = relay.ask("key", "expire", "door/few", "--view", "--user", "bob", "--kick")
        claim(ended.returncode == 0 and json.loads(ended.stdout) == {"keys": 1, "sessions": 1}, ended.stdout + ended.stderr)
        broken = libsrt.seconds_until_broken(self._library, self._open[-1], 2)
        claim(broken is not None, "who came in with it is still there")
        claim(libsrt.seconds_until_broken(self._library, self._open[0], 0.2) is None, "who came clear was kicked")
        self.try_in("#!::r=door/few,u=bob", 2423, "set at run time")
        kicked = lambda: relay.process.log.read_text().count("of door/few left: kicked")  # noqa: E731
        for passphrase, more in (("the second one", []), ("the third one", ["--kick"])):
            done = subprocess.run([*command, *more], input=passphrase + "\n", capture_output=True, text=True, timeout=5)
            claim(done.returncode == 0, f"key set: {done.stderr}")
            if more:  # Bob, who came clear, and bob with the second one.
                claim("2 sessions that came in with an earlier key ended" in done.stdout, done.stdout)
                broken = libsrt.seconds_until_broken(self._library, self._open[-1], 2)
                claim(broken is not None, "who came in with the second one is still there")
                claim(wait_until(lambda: kicked() == 3, 3), f"{kicked()} sessions were kicked, not 3")
            self.try_in("#!::r=door/few,u=bob", None, passphrase)
        claim(libsrt.seconds_until_broken(self._library, self._open[-1], 0.2) is None, "who came in with the third one was ended")
        log = relay.process.log.read_text()
        claim("set at run time" not in log and "passphrase\"" not in log, "the log shows a passphrase")
        return "set, listed, expired, replaced; only who came in with it was ended"

    def reload(self) -> str:
        relay = self._stage.relay
        ann = self.try_in("#!::r=door/users,m=publish,u=ann", None)
        relay.config.write_text(relay.config.read_text().replace('users = ["ann"]', 'users = ["zoe"]'))
        relay.process.popen.send_signal(signal.SIGHUP)
        listed = lambda: "zoe" in relay.ask("policy", "list", as_json=False).stdout  # noqa: E731
        claim(wait_until(listed, 5), "the new policies are not there")
        claim(libsrt.seconds_until_broken(self._library, ann, 0.3) is None, "who was in was ended")
        self.end()
        self.try_in("#!::r=door/users,m=publish,u=ann", 2403)
        self.try_in("#!::r=door/users,m=publish,u=zoe", None)
        return "new callers meet the new policies; who was in stays"

    def bitrate(self) -> str:
        """A publisher that sends more than its policy lets it."""
        target = clients.Target(self._address, "door/encoder")
        publishing = self._stage.publish(clients.SLT, target, seconds=20, rate=400)  # 4.2 Mb/s of 2.
        self._stage.wait_for_sessions("publisher", 1)
        start = time.monotonic()
        said = "publisher sent more than its policy's bitrate_max_mbps"
        ended = wait_until(lambda: said in self._stage.relay.process.log.read_text(), 15)
        publishing.process.stop()
        claim(ended, "the publisher was not closed within 15 s")
        return f"closed after {time.monotonic() - start:.0f} s"


def run(build: Path, results: Results, only) -> None:
    with Stage(build) as stage:
        door = Door(stage)
        cases = [("access/prefixes", door.prefixes), ("access/users and their keys", door.users),
                 ("access/groups' keys", door.groups), ("access/limits", door.limits),
                 ("access/latency floor and cap", door.latency), ("access/codes", door.codes),
                 ("access/keys at run time", door.keys_at_run_time), ("access/bitrate", door.bitrate),
                 ("access/reload", door.reload)]
        wanted = [(name, test) for name, test in cases if only.search(name)]
        if wanted:
            results.run("access/the relay starts", door.start)
        for name, test in wanted:
            results.run(name, test)
            door.end()
