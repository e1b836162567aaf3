"""Charts as plain data (Vega-Lite specs, and bars), drawn on the server: SVG inside the page, PNG inside documents.

A chart is made once here and looks the same on screen, on paper and in Word; the page needs no script for it
(docs/decisions/0020-charts-drawn-on-the-server.md). Every chart stands beside a table with the same numbers.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import orjson
import vl_convert
from django.core.cache import caches
from django.utils.safestring import SafeString, mark_safe

from luoshi.web import bar_chart
from luoshi.web.inks import BLUE, FONT, GRID, INK, QUIET, RULE
from luoshi.web.lights import light

VEGA_LITE = "5.21"
# vl-convert puts this in front of links that name no host.
_LINK_BASE = "https://vega.github.io/vega-datasets/"
_DRAWN_BY = f"{VEGA_LITE}-{version('vl-convert-python')}"
_ID = re.compile(r'\bid="|url\(#')
_STYLE = re.compile(r'\sstyle="[^"]*"')
Spec = dict[str, Any]

CONFIG: Spec = {
    "font": FONT,
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET,
        "labelFontSize": 13,
        "titleColor": QUIET,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": "#aab4bf",
        "tickColor": "#aab4bf",
    },
    "text": {"fontSize": 13, "color": INK},
}


@dataclass(frozen=True)
class Bar:
    """One bar: its name, value (None where there is none), what is written at its end, where it leads, its light."""

    label: str
    value: float | None
    text: str
    href: str = ""
    light: str = "grey"


@dataclass(frozen=True)
class Point:
    """One point of a trend: ISO date of the day it stands for, value (None leaves a gap), what is written at it."""

    day: str
    value: float | None
    text: str = ""


def _domain(values: Sequence[float], percent: bool, *, least: float = 0.0) -> list[float]:
    """From `least`, or nothing, to what holds all values."""
    top = max([0.0, *values])
    low = min(0.0, least * 1.1)
    if percent and top <= 100:
        return [low, 100]
    return [low, top * 1.1 or (1.0 if not low else 0.0)]


def bars(rows: Sequence[Bar], *, unit: str, target: float | None, target_text: str, width: int = 620) -> Spec:
    """Horizontal bars, one per division, with the target as a line across. Values in `unit` (percent: 0–100).

    Rows without a value keep their line and say why in `text`; bars carry the colour of their light.
    """
    known = [b.value for b in rows if b.value is not None]
    domain = _domain([*known, *([target] if target is not None else [])], unit == "%")
    told = [
        {"name": b.label, "value": b.value, "text": b.text, "colour": light(b.light).colour, "href": b.href}
        for b in rows
    ]
    return bar_chart.drawing(told, domain=domain, target=target, words=target_text, width=width)


def trend(points: Sequence[Point], *, unit: str, target: float | None, target_text: str, width: int = 620) -> Spec:
    """A line over months with the target as a line across; missing months are gaps, not zeros."""
    known = [p.value for p in points if p.value is not None]
    across = [target] if target is not None else []
    domain = _domain([*known, *across], unit == "%", least=min([*known, *across], default=0.0))
    last = max((p.day for p in points if p.value is not None), default=None)
    data = [{"day": p.day, "value": p.value, "text": p.text, "last": p.day == last} for p in points]
    x = {
        "field": "day",
        "type": "temporal",
        "axis": {
            "title": None,
            "grid": False,
            "labelExpr": "month(datum.value) == 0 ? timeFormat(datum.value, '%Y') : timeFormat(datum.value, '%-m')",
            "tickCount": {"interval": "month", "step": 1},
        },
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": domain},
        "axis": {"title": None, "tickCount": 5, "domain": False},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "color": BLUE, "strokeWidth": 2.5, "invalid": "break-paths-show-domains"},
            "encoding": {"x": x, "y": y},
        },
        {
            "transform": [{"filter": "isValid(datum.value)"}],
            "mark": {"type": "circle", "color": BLUE, "size": 36, "opacity": 1},
            "encoding": {"x": x, "y": y, "description": {"field": "text", "type": "nominal"}},
        },
        {
            "transform": [{"filter": "datum.last"}],
            "mark": {"type": "text", "align": "left", "dx": 8, "fontWeight": "bold"},
            "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}},
        },
    ]
    if target is not None:
        ending = next((p.value for p in reversed(points) if p.value is not None), None)
        layers += target_line(target, target_text, domain, width=width, ending=ending)
    return spec(data, layers, width=width, height=200)


def target_line(
    target: float, text: str, domain: list[float], *, width: int, ending: float | None = None
) -> list[Spec]:
    """The line of a target across, its words at the right end, clear of those beside the last point (`ending`)."""
    near = ending is not None and abs(ending - target) < (domain[1] - domain[0]) * 0.09
    at = {"y": {"datum": target, "type": "quantitative", "scale": {"domain": domain}}}
    words = {"align": "left", "dx": 8, "x": width, "dy": (15 if (ending or 0) >= target else -15) if near else 0}
    return [
        {"mark": {"type": "rule", "color": RULE, "strokeWidth": 2, "strokeDash": [6, 3]}, "encoding": at},
        {
            "data": {"values": [{}]},
            "mark": {"type": "text", "text": text, "color": RULE, "fontSize": 13, **words},
            "encoding": at,
        },
    ]


def spec(data: list[Spec], layers: list[Spec], *, width: int, height: Any) -> Spec:
    """A whole chart of layers over `data`, in the fonts and colours of the house."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "height": height,
        "autosize": {"type": "pad", "contains": "padding"},
        "padding": 4,
        "data": {"values": data},
        "layer": layers,
        "config": CONFIG,
    }


def svg(spec: Spec) -> SafeString:
    """The chart as SVG for the page: scales to its column, links stay inside the site, no inline styles.

    Bars are written at once. Anything else is drawn once per content, for all processes: it is kept as a file.
    """
    if "bars" in spec:
        return mark_safe(bar_chart.svg(spec))  # noqa: S308 (every text in it is escaped there)
    digest = hashlib.sha256(orjson.dumps(spec)).hexdigest()
    key = f"{_DRAWN_BY}-{digest}"
    drawn = _kept(key)
    if drawn is None:
        drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
        drawn = _STYLE.sub("", drawn.replace(_LINK_BASE, ""))
        # Each process counts its clips from the first; on one page stand charts of several.
        drawn = _ID.sub(rf"\g<0>c{digest[:12]}-", drawn)
        # The picture is described by its caption and the table beside it.
        drawn = drawn.replace("<svg ", '<svg focusable="false" ', 1)
        with suppress(OSError):  # a full disk is no reason to show nobody a chart
            caches["charts"].set(key, drawn)
    return mark_safe(drawn)  # noqa: S308 (made by vl-convert, which escapes the text it is given)


def _kept(key: str) -> str | None:
    """A chart drawn before; a file that cannot be read (cut off by a crash) is none."""
    try:
        drawn: str | None = caches["charts"].get(key)
    except (OSError, EOFError, zlib.error, pickle.UnpicklingError):
        return None
    return drawn


def warm() -> None:
    """Draw an empty chart, so that the first reader does not wait a second for the drawing engine to start."""
    vl_convert.vegalite_to_svg(spec([], [{"mark": "point", "encoding": {}}], width=1, height=1), vl_version=VEGA_LITE)


def png(spec: Spec, *, scale: float = 2.0) -> bytes:
    """The chart as PNG for a document."""
    if "bars" in spec:
        return bytes(vl_convert.svg_to_png(bar_chart.svg(spec), scale=scale))
    return bytes(vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=scale))
