"""Proposing how each target is measured (by the rules of `luoshi.plans.binding`), and checking what an officer chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from luoshi.indicators.catalogue import Catalogue
from luoshi.indicators.definition import Indicator
from luoshi.kernel.errors import InvalidValue
from luoshi.plans import binding, model
from luoshi.services.plan_desk import wording
from luoshi.services.plan_desk.models import Binding, Target

UNSAID = "没有可用的数据来源"
UNSAID_EN = "No source of data is known"


def propose(targets: Iterable[Target]) -> None:
    """Bind every target that has no confirmed binding; two queries and one insert for all of them."""
    rows = list(targets)
    confirmed = set(Binding.objects.filter(target__in=rows, confirmed=True).values_list("target_id", flat=True))
    Binding.objects.filter(target__in=rows, confirmed=False).delete()
    indicators = Catalogue.load().indicators
    Binding.objects.bulk_create(
        _row(row, binding.propose(_as_read(row), indicators)) for row in rows if row.pk not in confirmed
    )


def _as_read(row: Target) -> model.Target:
    """The target as the reader's model has it."""
    return model.Target(
        id=row.key,
        task=None,
        quote=row.quote,
        start=row.start,
        end=row.end,
        metric=row.metric,
        op=row.op,  # type: ignore[arg-type]
        value=[row.value, row.upper] if row.upper is not None else row.value,
        unit=row.unit,
        deadline=row.deadline or None,
        baseline=row.baseline,
        baseline_year=row.baseline_year,
        kind=row.kind,  # type: ignore[arg-type]
        force=row.force,  # type: ignore[arg-type]
        scope=row.scope,
        per=row.per,
    )


def _row(target: Target, proposals: Sequence[binding.Proposal]) -> Binding:
    best = proposals[0]
    lacking = best.verdict != "computable"
    return Binding(
        target=target,
        kind=best.kind,
        indicator=best.indicator,
        verdict=best.verdict,
        missing=(best.missing_source or UNSAID)[:300] if lacking else "",
        missing_en=(best.missing_source_en or UNSAID_EN)[:300] if lacking else "",
        reason=best.reason[:300],
        reason_en=best.reason_en[:300],
        score=best.score,
        candidates=[[p.indicator, round(p.score, 3)] for p in proposals if p.indicator],
    )


def check_indicator(indicator: str) -> Indicator:
    """The indicator of that id. Raises `InvalidValue` when none is named, `NotFound` for one nobody defined."""
    if not indicator:
        raise InvalidValue(_("请选择一个指标定义。"), where="indicator")
    return Catalogue.load().indicator(indicator)


def _name(indicator: Indicator) -> str:
    return wording.in_language(indicator.name, indicator.name_en)


def choices(candidates: Sequence[Sequence[Any]]) -> list[tuple[str, Any]]:
    """Indicators for a select box: the candidates first, then all by name."""
    known = Catalogue.load().indicators
    near = [(name, _name(known[name])) for name, _ in candidates if name in known]
    every = sorted(((name, _name(entry)) for name, entry in known.items()), key=lambda item: item[1])
    return [*([(_("推荐"), near)] if near else []), (_("全部"), every)]
