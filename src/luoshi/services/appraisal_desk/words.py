"""Why something is not scored, how a total is made, and the four lights of a state, in words."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from luoshi.kernel.machine import Machine
from luoshi.supervision.appraisal import rules, scoring
from luoshi.supervision.appraisal.schemes import Item, Scheme
from luoshi.web.manifest import in_language

LIGHTS = {
    rules.DRAFT: "grey", rules.ANNOUNCED: "yellow", rules.FINAL: "green", rules.DROPPED: "grey",
    rules.FILED: "yellow", rules.UPHELD: "green", rules.REJECTED: "red", rules.TAKEN_BACK: "grey",
    rules.OPEN: "yellow", rules.CLOSED: "green",
}  # fmt: skip


def reason(code: str) -> str:
    """Why a value is not scored, or a division has no total."""
    return {
        "no-data": _("没有数据"),
        "missing-source": _("缺少数据来源"),
        "empty-denominator": _("没有应统计的对象"),
        "too-small": _("人数太少"),
        "too-few": _("人数太少"),
        "stale": _("数据过期"),
        "disagreeing": _("分子大于分母，来源不一致"),
        "not-computable": _("数据不足以计算"),
        "no-baseline": _("没有上年同口径数值"),
        "too-little": _("可计分的权重不足，不排名"),
        "not-whole": _("缺项，不能用 TOPSIS 比较"),
    }.get(code, _("没有数据"))


def composition(scheme: Scheme) -> str:
    """The published formula of the total."""
    total = {"total": f"{scheme.total:g}", "coverage": f"{scheme.coverage:.0%}"}
    return {
        "weighted-sum": _(
            "加权求和：总分 = Σ(权重 × 得分率) ÷ Σ(已计分指标的权重) × %(total)s。没有数据的指标既不得分也不扣分；"
            "已计分权重不足 %(coverage)s 的不给总分、不排名。"
        ),
        "entropy": _(
            "熵权：p = 得分率 ÷ 合计，E = −Σ p·ln p ÷ ln m，权重 ∝ 事先权重 × (1 − E)；各地差别越大的指标权重越高。"
            "总分 = Σ(权重 × 得分率) ÷ Σ(已计分指标的权重) × %(total)s；已计分权重不足 %(coverage)s 的不排名。"
        ),
        "topsis": _(
            "TOPSIS：各列除以平方和的平方根并乘以权重，S⁺、S⁻ 为到最好和最差的距离，总分 = S⁻ ÷ (S⁺ + S⁻) × %(total)s。"
            "缺一项即不能比较。"
        ),
    }[scheme.composition] % total


def composition_name(scheme: Scheme) -> str:
    """The way of composing in a word."""
    return {"weighted-sum": _("加权求和"), "entropy": _("熵权法"), "topsis": "TOPSIS"}[scheme.composition]


def confidence(scheme: Scheme) -> str:
    """How sure the scheme is."""
    return {"high": _("依据充分"), "medium": _("依据待核"), "low": _("依据不足，口径可能调整")}[scheme.confidence]


def item_name(item: Item) -> str:
    """The item in the language of the page."""
    return in_language(item.name, item.name_en)


def scheme_name(scheme: Scheme) -> str:
    """The scheme in the language of the page."""
    return in_language(scheme.name, scheme.name_en)


def formula(item: Item) -> str:
    """How the item is scored."""
    return scoring.in_words(item, english=(get_language() or "").startswith("en"))


def state(machine: Machine, name: str) -> str:
    """A state in the language of the page."""
    return in_language(*machine.states[name])
