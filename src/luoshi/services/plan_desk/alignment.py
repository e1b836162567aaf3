"""对标: a plan beside the plan above it, last year's or a neighbour's: what became of every promise, in words.

The judgement is `luoshi.plans.compare.align`; here it meets the bindings (two promises measured by one indicator are the
same promise, and the indicator says which way is better) and gets its words and its table. Pages, files, REST and the
command line all show these rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from luoshi.indicators.catalogue import Catalogue
from luoshi.plans import compare, model
from luoshi.services.plan_desk import as_read, rules
from luoshi.services.plan_desk.models import Binding, Plan, Status, Target
from luoshi.web.tables import Cell, Column, Table

Relation = Literal["above", "below", "earlier", "later", "beside"]

# Gravest first: the order of the rows, the counts and the filter.
KINDS = {
    "contradictory": _lazy("矛盾"),
    "weaker": _lazy("低于"),
    "deadline-slipped": _lazy("推迟"),
    "dropped": _lazy("未承接"),
    "redefined": _lazy("口径不同"),
    "new": _lazy("新增"),
    "stronger": _lazy("高于"),
    "kept": _lazy("一致"),
}
RELATIONS = {
    "above": _lazy("上级规划"),
    "below": _lazy("下级规划"),
    "earlier": _lazy("此前的规划"),
    "later": _lazy("此后的规划"),
    "beside": _lazy("同级规划"),
}


@dataclass(frozen=True)
class Aligned:
    """One promise of either plan: `ours` or `reference` is None where only one holds it. `inside` marks two promises of
    our own plan that contradict each other; `reference` is then the second of them."""

    kind: str
    ours: model.Target | None
    reference: model.Target | None
    likeness: float = 1.0
    inside: bool = False

    @property
    def kind_name(self) -> str:
        """矛盾, 低于, 推迟 …"""
        return str(KINDS[self.kind])

    @property
    def words(self) -> str:
        """What became of it, as one sentence."""
        ours, reference = said(self.ours), said(self.reference)
        if self.inside:
            return _("本规划前后不一：“%(ours)s”与“%(other)s”。") % {"ours": ours, "other": reference}
        words = {
            "kept": _("与对照规划一致。"),
            "stronger": _("高于对照规划：%(ours)s，对照为 %(reference)s。"),
            "weaker": _("低于对照规划：%(ours)s，对照为 %(reference)s。"),
            "deadline-slipped": _("时限晚于对照规划：%(late)s，对照为 %(early)s。"),
            "redefined": _("名称或口径不同，须人工核对：“%(ours)s”，对照为“%(reference)s”。"),
            "contradictory": _("方向相反：“%(ours)s”，对照为“%(reference)s”。"),
            "dropped": _("对照规划提出，本规划没有承接。"),
            "new": _("只有本规划提出。"),
        }[self.kind]
        if self.kind in ("weaker", "stronger"):
            ours, reference = promised(self.ours), promised(self.reference)
        late = self.ours.deadline if self.ours else None
        early = self.reference.deadline if self.reference else None
        return words % {"ours": ours, "reference": reference, "late": late or "—", "early": early or "—"}


def said(target: model.Target | None) -> str:
    """A promise with its name and deadline: 高血压…率 ≥ 62%（2025）."""
    return f"{target.metric} {promised(target)}" if target else ""


def promised(target: model.Target | None) -> str:
    """What is promised, and by when: ≥ 62%（2025）."""
    if target is None:
        return ""
    low, high = target.value if isinstance(target.value, list) else (target.value, None)
    when = f"（{target.deadline}）" if target.deadline else ""
    return f"{rules.promise(target.op, low, high, target.unit)}{when}"


@dataclass(frozen=True)
class Alignment:
    """All rows, gravest kind first and in reading order within a kind."""

    rows: tuple[Aligned, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each kind, in the order of `KINDS`; kinds without a row are left out."""
        counted = Counter(row.kind for row in self.rows)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    @property
    def summary(self) -> str:
        """The counts as one line: 低于 3、未承接 5."""
        return "、".join(f"{KINDS[kind]} {count}" for kind, count in self.counts.items())


def align(
    ours: model.Plan,
    reference: model.Plan,
    *,
    indicator_ours: Mapping[str, str] | None = None,
    indicator_reference: Mapping[str, str] | None = None,
) -> Alignment:
    """Compare two readings. The mappings give the indicator a target (by its id) is measured with, where one is sure.

    Against an earlier plan of the same length (last year's) the last year of the one stands for that of the other:
    this year's promises are not late because the year has moved on.
    """
    catalogue = Catalogue.load().indicators
    moved = _moved_on(reference, ours)
    original = {id(new): old for new, old in zip(moved.targets, reference.targets, strict=True)}
    bound = {id(t): (indicator_ours or {}).get(t.id, "") for t in ours.targets}
    bound |= {id(t): (indicator_reference or {}).get(t.id, "") for t in moved.targets}

    def better(target: model.Target) -> compare.Better | None:
        known = catalogue.get(bound.get(id(target), ""))
        return known.better if known else None

    def same(one: model.Target, other: model.Target) -> bool:
        indicator = bound.get(id(one), "")
        return bool(indicator) and indicator == bound.get(id(other), "") and one.scope == other.scope

    mine = {id(t) for t in ours.targets}
    rows = [
        Aligned(
            found.kind,
            found.ours,
            original.get(id(found.reference), found.reference),
            found.likeness,
            inside=found.ours is not None and found.reference is not None and id(found.reference) in mine,
        )
        for found in compare.align(ours, moved, better=better, same=same)
    ]
    order = list(KINDS)
    return Alignment(tuple(sorted(rows, key=lambda row: (order.index(row.kind), _place(row)))))


def _moved_on(reference: model.Plan, ours: model.Plan) -> model.Plan:
    """The reference with its final deadlines carried into our last year, where it is the same plan of earlier years."""
    then, today = reference.plan, ours.plan
    if not (then.period_start and then.period_end and today.period_start and today.period_end):
        return reference
    years = today.period_end - then.period_end
    if years <= 0 or today.period_end - today.period_start != then.period_end - then.period_start:
        return reference
    last = str(then.period_end)

    def moved(target: model.Target) -> model.Target:
        if not target.deadline or target.deadline[:4] != last:
            return target
        return replace(target, deadline=f"{today.period_end}{target.deadline[4:]}")

    return replace(reference, targets=[moved(target) for target in reference.targets])


def _place(row: Aligned) -> int:
    target = row.ours or row.reference
    return target.start if target else 0


@dataclass(frozen=True)
class PlanAlignment:
    """Two loaded plans compared; the mappings lead from a target's key to its row."""

    ours: Plan
    reference: Plan
    alignment: Alignment
    targets_ours: Mapping[str, int]
    targets_reference: Mapping[str, int]

    def numbers(self, row: Aligned) -> tuple[int | None, int | None]:
        """The rows' numbers of ours and the other target."""
        other = self.targets_ours if row.inside else self.targets_reference
        mine = self.targets_ours[row.ours.id] if row.ours else None
        return mine, other[row.reference.id] if row.reference else None


def of_plans(ours: Plan, reference: Plan) -> PlanAlignment:
    """Compare two loaded plans as they stand, with their bindings."""
    return PlanAlignment(
        ours,
        reference,
        align(
            as_read.promises(ours),
            as_read.promises(reference),
            indicator_ours=_indicators(ours),
            indicator_reference=_indicators(reference),
        ),
        targets_by_key(ours),
        targets_by_key(reference),
    )


def targets_by_key(plan: Plan) -> dict[str, int]:
    """Numbers of the standing targets of a plan by their keys. One query."""
    return dict(Target.objects.filter(plan=plan).exclude(status=Status.REJECTED).values_list("key", "pk"))


def _indicators(plan: Plan) -> dict[str, str]:
    """Indicators that are sure: chosen by a person, or proposed as fully computable."""
    rows = Binding.objects.filter(target__plan=plan, kind=Binding.Kind.INDICATOR)
    return {
        key: indicator
        for key, indicator, confirmed, verdict in rows.values_list("target__key", "indicator", "confirmed", "verdict")
        if confirmed or verdict == Binding.Verdict.COMPUTABLE
    }


def relation(ours: Plan, other: Plan) -> Relation:
    """How the other plan stands to ours: by division first, then by year."""
    mine, theirs = ours.division.path, other.division.path
    if mine != theirs and mine.startswith(theirs):
        return "above"
    if mine != theirs and theirs.startswith(mine):
        return "below"
    if mine == theirs:
        years = ((ours.period_end or 0), (other.period_end or 0))
        if years[1] < years[0]:
            return "earlier"
        if years[1] > years[0]:
            return "later"
    return "beside"


def table(
    rows: Iterable[Aligned],
    *,
    caption: str,
    links: Mapping[int, tuple[str, str]] | None = None,
) -> Table:
    """Rows as a table; `links` gives the addresses of both sentences by `id(row)`."""
    columns = [
        Column(_("结论"), width=10),
        Column(_("本规划"), head=True, width=42),
        Column(_("对照规划"), width=42),
        Column(_("说明"), width=60),
    ]
    cells = [_cells(row, (links or {}).get(id(row), ("", ""))) for row in rows]
    return Table(caption, columns, cells, empty=_("没有这类条目。"), caption_hidden=True)


def _cells(row: Aligned, links: tuple[str, str]) -> Sequence[Cell]:
    return [
        Cell(row.kind_name),
        Cell(said(row.ours) or "—", href=links[0] if row.ours else ""),
        Cell(said(row.reference) or "—", href=links[1] if row.reference else ""),
        Cell(row.words),
    ]
