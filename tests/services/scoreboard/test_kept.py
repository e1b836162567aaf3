"""The board is reckoned and drawn once for the same figures: and anew when the results, a light, a plan, a grant, the
language or the day is another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from django.conf import settings as configured
from django.test import Client

from luoshi.kernel import clock
from luoshi.kernel.lake_layout import results_folder
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk.models import Target
from luoshi.services.scoreboard import places, queries

from ..conftest import Known

AsUser = Callable[[str], Client]


def _scope() -> Scope:
    return Scope.of(User.objects.get(username="leader"))


def _row(target: int):
    scope = _scope()
    return queries.row(target, places.place("", scope=scope), scope=scope)


@pytest.fixture
def other_results(settings, tmp_path: Path) -> Callable[[], None]:
    """The lake in a place of its own; calling it puts an evaluation in use in which nobody is counted any more."""
    lake = Path(configured.LUOSHI_LAKE)
    settings.LUOSHI_LAKE = tmp_path
    for file in lake.iterdir():
        if file.name != "results":
            (tmp_path / file.name).symlink_to(file)
    shutil.copytree(results_folder(lake), results_folder(tmp_path))

    def change() -> None:
        folder = results_folder(tmp_path)
        name = json.loads((folder / "current.json").read_text("utf-8"))["folder"]
        shutil.copytree(folder / name, folder / f"{name}-later")
        for file in (folder / f"{name}-later" / "values").glob("*.parquet"):
            duckdb.connect().execute(
                f"COPY (SELECT * REPLACE (0 AS numerator) FROM read_parquet('{folder / name / 'values' / file.name}'))"
                f" TO '{file}' (FORMAT parquet)"
            )
        (folder / "next").write_text(json.dumps({"folder": f"{name}-later"}), "utf-8")
        (folder / "next").replace(folder / "current.json")

    return change


def test_new_results_are_seen_at_the_next_look(other_results, as_user: AsUser, known: Known):
    before = _row(known.target)
    page = as_user("leader").get(f"/targets/{known.target}/").content.decode()
    assert before.standing.numerator
    assert before.fraction_text in page
    other_results()
    after = _row(known.target)
    assert (after.standing.numerator, after.standing.value) == (0, 0.0)
    page = as_user("leader").get(f"/targets/{known.target}/").content.decode()
    assert before.fraction_text not in page
    assert after.fraction_text in page


def test_a_corrected_promise_is_seen_at_the_next_look(as_user: AsUser, known: Known):
    assert _row(known.target).target.value != 61.5
    as_user("leader").get("/")
    Target.objects.filter(pk=known.target).update(value=61.5)
    assert _row(known.target).target.value == 61.5
    assert "61.5" in as_user("leader").get(f"/targets/{known.target}/").content.decode()


def test_a_place_kept_for_one_is_not_shown_to_another(as_user: AsUser, known: Known):
    """The leader's look at another county is held; the officer of this county is not let in by it."""
    other = f"/targets/{known.target}/?division={known.other_county}"
    assert as_user("leader").get(other).status_code == 200
    assert as_user("county").get(other).status_code == 404
    assert as_user("county").get(f"/?division={known.other_county}").status_code == 404


def test_a_grant_that_ends_closes_the_board_at_once(as_user: AsUser, known: Known):
    client = as_user("leader")
    assert client.get("/").status_code == 200
    Grant.objects.filter(user__username="leader").update(valid_to=clock.today() - timedelta(days=1))
    assert client.get("/").status_code == 403


def test_ways_that_need_a_permission_are_not_kept_for_those_without(as_user: AsUser, known: Known):
    """Sending the gap is the leader's; the plan officer who comes after sees the same figures without it."""
    address = f"/targets/{known.target}/"
    leader, officer = (as_user(name).get(address).content.decode() for name in ("leader", "plan-officer"))
    assert "/missed/" in leader
    assert "/missed/" not in officer


def test_the_language_and_the_day_are_asked_for(as_user: AsUser, known: Known):
    chinese = as_user("leader").get("/").content.decode()
    client = as_user("leader")
    client.cookies["luoshi_lang"] = "en"
    english = client.get("/").content.decode()
    assert "需要决定" in chinese
    assert "需要决定" not in english
    today = _row(known.target).standing
    with clock.at(clock.today() + timedelta(days=200)):
        later = _row(known.target).standing
    assert (today.stale, later.stale) == (False, True)
