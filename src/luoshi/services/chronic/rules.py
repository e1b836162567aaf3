"""What is declared about chronic care (`catalog/rules/chronic`), the states of enrolment, packs and conflicts, risk and
levels. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.machine import CLOCK, Machine, Move
from luoshi.services.visits.public import Judged, Measure, Standing, holds

Confidence = Literal["high", "medium", "low"]
FOLDER = CATALOG / "rules" / "chronic"
LOINC, FINDING = "http://loinc.org", "urn:luoshi:cn:code:finding"


class Named(Entry):
    """A name in two languages."""

    name: str
    name_en: str


class Disease(Named):
    """One disease of the register."""

    conditions: tuple[str, ...]
    service: str
    indicator: str = ""
    joint: bool = False


class FormField(Named):
    """One field of the visit form."""

    unit: str = ""
    ucum: str = ""
    kind: Literal["whole", "decimal", "choice", "yes"]
    code: str
    system: Literal["loinc", "finding"] = "loinc"
    least: float | None = None
    most: float | None = None
    options: tuple[str, ...] = ()
    for_: tuple[str, ...] = Field(alias="for")
    prefill: int = 0

    @property
    def uri(self) -> str:
        """The system of the code."""
        return LOINC if self.system == "loinc" else FINDING


class Diseases(Entry):
    """`diseases.yaml`."""

    diseases: dict[str, Disease]
    fields: dict[str, FormField]
    home: dict[str, str]
    home_warning: str
    home_warning_en: str

    def fields_for(self, programmes: Collection[str]) -> dict[str, FormField]:
        """The fields one visit for these diseases asks, each once, in the order of the file."""
        return {name: field for name, field in self.fields.items() if set(field.for_) & set(programmes)}


class FindingKind(Named):
    """A reason why somebody is on the list of candidates."""

    order: int
    source: str
    confidence: Confidence


class Raised(Entry):
    """A value is raised from `least` on; `again`: it is to be measured again after so many days."""

    codes: tuple[str, ...]
    least: tuple[float, ...]
    times: int = 1
    days: int
    again: int = 0


class FirstVisit(Entry):
    """Whoever was seen (`services`) this year should have `measured`."""

    services: tuple[str, ...]
    measured: str
    for_: str = Field(alias="for")


class Discovery(Entry):
    """`discovery.yaml`."""

    findings: dict[str, FindingKind]
    age: int
    raised: dict[str, Raised]
    high_risk: dict[str, Raised]
    first_visit: FirstVisit


class Stratum(Named):
    """A stratum of risk."""

    id: str
    rank: int


class Risk(Entry):
    """`risk.yaml`."""

    source: str
    confidence: Confidence
    strata: tuple[Stratum, ...]
    established: tuple[str, ...]
    diabetes_age: int
    ldl_very_high: float
    ages: dict[str, int]
    smoking_least: int
    bands: tuple[float, ...]
    without_hypertension: tuple[tuple[str, ...], ...]
    with_hypertension: tuple[tuple[str, ...], ...]


class Level(Named):
    """One of the three levels that share the work."""

    id: str
    when: str
    duty: str
    duty_en: str


class Points(Entry):
    """How the list of today is ordered."""

    risk: tuple[float, ...]
    stratum: tuple[float, ...]
    overdue: float
    overdue_most: float
    recheck: float
    closes: float
    helps: float
    lost: float


class Levels(Entry):
    """`levels.yaml`."""

    source: str
    confidence: Confidence
    levels: tuple[Level, ...]
    points: Points


@cache
def diseases() -> Diseases:
    """The diseases and the fields of the form."""
    return read_entry(FOLDER / "diseases.yaml", Diseases)


@cache
def discovery() -> Discovery:
    """What speaks for a disease."""
    return read_entry(FOLDER / "discovery.yaml", Discovery)


@cache
def risk() -> Risk:
    """The table of risk."""
    return read_entry(FOLDER / "risk.yaml", Risk)


@cache
def levels() -> Levels:
    """Who manages whom, and the order of the list."""
    return read_entry(FOLDER / "levels.yaml", Levels)


ENROLMENT = Machine(
    "chronic-enrolment",
    "慢病管理",
    "Enrolment in chronic care",
    {
        "found": ("待核实", "To be confirmed"),
        "confirmed": ("已确诊待建档", "Confirmed, not yet managed"),
        "managed": ("在管", "Managed"),
        "lost": ("暂时失访", "Lost for now"),
        "refused": ("拒绝随访", "Refuses visits"),
        "ended": ("终止管理", "Ended"),
        "dismissed": ("排除", "Not a patient"),
    },
    "found",
    frozenset({"ended", "dismissed"}),
    (
        Move("confirm", ("found",), "confirmed", "chronic.manage", "确诊", "Confirm", ("basis",)),
        Move("dismiss", ("found", "confirmed"), "dismissed", "chronic.manage", "排除", "Dismiss", ("reason",)),
        Move("enrol", ("confirmed",), "managed", "chronic.manage", "纳入管理", "Take into management", ("since",)),
        Move("lose", ("managed", "refused"), "lost", "chronic.visit", "记为失访", "Not reached", ("reason",)),
        Move("refuse", ("managed", "lost"), "refused", "chronic.visit", "记为拒绝", "Refuses", ("reason",)),
        Move("return", ("lost", "refused"), "managed", "chronic.visit", "恢复随访", "Visited again"),
        Move(
            "end",
            ("confirmed", "managed", "lost", "refused"),
            "ended",
            "chronic.manage",
            "终止管理",
            "End",
            ("reason",),
        ),
    ),
)
OPEN = tuple(state for state in ENROLMENT.states if state not in ENROLMENT.final)
MANAGED = ("managed", "lost", "refused")
END_REASONS = ("died", "moved", "lost", "refused", "not-a-patient")
LOSS_REASONS = ("away-for-work", "moved", "unreachable", "refused", "other")

PACK = Machine(
    "chronic-pack",
    "离线包",
    "Offline pack",
    {
        "out": ("已领取", "Taken out"),
        "back": ("已交回", "Brought back"),
        "expired": ("已过期", "Expired"),
        "revoked": ("已作废", "Revoked"),
        "closed": ("已结清", "Closed"),
    },
    "out",
    frozenset({"revoked", "closed"}),
    (
        Move("upload", ("out", "back"), "back", "chronic.visit", "交回", "Bring back"),
        Move("expire", ("out", "back"), "expired", CLOCK, "到期", "Expire"),
        Move("revoke", ("out", "back", "expired"), "revoked", "chronic.manage", "作废", "Revoke", ("reason",)),
        Move("close", ("back", "expired"), "closed", "chronic.manage", "结清", "Close"),
    ),
)

CONFLICT = Machine(
    "chronic-conflict",
    "离线冲突",
    "Conflict of an offline pack",
    {
        "open": ("待处理", "Waits for a decision"),
        "server": ("保留平台的", "Kept what the platform had"),
        "pack": ("采用离线的", "Took what the pack brought"),
        "both": ("两者都保留", "Kept both"),
    },
    "open",
    frozenset({"server", "pack", "both"}),
    (
        Move("keep-server", ("open",), "server", "chronic.manage", "保留平台的", "Keep the platform's", ("reason",)),
        Move("take-pack", ("open",), "pack", "chronic.manage", "采用离线的", "Take the pack's", ("reason",)),
        Move("keep-both", ("open",), "both", "chronic.manage", "两者都保留", "Keep both", ("reason",)),
    ),
)


def check_values(programmes: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a form, each possible at all, by field; empty ones are left out. Raises `InvalidValue` naming the
    field and what is possible."""
    fields = diseases().fields_for(programmes)
    found: dict[str, Any] = {}
    for name, raw in given.items():
        if name not in fields:
            raise InvalidValue(_("这次随访没有这一项。"), where=str(name)[:40])
        if (value := _value(fields[name], raw)) is not None:
            found[name] = value
    low, high = found.get("diastolic"), found.get("systolic")
    if (low is None) != (high is None):
        raise InvalidValue(_("收缩压和舒张压要同时填写。"), where=fields["systolic"].name)
    if low is not None and high is not None and low >= high:
        raise InvalidValue(_("舒张压应低于收缩压。"), where=fields["diastolic"].name)
    return found


def _value(field: FormField, raw: Any) -> Any:
    text = str(raw).strip() if raw is not None else ""
    if text == "":
        return None
    if field.kind == "yes":
        if text.lower() in ("true", "1", "on", "yes"):
            return True
        if text.lower() in ("false", "0", "no"):
            return False
        raise InvalidValue(_("只能填是或否。"), where=field.name)
    if field.kind == "choice":
        if text not in field.options:
            raise InvalidValue(_("没有这个选项。"), where=field.name)
        return text
    try:
        value = float(text)
    except ValueError:
        raise InvalidValue(_("不是数字。"), where=field.name) from None
    if not (field.least or 0) <= value <= (field.most if field.most is not None else value):
        raise InvalidValue(
            _("应在 %(least)s 到 %(most)s %(unit)s 之间。")
            % {"least": f"{field.least:g}", "most": f"{field.most:g}", "unit": field.unit},
            where=field.name,
        )
    if field.kind == "whole" and value != int(value):
        raise InvalidValue(_("应为整数。"), where=field.name)
    return int(value) if field.kind == "whole" else round(value, 2)


def stratum(facts: Mapping[str, Any], programmes: Collection[str]) -> Stratum | None:
    """The stratum of risk from age, sex, diseases, smoking and LDL; None where what the table asks is unknown.

    Source: `catalog/rules/chronic/risk.yaml` (confidence low).
    """
    table = risk()
    by_id = {stratum.id: stratum for stratum in table.strata}
    if set(programmes) & set(table.established):
        return by_id["very-high"]
    age, sex, ldl = facts.get("age"), facts.get("sex"), facts.get("ldl")
    if ldl is not None and ldl >= table.ldl_very_high:
        return by_id["high"]
    if "diabetes" in programmes and age is not None and age >= table.diabetes_age:
        return by_id["high"]
    if ldl is None or age is None or sex not in table.ages:
        return None
    factors = (age >= table.ages[sex]) + ((facts.get("smoking") or 0) >= table.smoking_least)
    factors += facts.get("hdl") is not None and facts["hdl"] < 1.0
    rows = table.with_hypertension if "hypertension" in programmes else table.without_hypertension
    band = sum(ldl >= least for least in table.bands)
    return by_id[rows[min(factors, len(rows) - 1)][band]]


def level(judged: Judged | None, rank: int, diseases_: int) -> Level:
    """Which of the three levels manages somebody now."""
    facts = {"do": judged.do if judged else "continue", "risk_rank": rank, "diseases": diseases_}
    return next(one for one in levels().levels if holds(one.when, facts))


def points(standing: Standing, measure: Measure, rank: int, state: str) -> float:
    """The place of a due visit in the list of today: clinical risk, how long overdue, and what it does for the promise."""
    weights = levels().points
    judged = standing.judged
    total = weights.risk[judged.risk] if judged else weights.risk[0]
    total += weights.stratum[min(rank, len(weights.stratum) - 1)]
    total += min(standing.days_over * weights.overdue, weights.overdue_most)
    waiting = standing.overdue or standing.next
    if waiting is not None and waiting.kind in ("recheck", "first"):
        total += weights.recheck
    short = measure.visits_due - measure.visits
    if short == 1 and measure.checkups >= measure.checkups_due:
        total += weights.closes
    elif short >= 1:
        total += weights.helps
    return total + (weights.lost if state in ("lost", "refused") else 0)
