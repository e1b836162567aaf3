"""Measured values of one person over time, as SVG made directly.

A resident's page holds up to a dozen of these, different for everybody, so that no cache helps; through Vega each costs
a third of a second, here a fifth of a millisecond. Colours come from classes of the style sheet, so high contrast and
print follow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

LEFT, RIGHT, TOP, BOTTOM = 44, 52, 12, 24


@dataclass(frozen=True)
class Measured:
    """One value: its day, what is written for it, and whether it lies outside the reference range."""

    day: date
    value: float
    text: str
    outside: bool = False


def draw(
    points: Sequence[Measured], *, name: str, band: tuple[float, float] | None, width: int = 420, height: int = 150
) -> SafeString:
    """A line through the values, oldest first, with the reference range as a pale band; values outside are diamonds.

    `name` is read to who does not see the picture. The scale holds the values and the band, not zero: a pressure is
    never read from zero. Empty for no points.
    """
    if not points:
        return mark_safe("")
    ends = [p.value for p in points] + list(band or ())
    ticks = _ticks(min(ends), max(ends))
    low, high = ticks[0], ticks[-1]
    first, last = points[0].day.toordinal(), points[-1].day.toordinal()
    inner, tall = width - LEFT - RIGHT, height - TOP - BOTTOM

    def x(day: date) -> float:
        return LEFT + (inner / 2 if last == first else (day.toordinal() - first) / (last - first) * inner)

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * tall

    grid = format_html_join(
        "",
        '<line class="mc-grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text class="mc-axis" x="{3}" y="{4}"'
        ' text-anchor="end">{5}</text>',
        ((LEFT, width - RIGHT, f"{y(t):.1f}", LEFT - 6, f"{y(t) + 4:.1f}", f"{t:g}") for t in ticks),
    )
    range_ = (
        format_html(
            '<rect class="mc-band" x="{}" y="{}" width="{}" height="{}"/>',
            LEFT, f"{y(band[1]):.1f}", inner, f"{y(band[0]) - y(band[1]):.1f}",
        )
        if band
        else mark_safe("")
    )  # fmt: skip
    days = format_html_join(
        "",
        '<text class="mc-axis" x="{}" y="{}" text-anchor="{}">{}</text>',
        (
            (f"{x(day):.1f}", height - 6, anchor, f"{day:%Y-%m}")
            for day, anchor in (
                [(points[0].day, "middle")]
                if f"{points[0].day:%Y-%m}" == f"{points[-1].day:%Y-%m}"
                else [(points[0].day, "start"), (points[-1].day, "end")]
            )
        ),
    )
    path = " ".join(f"{'L' if n else 'M'}{x(p.day):.1f} {y(p.value):.1f}" for n, p in enumerate(points))
    marks = format_html_join("", "{}", ((_mark(x(p.day), y(p.value), p),) for p in points))
    end = points[-1]
    return format_html(
        '<svg class="mc" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{name}" focusable="false">'
        '{grid}{range}{days}<path class="mc-line" d="{path}"/>{marks}'
        '<text class="mc-last" x="{x}" y="{y}">{text}</text></svg>',
        w=width, h=height, name=name, grid=grid, range=range_, days=days, path=path, marks=marks,
        x=f"{x(end.day) + 9:.1f}", y=f"{y(end.value) + 4:.1f}", text=end.text,
    )  # fmt: skip


def _mark(x: float, y: float, point: Measured) -> SafeString:
    title = f"{point.day} {point.text}"
    if point.outside:
        d = f"M{x:.1f} {y - 5.5:.1f}l5.5 5.5-5.5 5.5-5.5-5.5z"
        return format_html('<path class="mc-out" d="{}"><title>{}</title></path>', d, title)
    return format_html(
        '<circle class="mc-in" cx="{}" cy="{}" r="3.6"><title>{}</title></circle>', f"{x:.1f}", f"{y:.1f}", title
    )


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers of which the first lies at or below `low` and the last at or above `high`."""
    if high - low < 1e-9:
        low, high = low - (abs(low) * 0.1 or 1), high + (abs(high) * 0.1 or 1)
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    start = math.floor(low / step + 1e-9)
    end = math.ceil(high / step - 1e-9)
    return [round(n * step, 10) for n in range(start, end + 1)]
