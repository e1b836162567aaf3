"""Proposing how each target is measured, and checking what an officer chose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from luoshi.indicators.catalogue import Catalogue
from luoshi.indicators.definition import Indicator
from luoshi.kernel.errors import InvalidValue
from luoshi.services.plan_desk.models import Binding, Target

# Below this likeness an indicator is no proposal, only a candidate to look at.
PROPOSE_FROM = 0.6
CANDIDATES = 5


def propose(targets: Iterable[Target]) -> None:
    """Bind every target that has no confirmed binding; two queries and one insert for all of them."""
    rows = list(targets)
    kept = dict(Binding.objects.filter(target__in=rows).values_list("target_id", "confirmed"))
    Binding.objects.filter(target__in=rows, confirmed=False).delete()
    Binding.objects.bulk_create([_proposal(row) for row in rows if not kept.get(row.pk)])


def check_indicator(indicator: str) -> Indicator:
    """The indicator of that id. Raises `InvalidValue` when none is named, `NotFound` for one nobody defined."""
    if not indicator:
        raise InvalidValue("请选择一个指标定义。", where="indicator")
    return Catalogue.load().indicator(indicator)


def choices(candidates: Sequence[Sequence[Any]]) -> list[tuple[str, Any]]:
    """Indicators for a select box: the candidates first, then all by name."""
    known = Catalogue.load().indicators
    near = [(name, known[name].name) for name, _ in candidates if name in known]
    every = sorted(((name, entry.name) for name, entry in known.items()), key=lambda item: item[1])
    return [*([("推荐", near)] if near else []), ("全部", every)]


def _proposal(target: Target) -> Binding:
    """The most alike indicator when it is alike enough, else a report with the reason why."""
    found = _candidates(target)
    near = [[name, round(score, 3)] for name, score in found]
    if not found or found[0][1] < PROPOSE_FROM:
        return Binding(
            target=target,
            kind=Binding.Kind.REPORT,
            verdict=Binding.Verdict.NOT,
            missing="指标目录中没有对应的定义",
            candidates=near,
        )
    name, score = found[0]
    entry = Catalogue.load().indicators[name]
    binding = Binding(target=target, indicator=name, score=score, candidates=near, reason=f"名称与“{entry.name}”相近")
    if entry.computed:
        binding.kind, binding.verdict = Binding.Kind.INDICATOR, Binding.Verdict.COMPUTABLE
    elif entry.kind == "method":
        binding.kind, binding.verdict = Binding.Kind.INDICATOR, Binding.Verdict.PARTLY
        binding.missing = entry.missing or "须另行测算"
    else:
        binding.kind, binding.verdict = Binding.Kind(entry.kind), Binding.Verdict.NOT
        binding.missing = entry.missing or "没有数据来源"
    return binding


def _candidates(target: Target) -> list[tuple[str, float]]:
    """The most alike indicators, best first, with their likeness from 0 to 1."""
    metric = _pairs(target.metric)
    scored = [
        (name, _dice(metric, pairs) * (1.0 if _same_nature(target, unit) else 0.55)) for name, pairs, unit in _names()
    ]
    best = sorted(scored, key=lambda item: -item[1])[:CANDIDATES]
    return [item for item in best if item[1] > 0.2]


@cache
def _names() -> list[tuple[str, frozenset[str], str]]:
    return [(name, _pairs(entry.name), entry.unit) for name, entry in Catalogue.load().indicators.items()]


def _pairs(name: str) -> frozenset[str]:
    """Pairs of neighbouring characters of a name without its marks and its worn endings."""
    plain = re.sub(r"[\W_]|的", "", name)
    plain = re.sub(r"(?:覆盖|达标)?(?:率|比例|占比|比重|水平)$", "率", plain)
    return frozenset(a + b for a, b in pairwise(plain))


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _same_nature(target: Target, unit: str) -> bool:
    """Whether a promise can be about an indicator of that unit: a share stays a share, a number of things a number, and
    a rise or fall (个百分点) is neither. A number per so many people (每千人口 … 名) is a share too."""
    if target.kind == "change":
        return False
    share = target.unit.startswith(("%", "‰", "/")) or bool(re.match(r"每[十百千万\d]+", target.metric))
    return share == (unit in {"percent", "permille", "per-1000", "per-10000", "per-100000"})
