"""Growth curves as SVG, written by hand: one line per series over a logarithmic axis of viewers or streams."""
from __future__ import annotations

import math
from html import escape
from pathlib import Path

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 400, 64, 48, 40, 150
COLOURS = ("#1f6f8b", "#c1440e", "#5b8c3a", "#7a4fa3", "#8a8a1f", "#444444")


def _ceiling(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def curves(path: Path, title: str, unit: str, series: dict[str, list[tuple[float, float]]],
           axis: str = "viewers") -> None:
    points = [point for line in series.values() for point in line]
    if not points:
        return
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    top = _ceiling(max(y for _, y in points))
    span = math.log10(last / first) or 1

    def place(x: float, y: float) -> tuple[float, float]:
        return (LEFT + (WIDTH - LEFT - RIGHT) * math.log10(x / first) / span,
                HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * y / top)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
           f'<text x="{LEFT - 8}" y="{TOP - 6}" text-anchor="end">{escape(unit)}</text>']
    for part in range(5):
        value = top * part / 4
        _, y = place(first, value)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for viewers in sorted({x for x, _ in points}):
        x, y = place(viewers, 0)
        out.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{viewers:g}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{axis}</text>')
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        placed = [place(x, y) for x, y in sorted(line)]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                   + " ".join(f"{x:.1f},{y:.1f}" for x, y in placed) + '"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 18 * number + 8}" fill="{colour}">{escape(name)}</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*out, "</svg>"]) + "\n")
