"""Looking for signs that contracts were made at the desk. A sign is a statistic with a list, for a human to judge."""

# ruff: noqa: S608 (SQL is what this module makes, from numbers of the catalogue and names of its own)
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.engines.rendered import literal, quoted
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.platform.moving import advance
from luoshi.platform.regions.models import Institution
from luoshi.services.contracts import catalogue, rules
from luoshi.services.contracts.lake import OURS, Reading
from luoshi.services.contracts.models import Contract, Sign

MOST_LISTED = 500
WORKING_DAYS = 250  # of a year: the rush of one day is measured against contracts spread evenly over them


@dataclass(frozen=True)
class Found:
    """One sign: `observed` against what is `expected` by chance; `persons` in order."""

    kind: str
    institution: str
    unit: str
    observed: int
    persons: tuple[int, ...]
    expected: float | None = None
    p_value: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def look(*, by: User | str, lake: Path | None = None) -> dict[str, int]:
    """Look through all contracts of the last year and keep what is found: a sign known already is brought up to date
    while nobody has judged it, and left alone afterwards. Gives the number of each kind."""
    today = clock.today()
    found = find(lake or default_lake(), today)
    with transaction.atomic():
        known = {(s.kind, s.institution, s.unit): s for s in Sign.objects.all()}
        for one in found:
            row = known.pop((one.kind, one.institution, one.unit), None)
            if row is not None and row.state != rules.OPEN:
                continue
            values = {
                "observed": one.observed, "expected": one.expected, "p_value": one.p_value, "detail": one.detail,
                "persons": list(one.persons[:MOST_LISTED]),
            }  # fmt: skip
            if row is None:
                Sign.objects.create(kind=one.kind, institution=one.institution, unit=one.unit, found=today, **values)
            else:
                Sign.objects.filter(pk=row.pk).update(**values)
        # What is no longer there and was never judged is forgotten.
        Sign.objects.filter(pk__in=[s.pk for s in known.values() if s.state == rules.OPEN]).delete()
        counted = {kind: sum(one.kind == kind for one in found) for kind in catalogue.KINDS}
        audit.record(by=by, action="contract.look", object_type="contract-sign", object_id="all", detail=counted)
    return counted


def find(lake: Path, on: date) -> list[Found]:
    """Every sign as of a day, by kind. Raises `UnreadableFile` where there is no lake."""
    year = on - timedelta(days=365)
    own = list(Contract.objects.filter(signed_day__gt=year, signed_day__lte=on).order_by("signed_at", "pk"))
    with Reading(lake, on=on) as reading:
        reading.open("contract", "visit")
        _all(reading)
        others = reading.sql(
            f"""SELECT c.institution, c.person, c.signed_day FROM every c
            WHERE c.source <> {quoted(OURS)} AND c.signed_day > {literal(year)} AND c.signed_day <= {literal(on)}"""
        )
        signed = [*others, *((c.institution, c.person, c.signed_day) for c in own)]
        return [
            *_bursts(own),
            *_days(signed),
            *_nights(own),
            *_phones(reading),
            *_gone(reading),
            *_unserved(reading, on),
        ]


def _all(reading: Reading) -> None:
    """All contracts as one table `every`: those of other sources as the lake has them, those made here as they stand."""
    import pyarrow as pa

    rows = list(
        Contract.objects.exclude(end_reason="void").values_list(
            "person", "institution", "start", "end", "ended", "signed_day"
        )
    )
    columns: list[list[Any]] = [list(c) for c in zip(*rows, strict=True)] or [[] for _ in range(6)]
    kinds = (pa.int64(), pa.string(), pa.date32(), pa.date32(), pa.date32(), pa.date32())
    names = ["person", "institution", "start_day", "agreed", "ended", "signed_day"]
    table = pa.table([pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], names=names)
    reading.con.register("own_contracts", table)
    reading.con.execute(
        f"""CREATE TEMP TABLE every AS
        SELECT person, institution, start_day, end_day, coalesce(signed_day, start_day) AS signed_day, source
        FROM contract WHERE source <> {quoted(OURS)} AND status IN ('active', 'completed') AND person IS NOT NULL
        UNION ALL
        SELECT person, institution, start_day, coalesce(ended, agreed), signed_day, {quoted(OURS)} FROM own_contracts"""
    )
    reading.con.unregister("own_contracts")


def _bursts(own: Sequence[Contract]) -> Iterable[Found]:
    """Households that one clerk signed within minutes: the fullest stretch of each day."""
    rule = catalogue.signs().burst
    by: dict[tuple[str, str, date], list[Contract]] = {}
    for contract in own:
        if contract.signed_at is not None:
            by.setdefault((contract.institution, contract.signed_by, contract.signed_day), []).append(contract)
    for (institution, clerk, day), rows in by.items():
        best: list[Contract] = []
        first = 0
        for last in range(len(rows)):
            while rows[last].signed_at - rows[first].signed_at > timedelta(minutes=rule.minutes):  # type: ignore[operator]
                first += 1
            stretch = rows[first : last + 1]
            if len({c.act for c in stretch}) > len({c.act for c in best}):
                best = stretch
        acts = len({c.act for c in best})
        if acts >= rule.at_least:
            yield Found("burst", institution, f"{day} {clerk}"[:60], acts, tuple(c.person for c in best),
                        detail={"minutes": rule.minutes, "clerk": clerk, "day": f"{day}"})  # fmt: skip


def _days(signed: Sequence[tuple[str, int, date]]) -> Iterable[Found]:
    """Days on which an institution signed far more than its year spread evenly over working days would give."""
    from scipy import stats

    rule = catalogue.signs().day
    by: dict[tuple[str, date], list[int]] = {}
    for institution, person, day in signed:
        by.setdefault((institution, day), []).append(person)
    totals: dict[str, int] = {}
    for (institution, _day), persons in by.items():
        totals[institution] = totals.get(institution, 0) + len(persons)
    made = []
    for (institution, day), persons in by.items():
        if len(persons) >= rule.at_least:
            expected = totals[institution] / WORKING_DAYS
            p = float(stats.poisson.sf(len(persons) - 1, expected))
            made.append(Found("day", institution, f"{day}", len(persons), tuple(sorted(persons)), expected, p))
    yield from _holm(made, len(by), rule.p)


def _nights(own: Sequence[Contract]) -> Iterable[Found]:
    rule = catalogue.signs().night
    by: dict[str, list[Contract]] = {}
    for contract in own:
        if contract.signed_at is not None:
            hour = contract.signed_at.astimezone(clock.CHINA).hour
            if hour >= rule.from_hour or hour < rule.to_hour:
                by.setdefault(contract.institution, []).append(contract)
    for institution, rows in by.items():
        if len(rows) >= rule.at_least:
            yield Found("night", institution, "year", len(rows), tuple(c.person for c in rows),
                        detail={"from": rule.from_hour, "to": rule.to_hour})  # fmt: skip


def _phones(reading: Reading) -> Iterable[Found]:
    rule = catalogue.signs().phone
    rows = reading.sql(
        f"""SELECT e.institution, r.phone, list(DISTINCT e.person ORDER BY e.person) AS persons
        FROM every e JOIN resident r USING (person)
        WHERE r.phone IS NOT NULL AND e.start_day <= {literal(reading.on)}
          AND (e.end_day IS NULL OR e.end_day >= {literal(reading.on)})
        GROUP BY ALL HAVING count(DISTINCT e.person) >= {rule.at_least} ORDER BY ALL"""
    )
    for institution, phone, persons in rows:
        yield Found("phone", institution, f"{phone}", len(persons), tuple(persons))


def _gone(reading: Reading) -> Iterable[Found]:
    """Signed after the day of death, or after the records had begun to say that somebody is gone who was here before."""
    rule = catalogue.signs().gone
    reading.versions("person", "every_version")
    rows = reading.sql(
        """SELECT e.institution, list(DISTINCT e.person ORDER BY e.person) AS persons
        FROM every e JOIN (
            SELECT person, min(death_date) AS death,
                   CASE WHEN min(known_from) FILTER (WHERE active IS NOT FALSE) < min(known_from) FILTER (WHERE active IS FALSE)
                       THEN CAST(min(known_from) FILTER (WHERE active IS FALSE) AS DATE) END AS left_on
            FROM every_version GROUP BY person) p USING (person)
        WHERE e.signed_day > p.death OR e.signed_day > p.left_on GROUP BY ALL ORDER BY ALL"""
    )
    for institution, persons in rows:
        if len(persons) >= rule.at_least:
            yield Found("gone", institution, "year", len(persons), tuple(persons))


def _unserved(reading: Reading, on: date) -> Iterable[Found]:
    """Institutions of whose contracts, in force for months, far more than in the region had no visit of any kind."""
    from scipy import stats

    rule = catalogue.signs().unserved
    rows = reading.sql(
        f"""WITH held AS (
            SELECT e.institution, e.person, min(e.start_day) AS start_day FROM every e JOIN resident USING (person)
            WHERE e.start_day <= {literal(on - timedelta(days=rule.days))}
              AND (e.end_day IS NULL OR e.end_day >= {literal(on)}) GROUP BY ALL),
        seen AS (
            SELECT person, max(day) AS day FROM visit
            WHERE status IN ('finished', 'in-progress') AND day <= {literal(on)} AND person IS NOT NULL GROUP BY person)
        SELECT held.institution, count(*),
               list(held.person ORDER BY held.person) FILTER (WHERE seen.day IS NULL OR seen.day < held.start_day)
        FROM held LEFT JOIN seen USING (person) GROUP BY held.institution ORDER BY ALL"""
    )
    everybody = sum(row[1] for row in rows)
    never = sum(len(row[2] or ()) for row in rows)
    if not everybody:
        return
    share = never / everybody
    made = [
        Found("unserved", institution, "year", len(persons or ()), tuple(persons or ()), count * share,
              float(stats.binom.sf(len(persons or ()) - 1, count, share)), {"of": count, "days": rule.days})
        for institution, count, persons in rows
    ]  # fmt: skip
    yield from _holm([one for one in made if one.observed >= rule.at_least], len(made), rule.p)


def _holm(found: list[Found], tests: int, level: float) -> Iterable[Found]:
    """Those whose p-value holds after Holm's correction over all `tests` made."""
    for n, one in enumerate(sorted(found, key=lambda f: f.p_value or 0.0)):
        if (one.p_value or 0.0) * (tests - n) > level:
            return
        yield one


def signs(*, scope: Scope, state: str = "", kind: str = "") -> QuerySet[Sign]:
    """Signs about institutions inside the scope, those to be judged first."""
    inside = Institution.objects.filter(scope.path_filter("division__path")).values("code")
    rows = Sign.objects.all()
    if not scope.everywhere:
        rows = rows.filter(Q(institution__in=inside) | Q(institution__in=scope.institution_codes))
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    return rows.order_by("-state", "kind", "-observed", "pk")


def sign_or_404(number: int, *, scope: Scope) -> Sign:
    """One of `signs`. Raises `Http404`."""
    found = signs(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def judge(*, number: int, move: str, reason: str, by: User, scope: Scope) -> Sign:
    """Say that a sign is cleared or confirmed, and why. Raises `InvalidValue` for a reason too short, `Refused` when
    somebody else was quicker."""
    scope.require("contract.review")
    row = sign_or_404(number, scope=scope)
    if len(reason.strip()) < 4:
        raise InvalidValue(_("请写明判断的依据（至少4个字）。"))
    with transaction.atomic():
        advance(
            row, rules.SIGN, move, by=by, permissions=scope.permissions, given={"reason": reason.strip()},
            judged_by=by.get_username(), judged_at=clock.now(), reason=reason.strip()[:500],
        )  # fmt: skip
    return row
