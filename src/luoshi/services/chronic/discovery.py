"""Who may be ill and is not managed: set-based over the lake, each with the evidence that speaks for it. A finding is never
a diagnosis; somebody confirms it."""

# ruff: noqa: S608 (SQL is what this module makes, from declared names and quoted values)
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from luoshi.engines.rendered import literal, quoted
from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.services.chronic import panel, rules
from luoshi.services.chronic.models import Enrolment


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a disease: a value (`code`, `value`) or a diagnosis (`code` alone), with its day."""

    code: str
    day: date
    value: float | None = None

    def plain(self) -> dict[str, object]:
        """For the row that keeps it."""
        return {"code": self.code, "day": self.day.isoformat(), "value": self.value}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resident whose records speak for a disease that nobody manages. `kind`: of `discovery.yaml`; `days`: on how many
    days; `evidence`: the latest first, at most six."""

    person: int
    division: str
    institution: str
    programme: str
    kind: str
    days: int
    evidence: tuple[Evidence, ...]


def candidates(
    scope: Scope,
    *,
    division: str = "",
    institution: str = "",
    programme: str = "",
    kind: str = "",
    on: date | None = None,
    lake: Path | None = None,
) -> list[Candidate]:
    """All candidates of a place, the most certain first. Whoever was dismissed within a year, or is under way, is left
    out. Raises `Http404` outside the scope."""
    today = on or clock.today()
    condition = panel.place_condition(scope, division=division, institution=institution)
    declared = rules.discovery()
    source = panel.Lake(lake)
    try:
        born = today.replace(year=today.year - declared.age, day=min(today.day, 28))
        source.people(f"({condition}) AND birth_date <= {literal(born)}", today)
        _known(source, today)
        found = [*_diagnosed(source), *_raised(source, today), *_first_visit(source, today)]
    finally:
        source.close()
    order = {name: finding.order for name, finding in declared.findings.items()}
    best: dict[tuple[int, str], Candidate] = {}
    for one in sorted(found, key=lambda c: (order[c.kind], c.person)):
        best.setdefault((one.person, one.programme), one)
    return [
        one for one in best.values() if (not programme or one.programme == programme) and (not kind or one.kind == kind)
    ]


def _known(source: panel.Lake, today: date) -> None:
    """The table `known`: people and diseases that need no finding: managed, under way, or dismissed within a year."""
    names = ", ".join(quoted(name) for name in rules.diseases().diseases)
    source.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE known AS SELECT DISTINCT e.person, e.program AS programme
        FROM {source.table("episode")} e JOIN people USING (person) WHERE e.program IN ({names})
        AND e.status NOT IN ('entered-in-error', 'cancelled') AND (e.end_day IS NULL OR e.end_day > {literal(today)})"""
    )
    first, last = source.rows("SELECT min(person), max(person) FROM people")[0]
    if first is None:
        return
    rows = Enrolment.objects.filter(person__range=(first, last)).exclude(state="ended")
    decided = [
        (row.person, row.programme)
        for row in rows
        if row.state != "dismissed" or row.at.date() > today - timedelta(days=365)
    ]
    if decided:
        values = ", ".join(f"({int(person)}, {quoted(name)})" for person, name in decided)
        source.con.execute(f"INSERT INTO known VALUES {values}")


def _diagnosed(source: panel.Lake) -> list[Candidate]:
    """A diagnosis in the records and nobody manages it."""
    kinds = [
        f"WHEN left(code, 3) IN ({', '.join(quoted(code) for code in disease.conditions)}) THEN {quoted(name)}"
        for name, disease in rules.diseases().diseases.items()
    ]
    rows = source.rows(
        f"""WITH told AS (
          SELECT c.person, p.division, p.institution, c.code, c.day, CASE {" ".join(kinds)} END AS programme
          FROM {source.table("condition")} c JOIN people p USING (person)
          WHERE coalesce(c.clinical_status, 'active') NOT IN ('entered-in-error'))
        SELECT person, any_value(division), any_value(institution), programme, count(DISTINCT day),
               list({{'code': code, 'day': day}} ORDER BY day DESC)[1:6]
        FROM told ANTI JOIN known USING (person, programme) WHERE programme IS NOT NULL GROUP BY person, programme"""
    )
    return [
        Candidate(
            r[0], r[1] or "", r[2] or "", r[3], "diagnosed", r[4], tuple(Evidence(e["code"], e["day"]) for e in r[5])
        )
        for r in rows
    ]


def _raised(source: panel.Lake, today: date) -> list[Candidate]:
    """Values raised on several days, raised once, or high enough to be looked at again."""
    declared = rules.discovery()
    made: list[Candidate] = []
    for programme, rule in declared.raised.items():
        risk = declared.high_risk.get(programme)
        least = dict(zip(rule.codes, rule.least, strict=True))
        lower = dict(zip(risk.codes, risk.least, strict=True)) if risk else least
        start = today - timedelta(days=max(rule.days, risk.days if risk else 0))
        bounds = " ".join(f"WHEN {quoted(code)} THEN {value!r}" for code, value in least.items())
        lowers = " ".join(f"WHEN {quoted(code)} THEN {lower[code]!r}" for code in least)
        rows = source.rows(
            f"""WITH told AS (
              SELECT o.person, p.division, p.institution, o.code, o.day, o.value,
                     o.value >= CASE o.code {bounds} END AND o.day >= {literal(today - timedelta(days=rule.days))} AS raised
              FROM {source.table("observation")} o JOIN people p USING (person)
              WHERE o.code IN ({", ".join(quoted(c) for c in least)}) AND o.day BETWEEN {literal(start)} AND {literal(today)}
              AND o.value >= CASE o.code {lowers} END
              AND NOT EXISTS (FROM known k WHERE k.person = o.person AND k.programme = {quoted(programme)}))
            SELECT person, any_value(division), any_value(institution), count(DISTINCT day) FILTER (WHERE raised),
                   list({{'code': code, 'day': day, 'value': value}} ORDER BY raised DESC, day DESC, code DESC)[1:6], max(day)
            FROM told GROUP BY person"""
        )
        for person, division, institution, days, evidence, last in rows:
            if days >= rule.times:
                kind = "raised"
            elif days:
                kind = "once"
            elif risk is not None and last <= today - timedelta(days=risk.again):
                kind = "high-risk"
            else:
                continue
            told = tuple(Evidence(e["code"], e["day"], e["value"]) for e in evidence)
            made.append(Candidate(person, division or "", institution or "", programme, kind, days, told))
    return made


def _first_visit(source: panel.Lake, today: date) -> list[Candidate]:
    """Seen this year and no blood pressure written down."""
    rule, begin = rules.discovery().first_visit, date(today.year, 1, 1)
    rows = source.rows(
        f"""SELECT v.person, any_value(p.division), any_value(p.institution), count(DISTINCT v.day),
                   list({{'code': v.service, 'day': v.day}} ORDER BY v.day DESC)[1:6]
        FROM {source.table("visit")} v JOIN people p USING (person)
        WHERE v.service IN ({", ".join(quoted(s) for s in rule.services)}) AND v.day BETWEEN {literal(begin)} AND {literal(today)}
        AND NOT EXISTS (FROM known k WHERE k.person = v.person AND k.programme = {quoted(rule.for_)})
        AND v.person NOT IN (SELECT o.person FROM {source.table("observation")} o
          WHERE o.code = {quoted(rule.measured)} AND o.day BETWEEN {literal(begin)} AND {literal(today)} AND o.person IS NOT NULL)
        GROUP BY v.person"""
    )
    return [
        Candidate(
            r[0],
            r[1] or "",
            r[2] or "",
            rule.for_,
            "first-visit",
            r[3],
            tuple(Evidence(e["code"], e["day"]) for e in r[4]),
        )
        for r in rows
    ]
