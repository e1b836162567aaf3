"""Proposals for what a promise is measured by: an indicator, a register, a dated deliverable or a report, with the reason.

Pure: indicators come in as a mapping of anything that looks like one (`IndicatorLike`), so this package knows neither the
catalogue of indicators nor where values live.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from luoshi.plans import metrics
from luoshi.plans.likeness import Home, MetricWords, likeness, plain_name, vocabulary
from luoshi.plans.model import Target

BindingKind = Literal["indicator", "register", "deliverable", "report"]
Verdict = Literal["computable", "partly", "not"]

_ENOUGH, _SURE, _MOST = 0.5, 0.72, 4
_LEAST = 0.45  # of a proposal, after doubts about its unit: below it a home of its own is better than a wrong one


class IndicatorLike(Protocol):
    """What binding needs to know of an indicator; `kind` as in the catalogue, `missing` the source it lacks."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def better(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def missing(self) -> str | None: ...


@dataclass(frozen=True)
class Proposal:
    """One way to measure a target. `indicator` is its id or empty; `score` from 0 to 1 orders proposals; `reason` and
    `reason_en` say in one sentence why; `missing_source` names in Chinese what is lacking (`missing_source_en` in English)."""

    kind: BindingKind
    indicator: str
    verdict: Verdict
    reason: str
    reason_en: str
    missing_source: str = ""
    missing_source_en: str = ""
    score: float = 0.0


@dataclass(frozen=True)
class _Match:
    id: str
    score: float
    phrase: str
    seen: str
    home: Home | None


def propose(target: Target, indicators: Mapping[str, IndicatorLike]) -> list[Proposal]:
    """Proposals for one target, best first, never empty: with nothing alike, a register, deliverable or report is proposed
    by the kind of thing promised. A target that names several measures (高血压、糖尿病…率) gets one proposal for each."""
    out: dict[str, Proposal] = {}
    for name in _names(target):
        for match in _matches(name, indicators)[:2]:
            proposal = _proposal(target, match, indicators.get(match.id))
            if proposal is None:
                continue
            held = out.get(match.id)
            if held is None or held.score < proposal.score:
                out[match.id] = proposal
    ranked = sorted((p for p in out.values() if p.score >= _LEAST), key=lambda p: -p.score)
    if ranked and ranked[0].score >= _SURE:
        ranked = [p for p in ranked if p.score >= ranked[0].score - 0.2]
    return ranked[:_MOST] or [_fallback(target)]


def _names(target: Target) -> list[str]:
    """The metric, and each member where it lists several under one head."""
    names = [target.metric]
    if "、" in target.metric or "和" in target.metric:
        for count in (2, 3, 4):
            members = metrics.distribute(target.metric, count)
            if members:
                names.extend(m for m in members if len(m) >= 4)
                break
    return names


def _matches(name: str, indicators: Mapping[str, IndicatorLike]) -> list[_Match]:
    found: list[_Match] = []
    known: set[str] = set()
    for words in vocabulary().metrics:
        known.add(words.id)
        phrases = [(p.text, p.seen) for p in words.says]
        if words.id in indicators:
            phrases.append((indicators[words.id].name, "catalogue"))
        best = max(((likeness(name, text), text, seen) for text, seen in phrases), default=(0.0, "", ""))
        score = best[0] if best[0] >= 0.97 else best[0] * _fit(name, words)
        if score >= _ENOUGH:
            found.append(_Match(words.id, score, best[1], best[2], words.home))
    for identifier, indicator in indicators.items():
        if identifier not in known and (score := likeness(name, indicator.name)) >= _ENOUGH:
            found.append(_Match(identifier, score, indicator.name, "catalogue", None))
    return sorted(found, key=lambda m: -m.score)


def _fit(name: str, words: MetricWords) -> float:
    """Lowers a match whose needed words are absent or whose forbidden words are present."""
    text = plain_name(name) + name
    if any(word in text for word in words.never):
        return 0.4
    missing = sum(word not in text for word in words.needs)
    return 0.6**missing


# unit of the indicator -> units of targets it can answer directly
_UNITS: dict[str, frozenset[str]] = {
    "percent": frozenset({"%", "个百分点"}),
    "permille": frozenset({"‰"}),
    "per-100000": frozenset({"/10万"}),
    "per-10000": frozenset({"/万"}),
    "per-1000": frozenset({"/千", "‰"}),
    "minutes": frozenset({"分钟", "小时"}),
    "days": frozenset({"天", "日"}),
    "wan-yuan": frozenset({"元"}),  # what stands after 万
}
_PER = {"per-1000": "千", "per-10000": "万", "per-100000": "10万"}


def unit_fits(target: Target, unit: str) -> bool | None:
    """Whether an indicator of this unit answers the target: True, False, or None when they convert (‰ and /10万)."""
    printed = target.unit.lstrip("万亿") or target.unit
    if printed in _UNITS.get(unit, frozenset()):
        return True
    rates = {"%", "‰", "/10万", "/万", "/千"}
    if unit in ("percent", "permille", "per-100000", "per-10000", "per-1000"):
        if target.unit in rates:
            return None
        base = _PER.get(unit)
        return base is not None and target.kind == "rate" and (base in target.per or base in target.metric)
    if unit in ("count", "persons"):
        return target.unit not in rates and target.kind in ("count", "level")
    if unit == "ratio":
        return target.unit in ("1:N", "", "倍", "%")
    return target.kind == "level"


def _proposal(target: Target, match: _Match, indicator: IndicatorLike | None) -> Proposal | None:
    said = f"“{target.metric}”与“{match.phrase}”" if match.phrase != target.metric else f"“{match.phrase}”"
    same = "同名" if match.score >= 0.97 else f"相近({match.score:.0%})"
    seen = "" if match.seen in ("catalogue", "K") else f",见于{match.seen}"
    same_en = "the same name" if match.score >= 0.97 else f"a name {match.score:.0%} alike"
    base = Proposal(
        "report", match.id, "not", f"{said}{same}{seen}", f"It has {same_en} as “{match.phrase}”", score=match.score
    )
    if indicator is None:
        if match.home is None:
            return None
        return replace(
            base, kind=match.home.kind, verdict=_home_verdict(match.home.kind), score=match.score * 0.95,
            reason=base.reason + ";记录中尚无此定义", reason_en=base.reason_en + "; no definition computes it yet.",
            missing_source=match.home.missing, missing_source_en=match.home.missing_en,
        )  # fmt: skip
    fits = unit_fits(target, indicator.unit)
    if fits is False:
        base = replace(
            base, score=base.score * 0.6, reason=base.reason + f";单位不同(目标为{target.unit or '无单位'})",
            reason_en=base.reason_en + f", but it counts in another unit than “{target.unit}”",
        )  # fmt: skip
    elif fits is None:
        base = replace(
            base, reason=base.reason + ";单位需换算", reason_en=base.reason_en + ", in a unit to be converted"
        )
    if indicator.kind in ("register", "deliverable", "report"):
        kind: BindingKind = indicator.kind  # type: ignore[assignment]
        return replace(
            base, kind=kind, verdict=_home_verdict(kind), reason=base.reason + _HOME_SAYS[kind][0],
            reason_en=base.reason_en + _HOME_SAYS[kind][1], missing_source=indicator.missing or "",
            missing_source_en=match.home.missing_en if match.home else "",
        )  # fmt: skip
    verdict, lacking, lacking_en = _computable(target, base.score, fits)
    ending, ending_en = (";由健康记录计算", "; computed from records")
    return replace(
        base, kind="indicator", verdict=verdict, missing_source=lacking, missing_source_en=lacking_en,
        reason=base.reason + ending + (f",但{lacking}" if lacking else ""),
        reason_en=base.reason_en + ending_en + (f", but: {lacking_en}." if lacking_en else "."),
    )  # fmt: skip


_HOME_SAYS: dict[str, tuple[str, str]] = {
    "register": (";由名册(称号、日期)计数", "; counted from a register with titles and dates."),
    "deliverable": (";以按期提交的材料为证", "; shown by dated evidence."),
    "report": (";由责任单位报告或调查", "; reported by the responsible unit or a survey."),
}


def _home_verdict(kind: str) -> Verdict:
    return "partly" if kind == "register" else "not"


def _computable(target: Target, score: float, fits: bool | None) -> tuple[Verdict, str, str]:
    """The verdict on a computed indicator, with what is lacking where it is only partly so."""
    if fits is False:
        return "partly", "单位与目标不一致,须改写目标或定义", "its unit is not that of the promise"
    if target.kind == "change" and target.baseline is None:
        since = f"{target.baseline_year}年" if target.baseline_year else "上年"
        return (
            "partly",
            f"须有{since}同口径数值作比较",
            f"the value of {target.baseline_year or 'last year'} is needed to compare",
        )
    if score < _SURE:
        return "partly", "口径须由人工核对", "a person must check that both mean the same"
    return "computable", "", ""


_BUILT = re.compile(
    r"新建|建成|建设|创建|改造|新增|打造|培育|启动|设立|设置|立项|认定|命名|遴选|入选|示范|试点|中心|基地|医院|门诊|病房|专科|学科|工作室|站|馆"
)
_DONE = re.compile(
    r"培训|招录|引进|引才|会议|讲座|演练|宣传|播放|刊登|举办|轮训|培养|选派|评估|案例|印发|制定|出台|调度|督导|竞赛|大赛"
)


def _fallback(target: Target) -> Proposal:
    """A home for a promise nothing in the vocabulary is like."""
    if target.kind == "count" and _DONE.search(target.metric):
        return Proposal(
            "deliverable", "", "not", "词库中没有相近指标;属活动或培训,以按期提交的名单、纪要等材料为证",
            "Nothing in the vocabulary is like it; an activity, shown by dated lists or minutes.",
            "活动名单或纪要(按日期)", "Dated lists or minutes",
        )  # fmt: skip
    if target.kind in ("count", "level") or _BUILT.search(target.metric):
        return Proposal(
            "register", "", "partly", "词库中没有相近指标;属建设或认定类,可由名册计数",
            "Nothing in the vocabulary is like it; something built or certified, which a register can count.",
            "相应名册(名称、机构、日期)", "A register of names, institutions and dates",
        )  # fmt: skip
    return Proposal(
        "report", "", "not", "词库中没有相近指标;由责任单位报告",
        "Nothing in the vocabulary is like it; the responsible unit reports it.",
        "责任单位的统计口径与数据", "The unit's definition and figures",
    )  # fmt: skip


def propose_all(targets: Iterable[Target], indicators: Mapping[str, IndicatorLike]) -> dict[str, list[Proposal]]:
    """`propose` for every target, by target id."""
    return {target.id: propose(target, indicators) for target in targets}
