"""What the command-line clients do not show: the number a relay rejects a caller with, and the moment a session breaks.

Asked of libsrt itself, the library that all three of them stand on.
"""
from __future__ import annotations

import ctypes
import socket
import struct
import time

_LATENCY, _RCVLATENCY, _STREAMID, _PASSPHRASE, _PBKEYLEN, _TRANSTYPE = 23, 43, 46, 26, 27, 50  # SRT_SOCKOPT of srt.h.


def load():
    """The library, or None where it is not installed."""
    for name in ("libsrt-openssl.so.1.5", "libsrt-gnutls.so.1.5", "libsrt.so.1.5", "libsrt.so.1"):
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.srt_startup()
        return library
    return None


def _sockaddr(host: str, port: int) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)


def connect(library, address: str, stream_id: str | None, passphrase: str | None = None, source: str | None = None,
            latency_ms: int | None = None) -> tuple[int | None, int]:
    """(reject reason, socket): the reason is the code on the wire, None when the relay let us in."""
    host, port = address.rsplit(":", 1)
    handle = library.srt_create_socket()
    if source and library.srt_bind(handle, _sockaddr(source, 0), 16) != 0:
        raise ValueError(f"libsrt cannot bind {source}")
    options = [(_STREAMID, stream_id.encode())] if stream_id is not None else []
    if latency_ms is not None:
        options += [(_LATENCY, struct.pack("i", latency_ms))]
    if passphrase:
        options += [(_PASSPHRASE, passphrase.encode()), (_PBKEYLEN, struct.pack("i", 16))]
    for option, value in options:
        if library.srt_setsockopt(handle, 0, option, value, len(value)) != 0:
            raise ValueError(f"libsrt does not take option {option}")
    sockaddr = _sockaddr(host, int(port))
    if library.srt_connect(handle, sockaddr, len(sockaddr)) == 0:
        return None, handle
    reason = library.srt_getrejectreason(handle)
    library.srt_close(handle)
    return reason + 1000, -1  # libsrt shows the wire's code less 1000.


def receive_latency_ms(library, handle: int) -> int:
    """What a connected caller plays with."""
    value, size = ctypes.c_int(0), ctypes.c_int(4)
    if library.srt_getsockflag(handle, _RCVLATENCY, ctypes.byref(value), ctypes.byref(size)) != 0:
        raise ValueError("libsrt does not tell the latency")
    return value.value


def seconds_until_broken(library, handle: int, patience: float) -> float | None:
    """How long until libsrt says that the session is over; None when it still stands after `patience`."""
    broken = 6  # SRTS_BROKEN; what follows it is over too.
    start = time.monotonic()
    while time.monotonic() - start < patience:
        if library.srt_getsockstate(handle) >= broken:
            return time.monotonic() - start
        time.sleep(0.005)
    return None
