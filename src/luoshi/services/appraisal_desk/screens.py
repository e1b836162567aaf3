"""What one screen of a dispatch meeting shows of a division: lights, worst gaps, movers, its last score, overdue duties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.services.appraisal_desk import duty_links
from luoshi.services.appraisal_desk.duty_links import Due
from luoshi.supervision import sources
from luoshi.supervision.appraisal import queries, rules
from luoshi.supervision.appraisal.computing import Line
from luoshi.supervision.appraisal.models import Meeting, Run
from luoshi.supervision.sources import Standing
from luoshi.web import marks, numbers
from luoshi.web.lights import Light, light

WORST = 5
MOVERS = 4
OVERDUE = 4
LIGHTS = ("green", "yellow", "red", "grey")


@dataclass(frozen=True)
class Shown:
    """One promise on a screen, in words and figures."""

    target: int
    metric: str
    light: str
    value: str
    fraction: str
    promise: str
    short: str
    units: str
    moved: str
    better: bool | None
    href: str
    picture: str = ""


@dataclass(frozen=True)
class Screen:
    """A division's screen. `lights` are (light, number) in order; `data_until` the oldest of what was measured."""

    division: str
    name: str
    lights: tuple[tuple[str, int], ...]
    total: int
    worst: tuple[Shown, ...]
    late: int
    movers: tuple[Shown, ...]
    overdue: tuple[Due, ...]
    overdue_all: int
    data_until: date | None
    units: tuple[str, ...]
    score: str = ""
    rank: str = ""
    run: int | None = None

    @property
    def stack(self) -> SafeString:
        """The lights as one bar."""
        return marks.stack(list(self.lights), width=600, height=26)

    @property
    def tiles(self) -> list[tuple[Light, int]]:
        """The lights as they look, with their number."""
        return [(light(key), n) for key, n in self.lights]

    def plain(self) -> dict[str, Any]:
        """What the minutes keep of it."""
        kept = asdict(self)
        kept.pop("units")
        for one in (*kept["worst"], *kept["movers"]):
            one.pop("picture")
        kept["data_until"] = self.data_until.isoformat() if self.data_until else ""
        kept["overdue"] = [{**one, "due": one["due"].isoformat()} for one in kept["overdue"]]
        return kept


def order(found: Meeting, *, scope: Scope) -> list[tuple[str, str]]:
    """Code and name of the divisions the meeting goes through, in order of code."""
    return list(regions.children(found.division, scope=scope).values_list("code", "name"))


def screen(division: str, name: str, *, office: str, scope: Scope) -> Screen:
    """The screen of one division, as things stand. Raises `Http404` outside the scope."""
    standings = sources.get().standings(scope=scope, division=division, months=2)
    counts = dict.fromkeys(LIGHTS, 0)
    for one in standings:
        counts[one.light] += 1
    late = sorted(
        (s for s in standings if s.light in ("red", "yellow")), key=lambda s: (s.light != "red", -s.gap, s.target)
    )
    overdue, overdue_all = duty_links.overdue(division, scope=scope, limit=OVERDUE)
    run, line = last_score(office, division, scope=scope)
    units = dict.fromkeys(u.name for s in late[: WORST * 2] for u in s.promise.units)
    return Screen(
        division=division,
        name=name,
        lights=tuple(counts.items()),
        total=len(standings),
        worst=tuple(_shown(s, wide=True) for s in late[:WORST]),
        late=len(late),
        movers=tuple(_shown(s) for s in movers(standings)),
        overdue=tuple(overdue),
        overdue_all=overdue_all,
        data_until=min((s.data_until for s in standings if s.data_until and s.value is not None), default=None),
        units=tuple(units),
        score=numbers.number(line.total) if line and line.total is not None else "",
        rank=_rank_text(line) if line and line.rank else "",
        run=run.pk if run else None,
    )


def movers(standings: Sequence[Standing], limit: int = MOVERS) -> list[Standing]:
    """What changed most against the month before, relative to its promise; nothing that stood still."""

    def size(one: Standing) -> float:
        return abs(one.moved or 0.0) / (abs(one.promise.value) or 1.0)

    return sorted((s for s in standings if size(s) >= 0.005), key=lambda s: (-size(s), s.target))[:limit]


def last_score(office: str, division: str, *, scope: Scope) -> tuple[Run | None, Line | None]:
    """The line of a division in the last run of an office that was announced."""
    run = queries.runs(scope=scope).filter(division=office, state__in=(rules.ANNOUNCED, rules.FINAL)).first()
    return (run, run.result.line(division)) if run else (None, None)


def moved_text(one: Standing) -> str:
    """`+1.2 个百分点`; empty where nothing moved."""
    if not one.moved:
        return ""
    unit = _("个百分点") if one.unit == "%" else numbers.unit(one.unit)
    return f"{'+' if one.moved > 0 else '−'}{numbers.number(abs(one.moved), 1)} {unit}".rstrip()


def moved_better(one: Standing) -> bool | None:
    """Whether it moved in the wanted direction."""
    if not one.moved or one.better not in ("higher", "lower"):
        return None
    return (one.moved > 0) == (one.better == "higher")


def short_text(one: Standing) -> str:
    """How many people or places short, in words."""
    if not one.people or one.value is None:
        return ""
    words = _("超出 %(n)s") if one.threshold.op in ("<=", "<") else _("还差 %(n)s")
    return words % {"n": numbers.number(one.people)}


def _rank_text(line: Line) -> str:
    if line.low == line.high:
        return _("第 %(rank)s 名") % {"rank": line.rank}
    return _("第 %(rank)s 名（%(low)s–%(high)s）") % {"rank": line.rank, "low": line.low, "high": line.high}


def _shown(one: Standing, *, wide: bool = False) -> Shown:
    goal = one.threshold.upper if one.threshold.upper is not None else one.threshold.value
    top = 100.0 if one.unit == "%" and max(one.value or 0, goal) <= 100 else None
    bullet = (
        marks.bullet(one.value, goal, light_key=one.light, top=top, width=260) if wide and (one.value or 0) >= 0 else ""
    )
    return Shown(
        target=one.target,
        metric=one.promise.named,
        light=one.light,
        value=one.value_text,
        fraction=one.fraction_text,
        promise=one.promise_text,
        short=short_text(one),
        units="、".join(unit.name for unit in one.promise.units[:2]),
        moved=moved_text(one),
        better=moved_better(one),
        href=one.href,
        picture=bullet,
    )
