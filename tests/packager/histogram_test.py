#!/usr/bin/env python3
"""What a bench reads off /metrics."""
from __future__ import annotations

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
from histogram import Histogram  # noqa: E402


def text(*series: tuple[str, tuple[int, ...]]) -> str:
    lines = ["# TYPE delay_seconds histogram"]
    for stream, counts in series:
        lines += [f'delay_seconds_count{{stream="{stream}"}} {counts[-1]}', f'delay_seconds_sum{{stream="{stream}"}} 1']
        lines += [f'delay_seconds_bucket{{stream="{stream}",le="{bound}"}} {count}' for bound, count in zip(("0.001", "0.002", "0.005", "+Inf"), counts)]
    return "\n".join(lines) + "\n"


def read(*counts: int) -> Histogram:
    return Histogram.of(text(("a", counts)), "delay_seconds", stream="a")


class HistogramTest(unittest.TestCase):
    def test_reads_the_series_with_its_labels(self):
        both = text(("a", (1, 2, 3, 4)), ("live/main", (10, 20, 30, 40)))
        one = Histogram.of(both, "delay_seconds", stream="live/main")
        self.assertEqual(one.bounds, (0.001, 0.002, 0.005, math.inf))
        self.assertEqual(one.counts, (10, 20, 30, 40))
        self.assertEqual(Histogram.of(both, "delay_seconds", stream="b").total, 0)

    def test_a_quantile_lies_within_its_bucket(self):
        self.assertAlmostEqual(read(50, 100, 100, 100).quantile(0.25), 0.0005)
        self.assertAlmostEqual(read(50, 100, 100, 100).quantile(0.99), 0.00198)
        self.assertAlmostEqual(read(0, 98, 100, 100).quantile(0.99), 0.0035)
        self.assertAlmostEqual(read(0, 0, 1, 1).quantile(1), 0.005)

    def test_what_lies_beyond_the_last_bound_is_not_known(self):
        self.assertEqual(read(0, 0, 98, 100).quantile(0.99), math.inf)
        self.assertEqual(read(0, 0, 0, 0).quantile(0.99), math.inf)
        self.assertEqual(Histogram((), ()).quantile(0.5), math.inf)

    def test_between_two_looks(self):
        before, after = read(0, 0, 0, 10), read(0, 100, 100, 110)
        self.assertEqual(after.since(before).total, 100)
        self.assertAlmostEqual(after.since(before).quantile(0.99), 0.00199)
        with self.assertRaises(ValueError):
            after.since(Histogram((), ()))


if __name__ == "__main__":
    unittest.main()
