"""True answers from the other registers: units, events, titles of every kind, quarterly returns, sample surveys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from luoshi.simulate.chance import as_date
from luoshi.simulate.truth.tally import Tally, years_before

Row = dict[str, Any]
HOSPITALS = ("general-hospital", "tcm-hospital", "mch-hospital", "specialist-hospital")
PRIMARY = ("township-centre", "community-centre", "village-room", "community-station")


def count(tally: Tally) -> None:
    """Every indicator over units, events, titles, returns and surveys."""
    _units(tally)
    _events(tally)
    _awards(tally)
    _returns(tally)
    _surveys(tally)


def _iso(day: int) -> str:
    return as_date(day).isoformat()


def _put(
    tally: Tally, name: str, period: str, rows: Sequence[Row], above: Callable[[Row], float],
    below: Callable[[Row], float] | None,
) -> None:  # fmt: skip
    """One indicator over rows that name a division."""
    at = np.array([tally.place_of[row["division"]] for row in rows], np.int64)
    over = np.array([float(above(row)) for row in rows])
    under = None if below is None else np.array([float(below(row)) for row in rows])
    tally.put(name, period, at, over, under)


def _units(tally: Tally) -> None:
    from luoshi.simulate.truth.places import population

    start, end = (_iso(day) for day in tally.ranges["CY"])
    rows = [
        row for row in tally.region.registers.unit
        if row["valid_from"] <= end and (not row["valid_to"] or row["valid_to"] > end)
    ]  # fmt: skip

    def of(*kinds: str) -> list[Row]:
        return [row for row in rows if row["kind"] in kinds]

    def holds(row: Row, award: str) -> bool:
        return bool(row["award"] == award and row["awarded"] <= end)

    def filed(row: Row) -> bool:
        return bool(row["filed"] and row["filed"] <= end)

    def one(row: Row) -> float:
        return 1.0

    def places(row: Row) -> float:
        return float(row["places"] or 0)

    nurseries = of("childcare", "kindergarten-class")
    at = np.array([tally.place_of[row["division"]] for row in nurseries], np.int64)
    held = np.array([places(row) for row in nurseries])
    tally.put("childcare-per-1000", "PT", at, held, None, population=population(tally))
    _put(tally, "childcare-affordable", "PT", nurseries, lambda r: places(r) * (r["affordable"] == "true"), places)
    own = of("childcare")
    _put(tally, "childcare-public", "PT", own, lambda r: places(r) * (r["public"] == "true"), places)
    _put(tally, "childcare-use", "PT", nurseries, lambda r: float(r["enrolled"] or 0), places)
    _put(tally, "childcare-filed", "PT", own, filed, one)
    _put(tally, "childcare-demo", "PT", [r for r in own if holds(r, "demonstration")], one, None)
    for kind in ("school", "agency", "enterprise"):
        _put(tally, f"healthy-{kind}", "PT", of(kind), lambda r, k=kind: holds(r, f"healthy-{k}"), one)  # type: ignore[misc]
    for name, kind, award, period in (
        ("healthy-canteen", "canteen", "nutrition-healthy", "CY"), ("nursing-room", "nursing-room", "five-star", "PT"),
        ("day-care", "day-care", "demonstration", "PT"), ("elder-home", "elder-home", "renovated", "CY"),
    ):  # fmt: skip
        chosen = [r for r in of(kind) if holds(r, award) and (period == "PT" or start <= r["awarded"] <= end)]
        _put(tally, name, period, chosen, one, None)
    _put(tally, "fitness-sites", "CY", [r for r in of("fitness-site") if start <= r["valid_from"] <= end], one, None)
    exposed = [r for r in of("enterprise") if (r["enrolled"] or 0) > 0]
    _put(tally, "occ-declare", "PT", exposed, filed, one)


def _events(tally: Tally) -> None:
    low, high = tally.ranges["CY"]
    start, end = _iso(low), _iso(high)
    rows = [row for row in tally.region.registers.event if start <= row["day"] <= end]

    def wait(row: Row) -> float:
        if not row["done_day"] or row["done_day"] > end:
            return float("inf")
        return float((np.datetime64(row["done_day"]) - np.datetime64(row["day"])).astype(int))

    for name, kind, limit in (
        ("alert-response", "warning-signal", 1.0), ("phe-report", "health-emergency", 0.0),
        ("hs-assist-report", "supervision-finding", 1e9), ("inspect-done", "inspection", 1e9),
        ("shortage-closed", "drug-shortage", 15.0), ("fp-subsidy-timely", "fp-subsidy", 30.0),
    ):  # fmt: skip
        _put(tally, name, "CY", [r for r in rows if r["kind"] == kind], lambda r, d=limit: wait(r) <= d, lambda r: 1.0)  # type: ignore[misc]
    closed = [r for r in rows if r["kind"] == "inspection" and wait(r) < 1e9]
    _put(tally, "inspect-public", "CY", closed, lambda r: bool(r["published"]) and r["published"] <= end, lambda r: 1.0)
    problems = [r for r in closed if r["result"] in ("handled", "open")]
    _put(tally, "inspect-handled", "CY", problems, lambda r: r["result"] == "handled", lambda r: 1.0)
    _put(tally, "food-risk-batches", "CY", [r for r in rows if r["kind"] == "food-sample"], lambda r: 1.0, None)


AWARDS = {
    "specialty-count-national": "specialty-national", "specialty-count-provincial": "specialty-provincial",
    "specialty-count-city": "specialty-city", "specialty-count-county": "specialty-county",
    "specialty-count-mch": "specialty-mch", "specialty-count-tcm": "specialty-tcm",
    "discipline-count-provincial": "discipline-provincial", "discipline-count-city": "discipline-city",
    "discipline-count-district": "discipline-district", "tcm-hall-model": "tcm-hall-model",
    "tcm-hall-flagship": "tcm-hall-flagship", "tcm-studio": "tcm-studio", "subcentre": "subcentre", "picu-count": "picu",
    "neonatal-centre": "neonatal-centre", "bsl2-plus": "bsl2-plus", "epidemic-base": "epidemic-base",
    "thousand-county-hospital": "thousand-county", "mch-two-centres": "mch-two-centres",
    "hpv-vaccine-county": "hpv-vaccine-county", "fluoride-tooth-county": "fluoride-tooth",
}  # fmt: skip


def _awards(tally: Tally) -> None:
    start, end = (_iso(day) for day in tally.ranges["CY"])
    where = {i.code: i.division for i in tally.region.where.institutions}
    held = [
        row | {"division": row["division"] or where[row["institution"]]} for row in tally.region.registers.title
        if row["granted"] <= end and (not row["revoked"] or row["revoked"] > end)
    ]  # fmt: skip
    for name, title in AWARDS.items():
        _put(tally, name, "PT", [row for row in held if row["title"] == title], lambda r: 1.0, None)
    fresh = [row for row in held if row["title"] == "ncd-demo" and row["granted"] >= start]
    _put(tally, "ncd-demo", "CY", fresh, lambda r: 1.0, None)


# indicator -> period, item above, item below, who is asked (all bodies where none is said)
_RATES: dict[str, tuple[str, str, str, tuple[str, ...] | None]] = {
    "bed-use": ("CY", "bed-days-used", "bed-days-open", None), "op-cost": ("CY", "op-income", "op-visits", HOSPITALS),
    "ip-cost": ("CY", "ip-income", "discharges", None), "drug-share": ("CY", "drug-income", "medical-income", None),
    "material-share": ("CY", "material-income", "medical-income", None),
    "test-share": ("CY", "test-income", "medical-income", None), "staff-cost": ("CY", "staff-cost", "business-cost", None),
    "aud": ("CY", "ddds", "bed-days-used", None), "essential-drug-op": ("CY", "op-essential", "op-visits", None),
    "essential-drug-ip": ("CY", "ip-essential", "discharges", None), "rx-review-pass": ("CY", "rx-proper", "rx-reviewed", None),
    "appointment-rate": ("CY", "appointments", "op-visits", HOSPITALS),
    "patient-satisfaction": ("CY", "survey-points", "survey-answers", None),
    "recog-rate": ("CY", "recognised", "recognisable", None), "rw2-share": ("CY", "rw2-cases", "drg-grouped", None),
    "low-risk-mortality": ("CY", "low-risk-deaths", "low-risk-cases", None),
    "drg-grouped": ("CY", "drg-grouped", "drg-submitted", None), "list-pass": ("CY", "lists-passed", "lists-submitted", None),
    "grassroots-tcm": ("CY", "tcm-visits", "op-visits", PRIMARY), "fund-in-county": ("CY", "fund-in-county", "fund-paid", None),
    "fund-grassroots": ("CY", "fund-grassroots", "fund-in-county", None),
    "cross-province-settlement": ("CY", "stays-settled", "stays-elsewhere", None),
    "premarital-check": ("CY", "premarital-checked", "marrying", None),
}  # fmt: skip


def _returns(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    where = {i.code: i for i in tally.region.where.institutions}
    number = {i.code: n for n, i in enumerate(tally.region.where.institutions)}
    levels = {d.code: d.level for d in tally.region.where.divisions}
    now: dict[tuple[str, str], float] = defaultdict(float)
    before: dict[tuple[str, str], float] = defaultdict(float)
    last: dict[tuple[str, str], tuple[str, float]] = {}
    year_ago, year_ago_start = _iso(years_before(end, 1)), _iso(years_before(start, 1))
    for row in tally.region.registers.statistic:
        key, day = (row["institution"] or row["division"], row["item"]), row["day"]
        if _iso(start) <= day <= _iso(end):
            now[key] += row["value"]
        if year_ago_start <= day <= year_ago:
            before[key] += row["value"]
        if year_ago < day <= _iso(end):
            last[key] = max(last.get(key, ("", 0.0)), (day, row["value"]))
    bodies = sorted({key[0] for key in (*now, *before, *last)})
    offices = [code for code in bodies if code not in where]
    houses = [code for code in bodies if code in where]
    at = np.array([tally.place_of[c] for c in offices] + [tally.place_of[where[c].division] for c in houses], np.int64)
    own = np.array([number[c] for c in houses], np.int64)
    types = np.array(["office"] * len(offices) + [where[c].type for c in houses])

    def told(source: dict[tuple[str, str], float], item: str) -> Any:
        return np.array([source.get((code, item), 0.0) for code in (*offices, *houses)])

    def stock(item: str) -> Any:
        return np.array([last.get((code, item), ("", 0.0))[1] for code in (*offices, *houses)])

    def put(name: str, period: str, above: Any, below: Any, kinds: tuple[str, ...] | None) -> None:
        inside = np.ones(len(types)) if kinds is None else np.isin(types, kinds).astype(np.float64)
        over, under = above * inside, None if below is None else below * inside
        tally.put(name, period, at, over, under)
        split = len(offices)
        kept = dict(tally.indicators[name])
        tally.put(name, period, at[split:], over[split:], None if under is None else under[split:], own)
        tally.indicators[name]["divisions"] = kept["divisions"]

    for name, (period, above, below, kinds) in _RATES.items():
        put(name, period, told(now, above), told(now, below), kinds)
    income = told(now, "medical-income")
    net = income - told(now, "drug-income") - told(now, "material-income") - told(now, "test-income")
    put("service-income", "CY", net, income, HOSPITALS)
    put("cmi", "CY", told(now, "rw-thousandths"), told(now, "drg-grouped") * 1000, None)
    put("research-fund", "CY", told(now, "research-fund"), stock("health-staff") * 100, HOSPITALS)
    put("debt-ratio", "PT", stock("liabilities"), stock("assets"), None)
    put("down-referral", "CY", told(now, "referred-down"), None, None)
    put("remote-reads", "CY", told(now, "remote-reads"), None, None)
    deep = np.array([False] * len(offices) + [levels[where[c].division] >= 3 for c in houses])
    for name, above, below, chosen in (
        ("op-cost-growth", "op-income", "op-visits", np.ones(len(types))),
        ("ip-cost-growth", "ip-income", "discharges", np.ones(len(types))), ("county-ip-cost", "ip-income", "discharges", deep),
    ):  # fmt: skip
        for part, source in (("now", now), ("before", before)):
            put(f"{name}-part-{part}", "CY", told(source, above) * chosen, told(source, below) * chosen, HOSPITALS)


QUESTIONS = {
    "health-literacy": "literacy", "literacy-knowledge": "knowledge", "literacy-behaviour": "behaviour",
    "literacy-skills": "skills", "literacy-topic-safety": "safety", "literacy-topic-science": "science",
    "literacy-topic-information": "information", "literacy-topic-chronic": "chronic", "literacy-topic-care": "care",
    "literacy-topic-infectious": "infectious", "smoking-rate": "smoker", "regular-exercise": "exercise",
    "mental-literacy": "mental-literacy", "tcm-literacy": "tcm-literacy",
}  # fmt: skip


def _surveys(tally: Tally) -> None:
    """The sums behind each share, stratum by stratum; the share itself is `methods.survey.ratio` of the answers."""
    start, end = (_iso(day) for day in tally.ranges["CY"])
    clusters: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in tally.region.registers.answer:
        if start <= row["day"] <= end:
            clusters[row["question"], row["stratum"]][row["cluster"]].append(row)
    county = {v: tally.region.where.counties[c] for v, c in zip(
        tally.region.where.villages, tally.region.where.village_county, strict=True)}  # fmt: skip
    for name, question in QUESTIONS.items():
        strata = [drawn for (asked, _), drawn in sorted(clusters.items()) if asked == question]
        at = np.array([tally.place_of[county[next(iter(drawn))]] for drawn in strata], np.int64)
        sums = np.array([_stratum(drawn) for drawn in strata]).reshape(len(strata), 9)
        for part, (above, below) in {
            "total": (0, 1), "spread": (2, 3), "cross": (4, 5), "strata": (6, 7), "drawn": (8, 5),
        }.items():  # fmt: skip
            tally.put(f"{name}-part-{part}", "CY", at, sums[:, above], sums[:, below])


def _stratum(drawn: dict[str, list[Row]]) -> tuple[float, ...]:
    y = np.array([sum(r["weight"] * r["value"] for r in rows) for rows in drawn.values()], np.float64)
    x = np.array([sum(r["weight"] for r in rows) for rows in drawn.values()], np.float64)
    n, held = len(drawn), next(iter(drawn.values()))[0]["clusters"]
    if n == 1:
        return (y.sum(), x.sum(), 0, 0, 0, 1, 1, 1, sum(map(len, drawn.values())))
    factor = (1 - n / held) * n / (n - 1) * 1000

    def spread(a: Any, b: Any) -> float:
        return float(round(factor * (float((a * b).sum()) - float(a.sum()) * float(b.sum()) / n)))

    return (y.sum(), x.sum(), spread(y, y), spread(x, x), spread(x, y), 0, 1, n, sum(map(len, drawn.values())))
