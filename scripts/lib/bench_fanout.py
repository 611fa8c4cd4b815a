"""The fan-out on DPDK devices beside the bare loop: (a) clear and encrypted, (b) copied against chained, (f) growth."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bench_ground import LOAD_CPU, SERVER_CPU, Ground, interleaved, median, paired_ratio
from processes import say

VIEWERS = (100, 1000, 5000, 20000)
QUICK_VIEWERS = (1000, 5000)
SEALED = (("null", "aes128"), ("null", "aes256"), ("virtio", "aes128"), ("virtio", "aes256"))
NULL = "net_null0,no-rx=1"
# net_null gives buffers back at once, and the pool's cache hands out those that came last: ours are a burst's.
SEALED_BUFFERS = 64
SATURATION_PACKETS = 9.5e6  # 20,000 viewers × 5 Mb/s.


def _ours(ground: Ground, device: str, viewers: int, *more: str) -> dict:
    seconds = ground.scale.seconds
    return ground.run([ground.program("fanout_bench"), "--device", device, "--core", str(SERVER_CPU), "--viewers", str(viewers),
                       "--seconds", str(seconds), *more], seconds)


def _bare(ground: Ground, device: str, viewers: int, how: str = "chain") -> dict:
    seconds = max(1, round(ground.scale.seconds))
    return ground.run([ground.program("bare_fanout"), *ground.eal(SERVER_CPU, device), "--", str(viewers), str(seconds), how],
                      seconds)


def _through_sink(ground: Ground, run) -> dict:
    with ground.sink(ground.scale.seconds) as device:
        return run(device)


def _pair(ground: Ground, port: str, viewers: int) -> dict:
    """Ours and the limit. On virtio the time is by the wall: a full ring is part of either."""
    if port == "null":
        sides = {"ours": lambda: _ours(ground, NULL, viewers), "limit": lambda: _bare(ground, "net_null0", viewers)}
        key = "ns_per_packet"
    else:
        sides = {"ours": lambda: _through_sink(ground, lambda device: _ours(ground, device, viewers)),
                 "limit": lambda: _through_sink(ground, lambda device: _bare(ground, device, viewers))}
        key = "wall_ns_per_packet"
    runs = interleaved(ground.scale, sides)
    ours, limit = median(runs["ours"], key), median(runs["limit"], key)
    return {"port": port, "viewers": viewers, "cipher": "none", "ns_per_packet": ours, "limit_ns_per_packet": limit,
            "ratio": paired_ratio(runs["limit"], runs["ours"], key), "busy_ns_per_packet": median(runs["ours"], "ns_per_packet"),
            "limit_busy_ns_per_packet": median(runs["limit"], "ns_per_packet"),
            "acks_behind": round(median(runs["ours"], "acks_behind"))}


def _sealed(ground: Ground, port: str, viewers: int, cipher: str) -> dict:
    """What encryption adds to ours, against the cipher alone with as many keys and output buffers. Busy time."""
    raw = [ground.program("bare_cipher"), cipher.removeprefix("aes"), str(viewers), str(ground.scale.seconds), str(SEALED_BUFFERS)]

    def ours(*more: str) -> dict:
        if port == "null":
            return _ours(ground, NULL, viewers, *more)
        return _through_sink(ground, lambda device: _ours(ground, device, viewers, *more))

    runs = interleaved(ground.scale, {"clear": ours, "ours": lambda: ours("--cipher", cipher),
                                      "limit": lambda: ground.run(raw, ground.scale.seconds)})
    key = "ns_per_packet"
    extra = [{key: max(sealed[key] - clear[key], 1e-9)} for sealed, clear in zip(runs["ours"], runs["clear"])]
    return {"port": port, "viewers": viewers, "cipher": cipher, "ns_per_packet": median(runs["ours"], key),
            "limit_ns_per_packet": median(runs["limit"], key), "ratio": paired_ratio(runs["limit"], extra, key),
            "extra_ns_per_packet": median(extra, key)}


def fanout(ground: Ground) -> list[dict]:
    rows = []
    for viewers in QUICK_VIEWERS if ground.scale.quick else VIEWERS:
        for port in ("null", "virtio"):
            say(f"  fan-out: {port}, {viewers} viewers, clear")
            rows.append(_pair(ground, port, viewers))
        for port, cipher in SEALED[:1] if ground.scale.quick else SEALED:
            say(f"  fan-out: {port}, {viewers} viewers, {cipher}")
            rows.append(_sealed(ground, port, viewers, cipher))
    return rows


def chain_vs_copy(ground: Ground) -> dict:
    """Busy time, because the sink is slower than a chained sender."""
    say("  chained against copied through virtio-user, 1000 viewers")
    runs = interleaved(ground.scale, {
        "chain": lambda: _through_sink(ground, lambda device: _ours(ground, device, 1000)),
        "copy": lambda: _through_sink(ground, lambda device: _ours(ground, device, 1000, "--linear")),
        "bare_chain": lambda: _through_sink(ground, lambda device: _bare(ground, device, 1000)),
        "bare_copy": lambda: _through_sink(ground, lambda device: _bare(ground, device, 1000, "copy"))})
    ns = {name: median(side, "ns_per_packet") for name, side in runs.items()}
    return {"viewers": 1000, "chain_ns_per_packet": ns["chain"], "copy_ns_per_packet": ns["copy"],
            "ratio": paired_ratio(runs["copy"], runs["chain"], "ns_per_packet"),
            "limit_ratio": paired_ratio(runs["bare_copy"], runs["bare_chain"], "ns_per_packet")}


def growth(ground: Ground, rows: list[dict]) -> list[dict]:
    """Cost against the number of viewers, out of the fan-out's rows, and against the number of streams they watch."""
    curve = [{"port": row["port"], "viewers": row["viewers"], "streams": 1, "ns_per_packet": row["ns_per_packet"],
              "busy_ns_per_packet": row["busy_ns_per_packet"], "limit_ns_per_packet": row["limit_ns_per_packet"]}
             for row in rows if row["cipher"] == "none"]
    for streams in (8, 64) if ground.scale.quick else (4, 16, 64):
        say(f"  growth: null, 5000 viewers of {streams} streams")
        runs = interleaved(ground.scale, {"ours": lambda: _ours(ground, NULL, 5000, "--streams", str(streams))})
        curve.append({"port": "null", "viewers": 5000, "streams": streams,
                      "ns_per_packet": median(runs["ours"], "ns_per_packet")})
    return curve


def _two_bare(ground: Ground, viewers: int) -> dict:
    """Two bare loops that know nothing of each other, at the same time: what the two CPUs give at all."""
    seconds = max(1, round(ground.scale.seconds))
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(ground.run, [ground.program("bare_fanout"), *ground.eal(cpu, "net_null0"), "--", str(viewers),
                                         str(seconds), "chain"], seconds, cpu) for cpu in (SERVER_CPU, LOAD_CPU)]
        return {"packets_per_second": sum(1e9 / one.result()["wall_ns_per_packet"] for one in both)}


def _one_bare(ground: Ground, viewers: int) -> dict:
    return {"packets_per_second": 1e9 / _bare(ground, "net_null0", viewers)["wall_ns_per_packet"]}


def workers(ground: Ground) -> list[dict]:
    """Two workers with an audience each against one, and the same for bare loops. By the wall: both CPUs are busy."""
    rows = []
    for viewers in (1000,) if ground.scale.quick else (1000, 5000):
        say(f"  two workers: null, {viewers} viewers on each")
        runs = interleaved(ground.scale, {
            "one": lambda: _ours(ground, NULL, viewers),
            "two": lambda: _ours(ground, NULL, viewers, "--workers", "2"),
            "bare_one": lambda: _one_bare(ground, viewers), "bare_two": lambda: _two_bare(ground, viewers)})
        rate = {name: median(side, "packets_per_second") for name, side in runs.items()}
        ratio = paired_ratio(runs["two"], runs["one"], "packets_per_second")
        limit = paired_ratio(runs["bare_two"], runs["bare_one"], "packets_per_second")
        rows.append({"viewers": viewers, **{f"{name}_packets_per_s": rate[name] for name in runs}, "ratio": ratio, "limit_ratio": limit})
    return rows


def saturation(rows: list[dict]) -> dict | None:
    """How much of 20,000 viewers × 5 Mb/s one worker sustains into the sink."""
    row = next((row for row in rows if row["port"] == "virtio" and row["viewers"] == 20000 and row["cipher"] == "none"), None)
    if row is None:
        return None
    return {"viewers": 20000, "offered_packets_per_s": SATURATION_PACKETS, "sustained_packets_per_s": 1e9 / row["ns_per_packet"],
            "share": min(1.0, 1e9 / row["ns_per_packet"] / SATURATION_PACKETS)}
