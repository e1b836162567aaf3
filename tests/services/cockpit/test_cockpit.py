"""The cockpit: who sees it, what it says, that it agrees with the board, that nothing is sent when nothing changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.sources.models import Feed
from luoshi.platform.store.models import Source
from luoshi.services.cockpit import pages, rules
from luoshi.services.cockpit.models import Boundary
from luoshi.services.cockpit.overview import overview
from luoshi.supervision import sources

from ..conftest import USERS


@pytest.fixture(autouse=True)
def _fresh(city_db: Any, db: None) -> None:
    forget()
    Boundary.objects.all().delete()


def forget() -> None:
    """Forget the overviews, not the months that are over: those do not change."""
    for key in list(getattr(cache, "_cache", {})):
        if "cockpit:" in key:
            cache.delete(key.split(":", 2)[2])


def test_who_sees_what(as_user, known):
    closed = {"": 302, "security": 403, "auditor": 403}
    viewers = ("leader", "plan-officer", "county", "steward")
    codes = {
        "/cockpit/": closed | {"clinic": 302},
        f"/cockpit/?division={known.other_county}": closed | {"clinic": 404, "county": 404},
        "/cockpit/?division=88": closed | dict.fromkeys((*viewers, "clinic"), 404),
        "/cockpit/?target=999999": closed | {"clinic": 302} | dict.fromkeys(viewers, 404),
        "/cockpit/boundaries/": {"": 302, "steward": 200} | dict.fromkeys(set(USERS) - {"steward"}, 403),
    }
    for address, expected in codes.items():
        for name in ("", *USERS):
            assert as_user(name).get(address).status_code == expected.get(name, 200), (name, address)
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)


def test_it_agrees_with_the_board(as_user, known):
    leader = User.objects.get(username="leader")
    page = as_user("leader").get("/cockpit/").content.decode()
    counts = rules.count(sources.get().standings(scope=Scope.of(leader)))
    shown = [int(n) for n in re.findall(r'class="tile tile-\w+".*?<strong>(\d+)</strong>', page)]
    assert shown == list(counts.values())
    assert f"{counts['green']}/{sum(counts.values()) - counts['grey']} 按期" in page
    # every promise is one mark
    assert len(re.findall(r'<a class="pip', page)) == sum(counts.values())
    for code, rows in sources.get().below(scope=Scope.of(leader)).items():
        below = rules.count(rows)
        judged = sum(below.values()) - below["grey"]
        assert f"division={code}" in page
        assert f"{below['green']}/{judged} 按期" in page


def test_a_promise_colours_the_map_with_colour_shape_and_word(as_user, known):
    page = as_user("leader").get(f"/cockpit/?target={known.target}").content.decode()
    rows = sources.get().below(scope=Scope.of(User.objects.get(username="leader")), targets=[known.target])
    words = {"green": "按期", "yellow": "偏慢", "red": "滞后", "grey": "不能判断"}
    for (one,) in rows.values():
        assert f"{one.value_text} {one.fraction_text} {words[one.light]}" in page
        assert f"paint-{one.light}" in page
    assert 'class="trend"' in page


def test_nothing_is_sent_when_nothing_changed(as_user, known):
    client = as_user("leader")
    mark = re.search(r"seen=([0-9a-f]{16}-0-[0-9a-f-]+)", client.get("/cockpit/").content.decode())
    assert mark
    assert client.get(f"/cockpit/?division=9901&seen={mark[1]}").status_code == 204
    Boundary.objects.create(
        division="x", polygons=[], by="x", at="2025-01-01T00:00Z"
    )  # of another place: still nothing
    forget()
    assert client.get(f"/cockpit/?division=9901&seen={mark[1]}").status_code == 204
    User.objects.filter(username="county").update(last_login="2025-11-01T00:00Z")
    forget()
    again = client.get(f"/cockpit/?division=9901&seen={mark[1]}")
    assert again.status_code == 200


def test_outlines_are_used_when_every_division_has_one(as_user, known):
    ring = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    codes = [b.code for b in overview("9901", scope=Scope.system()).below]
    for n, code in enumerate(codes):
        shifted = [[[[x + n, y] for x, y in ring]]]
        Boundary.objects.create(division=code, polygons=shifted, source="测绘院", by="x", at="2025-01-01T00:00Z")
        if n + 2 < len(codes):
            continue
        forget()
        page = as_user("leader").get("/cockpit/").content.decode()
        whole = n + 1 == len(codes)
        assert ('<path class="cell-shape"' in page) == whole
        assert ('<rect class="cell-shape"' in page) != whole
    assert "测绘院" in page


def test_who_has_never_opened_theirs(known):
    User.objects.all().update(last_login=None)
    first = {s.division: s for s in overview("9901", scope=Scope.system()).seats}
    assert first[known.county].silent
    assert first[known.county].accounts >= 2  # the county office, a clinic in it, and whom the services add
    assert first[known.other_county].accounts == 0
    forget()
    User.objects.filter(username="clinic").update(last_login="2025-11-01T00:00Z")
    again = {s.division: s for s in overview("9901", scope=Scope.system()).seats}
    assert again[known.county].opened == 1


def test_feeds_that_are_silent_are_counted_and_named(as_user, known):
    def told(name: str, **query: str) -> tuple[str, str]:
        page = as_user(name).get("/cockpit/", query).content.decode()
        count = re.search(r"<strong>(\d+)</strong>数据到时没来", page)
        late = re.search(r'<p class="late-feeds">(.*?)</p>', page, re.DOTALL)
        return count[1] if count else "", late[1] if late else ""

    Feed.objects.all().delete()
    assert told("leader") == ("0", "")
    for name, division in (("here", known.county), ("there", known.other_county)):
        source = Source.objects.create(name=f"silent-{name}", title=f"医院 {name}", division=division)
        Feed.objects.create(source=source, kind="Encounter", hours=24, since="2025-10-01")
    count, late = told("leader")
    assert count == "2"
    assert "医院 here" in late
    assert "医院 there" in late
    assert "Encounter 已迟" in late.replace('<span class="quiet">', "")
    # One county, whoever looks at it, is not told of another's.
    for count, late in (told("county"), told("leader", division=known.county)):
        assert count == "1"
        assert "医院 there" not in late
    seen = re.search(r"seen=([^\"]+)", as_user("leader").get("/cockpit/").content.decode())[1]
    assert as_user("leader").get("/cockpit/", {"seen": seen}).status_code == 204
    Feed.objects.all().delete()
    assert as_user("leader").get("/cockpit/", {"seen": seen}).status_code == 200


def test_shares_fall_into_five_classes():
    def of(green: int, red: int) -> int | None:
        return rules.class_of({"green": green, "yellow": 0, "red": red, "grey": 3})

    assert [of(0, 5), of(1, 4), of(2, 3), of(3, 2), of(4, 1), of(5, 0), of(0, 0)] == [0, 1, 2, 3, 4, 4, None]


def test_a_kept_overview_costs_few_queries(as_user, known):
    client = as_user("leader")
    client.get("/cockpit/")
    with CaptureQueriesContext(connection) as kept:
        client.get("/cockpit/")
    assert len(kept) <= 14
    forget()
    with CaptureQueriesContext(connection) as anew:
        client.get("/cockpit/")
    assert len(anew) <= 65
