"""Lanes that share the pieces of a lake find what one alone finds."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from luoshi.engines import Request, engine, walk
from luoshi.engines.duckdb import DuckdbEngine
from luoshi.engines.lake import Slice
from luoshi.indicators import Catalogue
from luoshi.kernel.errors import LuoshiError
from luoshi.kernel.period import Period

CATALOGUE = Catalogue.load()
IDS = ["htn-std", "contract-rate", "ems-answer-10s"]


def panel():
    """Residents in seven buckets of two, each with something to count, and a call of nobody known."""
    persons = [
        {"person": n, "birth_date": date(1950, 1, 1), "record_opened": date(2020, 1, 1), "institution": "I1"}
        for n in range(14)
    ]
    return {
        "person": persons,
        "episode": [{"person": n, "program": "hypertension", "start_day": date(2024, 1, 1)} for n in range(0, 14, 2)],
        "visit": [{"person": n, "service": "htn-visit", "day": date(2025, 1 + n % 9, 3)} for n in range(14)],
        "contract": [
            {"person": n, "start_day": date(2025, 1, 1), "end_day": date(2025, 12, 31)} for n in range(0, 14, 3)
        ],
    }


@pytest.mark.parametrize("months", [[12], [3, 6, 12]])
def test_lanes_find_what_one_finds(make_lake, running, tmp_path, monkeypatch, months):
    lake = make_lake(bucket_size=2, chunk_persons=2, **panel())
    at_work = []
    lane = walk._lane
    monkeypatch.setattr(walk, "_lane", lambda work, session, todo: at_work.append(session) or lane(work, session, todo))

    def asked(by: DuckdbEngine, name: str):
        requests = [
            Request(Period(date(2025, 1, 1), Period.month(2025, month).end), IDS, tmp_path / name / str(month))
            for month in months
        ]
        made = by.evaluate_many(lake, CATALOGUE, requests)
        files = str(tmp_path / name / "*" / "*" / "*.parquet")
        kept = duckdb.sql(f"SELECT count(*), count(DISTINCT person) FROM read_parquet('{files}', union_by_name=true)")
        return [(one.cells, one.unplaced) for one in made], kept.fetchall()

    alone, several = asked(running, "alone"), asked(engine("duckdb", threads=3, memory_limit="1GB"), "lanes")
    assert len(at_work) == 1 + 3
    assert any(cells for cells, _ in alone[0])
    assert several == alone


def test_what_goes_wrong_in_a_lane_is_told(make_lake, monkeypatch):
    lake = make_lake(bucket_size=2, chunk_persons=2, **panel())

    def fails(self, session, chunk, here, known):
        raise LuoshiError(f"chunk {chunk.number if chunk else None}")

    monkeypatch.setattr(walk.OneByOne, "piece", fails)
    with pytest.raises(LuoshiError, match="chunk"):
        engine("duckdb", threads=3).evaluate(lake, CATALOGUE, Period.calendar_year(2025), IDS)


def test_one_database_serves_one_evaluation_after_the_other_as_it_was(make_lake):
    lake = make_lake(bucket_size=2, chunk_persons=2, **panel())
    running = engine("duckdb", threads=3)
    year, months = Period.calendar_year(2025), [Request(Period.month(2025, m), IDS) for m in (2, 3, 4)]
    first = running.evaluate(lake, CATALOGUE, year, IDS)
    before = settings(running, lake)
    running.evaluate_many(lake, CATALOGUE, months)
    assert settings(running, lake) == before
    with running.opened(Slice(lake.root, lake.chunk_persons, (1, 2)), CATALOGUE, year) as session:
        assert session.run("SELECT current_setting('threads')").fetchone() == (1,)
    assert settings(running, lake) == before
    assert running.evaluate(lake, CATALOGUE, year, IDS).cells == first.cells


def settings(running, lake) -> list[tuple[object, ...]]:
    with running.opened(lake, CATALOGUE, Period.calendar_year(2025)) as session:
        names = ("threads", "disabled_optimizers", "memory_limit")
        return session.run(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}").fetchall()


def test_pieces_hold_every_bucket_once_and_are_alike(make_lake):
    lake = make_lake(bucket_size=2, chunk_persons=10, **panel())
    for persons, widths in ((1, [1] * 7), (4, [1, 2, 2, 2]), (6, [2, 3, 2]), (10, [5, 2]), (99, [5, 2])):
        pieces = [piece for piece in lake.pieces(persons) if piece.number >= 0]
        assert [len(piece.buckets) for piece in pieces] == widths
        assert [bucket for piece in pieces for bucket in piece.buckets] == list(range(7))
        assert len({(piece.number, piece.file_name) for piece in pieces}) == len(pieces)


def test_a_few_pieces_that_do_not_share_out_are_cut(make_lake, monkeypatch):
    monkeypatch.setattr(walk, "LEAST_PERSONS", 1)
    lake = make_lake(bucket_size=2, chunk_persons=6, **panel())  # three chunks of 3, 3 and 1 buckets
    work = walk.OneByOne([object()], list(CATALOGUE.cohorts.values()), {})
    found = [chunk for chunk, _ in walk._pieces(lake, work, 2) if chunk is not None and chunk.number >= 0]
    assert [len(chunk.buckets) for chunk in found] == [1, 1, 1, 1, 1, 1, 1]
