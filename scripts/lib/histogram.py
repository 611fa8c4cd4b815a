"""A histogram of /metrics, as Prometheus tells it: how many up to each bound. What happened between two looks, and its quantiles."""
from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Histogram:
    bounds: tuple[float, ...]  # Ascending, the last is infinite.
    counts: tuple[float, ...]  # Cumulative.

    @classmethod
    def of(cls, text: str, name: str, **labels: str) -> Histogram:
        """The one series of `name` that has these labels."""
        series: dict[float, float] = {}
        for line in re.finditer(rf"^{name}_bucket{{([^}}]*)}} (\S+)$", text, re.M):
            said = dict(re.findall(r'(\w+)="([^"]*)"', line[1]))
            if all(said.get(key) == value for key, value in labels.items()):
                series[float(said["le"])] = float(line[2])
        return cls(tuple(sorted(series)), tuple(series[bound] for bound in sorted(series)))

    @property
    def total(self) -> float:
        return self.counts[-1] if self.counts else 0

    def since(self, earlier: Histogram) -> Histogram:
        return Histogram(self.bounds, tuple(now - then for now, then in zip(self.counts, earlier.counts, strict=True)))

    def quantile(self, share: float) -> float:
        """Evenly spread within its bucket, as histogram_quantile() has it; infinite beyond the last bound, and of nothing."""
        below, reached = 0.0, 0.0
        for bound, count in zip(self.bounds, self.counts):
            if count >= share * self.total > 0:
                return bound if bound == float("inf") else below + (bound - below) * (share * self.total - reached) / (count - reached)
            below, reached = bound, count
        return float("inf")
