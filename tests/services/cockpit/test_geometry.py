"""Outlines: neighbours keep one border, names stand inside, tiles fill the picture, wrong files are answered in words."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel.errors import InvalidValue, Refused, UnreadableFile
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.services.cockpit import boundaries, geometry
from luoshi.services.cockpit.models import Boundary


def jagged(a, b, seed, points=80):
    chance = random.Random(seed)
    line = [(a[0] + (b[0] - a[0]) * n / points, a[1] + (b[1] - a[1]) * n / points) for n in range(points + 1)]
    return [
        line[0],
        *((x + chance.uniform(-2e-4, 2e-4), y + chance.uniform(-2e-4, 2e-4)) for x, y in line[1:-1]),
        line[-1],
    ]


def two_neighbours():
    """West and east of one jagged border between (1, 0) and (1, 1)."""
    shared = jagged((1, 0), (1, 1), 1)
    west = [(0, 0), *shared, (0, 1), (0, 0)]
    east = [(2, 0), (2, 1), *reversed(shared), (2, 0)]
    return {"W": [[west]], "E": [[east]]}, shared


def test_neighbours_keep_the_same_border():
    shapes, shared = two_neighbours()
    simple = geometry.simplified(shapes)
    inner = [{p for p in simple[k][0][0] if 0.9 < p[0] < 1.1} for k in "WE"]
    assert inner[0] == inner[1]
    assert 2 <= len(inner[0]) < len(shared) / 4
    for polygons in simple.values():
        assert polygons[0][0][0] == polygons[0][0][-1]


def test_no_line_moves_further_than_what_can_be_seen():
    shapes, shared = two_neighbours()
    simple = geometry.simplified(shapes)
    border = sorted((p for p in simple["W"][0][0] if 0.9 < p[0] < 1.1), key=lambda p: p[1])
    for point in shared:
        assert min(geometry._distance(point, a, b) for a, b in pairwise(border)) <= 2 * geometry.DETAIL + 1e-5


def test_names_stand_inside_and_north_is_up():
    ring = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (3.0, 4.0), (3.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    found = geometry.drawn({"L": [[ring]], "N": [[[(0, 5), (4, 5), (4, 6), (0, 6), (0, 5)]]]}, width=400, height=400)
    assert found["N"].y < found["L"].y
    assert found["L"].room > 0
    assert all(0 <= one.x <= 400 and 0 <= one.y <= 400 for one in found.values())


@given(st.integers(1, 40))
def test_tiles_fill_the_picture_without_touching(count):
    codes = [f"{n:02}" for n in range(count)]
    tiles = geometry.tiles(codes, width=760, height=430)
    assert list(tiles) == codes
    for tile in tiles.values():
        assert tile.x >= 0
        assert tile.x + tile.width <= 760.6
        assert tile.y + tile.height <= 430.6
    boxes = list(tiles.values())
    for n, one in enumerate(boxes):
        for two in boxes[n + 1 :]:
            apart_x = one.x + one.width <= two.x or two.x + two.width <= one.x
            apart_y = one.y + one.height <= two.y or two.y + two.height <= one.y
            assert apart_x or apart_y


@pytest.mark.parametrize(
    ("name", "longest"), [("明湖区", 7), ("云岭高新技术产业开发区", 7), ("", 7), ("某某自治县" * 9, 7)]
)
def test_long_names_break_evenly(name, longest):
    lines = geometry.lines_of(name, longest)
    assert "".join(lines) == name
    assert all(len(line) <= longest for line in lines)


def collection(*features):
    return orjson.dumps({"type": "FeatureCollection", "features": list(features)})


def feature(ring=None, **properties):
    square = ring or [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [square]}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG", "不是 JSON"),
        (b"{}", "FeatureCollection"),
        (collection(), "没有要素"),
        (collection({"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}}), "面要素"),
        (collection(feature([[0, 0], ["x", 0], [1, 1], [0, 0]])), "读不出来"),
        (
            collection(feature([[400000, 3000000], [400001, 3000000], [400001, 3000001], [400000, 3000000]])),
            "不是经纬度",
        ),
    ],
)
def test_wrong_files_are_answered_in_words(content, words):
    with pytest.raises(UnreadableFile, match=words):
        boundaries.read(content)


def test_outlines_find_their_divisions(small_region, make_user):
    steward = make_user("data-steward", division="9901")
    content = collection(
        feature(adcode=990101),
        feature(gb="156990102"),
        feature(name="石桥乡"),
        feature(code="110000"),
        feature(name="别处县"),
    )
    made = boundaries.load(content, source="测绘院", approval="GS(2025)1", by=steward, scope=Scope.of(steward))
    assert (made.kept, made.unmatched) == (3, ("110000", "别处县"))
    assert set(Boundary.objects.values_list("division", flat=True)) == {"990101", "990102", "990102001"}
    assert Entry.objects.filter(action="boundary.import").count() == 1
    elsewhere = make_user("data-steward", division="990101", name="east")
    with pytest.raises(InvalidValue):
        boundaries.load(
            collection(feature(adcode=990102)), source="", approval="", by=elsewhere, scope=Scope.of(elsewhere)
        )
    officer = make_user("plan-officer", division="9901")
    with pytest.raises(Refused):
        boundaries.load(content, source="", approval="", by=officer, scope=Scope.of(officer))
    assert boundaries.remove(division="9901", by=steward, scope=Scope.of(steward)) == 2
    assert json.loads(content)
