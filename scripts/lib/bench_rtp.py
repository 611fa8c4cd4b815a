"""RTP out: the fan-out to destinations on DPDK devices beside the bare loop, and on sockets beside a sendmmsg loop."""
from __future__ import annotations

import time

import relay as relays
from bench_ground import LOAD_CPU, SERVER_CPU, Ground, interleaved, median, paired_ratio, pinned
from bench_servers import STREAM, start_fanlight, start_load
from processes import cpu_seconds, say
from testing import Failed

NULL = "net_null0,no-rx=1"
DESTINATIONS = (1000, 5000, 20000)
SINK_PORT = 19751  # Of sockets_crowd, on every address of 127.2.0.0/16.
SUITES = ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"]
PACKETS_PER_SECOND = 5e6 / 8 / 1316


def _ours(ground: Ground, device: str, destinations: int, dress: str, *more: str) -> dict:
    seconds = ground.scale.seconds
    return ground.run([ground.program("fanout_bench"), "--device", device, "--core", str(SERVER_CPU), "--viewers", str(destinations),
                       "--dress", dress, "--seconds", str(seconds), *more], seconds)


def _bare(ground: Ground, device: str, destinations: int) -> dict:
    seconds = max(1, round(ground.scale.seconds))
    return ground.run([ground.program("bare_fanout"), *ground.eal(SERVER_CPU, device), "--", str(destinations), str(seconds), "rtp"],
                      seconds)


def _on_device(ground: Ground, port: str, run) -> dict:
    if port == "null":
        return run(NULL)
    with ground.sink(ground.scale.seconds) as device:
        return run(device)


def _row(ground: Ground, port: str, destinations: int) -> dict:
    """Through virtio by the wall: a full ring is part of either. SRT's in the same turns, to compare."""
    say(f"  RTP fan-out: {port}, {destinations} destinations")

    def on_device(run) -> dict:
        return _on_device(ground, port, run)

    runs = interleaved(ground.scale, {
        "ours": lambda: on_device(lambda device: _ours(ground, device, destinations, "rtp")),
        "limit": lambda: on_device(lambda device: _bare(ground, "net_null0" if port == "null" else device, destinations)),
        "srt": lambda: on_device(lambda device: _ours(ground, device, destinations, "srt"))})
    key = "ns_per_packet" if port == "null" else "wall_ns_per_packet"
    return {"port": port, "destinations": destinations, "ns_per_packet": median(runs["ours"], key),
            "limit_ns_per_packet": median(runs["limit"], key), "ratio": paired_ratio(runs["limit"], runs["ours"], key),
            "busy_ns_per_packet": median(runs["ours"], "ns_per_packet"), "srt_busy_ns_per_packet": median(runs["srt"], "ns_per_packet")}


def fanout(ground: Ground) -> list[dict]:
    return [_row(ground, port, destinations) for destinations in (DESTINATIONS[:1] if ground.scale.quick else DESTINATIONS)
            for port in ("null", "virtio")]


def _srtp_row(ground: Ground, port: str, destinations: int, suite: str) -> dict:
    """SRTP under one key beside RTP in clear, in the same turns."""
    say(f"  SRTP fan-out: {port}, {destinations} destinations, {suite}")
    runs = interleaved(ground.scale, {
        "srtp": lambda: _on_device(ground, port, lambda device: _ours(ground, device, destinations, "srtp", "--suite", suite)),
        "clear": lambda: _on_device(ground, port, lambda device: _ours(ground, device, destinations, "rtp"))})
    key = "ns_per_packet" if port == "null" else "wall_ns_per_packet"
    return {"port": port, "destinations": destinations, "suite": suite, "ns_per_packet": median(runs["srtp"], key),
            "clear_ns_per_packet": median(runs["clear"], key), "of_clear": paired_ratio(runs["clear"], runs["srtp"], key)}


def srtp(ground: Ground) -> list[dict]:
    kinds = [("null", 1000), ("virtio", 1000)] if ground.scale.quick else [(port, many) for many in (100, 1000) for port in ("null", "virtio")]
    return [_srtp_row(ground, port, many, suite) for port, many in kinds for suite in SUITES[:1] + ([] if ground.scale.quick else SUITES[2:])]


def _relay_on_sockets(ground: Ground, destinations: int, coalesce_ms: int, seconds: float) -> dict:
    """CPU of the whole relay, its publisher's leg included, for each packet that left."""
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stream = relays.Stream(STREAM, latency_ms=120, bitrate_max_mbps=10, coalesce_ms=coalesce_ms)
    tables = "".join(f'[[destination]]\nstream = "{STREAM}"\nurl = "rtp://127.2.{n >> 8}.{n & 255}:{SINK_PORT}?rtcp=off&pt=33"\n'
                     for n in range(1, destinations + 1))
    relay = start_fanlight(ground, relays.Configuration(listen=[address], streams=[stream], sessions_max=20500, more=tables))
    sink = ground.processes.start("sockets_crowd", pinned([ground.program("sockets_crowd"), str(destinations), str(seconds + 8), "silent"],
                                                          LOAD_CPU))
    try:
        load = start_load(ground, "publish", address, seconds=seconds + 4)
        time.sleep(2.5)
        before, sent_before, began = cpu_seconds(relay.process.pid), _sent(relay), time.monotonic()
        time.sleep(seconds)
        packets, span = _sent(relay) - sent_before, time.monotonic() - began
        spent = cpu_seconds(relay.process.pid) - before
        load.process.stop()
    finally:
        relay.process.stop()
        sink.stop()
    if packets < 0.9 * PACKETS_PER_SECOND * destinations * span:
        raise Failed(f"{packets:.0f} packets of {PACKETS_PER_SECOND * destinations * span:.0f} left: no fair run")
    return {"cpu_us_per_packet": spent / packets * 1e6}


def _sent(relay: relays.Relay) -> float:
    return float(next(value for name, value in relay.metrics().items() if name.startswith("fanlight_fresh_sent")))


def _loop_on_sockets(ground: Ground, destinations: int, seconds: float) -> dict:
    sink = ground.processes.start("sockets_crowd", pinned([ground.program("sockets_crowd"), str(destinations), str(seconds + 1), "silent"],
                                                          LOAD_CPU))
    time.sleep(0.2)
    try:
        return ground.run([ground.program("bare_sockets"), str(destinations), str(seconds), "rtp"], seconds)
    finally:
        sink.stop()


def sockets(ground: Ground) -> list[dict]:
    seconds = 2.0 if ground.scale.quick else 5.0
    rows = []
    for destinations in (100,) if ground.scale.quick else (100, 200, 500):
        say(f"  RTP on sockets: {destinations} destinations")
        runs = interleaved(ground.scale, {
            "ours": lambda: _relay_on_sockets(ground, destinations, 0, seconds),
            "coalescing": lambda: _relay_on_sockets(ground, destinations, 8, seconds),
            "limit": lambda: _loop_on_sockets(ground, destinations, seconds)})
        key = "cpu_us_per_packet"
        rows.append({"destinations": destinations, key: median(runs["ours"], key), "limit_us_per_packet": median(runs["limit"], key),
                     "of_limit": paired_ratio(runs["ours"], runs["limit"], key), "coalesce_8ms_us_per_packet": median(runs["coalescing"], key)})
    return rows
