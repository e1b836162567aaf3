"""Three rates kept apart: signed (签约), renewed (续约), delivered (履约), by division, institution and team; and what
institutions are paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _

from luoshi.engines import LakeDirectory
from luoshi.engines.rendered import literal, quoted
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UnreadableFile
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.platform.lake.files import default_lake
from luoshi.platform.lake.results import Value
from luoshi.platform.regions import queries as regions
from luoshi.services.contracts import catalogue, lists, queries, rules
from luoshi.services.contracts.lake import OURS, Reading
from luoshi.services.contracts.models import Contract
from luoshi.services.contracts.rules import Delivered, Settled
from luoshi.web.manifest import in_language

THREE = ("contract-rate", "contract-renew", "contract-fulfil")
BESIDE = ("contract-priority", "contract-elderly")


@dataclass(frozen=True)
class Rated:
    """A place with the values of the indicators asked for, in their order."""

    code: str
    name: str
    values: tuple[Value, ...]


def at(division: str, *, scope: Scope) -> Rated:
    """The three rates of a division inside the scope, and those of priority groups and the elderly."""
    row = regions.division_or_404(division, scope=scope)
    found = results.values((*THREE, *BESIDE), scope=scope, division=division)
    return Rated(division, row.name, tuple(found[name] for name in (*THREE, *BESIDE)))


def at_institution(institution: str, *, scope: Scope) -> Rated:
    """The same for one institution."""
    row = queries.institution_or_404(institution, scope=scope)
    return Rated(row.code, row.name, tuple(
        results.value(name, results.current_period(name), scope=scope, institution=row.code) for name in (*THREE, *BESIDE)
    ))  # fmt: skip


def below(division: str, *, scope: Scope) -> list[Rated]:
    """The three rates of each division one step below, in order of code."""
    names = {d.code: d.name for d in regions.children(division, scope=scope)}
    by: dict[str, list[Value]] = {}
    for indicator in THREE:
        for value in results.children(indicator, results.current_period(indicator), scope=scope, division=division):
            by.setdefault(value.division or "", []).append(value)
    return [Rated(code, names[code], tuple(found)) for code, found in by.items() if code in names and len(found) == 3]


def institutions(division: str, *, scope: Scope) -> list[Rated]:
    """The three rates of each institution that stands in a division and serves or signed somebody, in order of code."""
    by: dict[str, dict[str, Value]] = {}
    for indicator in THREE:
        for value in results.institutions(indicator, results.current_period(indicator), scope=scope, division=division):
            by.setdefault(value.institution or "", {})[indicator] = value
    names = regions.institution_names(by)
    missing = {i: results.current_period(i) for i in THREE}
    return [
        Rated(code, names.get(code, code), tuple(found.get(i) or _none(i, code, missing[i]) for i in THREE))
        for code, found in sorted(by.items())
    ]


def _none(indicator: str, institution: str, period: object) -> Value:
    return Value(indicator, period, None, institution, None, None, None, "empty-denominator", (), None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class TeamRate:
    """A team of an institution: contracts in force, those of this year that ran out and were renewed, and what was
    delivered of what was due. The team 0 stands for contracts nobody has given to a team."""

    number: int
    name: str
    running: int
    ran_out: int
    renewed: int
    delivered: Delivered


def teams(institution: str, *, scope: Scope, lake: Path | None = None) -> list[TeamRate]:
    """The rates of each team of an institution, contracts without a team last."""
    rows = {team.pk: team.name for team in queries.teams(institution, scope=scope)}
    found = lists.lines(institution, scope=scope, limit=1_000_000, lake=lake).rows
    today = clock.today()
    codes = queries.led_by(queries.institution_or_404(institution, scope=scope))
    ended = Contract.objects.filter(institution__in=codes, end__gte=date(today.year, 1, 1), end__lt=today)
    out: dict[int, list[bool]] = {}
    for team, state in ended.exclude(state=rules.ENDED).values_list("team", "state"):
        out.setdefault(team or 0, []).append(state in (rules.COMPLETED, rules.RENEWED))
    made = []
    for number in (*rows, 0):
        lines = [line for line in found if (line.team or 0) == number]
        counted = Delivered(
            sum(x.counted.asked for x in lines), sum(x.counted.done for x in lines), sum(x.counted.due for x in lines)
        )
        made.append(
            TeamRate(
                number, rows.get(number, ""), len(lines), len(out.get(number, [])), sum(out.get(number, [])), counted
            )
        )
    return made


@dataclass(frozen=True)
class SheetLine:
    """What one institution is paid for a period. `rate` is its rate of delivery this year to date, as on the board."""

    institution: str
    name: str
    months: tuple[int, ...]
    rate: Value | None
    settled: Settled


@dataclass(frozen=True)
class Sheet:
    """The settlement of a period: month ends, who bears it (name by part), lines, and the sums of all lines."""

    first: date
    last: date
    ends: Sequence[date]
    parts: dict[str, str]
    lines: Sequence[SheetLine]
    confidence: str
    source: str

    def total(self, part: str) -> int:
        """The sum of a part over all lines, in fen."""
        return sum(line.settled.parts.get(part, 0) for line in self.lines)


def settlement(
    division: str, first: date, last: date, *, scope: Scope, institution: str = "", lake: Path | None = None
) -> Sheet:
    """The fees of whole months from `first` to `last` for each institution that holds contracts in a division, or for
    one. Persons under contract on the last day of each month, whoever sent the contract. Raises `Http404` outside the
    scope, `InvalidValue` for a period without a whole month or that has not ended."""
    ends = rules.month_ends(first, last)
    if not ends or len(ends) > 12:
        raise InvalidValue(_("结算期间须为1至12个整月。"))
    if last > clock.today():
        raise InvalidValue(_("结算期间还没有结束。"))
    if institution:
        codes = {queries.institution_or_404(institution, scope=scope).code}
    else:
        regions.division_or_404(division, scope=scope)
        codes = queries.members_of(division)
    held = _months(codes, ends, lake or default_lake())
    packages = _packages(codes, ends)
    fees = [catalogue.fees().on(end) for end in ends]
    parts = {name: in_language(part.name, part.name_en) for fee in fees for name, part in fee.parts.items()}
    names = regions.institution_names(held)
    lines = []
    for code in sorted(held):
        period = results.current_period("contract-fulfil")
        rate = results.value("contract-fulfil", period, scope=scope, institution=code)
        months = [
            (n, fee.yuan, fee.on_delivery, {name: part.share for name, part in fee.parts.items()})
            for n, fee in zip(held[code], fees, strict=True)
        ]
        settled = rules.settle(months, rate.value, packages=packages.get(code, 0))
        lines.append(SheetLine(code, names.get(code, code), tuple(held[code]), rate, settled))
    return Sheet(first, last, ends, parts, lines, catalogue.fees().confidence, catalogue.fees().source)


def _months(codes: set[str], ends: Sequence[date], lake: Path) -> dict[str, list[int]]:
    """Institution → persons under contract on each month end."""
    found: dict[str, list[set[int]]] = {}
    try:
        LakeDirectory.open(lake)
    except UnreadableFile:
        rows: list[tuple[int, str, int]] = []
    else:
        with Reading(lake, on=ends[-1], persons=[]) as reading:
            reading.open("contract")
            days = ", ".join(f"({n}, {literal(day)})" for n, day in enumerate(ends))
            rows = reading.sql(
                f"""SELECT DISTINCT m.n, c.institution, c.person FROM contract c
                JOIN (VALUES {days}) AS m(n, day) ON c.start_day <= m.day AND (c.end_day IS NULL OR c.end_day >= m.day)
                WHERE c.status IN ('active', 'completed') AND c.source <> {quoted(OURS)} AND c.person IS NOT NULL"""  # noqa: S608
            )
    for n, institution, person in rows:
        if institution in codes:
            found.setdefault(institution, [set() for _ in ends])[n].add(person)
    for contract in Contract.objects.filter(institution__in=codes, start__lte=ends[-1], end__gte=ends[0]):
        for n, day in enumerate(ends):
            if contract.holds(day):
                found.setdefault(contract.institution, [set() for _ in ends])[n].add(contract.person)
    return {code: [len(persons) for persons in months] for code, months in found.items()}


def _packages(codes: set[str], ends: Sequence[date]) -> dict[str, int]:
    """Institution → fees of paid packages for the months, in fen."""
    months: dict[str, int] = {}
    rows = Contract.objects.filter(institution__in=codes, fee__gt=0, start__lte=ends[-1], end__gte=ends[0])
    for contract in rows:
        held = sum(contract.holds(day) for day in ends)
        months[contract.institution] = months.get(contract.institution, 0) + contract.fee * 100 * held
    return {code: (fen + 6) // 12 for code, fen in months.items()}
