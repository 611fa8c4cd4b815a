"""Two workers on one port: a stream that strangers watch on both, and datagrams that come to the wrong one.

Imported by interop.py, whose helpers it uses; the comparison is the same: byte for byte.
"""
from __future__ import annotations

import ctypes
import json
import socket
import struct
from pathlib import Path

import clients
import relay as relays
from testing import Results, Stage, claim, judge, on_a_stage

STREAM = "interop/main"
SECRETS = ("publisher's-secret", "viewer's-own-secret")
SECONDS = 4
RATE = 500
VIEWERS_EACH = 2
_SO_ATTACH_REUSEPORT_CBPF = 51
# Classic BPF: load a random number, its lowest bit is the answer.
_RANDOM_OF_TWO = ((0x20, 0, 0, 0xFFFFF038), (0x54, 0, 0, 1), (0x16, 0, 0, 0))


def tasks(build: Path, results: Results, only) -> list[tuple]:
    """A name and a function each; each has a relay of its own."""
    cases = [("workers/clear", lambda stage: relay_case(stage, None)),
             ("workers/aes128", lambda stage: relay_case(stage, 16)),
             ("workers/every second datagram at the wrong one", strays)]
    return [(name, lambda name=name, test=test: results.run(name, lambda: on_a_stage(build, test)))
            for name, test in cases if only.search(name)]


def relay_case(stage: Stage, key_bytes: int | None, steering=None) -> str:
    secrets = SECRETS if key_bytes else (None, None)
    address = f"127.0.0.1:{relays.free_udp_port()}"
    stream = relays.Stream(STREAM, publish_passphrase=secrets[0], view_passphrase=secrets[1])
    # The group of a port takes sockets of one user only: where its steering is replaced, the relay is ours.
    stage.start_relay(relays.Configuration(listen=[address], streams=[stream], workers=2), privileged=steering is not None)
    if steering is not None:
        steering(address)
    watching = clients.Target(address, STREAM, passphrase=secrets[1])
    viewings = [stage.view(client, watching) for client in clients.ALL for _ in range(VIEWERS_EACH)]
    stage.wait_for_sessions("viewer", len(viewings))
    target = clients.Target(address, STREAM, passphrase=secrets[0], key_bytes=key_bytes or 16)
    publishing = stage.publish(clients.SLT, target, seconds=SECONDS, rate=RATE)
    stage.wait_for_sessions("publisher", 1)
    seats = sorted(session["id"] >> 24 & 0x3F for session in stage.relay.sessions())
    publishing.finish(SECONDS + 20)
    results = [judge(publishing, viewing) for viewing in viewings]
    claim(all(one.bit_exact and one.packets == one.published for one in results), f"{results}")
    return f"sessions on workers {seats}, {results[0].packets} packets each, bit-exact"


def strays(stage: Stage) -> str:
    """A socket of ours joins the port's group and replaces the kernel's steering by chance."""
    joined = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def by_chance(address: str) -> None:
        host, port = address.split(":")
        joined.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        joined.bind((host, int(port)))
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in _RANDOM_OF_TWO))
        joined.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF,
                          struct.pack("HP", len(_RANDOM_OF_TWO), ctypes.addressof(code)))

    with joined:
        note = relay_case(stage, None, by_chance)
        workers = json.loads(stage.relay.ask("status").stdout)["workers"]
    taken = [one["strays_taken"] for one in workers]
    refused = sum(one["verdicts"].get("handover_full", 0) for one in workers)
    claim(sum(taken) > SECONDS * RATE / 4, f"only {taken} datagrams came to the wrong worker")
    claim(refused == 0, f"{refused} strays found the ring full")
    return f"{note}; {sum(taken)} strays taken"
