"""Outlines made simple together, and laid out as pictures. Pure.

Neighbours share their border point by point. It is cut at the points where three outlines meet, each piece is simplified
once, and both neighbours get the same piece back: no gaps, no overlaps.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Ring = list[Point]
Polygon = list[Ring]

PLACES = 5  # decimals of a degree: about a metre
DETAIL = 1 / 600  # of the larger side of all outlines: finer than a line on a large screen


def simplified(shapes: Mapping[str, Sequence[Polygon]]) -> dict[str, list[Polygon]]:
    """The shapes with no point that would move a line by more than `DETAIL` of the whole. Coordinates in degrees."""
    rounded = {code: [[_closed(ring) for ring in polygon] for polygon in polygons] for code, polygons in shapes.items()}
    points = [p for polygons in rounded.values() for polygon in polygons for ring in polygon for p in ring]
    if not points:
        return {}
    left, low, right, high = box(points)
    tolerance = max(right - left, high - low) * DETAIL
    joints = _joints(ring for polygons in rounded.values() for polygon in polygons for ring in polygon)
    found: dict[str, list[Polygon]] = {}
    for code, polygons in rounded.items():
        kept = [[_ring(ring, joints, tolerance) for ring in polygon] for polygon in polygons]
        # Holes and islands smaller than a line vanish; a division keeps at least its largest island.
        large = [[ring for ring in polygon if len(ring) >= 4] for polygon in kept]
        found[code] = [polygon for polygon in large if polygon] or [max(polygons, key=lambda p: abs(area(p[0])))[:1]]
    return found


def _closed(ring: Sequence[Sequence[float]]) -> Ring:
    """Rounded, without repeated points, the first point again at the end."""
    out: Ring = []
    for one in ring:
        point = (round(float(one[0]), PLACES), round(float(one[1]), PLACES))
        if not out or out[-1] != point:
            out.append(point)
    if out and out[0] != out[-1]:
        out.append(out[0])
    return out


def _joints(rings: Iterable[Ring]) -> set[Point]:
    """Points where more than two different neighbours meet."""
    beside: dict[Point, set[Point]] = defaultdict(set)
    for ring in rings:
        for one, two in pairwise(ring):
            beside[one].add(two)
            beside[two].add(one)
    return {point for point, others in beside.items() if len(others) > 2}


def _ring(ring: Ring, joints: set[Point], tolerance: float) -> Ring:
    body = ring[:-1]
    at = [n for n, point in enumerate(body) if point in joints]
    if not at:
        # An outline of its own: begin at its lowest point, so that the result does not depend on where the file began.
        at = [min(range(len(body)), key=lambda n: body[n])] if body else []
    if not at:
        return ring
    body = body[at[0] :] + body[: at[0]]
    cuts = [n - at[0] for n in at] + [len(body)]
    body.append(body[0])
    out: Ring = [body[0]]
    for start, end in pairwise(cuts):
        out += _piece(body[start : end + 1], tolerance)[1:]
    return out


def _piece(piece: Ring, tolerance: float) -> Ring:
    """One piece of border, the same for both neighbours: always simplified in the same direction."""
    if piece[0] == piece[-1] and len(piece) > 3:
        far = max(range(len(piece)), key=lambda n: math.dist(piece[0], piece[n]))
        return _thinned(piece[: far + 1], tolerance) + _thinned(piece[far:], tolerance)[1:]
    if piece[0] > piece[-1]:
        return _thinned(piece[::-1], tolerance)[::-1]
    return _thinned(piece, tolerance)


def _thinned(line: Ring, tolerance: float) -> Ring:
    """Douglas and Peucker (The Canadian Cartographer 10 (1973) 112-122), without recursion."""
    keep = {0, len(line) - 1}
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        worst, at = 0.0, -1
        for n in range(first + 1, last):
            away = _distance(line[n], line[first], line[last])
            if away > worst:
                worst, at = away, n
        if worst > tolerance:
            keep.add(at)
            stack += [(first, at), (at, last)]
    return [line[n] for n in sorted(keep)]


def _distance(point: Point, start: Point, end: Point) -> float:
    """From a point to a line between two others."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    if not length:
        return math.dist(point, start)
    t = max(0.0, min(1.0, ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / length))
    return math.dist(point, (start[0] + t * dx, start[1] + t * dy))


def area(ring: Sequence[Point]) -> float:
    """Twice the signed area of a ring."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def box(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """West, south, east, north."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True)
class Drawn:
    """One division on the picture: its outline as the `d` of an SVG path, where its name stands, and how wide it is
    there."""

    d: str
    x: float
    y: float
    room: float


def drawn(
    shapes: Mapping[str, Sequence[Polygon]], *, width: float, height: float, margin: float = 8
) -> dict[str, Drawn]:
    """Outlines on a picture of `width` × `height`, north up, lengths right in the middle latitude."""
    points = [p for polygons in shapes.values() for polygon in polygons for p in polygon[0]]
    if not points:
        return {}
    west, south, east, north = box(points)
    squeeze = math.cos(math.radians((south + north) / 2))
    wide, tall = max((east - west) * squeeze, 1e-9), max(north - south, 1e-9)
    scale = min((width - 2 * margin) / wide, (height - 2 * margin) / tall)
    left, top = (width - wide * scale) / 2, (height - tall * scale) / 2

    def place(point: Sequence[float]) -> Point:
        return left + (point[0] - west) * squeeze * scale, top + (north - point[1]) * scale

    found = {}
    for code, polygons in shapes.items():
        rings = [[place(p) for p in ring] for polygon in polygons for ring in polygon]
        d = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring[:-1]) + "Z" for ring in rings)
        x, y, room = _inside([place(p) for p in max((polygon[0] for polygon in polygons), key=lambda r: abs(area(r)))])
        found[code] = Drawn(d, round(x, 1), round(y, 1), room)
    return found


def _inside(ring: Ring) -> tuple[float, float, float]:
    """The middle of the widest part of a ring at the height of its centroid, and how wide it is there."""
    twice = area(ring)
    if twice:
        y = sum((a[1] + b[1]) * (a[0] * b[1] - b[0] * a[1]) for a, b in pairwise(ring)) / (3 * twice)
    else:
        y = ring[0][1]
    crossings = sorted(
        a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) for a, b in pairwise(ring) if (a[1] > y) != (b[1] > y)
    )
    spans = list(zip(crossings[::2], crossings[1::2], strict=False))
    if not spans:
        return ring[0][0], y, 0.0
    start, end = max(spans, key=lambda span: span[1] - span[0])
    return (start + end) / 2, y, end - start


@dataclass(frozen=True)
class Tile:
    """One division as a tile: left, top, side lengths."""

    x: float
    y: float
    width: float
    height: float


def tiles(codes: Sequence[str], *, width: float, height: float, gap: float = 10) -> dict[str, Tile]:
    """One tile for each division in rows as even as can be, filling the picture, in the order given."""
    count = len(codes)
    if not count:
        return {}
    # The tiles nearest to 4:3 (a name of two lines and a figure fit in them).
    columns = min(
        range(1, count + 1), key=lambda n: abs(math.log((width / n) / (height / math.ceil(count / n)) / (4 / 3)))
    )
    rows = math.ceil(count / columns)
    tall = (height - gap * (rows - 1)) / rows
    found: dict[str, Tile] = {}
    taken = 0
    for row in range(rows):
        here = count // rows + (1 if row < count % rows else 0)
        wide = (width - gap * (here - 1)) / here
        for n in range(here):
            found[codes[taken + n]] = Tile(
                round(n * (wide + gap), 1), round(row * (tall + gap), 1), round(wide, 1), round(tall, 1)
            )
        taken += here
    return found


def lines_of(name: str, longest: int) -> list[str]:
    """A name broken into lines of about the same length, none longer than `longest` characters."""
    parts = math.ceil(len(name) / longest)
    each = math.ceil(len(name) / parts) if parts else 0
    return [name[n : n + each] for n in range(0, len(name), each)] if each else []
