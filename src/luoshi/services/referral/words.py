"""What referrals say on pages, in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from luoshi.services.referral import book, rules
from luoshi.services.referral.models import Capacity, Referral, Step
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell

_STATE_LIGHT = {"rejected": "grey", "cancelled": "grey", "no-show": "grey", "closed": "green", "summarised": "green"}


def state(name: str) -> str:
    """A state."""
    return in_language(*rules.MACHINE.states[name])


def move(name: str) -> str:
    """A move of the machine, or another kind of line of the timeline."""
    for one in rules.MACHINE.moves:
        if one.name == name:
            return in_language(one.label, one.label_en)
    other = {
        "draft": _("起草"),
        "escalate": _("超时催办"),
        "filed": _("补办绿色通道审批"),
        "adopt": _("以接收方系统为准"),
        "restate": _("向对接系统重申现状"),
    }
    return other.get(name, name)


def direction(name: str) -> str:
    """Up or down."""
    return _("上转") if name == rules.UP else _("下转")


def priority(name: str) -> str:
    """How pressing."""
    found = book.rules().priorities[name]  # type: ignore[index]
    return in_language(found.name, found.name_en)


def hours(count: float) -> str:
    """A limit: minutes below an hour, days from two on."""
    if count < 1:
        return _("%(n)g 分钟") % {"n": count * 60}
    return _("%(n)g 天") % {"n": count / 24} if count >= 48 and count % 24 == 0 else _("%(n)g 小时") % {"n": count}


def finding(one: book.Finding) -> str:
    """What speaks for a referral: the value with its bound, how often and how old at most; a sign as it is."""
    name = in_language(one.name, one.name_en)
    if one.sign:
        return name
    bound = f"≥{one.at_least:g}" if one.at_least is not None else f"≤{one.at_most:g}" if one.at_most is not None else ""
    told = f"{name} {bound}" if bound else f"{name}：{_('不稳定') if one.is_ == 'unstable' else one.is_}"
    often = _("连续 %(n)s 次，") % {"n": one.times} if one.times > 1 else ""
    return _("%(what)s（%(often)s%(days)s 天内）") % {"what": told, "often": often, "days": one.days}


def reason(kind: str, name: str) -> str:
    """A declared reason; another text stays as it is."""
    found = book.rules().reasons[kind].get(name)  # type: ignore[index]
    return in_language(found.name, found.name_en) if found else name


def any_reason(text: str) -> str:
    """The note of a step: a declared reason at its beginning is said in words."""
    head, _blank, rest = text.partition(" ")
    for known in book.rules().reasons.values():
        if head in known:
            named = in_language(known[head].name, known[head].name_en)
            return f"{named}：{rest}" if rest else named
    for step in book.rules().clocks.escalate:
        if text == step.to:
            return in_language(step.name, step.name_en)
    return text


def route(name: str) -> str:
    """Why a place is suggested, or what speaks against it."""
    return {
        "alliance": _("同一医共体"),
        "district": _("同一县（区）"),
        "region": _("本市其他机构"),
        "peer": _("对接系统"),
        "offers": _("具备所需能力"),
        "lacks": _("不具备所需专科"),
        "next-tier": _("上一级机构"),
        "skips": _("越级"),
        "capable": _("等级适合危重救治"),
        "free": _("有空余床位或号源"),
        "full": _("床位号源已满"),
        "stale": _("床位号源久未更新"),
        "came-from": _("上转时的来源机构"),
        "manages": _("负责其健康管理的机构"),
        "home": _("居住地所在乡镇（街道）"),
        "home-county": _("居住地所在县（区）"),
        "not-home": _("不在居住地县（区）"),
        "on-list": _("下转病种目录内"),
        "beyond": _("病种目录要求更高一级"),
    }.get(name, name)


def routes(names: Iterable[str]) -> str:
    """Several of them."""
    return "、".join(route(name) for name in names)


def tier(name: str) -> str:
    """A tier of institutions."""
    found = book.rules().tier_names[name]  # type: ignore[index]
    return in_language(found.name, found.name_en)


def consented(by: str) -> str:
    """Who agreed."""
    return {"patient": _("患者本人同意"), "guardian": _("监护人同意"), "emergency": _("紧急情况，来不及征求")}.get(
        by, "—"
    )


def confidence(name: str) -> str:
    """How sure the source of a rule is; nothing for a sure one."""
    return {"low": _("依据待核实"), "medium": _("依据一般")}.get(name, "")


def kind(name: str) -> str:
    """A bed or a slot."""
    return _("床位") if name == Capacity.BED else _("号源")


def left(due: datetime | None, now: datetime) -> str:
    """Time left until a deadline, or how long it has passed."""
    if due is None:
        return ""
    seconds = (due - now).total_seconds()
    hours = abs(seconds) / 3600
    days = _("%(n)d 天") % {"n": round(hours / 24)}
    span = days if hours >= 48 else _("%(n)d 小时") % {"n": int(hours)}
    if hours < 1:
        span = _("%(n)d 分钟") % {"n": int(hours * 60)}
    return (_("剩 %(span)s") if seconds >= 0 else _("超时 %(span)s")) % {"span": span}


def clock_light(row: Referral, now: datetime) -> str:
    """Green while there is time, yellow in its last quarter, red past it; grey where nothing runs."""
    if row.state in _STATE_LIGHT and not (row.open and row.due):
        return _STATE_LIGHT[row.state]
    if row.due is None:
        return "grey"
    if row.due < now:
        return "red"
    whole = (row.due - row.since).total_seconds()
    return "yellow" if whole > 0 and (row.due - now).total_seconds() < whole / 4 else "green"


def clock_cell(row: Referral, now: datetime) -> Cell:
    """The state with its clock."""
    return Cell(state(row.state), light=clock_light(row, now), note=left(row.due, now) if row.open else "")


def age(years: int | None) -> str:
    """An age."""
    return "" if years is None else _("%(n)d岁") % {"n": years}


def step_by(step: Step, names: dict[str, str]) -> str:
    """Who made a step."""
    if step.by == "clock":
        return _("系统时钟")
    if step.by.startswith("peer:"):
        return _("对接系统 %(name)s") % {"name": step.by[5:]}
    return names.get(step.by) or step.by
