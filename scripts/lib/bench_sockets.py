"""Kernel sockets: (c) CPU per delivered packet and the largest audience, (d) latency, (h) loss."""
from __future__ import annotations

import statistics
import time

from bench_ground import LOAD_CPU, SERVER_CPU, Ground, median, pinned
from bench_servers import SERVERS, Server, fanlight, libsrt_flavour, over_virtio, start_load
from processes import cpu_seconds, say
from testing import Failed, Skip

PACKETS_PER_SECOND = 5e6 / 8 / 1316  # 5 Mb/s in payloads of seven TS packets.
SERVED_SHARE = 0.99


def _both(ground: Ground, server: Server, viewers: int, seconds: float, measure: bool) -> dict:
    """Publishes and views; with `measure` also the server's CPU per packet, over a window in the middle."""
    ramp = server.ramp
    lead = viewers / ramp + 2.5  # Ramp, handshakes, a first second.
    more = ("--excuse-loss", "100", *server.words)
    if server.publish == server.view:
        loads = [start_load(ground, "both", server.view, *more, viewers=viewers, ramp=ramp, seconds=seconds + lead)]
    else:
        loads = [start_load(ground, "publish", server.publish, seconds=seconds + 2 * lead)]
        time.sleep(0.5)
        loads.append(start_load(ground, "view", server.view, *more, viewers=viewers, ramp=ramp, seconds=seconds + lead))
    time.sleep(lead)
    before = cpu_seconds(server.process.pid)
    time.sleep(seconds)
    spent = cpu_seconds(server.process.pid) - before
    report = loads[-1].report()
    for load in loads[:-1]:
        load.process.stop()
    if measure:
        received = report["rate"]["packets_per_s"] * seconds
        if received < 0.9 * PACKETS_PER_SECOND * viewers * seconds:
            raise Failed(f"{received:.0f} packets of {PACKETS_PER_SECOND * viewers * seconds:.0f} came: no fair run")
        report["cpu_us_per_packet"] = spent / received * 1e6
    return report


def _bare(ground: Ground, viewers: int, seconds: float) -> dict:
    crowd = ground.processes.start("sockets_crowd", pinned([ground.program("sockets_crowd"), str(viewers), str(seconds + 1)],
                                                           LOAD_CPU))
    time.sleep(0.2)
    try:
        return ground.run([ground.program("bare_sockets"), str(viewers), str(seconds)], seconds)
    finally:
        crowd.stop()


def sockets(ground: Ground) -> list[dict]:
    quick = ground.scale.quick
    rows = [row for viewers in ((50,) if quick else (50, 100, 200)) for row in _served(ground, viewers, False)]
    return rows + _served(ground, 50 if quick else 100, True)  # libsrt_fanout does not hold 200.


def _served(ground: Ground, viewers: int, sealed: bool) -> list[dict]:
    """CPU per delivered packet of each server in turns; clear ones beside the bare loop."""
    runs: dict[str, list[dict]] = {}
    seconds = 2.0 if ground.scale.quick else 5.0
    for _ in range(ground.scale.runs):
        for name, start in SERVERS.items():
            say(f"  sockets: {name}, {viewers} {'sealed' if sealed else 'clear'} viewers")
            try:
                with start(ground, sealed) as server:
                    report = _both(ground, server, viewers, seconds, True)
                runs.setdefault(name, []).append(report)
            except (Skip, Failed) as reason:
                _bear(name, reason)
        if not sealed:
            runs.setdefault("bare_loop", []).append(_bare(ground, viewers, seconds))
    return [{"server": name, "viewers": viewers, "cipher": "aes128" if sealed else "none",
             "cpu_us_per_packet": median(side, "cpu_us_per_packet"),
             **({"library": libsrt_flavour(ground)} if name == "libsrt_fanout" else {})} for name, side in runs.items()]


def _bear(name: str, reason: Skip | Failed) -> None:
    """An opponent that breaks down is a result; ours is a fault."""
    if isinstance(reason, Failed) and name.startswith("fanlight"):
        raise reason
    say(f"  {name}: {reason}")


def _holds(ground: Ground, name: str, viewers: int) -> bool:
    """At least 99 % of the audience misses at most 0.1 % of its packets."""
    say(f"  does {name} hold {viewers} viewers?")
    if name == "fanlight_over_virtio":
        report = _over_virtio(ground, viewers)
    else:
        with SERVERS[name](ground) as server:
            report = _both(ground, server, viewers, 3.0, False)
    return report["served"] >= SERVED_SHARE * viewers


def _over_virtio(ground: Ground, viewers: int) -> dict:
    with over_virtio(ground) as (relay, words):
        load = start_load(ground, "both", relay.address, *words, "--excuse-loss", "100", viewers=viewers, ramp=2000, seconds=4)
        running = relay.start()
        try:
            return load.report()
        finally:
            running.process.stop()


VIEWERS_MAX = {"fanlight_over_virtio": 20000}  # What the load has; otherwise beyond what one core does.
FIRST_GUESS = {"fanlight_over_virtio": 4000, "srtsink": 25}


def largest(ground: Ground, names: tuple[str, ...] = (*SERVERS, "fanlight_over_virtio")) -> list[dict]:
    """Doubled until it breaks, then halved to within an eighth."""
    rows = []
    for name in names:
        good, bad = 0, 0
        viewers = FIRST_GUESS.get(name, 100)
        most = VIEWERS_MAX.get(name, 8000)
        try:
            while (bad == 0 or bad - good > max(good // 8, 10)) and good < most:
                if _holds(ground, name, viewers):
                    good = viewers
                else:
                    bad = viewers
                viewers = min(good * 2, most) if bad == 0 else (good + bad) // 2
                if good == 0 and viewers < 10:
                    break
        except (Skip, Failed) as reason:
            _bear(name, reason)
        rows.append({"server": name, "viewers": good})
    return rows


def added_latency(ground: Ground, largest_of: dict[str, int]) -> list[dict]:
    """Publisher's call to viewer's receive call, at half of the largest audience: both legs and the generator's own
    turn are in it."""
    rows = []
    for port, server in (("sockets", "fanlight"), ("virtio", "fanlight_over_virtio")):
        viewers = max(largest_of.get(server, 0) // 2, 50)
        reports = []
        for _ in range(ground.scale.runs):
            say(f"  latency on {port}, {viewers} viewers")
            if port == "virtio":
                reports.append(_over_virtio(ground, viewers)["latency_us"])
                continue
            with fanlight(ground) as relay:
                reports.append(_both(ground, relay, viewers, 3.0, False)["latency_us"])
        rows.append({"port": port, "viewers": viewers, **{key: statistics.median(r[key] for r in reports)
                                                          for key in ("p50", "p99", "p999")}})
    return rows


def loss(ground: Ground) -> list[dict]:
    """One per cent lost on the publisher's leg, on the viewers' legs, on both."""
    viewers = 50 if ground.scale.quick else 200
    seconds = 4.0 if ground.scale.quick else 15.0
    rows = []
    for leg in ("publisher", "viewers", "both"):
        say(f"  loss: 1 % on {leg}, {viewers} viewers")
        with fanlight(ground) as server:
            weather = ("--loss", "0.01", "--latency", "200ms")
            publishing = start_load(ground, "publish", server.publish, *(weather if leg != "viewers" else weather[2:]),
                                    seconds=seconds + viewers / 500 + 4)
            time.sleep(0.5)
            report = start_load(ground, "view", server.view, "--excuse-loss", "100",
                                *(weather if leg != "publisher" else weather[2:]), viewers=viewers, ramp=500,
                                seconds=seconds).report()
            publishing.process.stop()
        rows.append({"leg": leg, "viewers": viewers, **{key: report[key] for key in (
            "connected", "expected", "received", "lost", "late", "repaired", "duplicate", "continuity_errors", "hash_failures")}})
    return rows


MANNERS = ("stall", "vanish", "nak-flood")


def misbehaviour(ground: Ground) -> list[dict]:
    """The others' p99 with and without a tenth of the audience that stalls, vanishes or floods. Each round has all of
    them between two calm runs, whose difference is the spread of the machine."""
    viewers = 100 if ground.scale.quick else 200
    p99: dict[str, list[float]] = {}
    for _ in range(1 if ground.scale.quick else 5):
        for name in ("calm", *MANNERS, "calm again"):
            say(f"  misbehaviour: {name}, {viewers} viewers")
            words = (f"--{name}", "10", "--misbehave-after", "500ms") if name in MANNERS else ()
            with fanlight(ground) as server:
                report = start_load(ground, "both", server.view, "--excuse-loss", "100", *words, viewers=viewers,
                                    ramp=500, seconds=4).report()
            p99.setdefault(name, []).append(report["latency_us"]["p99"])
    return [moved_by(name, p99) for name in MANNERS]


def moved_by(name: str, p99: dict[str, list[float]]) -> dict:
    """Of neighbours in time; the limit is a tenth, or what two calm runs differ by if that is more."""
    def moves(key: str) -> float:
        return statistics.median(a / b for a, b in zip(p99[key], p99["calm"])) - 1

    spread, moved = abs(moves("calm again")), moves(name)
    return {"kind": name, "p99_calm_us": statistics.median(p99["calm"]), "p99_us": statistics.median(p99[name]),
            "aa_spread": round(spread, 3), "moved": round(moved, 3), "held": moved < max(0.1, spread)}
