"""What was handed in for promises that no record tells: dated files that were accepted, values that were reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Q, Sum
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.supervision.duties.models import Duty, File, Report
from luoshi.web import numbers

RATES = ("%", "‰", "/10万", "/万", "个百分点")


@dataclass(frozen=True)
class HandedIn:
    """What was handed in for a promise below a path: `value` counted or reported, the last day it tells of, and how many
    files are still to be checked. `kind` is `evidence` or `report`."""

    value: float | None
    kind: str
    last: date | None
    waiting: int = 0


def countable(unit: str) -> bool:
    """Whether things handed in can be counted towards a promise in this unit: not towards a share of something."""
    return unit not in RATES


def handed_in(targets: Iterable[tuple[int, str]], path: str, *, on: date | None = None) -> dict[int, HandedIn]:
    """What was handed in for promises `(number, unit)` by the units of a division and below it, up to a day.

    Accepted evidence is counted where things can be counted; else the last value a leading unit of that very division
    reported is taken. At most two queries.
    """
    return handed_in_at(targets, [path], on=on)[path]


def handed_in_at(
    targets: Iterable[tuple[int, str]], paths: Sequence[str], *, on: date | None = None
) -> dict[str, dict[int, HandedIn]]:
    """`handed_in` for several divisions by path, still at most two queries."""
    day = on or clock.today()
    wanted = dict(targets)
    found: dict[str, dict[int, HandedIn]] = {path: {} for path in paths}
    if not wanted or not paths:
        return found
    files = (
        File.objects.filter(
            target__in=wanted, kind=File.Kind.EVIDENCE, duty__division_path__startswith=_common(paths),
            dated__lte=day,
        )
        .exclude(duty__state="withdrawn")
        .values_list("target", "duty__division_path")
        .annotate(
            counted=Sum("counts", filter=Q(state="accepted")),
            last=Max("dated", filter=Q(state="accepted")),
            waiting=Sum("counts", filter=Q(state="offered")),
        )
    )  # fmt: skip
    for target, where, counted, last, waiting in files.order_by():
        for path in paths if countable(wanted[target]) else ():
            if where.startswith(path):
                more = HandedIn(counted, "evidence", last, int(waiting or 0))
                found[path][target] = _together(found[path].get(target), more)
    if any(wanted.keys() - given.keys() for given in found.values()):
        reports = Report.objects.filter(
            duty__target__in=wanted, duty__division_path__in=paths, duty__institution="", value__isnull=False,
            on__lte=day,
        ).exclude(duty__state="withdrawn")  # fmt: skip
        rows = reports.order_by("on", "pk").values_list("duty__target", "duty__division_path", "value", "on")
        for target, path, value, told in rows:
            if target not in found[path] or found[path][target].kind == "report":
                found[path][target] = HandedIn(value, "report", told)
    return found


def _common(paths: Sequence[str]) -> str:
    """The division path that holds all of them."""
    whole = [path.strip("/").split("/") for path in paths]
    shared = [step[0] for step in zip(*whole, strict=False) if len(set(step)) == 1]
    return f"/{'/'.join(shared)}/" if shared else "/"


def _together(one: HandedIn | None, other: HandedIn) -> HandedIn:
    """The evidence of two places, counted together."""
    if one is None:
        return other
    values = [given.value for given in (one, other) if given.value is not None]
    days = [given.last for given in (one, other) if given.last is not None]
    return HandedIn(sum(values) if values else None, "evidence", max(days, default=None), one.waiting + other.waiting)


def words(duty: Duty) -> str:
    """What the unit of a duty, with the units below it, handed in so far; empty for what the records tell."""
    if duty.binding not in ("register", "deliverable", "report") or duty.role != Duty.Role.LEAD or not duty.target:
        return ""
    given = of_duties([duty])[duty.pk]
    if given.kind == "report":
        if given.value is None:
            return _("还没有上报数值。")
        told = {"value": numbers.quantity(given.value, duty.unit), "day": f"{given.last:%Y-%m-%d}"}
        return _("%(day)s上报 %(value)s。") % told
    told = {"value": numbers.quantity(given.value or 0, duty.unit), "n": numbers.number(given.waiting)}
    return _("材料已采信计 %(value)s，待审核计 %(n)s 项。") % told


def of_duties(duties: Sequence[Duty]) -> dict[int, HandedIn]:
    """What each unit, with the units below it, handed in for its own duty. Two queries, and one for
    each duty of an institution."""
    places: dict[str, list[Duty]] = defaultdict(list)
    found: dict[int, HandedIn] = {}
    for duty in duties:
        if duty.role != Duty.Role.LEAD or not duty.target:
            continue
        if duty.institution:
            own = File.objects.filter(duty=duty, kind=File.Kind.EVIDENCE)
            row = own.aggregate(
                counted=Sum("counts", filter=Q(state="accepted")),
                last=Max("dated", filter=Q(state="accepted")),
                waiting=Sum("counts", filter=Q(state="offered")),
            )
            found[duty.pk] = HandedIn(row["counted"], "evidence", row["last"], int(row["waiting"] or 0))
        else:
            places[duty.division_path].append(duty)
    given = handed_in_at([(d.target, d.unit) for rows in places.values() for d in rows], list(places))
    for path, rows in places.items():
        for duty in rows:
            kind = "evidence" if countable(duty.unit) and duty.binding != "report" else "report"
            found[duty.pk] = given[path].get(duty.target, HandedIn(None, kind, None))
    return found
