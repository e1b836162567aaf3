"""Splitting a duty over the units below: what it could be split into, and the split itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit, moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division, Institution, Population
from luoshi.supervision import sources
from luoshi.supervision.duties import events, noting, queries, rules, splitting
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.models import Duty
from luoshi.supervision.duties.splitting import Checked, Part
from luoshi.supervision.duties.units import Body, division_body, institution_body

PRIMARY = ("township-centre", "community-centre")
COUNTY = 3


@dataclass(frozen=True)
class Candidate:
    """One unit below. `weight` is what its part is measured by and `now` its value today; `even` its even part; `given`
    the duty it has already, None otherwise."""

    body: Body
    key: str
    weight: float | None
    now: str
    fraction: str
    light: str
    even: float | None
    given: Duty | None


@dataclass(frozen=True)
class Candidates:
    """The units below a duty, and where the weights come from (`denominator`, `population` or nothing: equal)."""

    rows: list[Candidate]
    source: str

    @property
    def source_text(self) -> str:
        """Where the weights come from, in words."""
        return {
            "denominator": _("各单位当前的分母（应服务人数）"),
            "population": _("常住人口"),
        }.get(self.source, _("没有可用的人数，按单位数平均"))


def candidates(duty: Duty, *, scope: Scope) -> Candidates:
    """The units a duty can be split over: of a county its health centres (or whoever serves people the promise is about),
    of a wider division the divisions one step below. Empty for an institution and where nothing lies below."""
    if duty.institution or not duty.target:
        below: list[tuple[Body, sources.Standing | None]] = []
    else:
        below = _below(duty, scope)
    given = {part.unit_key: part for part in queries.parts(duty)}
    weights, source = _weights(below)
    threshold = duty.threshold
    even = (
        splitting.even_parts(
            threshold.value, [(body.key, weights.get(body.key)) for body, _s in below], additive=duty.additive
        )
        if threshold
        else {}
    )
    rows = [
        Candidate(
            body=body,
            key=body.institution or body.division,
            weight=weights.get(body.key),
            now=standing.value_text if standing and standing.value is not None else "",
            fraction=standing.fraction_text if standing else "",
            light=standing.light if standing else "grey",
            even=even.get(body.key),
            given=given.get(body.key),
        )
        for body, standing in below
    ]
    return Candidates(rows, source)


def _below(duty: Duty, scope: Scope) -> list[tuple[Body, sources.Standing | None]]:
    board = sources.get()
    division = regions.division_or_404(duty.division, scope=scope)
    if division.level >= COUNTY:
        standing = {s.institution: s for s in board.institutions(duty.target, scope=scope, division=duty.division)}
        rows = Institution.objects.current().filter(division__path__startswith=division.path)
        rows = rows.select_related("division").order_by("code")
        # The head of an alliance counts its members too: it comes in only where no health centre does this work.
        chosen = [i for i in rows if i.type in PRIMARY] or [
            i for i in rows if i.code in standing and i.parent_id is None
        ]
        return [(institution_body(i), standing.get(i.code)) for i in chosen]
    below = board.below(scope=scope, division=duty.division, targets=[duty.target])
    under = Division.objects.current().filter(parent__code=duty.division).order_by("code")
    return [(division_body(d), next(iter(below.get(d.code, ())), None)) for d in under]


def _weights(below: list[tuple[Body, sources.Standing | None]]) -> tuple[dict[str, float | None], str]:
    measured = {body.key: standing.denominator if standing else None for body, standing in below}
    if any(measured.values()) and all(weight is not None for weight in measured.values()):
        return measured, "denominator"
    codes = [body.division for body, _s in below if not body.institution]
    people: dict[str, int] = {}
    found = Population.objects.filter(
        division__code__in=codes, kind="resident", sex="all", age_from__isnull=True, age_to__isnull=True
    )
    for code, value in found.order_by("year", "version").values_list("division__code", "value"):
        people[code] = value
    if codes and len(people) == len(codes) == len(below):
        return {body.key: float(people[body.division]) for body, _s in below}, "population"
    return {body.key: None for body, _s in below}, ""


def check(duty: Duty, parts: Mapping[str, float | None], found: Candidates) -> Checked:
    """Whether parts (by `Candidate.key`) keep what the duty promises. Raises `Refused` for what carries no number."""
    threshold = duty.threshold
    if threshold is None:
        raise Refused(_("这项任务没有可分解的指标。"))
    declared = rules.declared()
    rows = [Part(c.key, parts[c.key], c.weight) for c in found.rows if c.key in parts]
    return splitting.check(
        rows, threshold, additive=duty.additive, better=duty.better,
        uneven_share=declared.uneven_share, uneven_points=declared.uneven_points,
    )  # fmt: skip


def said(checked: Checked) -> str:
    """What is wrong with a split, in words; empty when nothing is."""
    return {
        "": "",
        "below": _("各单位合起来达不到本级任务。"),
        "above": _("各单位合起来超过本级上限。"),
        "empty": _("还有单位没有填写指标。"),
        "negative": _("指标不能是负数。"),
    }[checked.problem]


def split(*, duty: Duty, parts: Mapping[str, float], reason: str, by: User, scope: Scope) -> list[Duty]:
    """Give each chosen unit below its part, as a duty of its own. Units that have theirs already must be named again
    with the part they have; the sum check is over all of them.

    Raises `Refused` for a split that does not add up, for one made from elsewhere than the unit's own seat, or where
    nothing is new; `InvalidValue` for an unknown unit, or an uneven split without a stated reason.
    """
    if rules.ACT not in queries.permissions_on(duty, scope) or not scope.can(rules.ISSUE):
        raise Refused(_("只有承担任务的单位才能向下分解。"))
    if duty.state not in ("received", "working"):
        raise Refused(_("请先签收任务，再向下分解。"))
    found = candidates(duty, scope=scope)
    by_key = {c.key: c for c in found.rows}
    if unknown := set(parts) - set(by_key):
        raise InvalidValue(_("没有这个下级单位：%(key)s。") % {"key": sorted(unknown)[0]}, where="parts")
    changed = [c for c in found.rows if c.given and parts.get(c.key) != c.given.quota]
    if changed:
        raise Refused(_("%(unit)s的指标已经下达，要改先撤回。") % {"unit": changed[0].body.name})
    fresh = [c for c in found.rows if c.key in parts and c.given is None]
    if not fresh:
        raise Refused(_("没有新的分解。"))
    checked = check(duty, dict(parts), found)
    if not checked.sound:
        raise Refused(said(checked), todo=_("请调整各单位的指标后再下达。"))
    if checked.uneven and len(reason.strip()) < 4:
        names = _("、").join(by_key[key].body.name for key in checked.uneven[:5])
        raise InvalidValue(_("%(units)s的指标与平均分解不同，请写明理由。") % {"units": names}, where="reason")
    now, today = clock.now(), clock.today()
    with transaction.atomic():
        locked = Duty.objects.select_for_update().get(pk=duty.pk)
        made = Duty.objects.bulk_create(
            [
                Duty(
                    plan=duty.plan, plan_title=duty.plan_title, target=duty.target, task=duty.task, origin=duty.origin,
                    title=duty.title, words=duty.words, promise=duty.promise, op=duty.op, value=duty.value,
                    upper=duty.upper, unit=duty.unit, better=duty.better, binding=duty.binding, additive=duty.additive,
                    role=Duty.Role.LEAD, unit_kind=c.body.kind, unit_name=c.body.name[:120], unit_key=c.body.key,
                    division=c.body.division, division_path=c.body.path, institution=c.body.institution, parent=locked,
                    issuer_division=duty.division, issuer_path=duty.division_path, quota=parts[c.key], weight=c.weight,
                    weight_source=found.source, due=duty.due, due_inferred=duty.due_inferred,
                    issued_by=by.get_username(), issued_at=now, receipt_due=rules.receipt_due(today),
                )
                for c in fresh
            ]
        )  # fmt: skip
        if locked.state == "received":
            moving.advance(
                locked, rules.DUTY, "work", by=by, permissions=queries.permissions_on(duty, scope), given=noting.dated(),
                scope_division=duty.division,
            )  # fmt: skip
        Duty.objects.filter(pk=duty.pk).update(split_at=now, split_reason=reason.strip()[:500])
        audit.record(
            by=by, action="duty.split", object_type="duty", object_id=duty.pk, scope_division=duty.division,
            detail=noting.dated({
                "parts": {c.body.name: parts[c.key] for c in fresh}, "total": checked.total, "reason": reason.strip()[:500],
                "weights": found.source,
            }),
        )  # fmt: skip
        if made:
            events.tell(Happened("issued", by.get_username(), made[0], duties=tuple(made)))
        events.tell(Happened("split", by.get_username(), duty, text=reason.strip()[:200]))
    duty.refresh_from_db()
    return made
