"""AES-GCM over the wire: the libsrt of Debian 12 does not speak it, so a peer of our own asks for it by hand.

Imported by interop.py. The relay has to say 1017 (srt-wire §2.2), to publishers and viewers, from its real port; and
to understand it from a listener that it calls.
"""
from __future__ import annotations

import socket
import struct
from pathlib import Path

import calls
import clients
import relay as relays
from testing import Results, Stage, claim

STREAM = "interop/locked"
CTR, GCM = (2, 0), (4, 1)  # Cipher and authentication.
BAD_SECRET, CRYPTO_MODE = 1010, 1017
KEY_REQUEST = 3  # A handshake's extension.


def tasks(build: Path, results: Results, only) -> list[tuple]:
    cases = [(f"gcm/{mode} is told 1017", mode) for mode in ("publish", "request")]
    called = [(f"gcm/a listener that wants it is understood by a {role}'s call", role) for role in ("publisher", "viewer")]
    return [(name, lambda name=name, test=test, how=how: results.run(name, lambda: test(build, how)))
            for rows, test in ((cases, refused), (called, refused_by_a_listener)) for name, how in rows if only.search(name)]


def refused(build: Path, mode: str) -> str:
    with Stage(build) as stage:
        address = f"127.0.0.1:{relays.free_udp_port()}"
        locked = relays.Stream(STREAM, publish_passphrase="the-right-secret", view_passphrase="the-right-secret")
        stage.start_relay(relays.Configuration(listen=[address], streams=[locked]))
        codes = {name: answer_to(address, mode, cipher) for name, cipher in (("CTR", CTR), ("GCM", GCM))}
        # The key is no key: in counter mode that is a wrong passphrase, so the mode is what GCM was refused for.
        claim(codes == {"CTR": BAD_SECRET, "GCM": CRYPTO_MODE}, f"the relay said {codes}")
        claim(not stage.relay.sessions(), "a session was opened")
        return f"GCM {codes['GCM']}, CTR with a bad key {codes['CTR']}"


def refused_by_a_listener(build: Path, role: str) -> str:
    """The relay offers counter mode; a listener set to GCM turns that down as libsrt 1.5.4 does."""
    with Stage(build) as stage, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        stream = relays.Stream(calls.STREAM)
        stage.start_relay(relays.Configuration(listen=[f"127.0.0.1:{relays.free_udp_port()}"], streams=[stream]))
        target = clients.Target(f"127.0.0.1:{listener.getsockname()[1]}", stream.name, passphrase="the-right-secret")
        call_id = calls.call(stage, role, target)
        offered = turn_down(listener, CRYPTO_MODE)
        said = calls.wait_for_state(stage, call_id, "waiting")["failure"]
        claim(offered == CTR, f"the relay offered {offered}")
        claim(str(CRYPTO_MODE) in said, f"the failure is {said!r}")
        return said


def turn_down(listener: socket.socket, code: int) -> tuple[int, int]:
    """Answers a call's INDUCTION, and its CONCLUSION with a rejection; the cipher that it offered."""
    induction, caller = listener.recvfrom(1500)
    its_socket = induction[16 + 24:16 + 28]
    magic = 0x4A17
    listener.sendto(handshake(5, 0, magic, 1, 99, its_socket), caller)
    while (conclusion := listener.recvfrom(1500)[0])[16 + 20:16 + 24] != b"\xff\xff\xff\xff":
        continue  # An INDUCTION that was said again meanwhile.
    listener.sendto(handshake(5, 0, 0, code, 99, its_socket), caller)
    at = 16 + 48
    while struct.unpack_from(">H", conclusion, at)[0] != KEY_REQUEST:
        at += 4 + 4 * struct.unpack_from(">H", conclusion, at + 2)[0]
    return tuple(conclusion[at + 4 + 8:at + 4 + 10])


def answer_to(address: str, mode: str, cipher: tuple[int, int]) -> int:
    """The request type of the relay's answer to a CONCLUSION with such a key message."""
    host, port = address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.settimeout(3)
        caller.connect((host, int(port)))
        caller.send(handshake(4, 0, 2, 1, 0))
        cookie = struct.unpack(">I", caller.recv(1500)[16 + 28:16 + 32])[0]
        caller.send(handshake(5, 2, 7, -1, cookie) + capabilities() + stream_id(f"#!::r={STREAM},m={mode}") +
                    key_message(cipher))
        return struct.unpack(">i", caller.recv(1500)[16 + 20:16 + 24])[0]


def handshake(version: int, encryption: int, extension: int, request: int, cookie: int, to: bytes = bytes(4)) -> bytes:
    header = struct.pack(">III", 0x8000_0000, 0, 0) + to
    return header + struct.pack(">IHHIIIiII", version, encryption, extension, 1000, 1500, 8192, request, 77,
                                cookie) + bytes([1, 0, 0, 127]) + bytes(12)


def block(kind: int, content: bytes) -> bytes:
    return struct.pack(">HH", kind, len(content) // 4) + content


def capabilities() -> bytes:
    return block(1, struct.pack(">III", 0x0001_0505, 0xBF, 120 << 16 | 120))


def stream_id(text: str) -> bytes:
    padded = text.encode() + bytes(-len(text) % 4)
    return block(5, b"".join(padded[at:at + 4][::-1] for at in range(0, len(padded), 4)))


def key_message(cipher: tuple[int, int]) -> bytes:
    head = bytes([0x12, 0x20, 0x29, 1]) + bytes(4) + bytes([*cipher, 2, 0, 0, 0, 4, 4])
    return block(KEY_REQUEST, head + bytes(range(0xA0, 0xB0)) + bytes(24))
