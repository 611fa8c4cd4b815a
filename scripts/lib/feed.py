#!/usr/bin/env python3
"""A paced feed of recognisable TS-shaped payloads on stdout, and the same bytes into a file.

Each payload of 1,316 bytes is 7 TS packets with sync byte, PID 0x100, continuity counter and the payload's number, so
no two payloads are equal and a received file says by itself what is missing.

  feed.py --rate 1000 --seconds 20 --copy sent.ts | srt-live-transmit file://con srt://127.0.0.1:9000
"""
from __future__ import annotations

import argparse
import random
import struct
import sys
import time

TS_PER_PAYLOAD = 7
_NOISE = random.Random(188).randbytes(4096)


def payload(number: int, flavour: int = 0) -> bytes:
    """Payload `number` of feed `flavour` (two publishers of one test must not sound alike)."""
    return b"".join(_ts_packet(number, index, flavour) for index in range(TS_PER_PAYLOAD))


def _ts_packet(number: int, index: int, flavour: int) -> bytes:
    continuity = (number * TS_PER_PAYLOAD + index) & 15
    head = struct.pack(">BHBQBB", 0x47, 0x100, 0x10 | continuity, number, index, flavour)
    start = (number * 31 + index * 7 + flavour) % (len(_NOISE) - 188)
    return head + _NOISE[start:start + 188 - len(head)]


def feed(rate: float, count: int, flavour: int, copy, out, lead: float, linger: float) -> None:
    time.sleep(lead)  # srt-live-transmit throws away what it reads before it is connected.
    start = time.monotonic()
    for number in range(count):
        ahead = start + number / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        body = payload(number, flavour)
        if copy is not None:
            copy.write(body)
        out.write(body)
        out.flush()
    time.sleep(linger)  # A client closes at end of input and would drop what its send buffer still holds.


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=1000, help="payloads per second (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="length of the feed (default %(default)s)")
    parser.add_argument("--copy", help="file that gets the same bytes")
    parser.add_argument("--flavour", type=int, default=0, help="0–255: makes two feeds differ (default 0)")
    parser.add_argument("--lead", type=float, default=0.0, help="seconds of silence before the first payload")
    parser.add_argument("--linger", type=float, default=2.0, help="seconds to keep the pipe open at the end")
    args = parser.parse_args()
    copy = open(args.copy, "wb") if args.copy else None
    try:
        feed(args.rate, int(args.rate * args.seconds), args.flavour, copy, sys.stdout.buffer, args.lead,
             args.linger)
    except (BrokenPipeError, KeyboardInterrupt):
        return 1
    finally:
        if copy is not None:
            copy.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
