"""A patient handed to another centre: history stays the person's, numbers move from the day it counts from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.test import override_settings

from luoshi.engines import LakeDirectory, Request
from luoshi.engines.duckdb import DuckdbEngine
from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.build import update
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.regions.models import Institution
from luoshi.services.chronic import enrolling, members, panel, queries
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.packs.bringing import enrolment_of


def test_numbers_move_from_the_day(
    city_db: Any, scope: Callable[[str], Scope], patients: list[Member], clinic: str, tmp_path: Path
) -> None:
    member = next(
        m for m in patients
        if m.programmes == ("hypertension",) and m.diseases[0].managed.since < date(2024, 1, 1) and m.diseases[0].measure.visits
    )  # fmt: skip
    number, on = member.person.number, date(2025, 9, 1)
    old = member.diseases[0].managed.institution
    new = (
        Institution.objects.exclude(code=old)
        .filter(type__in=("township-centre", "community-centre"))
        .order_by("code")
        .last()
    )
    assert new is not None
    everywhere = Scope.system()
    lake = tmp_path / "lake"
    shutil.copytree(city_db.lake, lake)
    with override_settings(LUOSHI_LAKE=lake):
        row = enrolment_of(number, "hypertension", by="test", scope=everywhere)
        with pytest.raises(InvalidValue):
            enrolling.transfer(
                row=row, institution=new.code, on=clock.today() + timedelta(days=1), by="test", scope=everywhere
            )
        moved = enrolling.transfer(row=row, institution=new.code, on=on, by="test", scope=everywhere)
        with pytest.raises(Refused):
            enrolling.transfer(row=moved, institution=new.code, on=date(2025, 10, 1), by="test", scope=everywhere)
        before = queries.seen(number, scope=everywhere)
        update(StoreSource(), lake, at=clock.now() + timedelta(minutes=1))
        after = queries.seen(number, scope=everywhere)
        # History stays, here before the lake knows and after.
        for seen in (before, after):
            assert seen.member is not None
            assert seen.member.diseases[0].managed.institution == new.code
            assert seen.member.diseases[0].managed.since == on
        assert after.member is not None
        assert len(panel.read(everywhere, persons=[number]).visits[number]) >= member.diseases[0].measure.visits
        assert number not in {m.person.number for m in members.members(panel.read(scope("clinic")))}
        counted = {day: _institutions(lake, number, day) for day in (on - timedelta(days=1), on, date(2025, 10, 31))}
    assert counted == {on - timedelta(days=1): {old}, on: {new.code}, date(2025, 10, 31): {new.code}}


def _institutions(lake: Path, person: int, day: date) -> set[str]:
    """Which institution the indicator counts the person for on a day."""
    rows = lake / f"rows-{day}"
    request = Request(Period(date(day.year, 1, 1), day), ["htn-std"], rows)
    DuckdbEngine().evaluate_many(LakeDirectory.open(lake), Catalogue.load(), [request])
    files = f"read_parquet('{rows}/**/*.parquet', union_by_name = true)"
    found = duckdb.sql(f"SELECT institution FROM {files} WHERE person = {person}")
    return {code for (code,) in found.fetchall()}
