"""AES-GCM over the wire: the libsrt of Debian 12 does not speak it, so a caller of our own asks for it by hand.

Imported by interop.py. The relay has to say 1017 (srt-wire §2.2), to publishers and viewers, from its real port.
"""
from __future__ import annotations

import socket
import struct
from pathlib import Path

import relay as relays
from testing import Results, Stage, claim

STREAM = "interop/locked"
CTR, GCM = (2, 0), (4, 1)  # Cipher and authentication.
BAD_SECRET, CRYPTO_MODE = 1010, 1017


def tasks(build: Path, results: Results, only) -> list[tuple]:
    cases = [(f"gcm/{mode} is told 1017", mode) for mode in ("publish", "request")]
    return [(name, lambda name=name, mode=mode: results.run(name, lambda: refused(build, mode)))
            for name, mode in cases if only.search(name)]


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


def handshake(version: int, encryption: int, extension: int, request: int, cookie: int) -> bytes:
    header = struct.pack(">IIII", 0x8000_0000, 0, 0, 0)
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
    return block(3, head + bytes(range(0xA0, 0xB0)) + bytes(24))
