"""Sheets in every shape: the same numbers, and nothing small."""

from __future__ import annotations

import csv
import io
from datetime import date
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.indicators import Catalogue
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period
from luoshi.platform.lake.results import Value
from luoshi.platform.lake.withholding import fit_to_leave
from luoshi.records.validate import Validator
from luoshi.services.indicator_desk.exchange import dhis2, files, measures
from luoshi.services.indicator_desk.queries import Sheet

YEAR = Period.calendar_year(2024)
HTN = Catalogue.load().indicator("htn-std")


def value(code: str, n: int, d: int) -> Value:
    return Value(
        "htn-std", YEAR, code, None, n, d, 100 * n / d if d else None, "" if d else "empty-denominator", (), None
    )


def sheet(counts: list[tuple[int, int]], *, exact: bool = False, period: Period = YEAR) -> Sheet:
    below = [value(f"99010{k}", n, d) for k, (n, d) in enumerate(counts, start=1)]
    here = value("9901", sum(n for n, _ in counts), sum(d for _, d in counts))
    cells = fit_to_leave(HTN, here, below, exact=exact)
    names = {"9901": "云岭市"} | {cell.code: f"县{k}" for k, cell in enumerate(cells)}
    return Sheet(HTN, period, period, "9901", "child", cells[0], cells[1:], names, date(2024, 12, 31))


PLAIN = [(60, 100), (40, 80), (70, 90)]
SMALL = [(3, 100), (40, 80), (70, 90), (6, 20)]


def test_csv_and_parquet_hold_the_same_rows():
    made = sheet(PLAIN)
    told = list(csv.DictReader(io.StringIO(files.as_csv(made).decode("utf-8-sig"))))
    table = pq.read_table(io.BytesIO(files.as_parquet(made))).to_pylist()
    assert [row["place"] for row in told] == [row["place"] for row in table] == ["9901", "990101", "990102", "990103"]
    assert [float(row["numerator"]) for row in told] == [row["numerator"] for row in table] == [170, 60, 40, 70]
    assert told[0]["period"] == "2024"
    assert told[0]["end"] == "2024-12-31"


def test_dhis2_and_adx_say_the_same():
    made = sheet(PLAIN)
    body = dhis2.data_value_set(made)
    assert {v["period"] for v in body["dataValues"]} == {"2024"}
    assert {"dataElement": "htn-std.numerator", "period": "2024", "orgUnit": "990101", "value": "60"} in body[
        "dataValues"
    ]
    root = ET.fromstring(dhis2.adx(made))
    space = {"a": dhis2.ADX}
    assert root.tag == f"{{{dhis2.ADX}}}adx"
    assert [g.get("period") for g in root.findall("a:group", space)] == ["2024-01-01/P1Y"] * 4
    told = {
        (v.get("dataElement"), g.get("orgUnit"), v.get("value"))
        for g in root.findall("a:group", space)
        for v in g.findall("a:dataValue", space)
    }
    assert told == {(v["dataElement"], v["orgUnit"], v["value"]) for v in body["dataValues"]}


@pytest.mark.parametrize(
    ("period", "name"),
    [
        (Period.calendar_year(2025), "2025"),
        (Period.maternal_child_year(2025), "2024Oct"),
        (Period.quarter(2025, 3), "2025Q3"),
        (Period.month(2025, 7), "202507"),
        (Period.day(date(2025, 7, 9)), "20250709"),
    ],
)
def test_names_of_periods(period, name):
    assert dhis2.period_name(period) == name


def test_a_running_year_is_sent_as_that_year_and_a_free_range_is_refused():
    running = Period(date(2025, 1, 1), date(2025, 10, 31))
    assert dhis2.data_value_set(sheet(PLAIN, period=running))["dataValues"][0]["period"] == "2025"
    with pytest.raises(InvalidValue, match="no name for the period"):
        dhis2.data_value_set(sheet(PLAIN, period=Period(date(2025, 2, 3), date(2025, 4, 5))))


def test_measures_and_reports_are_valid_fhir():
    check = Validator().check
    for indicator in Catalogue.load().indicators.values():
        issues = [i for i in check(measures.measure(indicator)) if i.severity == "error"]
        assert not issues, (indicator.id, issues)
    bundle = measures.reports(sheet(SMALL))
    assert [i for i in check(bundle) if i.severity == "error"] == []
    first = bundle["entry"][0]["resource"]
    assert first["group"][0]["measureScore"]["unit"] == "%"
    told = [(HTN, False, "本年面对面随访 2 次，应 4 次"), (HTN, True, "")]
    gaps = measures.gaps("Patient/p1", told, YEAR, ["open-gap"])
    assert [i for i in check(gaps) if i.severity == "error"] == []
    assert [e["resource"]["resourceType"] for e in gaps["entry"]] == ["Composition", "DetectedIssue"]
    assert "2 次" in gaps["entry"][1]["resource"]["detail"]


def test_a_small_number_is_in_no_format():
    made = sheet(SMALL)
    gone = {cell.code for cell in made.all_cells if cell.withheld}
    assert "990101" in gone
    assert len(gone) >= 2  # another protects it
    for text in (files.as_csv(made).decode("utf-8-sig"), str(dhis2.data_value_set(made)), dhis2.adx(made).decode()):
        for line in text.replace("}, {", "}\n{").splitlines():
            if "990101" in line and "orgUnit" not in line:
                assert "withheld" in line
    assert not gone & {v["orgUnit"] for v in dhis2.data_value_set(made)["dataValues"]}
    for entry in measures.reports(made)["entry"]:
        if entry["resource"]["reporter"]["identifier"]["value"] in gone:
            group = entry["resource"]["group"][0]
            assert group["measureScore"]["extension"][0]["valueCode"] == "masked"
            assert all("count" not in population for population in group["population"])


def test_who_may_see_the_people_sees_the_numbers():
    assert sheet(SMALL, exact=True).withheld == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6))
def test_what_is_shown_never_gives_a_small_number_away(pairs):
    counts = [(min(n, d), d) for n, d in pairs]
    made = sheet(counts)
    least = HTN.suppress_below or 0
    for pick in (0, 1):
        real = [sum(c[pick] for c in counts), *(c[pick] for c in counts)]
        shown = [None if cell.withheld else (cell.numerator, cell.denominator)[pick] for cell in made.all_cells]
        assert all(number is None or not 0 < number < least for number in shown)
        if shown[0] is not None:
            left = shown[0] - sum(number or 0 for number in shown[1:])
            hidden = [real[k] for k in range(1, len(real)) if shown[k] is None]
            if any(0 < number < least for number in hidden):
                assert len(hidden) > 1
                assert left >= least
