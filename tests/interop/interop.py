#!/usr/bin/env python3
"""Strangers through our relay: ffmpeg, srt-live-transmit and GStreamer, each as publisher and as viewer.

Every payload is numbered, and what a viewer wrote is compared with what the publisher sent. Clear and AES-128/192/256
on a clean loopback must be bit-exact; through a link with 5 % loss at 50 ms round trip and 500 ms latency at least
99.99 % must arrive, and what arrives must be exact and in order. Refusals are asked of libsrt by number, and looked at
through each client's eyes.

examples:
  tests/interop/interop.py                       everything, short
  tests/interop/interop.py --long                the lossy cases over 100,000 packets each
  tests/interop/interop.py --only 'aes128|bad'   some of it
"""
from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import access_cases  # noqa: E402
import calls  # noqa: E402
import clients  # noqa: E402
import fec_cases  # noqa: E402
import gcm_cases  # noqa: E402
import join_cases  # noqa: E402
import libsrt  # noqa: E402
import rekey_cases  # noqa: E402
import relay as relays  # noqa: E402
import rtp_cases  # noqa: E402
import rtp_device_cases  # noqa: E402
import retransmission_cases  # noqa: E402
import rtp_out_cases  # noqa: E402
import rtp_payload_cases  # noqa: E402
import srtp_cases  # noqa: E402
import srtp_out_cases  # noqa: E402
import stream_id_cases  # noqa: E402
import token_cases  # noqa: E402
import worker_cases  # noqa: E402
from processes import stop_on_signals, wait_until  # noqa: E402
from testing import Results, Skip, Stage, arguments, claim, judge, run_side_by_side, share_delivered  # noqa: E402

PACKETS_PER_SECOND = 1000
# They wait most of the time; more of them would come too late to each other's calls on two processors.
JOBS = 5
DELIVERED_WANTED = 0.9999
LOSSY = ("--loss", "0.05", "--delay", "25ms", "--seed", "7")
ROUGH = ("--burst-loss", "0.02", "--delay", "25ms", "--jitter", "3ms", "--reorder", "0.01",
         "--duplicate", "0.002", "--seed", "11")


@dataclass(frozen=True)
class Group:
    """One publisher and all viewers of one stream; each viewer is a case."""
    name: str
    publisher: str
    key_bytes: int | None = None
    latency_ms: int = 120
    seconds: float = 5
    up_link: tuple[str, ...] = ()    # Impairment of the publisher's leg.
    down_link: tuple[str, ...] = ()  # Impairment of the viewers' leg.

    @property
    def impaired(self) -> bool:
        return bool(self.up_link or self.down_link)

    def case(self, viewer: str) -> str:
        return f"{self.name}/{self.publisher}/{viewer}"


def groups(lossy_seconds: float) -> list[Group]:
    clean = [Group(name, publisher, key_bytes)
             for name, key_bytes in (("clear", None), ("aes128", 16), ("aes192", 24), ("aes256", 32))
             for publisher in clients.ALL]
    legs = (("loss-publisher-leg", LOSSY, ()), ("loss-viewer-leg", (), LOSSY), ("loss-both-legs", LOSSY, LOSSY))
    lossy = [Group(name, publisher, None, 500, lossy_seconds, up, down)
             for name, up, down in legs for publisher in (clients.FFMPEG, clients.SLT)]
    return clean + lossy + [Group("loss-both-legs-aes128", clients.SLT, 16, 500, lossy_seconds, LOSSY, LOSSY),
                            Group("rough-both-legs", clients.FFMPEG, None, 500, lossy_seconds, ROUGH, ROUGH)]


def run_group(group: Group, build: Path, results: Results, only) -> None:
    viewers = [viewer for viewer in clients.ALL if only.search(group.case(viewer))]
    if not viewers:
        return
    try:
        with Stage(build) as stage:
            outcomes = relay_group(group, viewers, stage)
    except Exception as reason:  # One group's trouble is that group's result, whatever it is.
        kind = "skip" if isinstance(reason, Skip) else "FAIL"
        for viewer in viewers:
            results.add(kind, group.case(viewer), f"{type(reason).__name__}: {reason}" if kind == "FAIL" else str(reason))
        return
    for viewer, outcome in outcomes.items():
        results.run(group.case(viewer), lambda outcome=outcome: judge_outcome(group, outcome))


def relay_group(group: Group, viewers: list[str], stage: Stage) -> dict:
    secrets = ("publisher's-secret", "viewer's-own-secret") if group.key_bytes else (None, None)
    stream = relays.Stream("interop/main", group.latency_ms, publish_passphrase=secrets[0], view_passphrase=secrets[1])
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stage.start_relay(relays.Configuration(listen=[address], streams=[stream]))
    up = stage.start_proxy(address, *group.up_link) if group.up_link else address
    down = stage.start_proxy(address, *group.down_link) if group.down_link else address
    target = clients.Target(up, stream.name, group.latency_ms, secrets[0], group.key_bytes or 16)
    watching = {v: stage.view(v, replace(target, address=down, passphrase=secrets[1])) for v in viewers}
    stage.wait_for_sessions("viewer", len(viewers))
    publishing = stage.publish(group.publisher, target, seconds=group.seconds, rate=PACKETS_PER_SECOND,
                               lead=2.5 if group.impaired else 0.5)
    publishing.finish(group.seconds * 1.5 + 20)
    return {viewer: (judge(publishing, viewing), viewing.process.log_tail(2)) for viewer, viewing in watching.items()}


def judge_outcome(group: Group, outcome) -> str:
    result, log = outcome
    ratio = result.packets / result.published if result.published else 0.0
    seen = (f"{result.packets} of {result.published} packets ({ratio:.4%}), {result.missing} missing inside, "
            f"{result.foreign} foreign")
    if group.impaired:
        share = share_delivered(result)
        claim(result.foreign == 0 and share >= DELIVERED_WANTED, f"{seen} | {log}")
    else:
        claim(result.bit_exact and result.packets == result.published, f"{seen} | {log}")
    return seen


class Refusals:
    """Bad input: what libsrt is told by number, what each client shows, and that nobody else notices."""

    OPEN, LOCKED = "interop/open", "interop/locked"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.address = f"127.0.0.1:{relays.free_udp_port()}"
        self._library = libsrt.load()

    def start(self) -> None:
        locked = relays.Stream(self.LOCKED, publish_passphrase="the-right-secret", view_passphrase="the-other-secret")
        self._stage.start_relay(relays.Configuration(listen=[self.address], streams=[relays.Stream(self.OPEN), locked]))

    def cases(self) -> list[tuple]:
        numbers = [
            ("unknown stream, publisher, 2404", "interop/none", "publish", None, (2404,)),
            ("unknown stream, viewer, 2404", "interop/none", "request", None, (2404,)),
            ("wrong passphrase, publisher, 1010", self.LOCKED, "publish", "the-wrong-secret", (1010,)),
            ("wrong passphrase, viewer, 1010", self.LOCKED, "request", "the-wrong-secret", (1010,)),
            ("no passphrase, publisher, 1011", self.LOCKED, "publish", None, (1011,)),
            ("no passphrase, viewer, 1011", self.LOCKED, "request", None, (1011,)),
        ]
        by_number = [(f"bad/{name}", lambda row=row: self.number(*row)) for name, *row in numbers]
        by_client = [(f"bad/{what}, seen by {client}", lambda client=client, what=what: self.client(client, what))
                     for client in clients.ALL for what in ("unknown stream", "wrong passphrase")]
        return by_number + by_client + [("bad/second publisher, 2409, the first never notices", self.second_publisher)]

    def number(self, stream: str, mode: str, passphrase: str | None, accepted: tuple[int, ...]) -> str:
        if self._library is None:
            raise Skip("libsrt is not installed")
        reason, _ = libsrt.connect(self._library, self.address, f"#!::r={stream},m={mode}", passphrase)
        claim(reason in accepted, f"libsrt was told {reason}, wanted one of {accepted}")
        return f"libsrt was told {reason}"

    def client(self, client: str, what: str) -> str:
        stream, secret = ("interop/none", None) if what == "unknown stream" else (self.LOCKED, "the-wrong-secret")
        viewing = self._stage.view(client, clients.Target(self.address, stream, passphrase=secret))
        # GStreamer and srt-live-transmit try again by themselves; none of them may ever see a byte.
        ended = wait_until(lambda: not viewing.process.running(), 3)
        status = viewing.process.stop(signal.SIGINT)
        claim(viewing.size() == 0, f"{client} got {viewing.size()} bytes")
        said = " / ".join(viewing.process.log_tail(1).split("\n"))[-120:]
        return f"{'ended by itself' if ended else 'kept trying'}, status {status}: {said}"

    def second_publisher(self) -> str:
        if self._library is None:
            raise Skip("libsrt is not installed")
        target = clients.Target(self.address, self.OPEN)
        viewing = self._stage.view(clients.SLT, target)
        self._stage.wait_for_sessions("viewer", 1)
        publishing = self._stage.publish(clients.SLT, target, seconds=3)
        self._stage.wait_for_sessions("publisher", 1)
        reason, _ = libsrt.connect(self._library, self.address, target.stream_id("publish"))
        claim(reason == 2409, f"the second publisher was told {reason}")
        publishing.finish(20)
        result = judge(publishing, viewing)
        claim(result.bit_exact and result.packets == result.published, f"the first publisher's viewer: {result}")
        return "told 2409; the first publisher's viewer is bit-exact"


def run_refusals(build: Path, results: Results, only) -> None:
    with Stage(build) as stage:
        refusals = Refusals(stage)
        wanted = [(name, test) for name, test in refusals.cases() if only.search(name)]
        if wanted:
            results.run("bad/the relay starts", refusals.start)
        for name, test in wanted:
            results.run(name, test)


def tasks(args, results: Results) -> list[tuple]:
    """What can run side by side: a name and a function each. The longest first, so that none of them runs alone at the end."""
    rest = (args.build_dir, results, args.only)
    by_group = [(group.case("*"), lambda group=group: run_group(group, *rest)) for group in groups(100 if args.long else 20)]
    impaired_first = sorted(by_group, key=lambda task: not task[0].startswith(("loss", "rough")))
    return [("join/*", lambda: join_cases.run(*rest)), ("bad/*", lambda: run_refusals(*rest)),
            ("token/*", lambda: token_cases.run(*rest)), *impaired_first,
            *worker_cases.tasks(*rest), *calls.tasks(*rest), *rtp_cases.tasks(*rest), *rtp_out_cases.tasks(*rest), *fec_cases.tasks(*rest),
            *retransmission_cases.tasks(*rest), *rtp_device_cases.tasks(*rest),
            *rtp_payload_cases.tasks(*rest), *srtp_cases.tasks(*rest), *srtp_out_cases.tasks(*rest),
            *rekey_cases.tasks(*rest), *gcm_cases.tasks(*rest), ("access/*", lambda: access_cases.run(*rest)),
            ("stream-id/*", lambda: stream_id_cases.run(*rest))]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--long", action="store_true", help="100,000 packets in every lossy case")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"groups at the same time (default {JOBS})")
    args = parser.parse_args()
    stop_on_signals()
    results = Results()
    run_side_by_side(tasks(args, results), args.jobs, results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
