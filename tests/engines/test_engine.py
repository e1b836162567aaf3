"""What the engine gives beside its numbers: places, lists, as-of truth, what is kept for pages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from luoshi.engines import LakeDirectory, Request, ResultStore, engine
from luoshi.engines.kept import keep_about, keep_values
from luoshi.indicators import Catalogue
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import InvalidValue, NotFound, UnreadableFile
from luoshi.kernel.period import Period

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue.load()
YEAR = Period.calendar_year(2025)
HTN = CATALOGUE.indicator("htn-std")


def _panel():
    """Six patients in three villages; those with an even number have their visits."""
    people = [
        {"person": n, "division": ("V1", "V2", "V3")[n % 3], "institution": "I1a" if n % 3 == 0 else "I2"}
        for n in range(6)
    ]
    episodes = [{"person": n, "program": "hypertension", "institution": people[n]["institution"]} for n in range(6)]
    days = [date(2025, m, 3) for m in (1, 4, 7, 10)]
    visits = [{"person": n, "service": "htn-visit", "day": day} for n in (0, 2, 4) for day in days]
    visits += [{"person": n, "service": "checkup", "day": days[0]} for n in (0, 2, 4, 5)]
    return {"person": people, "episode": episodes, "visit": visits}


def test_every_level_of_both_trees(make_lake, running):
    results = running.evaluate(make_lake(**_panel()), CATALOGUE, YEAR, ["htn-std"])
    by_division = {d: results.cell(HTN, division=d) for d in ("V1", "V2", "V3", "T1", "T2", "D", "C", "P")}
    assert by_division == {
        "V1": (1, 2), "V2": (1, 2), "V3": (1, 2), "T1": (2, 4), "T2": (1, 2), "D": (3, 6), "C": (3, 6), "P": (3, 6),
    }  # fmt: skip
    assert {i: results.cell(HTN, institution=i) for i in ("I1", "I1a", "I2", "H")} == {
        "I1": (1, 2), "I1a": (1, 2), "I2": (2, 4), "H": (0, 0),
    }  # fmt: skip
    assert results.children_of("T1") == ["V1", "V2"]


def test_subjects_of_unknown_divisions_are_told(make_lake, running):
    tables = _panel()
    tables["person"][0]["division"] = "Z9"
    results = running.evaluate(make_lake(**tables), CATALOGUE, YEAR, ["htn-std"])
    assert results.unplaced == {"hypertension": 1}
    assert results.cell(HTN, division="P") == (2, 5)


def test_why_pages_through_all_buckets(make_lake, running):
    lake = make_lake(bucket_size=2, chunk_persons=2, **_panel())
    first, total = running.why(lake, CATALOGUE, HTN, YEAR, limit=2)
    rest, _ = running.why(lake, CATALOGUE, HTN, YEAR, limit=2, offset=2)
    assert total == 3
    assert sorted(row.person for row in first + rest) == [1, 3, 5]
    assert [row.person for row in running.why(lake, CATALOGUE, HTN, YEAR, division="T2")[0]] == [5]
    assert [row.person for row in running.why(lake, CATALOGUE, HTN, YEAR, institution="I1")[0]] == [3]
    assert running.why(lake, CATALOGUE, HTN, YEAR, division="nowhere") == ([], 0)


def test_where_less_is_better_those_counted_are_listed(make_lake, running):
    child = {"person": 1, "birth_date": date(2024, 1, 1)}
    blood = [{"person": 1, "code": "718-7", "day": date(2025, 5, 1), "value": 100.0}]
    rows, total = running.why(
        make_lake(person=[child], observation=blood), CATALOGUE, CATALOGUE.indicator("under5-anaemia"), YEAR
    )
    assert total == 1
    assert rows[0].columns["haemoglobin"] == 100


def test_as_known_then(make_lake, running):
    """A visit that came late and one that was withdrawn: the bulletin of the day can be made again."""
    tables = _panel()
    late = datetime(2026, 1, 20)  # noqa: DTZ001 (Chinese time, as the lake has it)
    for visit in tables["visit"]:
        if visit["person"] == 0:
            visit["known_from"] = late
        if visit["person"] == 2 and visit["service"] == "checkup":
            visit["known_to"] = late
    lake = make_lake(**tables)

    def on(instant):
        return running.evaluate(lake, CATALOGUE, YEAR, ["htn-std"], known_at=instant).cell(HTN, division="P")

    assert on(datetime(2026, 1, 19, 23, tzinfo=CHINA)) == (2, 6)  # 2 and 4
    assert on(datetime(2026, 1, 19, 16, tzinfo=UTC)) == (2, 6)  # midnight in China: 0 and 4
    assert on(None) == (2, 6)
    rows, _ = running.why(lake, CATALOGUE, HTN, YEAR, known_at=datetime(2026, 1, 19, tzinfo=CHINA))
    assert sorted(row.person for row in rows) == [0, 1, 3, 5]
    rows, _ = running.why(lake, CATALOGUE, HTN, YEAR)
    assert sorted(row.person for row in rows) == [1, 2, 3, 5]


def test_several_periods_in_one_walk_equal_each_alone(make_lake, running):
    lake = make_lake(bucket_size=2, chunk_persons=2, **_panel())
    periods = [YEAR, Period(date(2025, 1, 1), date(2025, 6, 30)), Period.maternal_child_year(2025)]
    together = running.evaluate_many(lake, CATALOGUE, [Request(p) for p in periods])
    for period, results in zip(periods, together, strict=True):
        assert results.cells == running.evaluate(lake, CATALOGUE, period).cells


def test_a_lake_without_records_has_no_values(make_lake, running):
    results = running.evaluate(make_lake(), CATALOGUE, YEAR)
    assert results.cell(HTN, division="P") == (0, 0)
    assert results.cell(CATALOGUE.indicator("tcm-hall"), division="P") == (0, 2)


def test_wrong_folders_and_names(tmp_path):
    with pytest.raises(UnreadableFile, match=r"no lake here.*--lake"):
        LakeDirectory.open(tmp_path)
    (tmp_path / "lake.json").write_text("{", "utf-8")
    with pytest.raises(InvalidValue, match="not the manifest"):
        LakeDirectory.open(tmp_path)
    with pytest.raises(NotFound, match="no engine 'duckbd'"):
        engine("duckbd")


@pytest.fixture
def store(make_lake, running, tmp_path):
    lake = make_lake(bucket_size=2, chunk_persons=2, **_panel())
    kept = ResultStore(tmp_path / "results")

    def publish(made_at: datetime):
        target = kept.begin(made_at)
        request = Request(YEAR, None, target / "rows" / YEAR.label)
        results = running.evaluate_many(lake, CATALOGUE, [request])
        about = running.about(lake, CATALOGUE, YEAR.end)
        keep_about(target, about)
        kept.publish(
            target, [keep_values(target, YEAR, results[0], True)], made_at=made_at, data_until=lake.data_until,
            lake_built_at=lake.manifest.built_at, reach=about.reach, missing=about.missing,
        )  # fmt: skip
        return results[0]

    return kept, publish


def test_kept_results_answer_like_the_engine(store, running):
    kept, publish = store
    with pytest.raises(UnreadableFile, match="nothing has been evaluated"):
        kept.reading(CATALOGUE)
    results = publish(datetime(2026, 1, 1, tzinfo=CHINA))
    reading = kept.reading(CATALOGUE)
    stored = reading.period(YEAR, "htn-std")
    for division in ("P", "T1", "V3"):
        assert reading.cell(stored, HTN, division=division) == results.cell(HTN, division=division)
    assert reading.cell(stored, HTN, institution="I1") == (1, 2)
    assert reading.cells(stored, HTN, ["I2", "H"], institution=True) == {"I2": (2, 4), "H": (0, 0)}
    assert reading.children("T1") == ["V1", "V2"]
    assert reading.institutions("T1") == ["I1", "I1a"]
    rows, total = reading.page(stored, HTN, division="T2")
    assert ([row.person for row in rows], total) == ([5], 1)
    told = {i.id: (counted, row.reason) for i, counted, row in reading.of_person(5, 2, stored)}
    assert told["htn-std"] == (False, 0)
    assert told["contract-rate"] == (False, 0)
    assert reading.reach("hypertension") == date(2025, 10, 3)
    assert reading.reach("vaccination") is None
    assert reading.period(Period.calendar_year(2024), "htn-std") is None


def test_a_warm_reading_asks_no_file_for_a_board(store):
    kept, publish = store
    results = publish(datetime(2026, 1, 1, tzinfo=CHINA))
    reading = kept.reading(CATALOGUE)
    reading.warm()
    for file in (reading.folder / "values").iterdir():
        file.unlink()
    stored = reading.period(YEAR, "htn-std")
    assert reading.cell(stored, HTN, division="T1") == results.cell(HTN, division="T1")


def test_a_new_evaluation_is_seen_at_once_and_old_folders_go(store):
    kept, publish = store
    for day in (1, 2, 3):
        publish(datetime(2026, 1, day, tzinfo=CHINA))
        assert kept.reading(CATALOGUE).manifest["made_at"].startswith(f"2026-01-0{day}")
    assert len([f for f in kept.folder.iterdir() if f.is_dir()]) == 2


def test_milestones_that_name_nobody_belong_to_the_call_of_somebody(make_lake, running):
    """The call centre knows who calls, the crew does not say: the milestones lie with nobody, the call with its person."""
    called = datetime(2025, 5, 1, 8)  # noqa: DTZ001 (Chinese time, as the lake has it)
    calls = [{"id": f"c{n}", "person": n, "service": "ambulance-call", "day": called.date(), "started_at": called}
             for n in (0, 9, None)]  # fmt: skip
    stones = [{"person": None, "visit": f"c{n}", "code": "answered", "at": called} for n in (0, 9, None)]
    lake = make_lake(bucket_size=2, chunk_persons=2, visit=calls, milestone=stones)
    results = running.evaluate(lake, CATALOGUE, YEAR, ["ems-answer-10s"])
    assert results.cell(CATALOGUE.indicator("ems-answer-10s"), division="P") == (3, 3)
