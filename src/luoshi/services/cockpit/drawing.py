"""The map and the trend as SVG data for the template: places and words, no colours (those are classes of the style sheet)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from luoshi.services.cockpit import geometry, rules
from luoshi.services.cockpit.overview import Below, Overview
from luoshi.web import lights

WIDTH, HEIGHT = 760, 430
LONGEST = 7  # characters of a name on one line of a tile


@dataclass(frozen=True)
class Cell:
    """One division on the map: a tile (`width` set) or an outline (`d` set); `paint` is the class of its colour, `word`
    and `figure` say the same in words; `x`, `y` is where the words stand."""

    code: str
    name: str
    lines: tuple[tuple[float, str], ...]
    href: str
    paint: str
    light: str
    word: str
    figure: str
    x: float
    y: float
    d: str = ""
    left: float = 0
    top: float = 0
    width: float = 0
    height: float = 0
    size: float = 22
    title: str = ""

    @property
    def said(self) -> str:
        """What it says, for screen readers and as its title."""
        return self.title or _said(self.name, self.word, self.figure)

    @property
    def below(self) -> float:
        """Where the figure stands, under the name."""
        return round(self.lines[-1][0] + self.size * 1.35, 1) if self.lines else self.y

    @property
    def small(self) -> float:
        """The size of the figure."""
        return round(self.size * 0.86, 1)

    @property
    def icon(self) -> SafeString:
        """The shape of its light, 22 wide, left of the middle above the name."""
        if not self.light:
            return mark_safe("")
        shape = mark_safe(lights.light(self.light).shape)  # noqa: S308 (our own drawing)
        return format_html(
            '<g class="map-icon light-{}" transform="translate({} {}) scale(1.4)">{}</g>',
            self.light,
            f"{self.x - 11:.1f}",
            f"{self.y - self.size * len(self.lines) / 2 - 44:.1f}",
            shape,
        )


def cells(of: Overview, target: int | None) -> list[Cell]:
    """The divisions below, coloured by the light of a promise, or by the share of promises on time."""
    query = f"&target={target}" if target else ""
    outlines = geometry.drawn(_points(of.shapes), width=WIDTH, height=HEIGHT) if of.shapes else {}
    tiles = {} if outlines else geometry.tiles([b.code for b in of.below], width=WIDTH, height=HEIGHT)
    found = []
    for below in of.below:
        paint, light, word, figure = _painted(below, target)
        href = f"{reverse('cockpit:cockpit')}?division={below.code}{query}"
        more: dict[str, Any]
        if below.code in outlines:
            shape = outlines[below.code]
            # A narrow division has its name small and its figure in the title only.
            longest = max((len(part) for part in geometry.lines_of(below.name, LONGEST)), default=1)
            size = max(10.0, min(20.0, shape.room / (longest + 1)))
            if size < 13:
                light, word, figure = "", "", ""
            x, y, more = shape.x, shape.y, {"d": shape.d, "title": _said(below.name, *_painted(below, target)[2:])}
        elif below.code in tiles:
            tile = tiles[below.code]
            x, y = tile.x + tile.width / 2, tile.y + tile.height / 2
            size = max(11.0, min(26.0, tile.width / (LONGEST + 1.5)))
            more = {"left": tile.x, "top": tile.y, "width": tile.width, "height": tile.height}
        else:
            continue
        parts = geometry.lines_of(below.name, LONGEST)
        lines = tuple(
            (round(y + (n - (len(parts) - 1) / 2) * size * 1.25 - 6, 1), part) for n, part in enumerate(parts)
        )
        found.append(
            Cell(
                below.code,
                below.name,
                lines,
                href,
                paint,
                light,
                word,
                figure,
                round(x, 1),
                round(y, 1),
                size=size,
                **more,
            )
        )
    return found


def _painted(below: Below, target: int | None) -> tuple[str, str, str, str]:
    """Class of colour, light, word and figure of a division."""
    if target:
        one = next((s for s in below.standings if s.target == target), None)
        if one is None:
            return "paint-grey", "grey", str(lights.light("grey").word), "—"
        figure = " ".join(filter(None, (one.value_text, one.fraction_text)))
        return f"paint-{one.light}", one.light, str(lights.light(one.light).word), figure
    counts = below.counts
    judged = sum(counts.values()) - counts["grey"]
    level = rules.class_of(counts)
    if level is None:
        return "paint-grey", "", str(lights.light("grey").word), ""
    return f"paint-{level}", "", _("按期"), f"{counts['green']}/{judged}"


def _said(name: str, word: str, figure: str) -> str:
    return f"{name} {word} {figure}".strip()


def _points(shapes: dict[str, list[list[list[list[float]]]]]) -> dict[str, list[geometry.Polygon]]:
    return {
        code: [[[(p[0], p[1]) for p in ring] for ring in polygon] for polygon in polygons]
        for code, polygons in shapes.items()
    }


@dataclass(frozen=True)
class Point:
    """One month: its label, the value (None is a gap), how it is written."""

    label: str
    value: float | None
    text: str


def trend(
    points: Sequence[Point], *, goal: float | None = None, goal_text: str = "", top: float | None = None
) -> SafeString:
    """A line through months with its first and last value written, and a goal across. Empty for fewer than two values."""
    known = [p.value for p in points if p.value is not None]
    if len(known) < 2:
        return mark_safe("")
    width, height, left, right, above, below = 760, 210, 34, 118, 34, 34
    low = min([*known, *([goal] if goal is not None else [])])
    high = max([*known, *([goal] if goal is not None else [])])
    span = (high - low) or abs(high) or 1.0
    low, high = low - span * 0.15, high + span * 0.15
    if top is not None:
        high, low = min(high, top), max(0.0, low)
    step = (width - left - right) / (len(points) - 1)

    def y(value: float) -> float:
        return above + (high - value) / ((high - low) or 1.0) * (height - above - below)

    path, up = [], True
    dots = []
    for n, point in enumerate(points):
        if point.value is None:
            up = True
            continue
        path.append(f"{'M' if up else 'L'}{left + n * step:.1f} {y(point.value):.1f}")
        dots.append((f"{left + n * step:.1f}", f"{y(point.value):.1f}", f"{point.label} {point.text}"))
        up = False
    last = max(n for n, p in enumerate(points) if p.value is not None)
    first = min(n for n, p in enumerate(points) if p.value is not None)
    last_y, first_y = y(points[last].value or 0), y(points[first].value or 0)
    following = next((p.value for p in points[first + 1 :] if p.value is not None), None)
    # The first figure stands clear of the line: below it where the line rises, above it where it falls.
    first_y += 24 if following is not None and following > (points[first].value or 0) else -14
    marks = format_html_join("", '<circle class="trend-dot" cx="{}" cy="{}" r="4.5"><title>{}</title></circle>', dots)
    months = format_html_join(
        "",
        '<text class="trend-month" x="{}" y="{}">{}</text>',
        ((f"{left + n * step:.1f}", height - 8, p.label) for n, p in enumerate(points)),
    )
    line = ""
    if goal is not None:
        line = format_html(
            '<path class="trend-goal" d="M{} {}H{}"/><text class="trend-goal-text" x="{}" y="{}">{}</text>',
            left, f"{y(goal):.1f}", width - right + 8, width - right + 14, f"{_clear(y(goal), last_y) + 6:.1f}", goal_text,
        )  # fmt: skip
    ends = format_html(
        '<text class="trend-last" x="{}" y="{}">{}</text><text class="trend-first" x="{}" y="{}">{}</text>',
        f"{left + last * step + 14:.1f}", f"{last_y + 8:.1f}", points[last].text,
        f"{left + first * step:.1f}", f"{first_y:.1f}", points[first].text,
    )  # fmt: skip
    return format_html(
        '<svg class="trend" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<path class="trend-line" d="{}"/>{}{}{}</svg>',
        width, height, _("走势"), line, "".join(path), marks, months, ends,
    )  # fmt: skip


def _clear(at: float, of: float) -> float:
    """A height at least a line away from another."""
    return at if abs(at - of) >= 26 else of + (26 if at >= of else -26)


def month(label: Any) -> str:
    """`9月`, in English the number alone."""
    return _("%(n)s月") % {"n": label.month}


def percent(part: int, whole: int) -> str:
    """`48%`."""
    return f"{part / whole:.0%}" if whole else "—"
