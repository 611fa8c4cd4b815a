#!/usr/bin/env python3
"""Puts SCTE 35 into a transport stream on its way: hears it over UDP, names a PID for splice sections in its map, and sends it on. Each line of the file --cues is a command, carried out as soon as it is there: `out ID IN_SECONDS PLANNED_SECONDS` or
`in ID IN_SECONDS`, counted from the newest picture. Each is said three times, as broadcasters do. Prints each section once: its PTS
and its bytes in hexadecimal.

examples:
  tests/packager/splicer.py --listen 127.0.0.1:5002 --to 127.0.0.1:5000 --cues cues
  ffmpeg -re -i a.ts -c copy -f mpegts udp://127.0.0.1:5002?pkt_size=1316
"""
from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

PACKET, TIMES = 188, 3
CUE_PID = 0x1F0
CUE_STREAM = bytes([0x86, 0xE0 | CUE_PID >> 8, CUE_PID & 0xFF, 0xF0, 6, 5, 4]) + b"CUEI"


def endpoint(text: str) -> tuple[str, int]:
    address, port = text.rsplit(":", 1)
    return address, int(port)


def crc32(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc.to_bytes(4, "big")


def section_packet(pid: int, counter: int, section: bytes) -> bytes:
    head = bytes([0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10 | counter & 15, 0])
    assert len(section) <= PACKET - len(head)
    return head + section + b"\xff" * (PACKET - len(head) - len(section))


def time_33(above: int, pts: int) -> bytes:
    return bytes([above | pts >> 32 & 1]) + (pts & 0xFFFFFFFF).to_bytes(4, "big")


def splice_insert(event: int, is_out: bool, pts: int, planned: int | None) -> bytes:
    body = event.to_bytes(4, "big") + bytes([0x7F, (0x80 if is_out else 0) | 0x4F | (0x20 if planned else 0)]) + time_33(0xFE, pts)
    body += (time_33(0xFE, planned) if planned else b"") + bytes([0, 1, 0, 0])
    length = 11 + len(body) + 2 + 4
    head = bytes([0xFC, 0x30, length, 0]) + time_33(0, 0) + bytes([0, 0xFF, 0xF0, len(body), 5])
    section = head + body + bytes(2)
    return section + crc32(section)


class Splicer:
    def __init__(self) -> None:
        self.map_pid: int | None = None
        self.newest: int | None = None  # PTS of the newest picture.
        self.counter = 0

    def take(self, packet: bytes) -> bytes:
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        starts = packet[1] & 0x40
        at = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        if pid == 0 and starts:
            self.map_pid = (packet[at + 11] & 0x1F) << 8 | packet[at + 12]
        elif pid == self.map_pid and starts:
            return self.with_cues(packet, at)
        elif starts and packet[at:at + 3] == b"\0\0\1" and packet[at + 3] & 0xF0 == 0xE0:
            t = packet[at + 9:at + 14]
            self.newest = (t[0] >> 1 & 7) << 30 | t[1] << 22 | (t[2] >> 1) << 15 | t[3] << 7 | t[4] >> 1
        return packet

    def with_cues(self, packet: bytes, at: int) -> bytes:
        section = packet[at + 1:]
        length = 3 + ((section[1] & 0x0F) << 8 | section[2])
        longer = length + len(CUE_STREAM)
        body = bytes([section[0], section[1] & 0xF0 | (longer - 3) >> 8, (longer - 3) & 0xFF]) + section[3:length - 4] + CUE_STREAM
        return section_packet(self.map_pid, packet[3], body + crc32(body))

    def cue(self, words: list[str]) -> bytes:
        pts = (self.newest + int(float(words[2]) * 90_000)) % (1 << 33)
        planned = int(float(words[3]) * 90_000) if len(words) > 3 else None
        section = splice_insert(int(words[1]), words[0] == "out", pts, planned)
        print(pts, section.hex().upper(), flush=True)
        return section

    def cue_packet(self, section: bytes) -> bytes:
        self.counter += 1
        return section_packet(CUE_PID, self.counter, section)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", required=True, type=endpoint, metavar="ADDRESS:PORT")
    parser.add_argument("--to", required=True, type=endpoint, metavar="ADDRESS:PORT")
    parser.add_argument("--cues", required=True, type=Path)
    args = parser.parse_args()
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    door.bind(args.listen)
    splicer, done = Splicer(), 0
    to_say: list[bytes] = []
    while burst := door.recv(65_536):
        packets = [splicer.take(burst[i:i + PACKET]) for i in range(0, len(burst), PACKET)]
        lines = args.cues.read_text().split("\n")[:-1] if args.cues.exists() and splicer.newest is not None else []
        to_say += [section for line in lines[done:] for section in [splicer.cue(line.split())] * TIMES]
        done = max(done, len(lines))
        if to_say:
            packets.append(splicer.cue_packet(to_say.pop(0)))
        door.sendto(b"".join(packets), args.to)
    return 0


if __name__ == "__main__":
    sys.exit(main())
