"""The live table of sessions, and the summary at the end."""
from __future__ import annotations

import sys

from compare import Comparison

_COLUMNS = (("id", 12), ("role", 10), ("client", 24), ("state", 10), ("RTT ms", 8), ("packets", 10),
            ("repaired", 9), ("lost", 6))


class SessionTable:
    """Redraws itself in place on a terminal; elsewhere each tick is plain lines."""

    def __init__(self, out) -> None:
        self._out = out
        self._in_place = out.isatty()
        self._drawn = 0

    def draw(self, elapsed: float, sessions: list[dict]) -> None:
        lines = [f"{elapsed:5.0f} s  " + _row(title for title, _ in _COLUMNS)]
        lines += ["         " + _row(_cells(session)) for session in sorted(sessions, key=lambda s: str(s.get("role")))]
        if self._in_place and self._drawn:
            self._out.write(f"\x1b[{self._drawn}A\x1b[J")
        self._out.write("\n".join(lines) + "\n")
        self._out.flush()
        self._drawn = len(lines)


def _cells(session: dict) -> list[str]:
    rtt = session.get("rtt_ms")
    return [str(session.get("id", "")), str(session.get("role", "")), str(session.get("remote", "")),
            str(session.get("state", "")), "" if rtt is None else f"{rtt:.2f}", str(session.get("packets", "")),
            str(session.get("repaired", "")), str(session.get("lost", ""))]


def _row(cells) -> str:
    return " ".join(str(cell).ljust(width) for cell, (_, width) in zip(cells, _COLUMNS)).rstrip()


def verdict_line(client: str, result: Comparison, share_wanted: float) -> str:
    if not result.bit_exact:
        judgement = f"NOT bit-exact: {result.missing} missing, {result.foreign} that the publisher did not send there"
    elif result.coverage < share_wanted:
        judgement = f"bit-exact, but only {result.coverage:.1%} of the run"
    else:
        judgement = f"bit-exact, {result.coverage:.1%} of the run, none missing"
    return f"  {client:<18} {result.packets:>7} packets  {judgement}"


def describe_relay_cost(cpu: float | None, seconds: float, delivered: int) -> str:
    if cpu is None:
        return "  relay CPU unknown: the relay died"
    per_packet = f", {cpu / delivered * 1e6:.1f} us per delivered packet" if delivered else ""
    return f"  relay CPU {cpu:.2f} s in {seconds:.0f} s{per_packet}"


def to_stderr_when(json_wanted: bool):
    return sys.stderr if json_wanted else sys.stdout
