"""Marks as small as a table cell: a bullet (value against target) and a sparkline, as SVG made directly.

A list holds forty of them; drawn through Vega they would cost seconds, and they need none of its axes.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from luoshi.web.lights import light


def bullet(
    value: float | None, target: float | None, *, light_key: str, top: float | None = None, width: int = 120
) -> SafeString:
    """A bar for the value with a tick at the target, on a scale from 0 to `top` (default: what holds both)."""
    if value is None:
        return mark_safe("")
    scale = top or max(value, target or 0.0) * 1.15 or 1.0
    at = min(1.0, max(0.0, value / scale)) * width
    tick = (
        format_html(
            '<rect class="mark-target" x="{}" y="0" width="2.5" height="14"/>', f"{_at(target, scale, width):.1f}"
        )
        if target is not None
        else ""
    )
    return format_html(
        '<svg class="bullet" viewBox="0 0 {w} 14" width="{w}" height="14" aria-hidden="true">'
        '<rect class="mark-track" x="0" y="3" width="{w}" height="8" rx="2"/>'
        '<rect x="0" y="3" width="{at}" height="8" rx="2" fill="{colour}"/>{tick}</svg>',
        w=width,
        at=f"{at:.1f}",
        colour=light(light_key).colour,
        tick=tick,
    )


def _at(value: float, scale: float, width: int) -> float:
    return min(width - 2.5, max(0.0, value / scale * width - 1.2))


def sparkline(values: Sequence[float | None], *, width: int = 96, height: int = 24) -> SafeString:
    """A line through the values in order; None is a gap. Empty when fewer than two are known."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return mark_safe("")
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (width - 6) / (len(values) - 1)
    path, pen_up, last = [], True, (0.0, 0.0)
    for n, value in enumerate(values):
        if value is None:
            pen_up = True
            continue
        last = (3 + n * step, height - 3 - (value - low) / span * (height - 6))
        path.append(f"{'M' if pen_up else 'L'}{last[0]:.1f} {last[1]:.1f}")
        pen_up = False
    return format_html(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">'
        '<path d="{d}" fill="none"/><circle cx="{x}" cy="{y}" r="2.6"/></svg>',
        w=width,
        h=height,
        d="".join(path),
        x=f"{last[0]:.1f}",
        y=f"{last[1]:.1f}",
    )


def stack(counts: Sequence[tuple[str, int]], *, width: int = 180, height: int = 12) -> SafeString:
    """One bar cut by light: `counts` are (light, number) in order. Shares are of the whole bar; zero counts vanish."""
    total = sum(n for _, n in counts)
    if not total:
        return mark_safe("")
    parts, at = [], 0.0
    for key, n in counts:
        if n:
            wide = n / total * width
            parts.append(
                format_html(
                    '<rect x="{}" y="0" width="{}" height="{}" fill="{}"/>',
                    f"{at:.1f}",
                    f"{max(1.0, wide - 1):.1f}",
                    height,
                    light(key).colour,
                )
            )
            at += wide
    return format_html(
        '<svg class="stack" viewBox="0 0 {w} {h}" width="{w}" height="{h}" preserveAspectRatio="none" aria-hidden="true">{p}</svg>',
        w=width,
        h=height,
        p=mark_safe("".join(parts)),  # noqa: S308 (made by format_html above)
    )
