"""A funnel plot: units by size and value, with the limits within which chance alone would keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from luoshi.web import charts
from luoshi.web.charts import Spec
from luoshi.web.inks import BLUE, INK, QUIET, RULE

FEW = 12  # so many names find room
_COLOURS = {"inside": BLUE, "warning": "#a35a00", "alarm": RULE}
_SHAPES = {"inside": "circle", "warning": "diamond", "alarm": "square"}


@dataclass(frozen=True)
class Dot:
    """A unit: its name, how many people or events it is judged by, its value, what is written for it, and `place`:
    `inside` both limits, beyond the inner (`warning`) or the outer (`alarm`)."""

    name: str
    size: float
    value: float
    text: str
    place: str
    href: str = ""


@dataclass(frozen=True)
class Curve:
    """One pair of limits: (size, low, high) in order of size, and how they are drawn."""

    points: Sequence[tuple[float, float, float]]
    dash: tuple[int, int]


def draw(
    dots: Sequence[Dot],
    curves: Sequence[Curve],
    *,
    whole: float,
    whole_text: str,
    axis: str,
    unit: str,
    width: int = 620,
) -> Spec:
    """The plot. Values in `unit` (percent: 0–100); `whole` is the value of all units together, `axis` names the sizes.

    Units beyond a limit carry their names, and all where they are few; colour never stands alone: the shapes differ too.
    """
    ends = [dot.value for dot in dots]
    for curve in curves:
        ends += [end for _size, *pair in curve.points[len(curve.points) // 8 :] for end in pair]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.08 or 1.0
    domain = [max(0.0, low - room), min(100.0, high + room) if unit == "%" and high <= 100 else high + room]
    x = {
        "field": "size",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False},
        "axis": {"title": axis, "tickCount": 6, "grid": False, "format": ",.0f"},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": domain, "nice": False},
        "axis": {"title": None, "tickCount": 5, "domain": False}
        | ({"labelExpr": "datum.label + '%'"} if unit == "%" else {}),
    }
    layers: list[Spec] = [
        {
            "data": {"values": [{"size": point[0], "value": point[side]} for point in curve.points]},
            "mark": {"type": "line", "color": QUIET, "strokeDash": list(curve.dash), "clip": True, "strokeWidth": 1.2},
            "encoding": {"x": x, "y": y},
        }
        for curve in curves
        for side in (1, 2)
    ]
    shape = {"field": "shape", "type": "nominal", "scale": None}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    layers += [
        *charts.target_line(whole, whole_text, domain, width=width),
        {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "shape": shape,
                "color": colour,
                "href": {"field": "href", "type": "nominal"},
                "description": {"field": "text", "type": "nominal"},
            },
        },
        {
            "transform": [{"filter": "datum.named"}],
            "mark": {"type": "text", "align": "left", "dx": 8, "color": INK},
            "encoding": {"x": x, "y": y, "text": {"field": "name", "type": "nominal"}},
        },
    ]
    data = [
        {
            "name": dot.name,
            "size": dot.size,
            "value": dot.value,
            "text": f"{dot.name} {dot.text}",
            "named": dot.place != "inside" or len(dots) <= FEW,
            "shape": _SHAPES[dot.place],
            "colour": _COLOURS[dot.place],
            **({"href": dot.href} if dot.href else {}),
        }
        for dot in dots
    ]
    return charts.spec(data, layers, width=width, height=300)
