#!/usr/bin/env python3
"""The judge is judged first: what the byte comparison must see, it sees."""
from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
from compare import PAYLOAD, TS_PACKET, compare  # noqa: E402
from feed import payload  # noqa: E402

NULL_TS = b"\x47\x1f\xff\x10" + b"\xff" * 184


class CompareTest(unittest.TestCase):
    def judge(self, sent: bytes, received: bytes):
        with tempfile.TemporaryDirectory() as directory:
            a, b = Path(directory, "a"), Path(directory, "b")
            a.write_bytes(sent)
            b.write_bytes(received)
            return compare(a, b)

    def setUp(self):
        self.sent = b"".join(payload(n) for n in range(500))

    def cut(self, first: int, last: int) -> bytes:
        return self.sent[first * PAYLOAD:last * PAYLOAD]

    def test_a_late_joiner_has_an_exact_run(self):
        result = self.judge(self.sent, self.cut(100, 480))
        self.assertTrue(result.bit_exact)
        self.assertEqual((result.first, result.packets), (100, 380))

    def test_a_run_may_start_at_any_ts_packet(self):
        self.assertTrue(self.judge(self.sent, self.sent[3 * TS_PACKET:]).bit_exact)

    def test_a_hole_is_counted(self):
        result = self.judge(self.sent, self.cut(0, 200) + self.cut(203, 500))
        self.assertEqual((result.missing, result.foreign, result.bit_exact), (3, 0, False))

    def test_a_hole_in_the_first_payloads_is_counted(self):
        result = self.judge(self.sent, self.cut(0, 2) + self.cut(4, 500))
        self.assertEqual((result.missing, result.foreign), (2, 0))

    def test_one_flipped_bit_is_seen(self):
        broken = bytearray(self.cut(10, 400))
        broken[200 * PAYLOAD + 77] ^= 1
        self.assertFalse(self.judge(self.sent, bytes(broken)).bit_exact)

    def test_a_flipped_last_byte_is_seen(self):
        broken = bytearray(self.sent)
        broken[-1] ^= 1
        self.assertFalse(self.judge(self.sent, bytes(broken)).bit_exact)

    def test_a_payload_that_comes_twice_is_foreign(self):
        result = self.judge(self.sent, self.cut(0, 300) + self.cut(299, 500))
        self.assertGreater(result.foreign, 0)

    def test_swapped_payloads_are_not_exact(self):
        swapped = self.cut(0, 100) + self.cut(101, 102) + self.cut(100, 101) + self.cut(102, 500)
        self.assertFalse(self.judge(self.sent, swapped).bit_exact)

    def test_bytes_beyond_the_publishers_end_are_foreign(self):
        self.assertFalse(self.judge(self.sent, self.sent + payload(900)).bit_exact)

    def test_stuffing_does_not_mislead(self):
        sent = NULL_TS * 700 + self.sent + NULL_TS * 700
        self.assertTrue(self.judge(sent, sent[650 * TS_PACKET:]).bit_exact)

    def test_nothing_received_is_not_exact(self):
        self.assertFalse(self.judge(self.sent, b"").bit_exact)


if __name__ == "__main__":
    unittest.main()
