"""A link for RTP with SMPTE 2022-1 FEC that loses what it is told to: three UDP ports in, three out.

It keeps every media payload that came, lost or not, so that what arrives behind it can be compared byte by byte.
"""
from __future__ import annotations

import select
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Callable

LEGS = (0, 2, 4)  # Behind the media's port: itself, columns, rows.
RTP_BYTES = 12


@dataclass
class FecLink:
    """A context. `loses(leg, number)` says what is lost; numbers count from the first media packet, or of a FEC leg."""
    listen: int
    to: int
    loses: Callable[[int, int], bool]
    host: str = "127.0.0.1"  # Where it listens, and
    far: str = "127.0.0.1"   # where it leads.
    payloads: dict[int, bytes] = field(default_factory=dict)  # By number, as they were sent.
    lost: set[int] = field(default_factory=set)
    fec: list[bytes] = field(default_factory=list)  # Every FEC packet.

    def __enter__(self) -> "FecLink":
        self._sockets = {}
        for leg in LEGS:
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
            one.bind((self.host, self.listen + leg))
            self._sockets[one] = leg
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._first: int | None = None
        self._newest = 0
        self._fec_count = {2: 0, 4: 0}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._over.set()
        self._thread.join()
        for one in (*self._sockets, self._out):
            one.close()

    def _run(self) -> None:
        while not self._over.is_set():
            for one in select.select(list(self._sockets), [], [], 0.1)[0]:
                self._pass(self._sockets[one], one.recv(2048))

    def _pass(self, leg: int, datagram: bytes) -> None:
        if not self._is_lost(leg, datagram):
            self._out.sendto(datagram, (self.far, self.to + leg))

    def _is_lost(self, leg: int, datagram: bytes) -> bool:
        if leg != 0:
            self.fec.append(datagram)
            self._fec_count[leg] += 1
            return self.loses(leg, self._fec_count[leg] - 1)
        seq = struct.unpack_from(">H", datagram, 2)[0]
        if self._first is None:
            self._first = seq
        number = self._newest + ((seq - self._first - self._newest + 0x8000) & 0xFFFF) - 0x8000
        self._newest = max(self._newest, number)
        self.payloads[number] = datagram[RTP_BYTES:]
        if self.loses(0, number):
            self.lost.add(number)
        return number in self.lost

    def sent(self) -> bytes:
        """What a receiver that misses nothing has."""
        return b"".join(self.payloads[number] for number in sorted(self.payloads))
