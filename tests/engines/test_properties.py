"""Random rows: the engine equals a plain count in Python, and its sums add up however the lake is cut."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.conftest import DIVISIONS, write_lake

from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period

CATALOGUE = Catalogue.load()
START, END = date(2025, 1, 1), date(2025, 9, 30)
PERIOD = Period(START, END)
VILLAGES = ("V1", "V2", "V3")
ABOVE = {d["code"]: [d[f"l{n}"] for n in range(1, d["level"] + 1)] for d in DIVISIONS}
SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))

days = st.dates(date(2024, 10, 1), date(2025, 12, 31))
maybe_day = st.none() | days
people = st.lists(
    st.fixed_dictionaries(
        {
            "birth_date": st.dates(date(1940, 1, 1), date(2025, 10, 10)),
            "death_date": maybe_day,
            "active": st.sampled_from([True, True, None, False]),
            "division": st.sampled_from(VILLAGES),
            "institution": st.sampled_from(["I1", "I1a", "I2", None]),
        }
    ),
    min_size=1,
    max_size=12,
)
who = st.integers(0, 11)
visits = st.lists(
    st.fixed_dictionaries(
        {
            "person": who,
            "service": st.sampled_from(["htn-visit", "htn-visit", "checkup", "outpatient"]),
            "day": days,
            "mode": st.sampled_from(["face", "home", "phone", None]),
            "status": st.sampled_from(["finished", "finished", "in-progress", "cancelled"]),
        }
    ),
    max_size=60,
)
episodes = st.lists(
    st.fixed_dictionaries(
        {
            "person": who,
            "program": st.sampled_from(["hypertension", "diabetes"]),
            "start_day": days,
            "end_day": maybe_day,
            "status": st.sampled_from(["active", "onhold", "finished", "entered-in-error"]),
            "institution": st.sampled_from(["I1", "I1a", "I2"]),
        }
    ),
    max_size=20,
)
pressures = st.lists(
    st.fixed_dictionaries(
        {
            "person": who,
            "code": st.sampled_from(["8480-6", "8462-4"]),
            "day": days,
            "value": st.none() | st.sampled_from([80.0, 89.0, 90.0, 139.0, 140.0, 149.0, 150.0]),
        }
    ),
    max_size=40,
)
contracts = st.lists(
    st.fixed_dictionaries(
        {
            "person": who,
            "start_day": days,
            "end_day": maybe_day,
            "status": st.sampled_from(["active", "completed", "revoked"]),
        }
    ),
    max_size=20,
)


def _years_back(years: int) -> date:
    return END.replace(year=END.year - years)


def _resident(p: dict) -> bool:
    alive = p["death_date"] is None or p["death_date"] > END
    return p["active"] is not False and p["birth_date"] <= END and alive


def _latest(rows: list[dict], person: int, code: str) -> float | None:
    seen = [r for r in rows if r["person"] == person and r["code"] == code and START <= r["day"] <= END]
    known = [r for r in seen if r["value"] is not None]
    if not known:
        return None
    last = max(r["day"] for r in known)
    return max(r["value"] for r in known if r["day"] == last)


def _expected(people, visits, episodes, pressures, contracts) -> dict[str, Counter]:
    """(indicator) → counter of (place, 'n' or 'd') by a plain walk over the people."""
    counts: dict[str, Counter] = {
        name: Counter() for name in ("htn-std", "htn-control", "contract-rate", "live-record")
    }

    def add(name: str, division: str, institution: str | None, counted: bool) -> None:
        places = [*ABOVE[division], *({"I1": ["I1"], "I1a": ["I1a", "I1"], "I2": ["I2"]}.get(institution or "", []))]
        for place in places:
            counts[name][place, "d"] += 1
            counts[name][place, "n"] += counted

    for number, p in enumerate(people):
        if not _resident(p):
            continue
        valid = any(
            c["person"] == number and c["start_day"] <= END and (c["end_day"] is None or c["end_day"] >= END)
            and c["status"] != "revoked" for c in contracts
        )  # fmt: skip
        add("contract-rate", p["division"], p["institution"], valid)
        took_place = [v for v in visits if v["person"] == number and v["status"] != "cancelled" and v["day"] <= END]
        if p["record_opened"] is not None and p["record_opened"] <= END:
            seen = any(v["day"] >= END - timedelta(days=364) for v in took_place)
            add("live-record", p["division"], p["institution"], seen)
        managed = [
            e for e in episodes
            if e["person"] == number and e["program"] == "hypertension" and e["start_day"] <= END
            and (e["end_day"] is None or e["end_day"] > END) and e["status"] != "entered-in-error"
        ]  # fmt: skip
        if not managed:
            continue
        episode = min(managed, key=lambda e: (e["start_day"], e["id"]))
        under = (END - max(START, episode["start_day"])).days + 1
        in_period = [v for v in took_place if v["day"] >= START]
        faces = sum(v["service"] == "htn-visit" and v["mode"] in ("face", "home") for v in in_period)
        checks = sum(v["service"] == "checkup" for v in in_period)
        norm = faces >= min(4, under // 90) and checks >= (under >= 180)
        add("htn-std", p["division"], episode["institution"], norm)
        high, low = (_latest(pressures, number, code) for code in ("8480-6", "8462-4"))
        goal = 150 if p["birth_date"] <= _years_back(65) else 140
        at_goal = high is not None and low is not None and high < goal and low < 90
        add("htn-control", p["division"], episode["institution"], at_goal)
    return counts


@SETTINGS
@given(people, visits, episodes, pressures, contracts, st.sampled_from([(4, 4), (3, 6), (50, 1000)]))
def test_engine_equals_a_plain_count(running, people, visits, episodes, pressures, contracts, cut):
    for number, p in enumerate(people):
        p |= {"person": number, "record_opened": None if number % 4 == 3 else START}
    for number, e in enumerate(episodes):
        e["id"] = f"e{number:03}"
    known = range(len(people))
    tables = {
        "person": people,
        **{
            name: [row for row in rows if row["person"] in known]
            for name, rows in (
                ("visit", visits),
                ("episode", episodes),
                ("observation", pressures),
                ("contract", contracts),
            )
        },
    }
    expected = _expected(people, tables["visit"], tables["episode"], tables["observation"], tables["contract"])
    with TemporaryDirectory() as folder:
        lake = write_lake(Path(folder), bucket_size=cut[0], chunk_persons=cut[1], **tables)
        results = running.evaluate(lake, CATALOGUE, PERIOD, list(expected))
    for name, counts in expected.items():
        indicator = CATALOGUE.indicator(name)
        for kind, codes in (("division", ABOVE), ("institution", ("I1", "I1a", "I2", "H"))):
            for code in codes:
                got = results.cell(indicator, **{kind: code})
                assert got == (counts[code, "n"], counts[code, "d"]), (name, code)
    _adds_up(results)


def _adds_up(results) -> None:
    """What stands at a division is the sum of its villages."""
    cells = {(i, d): (n, m) for (i, d, o), (n, m) in results.cells.items() if d is not None}
    for (name, division), value in cells.items():
        below = [cells.get((name, v), (0, 0)) for v in VILLAGES if division in ABOVE[v]]
        assert value == (sum(n for n, _ in below), sum(m or 0 for _, m in below))


@settings(SETTINGS, max_examples=3)
@given(people, visits, episodes, pressures, contracts)
def test_cutting_the_lake_differently_changes_nothing(running, people, visits, episodes, pressures, contracts):
    for number, p in enumerate(people):
        p |= {"person": number, "record_opened": START}
    known = range(len(people))
    tables = {"person": people, **{n: [r for r in rows if r["person"] in known] for n, rows in
              (("visit", visits), ("episode", episodes), ("observation", pressures), ("contract", contracts))}}  # fmt: skip
    seen = []
    with TemporaryDirectory() as folder:
        for number, (bucket, chunk) in enumerate(((5, 5), (100, 100))):
            lake = write_lake(Path(folder) / str(number), bucket_size=bucket, chunk_persons=chunk, **tables)
            seen.append(running.evaluate(lake, CATALOGUE, PERIOD))
        kept = running.evaluate(lake, CATALOGUE, PERIOD, keep_rows=Path(folder) / "rows")
    assert kept.cells == seen[0].cells
    assert seen[0].cells == seen[1].cells
