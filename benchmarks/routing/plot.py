"""Plots as SVG text: horizontal bars and curves."""

from collections.abc import Sequence
from html import escape
from math import log10
from typing import NamedTuple

from benchmarks.routing.policies import OURS

COLOURS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2"),
    *("#7f7f7f", "#bcbd22", "#17becf", "#aec7e8", "#98df8a"),
)
OUR_COLOUR = "#d62728"
LEAST = 1e-3


class Line(NamedTuple):
    """A curve: its name and (x, y) points."""

    name: str
    points: tuple[tuple[float, float], ...]


def bars(title: str, values: Sequence[tuple[str, float]]) -> str:
    """One bar a name."""
    most = max((value for _, value in values), default=0.0) or 1.0
    height = 22 * len(values) + 30
    parts = [_head(760, height), f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>']
    for place, (name, value) in enumerate(values):
        y = 26 + 22 * place
        width = max(value / most * 480, 1)
        parts.append(
            f'<text x="0" y="{y + 13}">{escape(name)}</text>'
            f'<rect x="190" y="{y}" width="{width:.1f}" height="16" fill="{colour(name, 0)}"/>'
            f'<text x="{196 + width:.1f}" y="{y + 13}">{value:.3g}</text>'
        )
    return "".join([*parts, "</svg>"])


def curves(title: str, lines: Sequence[Line], *, logarithmic: bool) -> str:
    """All lines over one x axis."""
    spots = [point for line in lines for point in line.points]
    left, right = min(x for x, _ in spots), max(x for x, _ in spots)
    scale = _log if logarithmic else float
    low, high = min(scale(y) for _, y in spots), max(scale(y) for _, y in spots)

    def at(x: float, y: float) -> str:
        across = 60 + (x - left) / ((right - left) or 1) * 500
        down = 300 - (scale(y) - low) / ((high - low) or 1) * 260
        return f"{across:.1f},{down:.1f}"

    parts = [_head(800, 340), f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>']
    parts.append('<path d="M60 40V300H560" fill="none" stroke="#999"/>')
    for value, y in ((high, 44), (low, 304)):
        shown = 10**value if logarithmic else value
        parts.append(f'<text x="0" y="{y}">{shown:.3g}</text>')
    parts.append(f'<text x="56" y="318">{left:g}</text><text x="548" y="318">{right:g}</text>')
    for place, line in enumerate(lines):
        points = " ".join(at(x, y) for x, y in line.points)
        ink = colour(line.name, place)
        width = 3 if line.name == OURS else 1.5
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{ink}" stroke-width="{width}"/>'
            f'<text x="580" y="{50 + 18 * place}" fill="{ink}">{escape(line.name)}</text>'
        )
    return "".join([*parts, "</svg>"])


def colour(name: str, place: int) -> str:
    """Ours stands out."""
    return OUR_COLOUR if name == OURS else COLOURS[place % len(COLOURS)]


def _log(value: float) -> float:
    return log10(max(value, LEAST))


def _head(width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-size="12" font-family="sans-serif">'
    )
