"""Is what a viewer wrote one contiguous, bit-exact run of what the publisher sent?

Counts are in SRT payloads of 1,316 bytes (7 TS packets of 188), but runs are aligned to TS packets only: an encoder may
flush a shorter payload at the end of a frame, and a viewer may join right behind it.
"""
from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

PAYLOAD = 1316
TS_PACKET = 188
# Long enough to be unique in a stream that contains stuffing: null TS packets repeat.
_ANCHOR = 64 * PAYLOAD
_STEP = 1 << 16
# Each search for a place to go on reads the file; a viewer this wrong needs no exact count.
_SEARCHES_MAX = 2_000


@dataclass
class Comparison:
    packets: int         # Payloads the viewer wrote.
    published: int       # Payloads the publisher sent.
    first: int | None    # The viewer's first payload in the publisher's copy.
    missing: int         # Payloads inside the viewer's span that it did not get.
    foreign: int         # TS packets the publisher never sent, or that came twice or out of order.

    @property
    def bit_exact(self) -> bool:
        return self.packets > 0 and self.missing == 0 and self.foreign == 0

    @property
    def coverage(self) -> float:
        return self.packets / self.published if self.published else 0.0

    @property
    def tail(self) -> int:
        """Payloads published behind the viewer's last one."""
        return self.published if self.first is None else self.published - self.first - self.packets - self.missing

    @property
    def delivered(self) -> float:
        """Of the payloads from the viewer's first one to its last, the share that arrived."""
        return self.packets / (self.packets + self.missing) if self.packets else 0.0


def compare(copy: Path, got: Path) -> Comparison:
    published = _size(copy) // PAYLOAD
    packets = _size(got) // PAYLOAD
    if published == 0 or packets == 0:
        return Comparison(packets, published, None, 0, 0)
    with open(copy, "rb") as a, open(got, "rb") as b, \
         mmap.mmap(a.fileno(), 0, access=mmap.ACCESS_READ) as sent, \
         mmap.mmap(b.fileno(), 0, access=mmap.ACCESS_READ) as received:
        return _Walk(sent, received).result()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class _Walk:
    """Follows the received bytes through the sent ones and jumps where they part."""

    def __init__(self, sent, received) -> None:
        self._sent, self._received = sent, received
        self._missing_bytes = self._foreign = self._searches = 0

    def result(self) -> Comparison:
        packets, published = len(self._received) // PAYLOAD, len(self._sent) // PAYLOAD
        at, place = 0, self._find(0, 0, _ANCHOR)
        if place is None:
            at, place = self._resume(0, 0)
        first = place
        while place is not None and at < len(self._received):
            same = self._common(at, place)
            at, expected = at + same, place + same
            if at >= len(self._received):
                break
            back = at % TS_PACKET
            at, place = self._resume(at - back, expected - back)
            if place is not None:
                self._missing_bytes += place - (expected - back)
        missing = -(-self._missing_bytes // PAYLOAD)
        return Comparison(packets, published, None if first is None else first // PAYLOAD, missing, self._foreign)

    def _common(self, at: int, place: int) -> int:
        """Length of the run that both share from here on."""
        length = 0
        while True:
            a = self._received[at + length:at + length + _STEP]
            b = self._sent[place + length:place + length + len(a)]
            if not a or a != b:
                return length + _common_prefix(a, b)
            length += len(a)

    def _resume(self, at: int, lowest: int) -> tuple[int, int | None]:
        """Where the walk goes on: TS packets without a place in the publisher's copy are foreign."""
        while at < len(self._received):
            place = self._find(at, lowest, PAYLOAD)
            if place is not None:
                return at, place
            self._foreign += 1
            at += TS_PACKET
        return at, None

    def _find(self, at: int, lowest: int, length: int) -> int | None:
        self._searches += 1
        if self._searches > _SEARCHES_MAX:
            return None
        place = self._sent.find(self._received[at:at + length], lowest)
        return place if place >= 0 and place % TS_PACKET == 0 else None


def _common_prefix(a: bytes, b: bytes) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
