"""The tables of the rectification desk, and a finding's history in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.platform.access import queries as accounts
from luoshi.platform.audit.trail import entries
from luoshi.supervision import sources, working_days
from luoshi.supervision.rectification import rules
from luoshi.supervision.rectification.ladder import Planned
from luoshi.supervision.rectification.models import Finding, Step
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

LIGHTS = {
    rules.FOUND: "grey", rules.NOTICED: "yellow", rules.PLANNED: "yellow", rules.SUBMITTED: "yellow",
    rules.CLOSED: "green", rules.DISMISSED: "grey",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One line of a history: when, who, what, with which words."""

    at: datetime
    by: str
    what: str
    said: str = ""


def state_word(found: Finding) -> str:
    """The state in the language of the page."""
    return in_language(*rules.FINDING.states[found.state])


def overdue(found: Finding) -> int:
    """Days since the date that runs was missed; 0 while it was not."""
    return max(0, (clock.today() - found.running[1]).days) if found.running else 0


def light(found: Finding) -> tuple[str, str]:
    """The light and word of a finding; one past its date is red."""
    late = overdue(found)
    if late:
        return "red", _("%(state)s，逾期 %(n)s 天") % {"state": state_word(found), "n": late}
    return LIGHTS[found.state], state_word(found)


def findings(rows: Sequence[Finding], places: Mapping[int, str], steps: Mapping[int, Sequence[Step]]) -> Table:
    """A line for each finding."""
    lines = []
    for f in rows:
        key, word = light(f)
        last = steps.get(f.pk, ())
        flags = (_("屡查屡犯"),) if f.repeat_of_id else ()
        lines.append(
            [
                Cell(f"#{f.pk} {f.title}", href=reverse("rectification_desk:finding", args=[f.pk]), flags=flags),
                Cell(places.get(f.pk, "")),
                Cell(f.get_kind_display()),
                Cell(word, light=key),
                cell(f.running[1] if f.running else None),
                Cell(in_language(last[-1].name, last[-1].name_en) if last else "—"),
                cell(f.found_on),
                Cell(f.get_closed_how_display() if f.closed_how else "—"),
            ]
        )
    columns = [
        Column(_("事项"), head=True, width=44), Column(_("责任单位"), width=30), Column(_("来源")),
        Column(_("状态"), "light", width=22), Column(_("当前期限"), "day"), Column(_("督办步骤")),
        Column(_("发现日期"), "day"), Column(_("销号方式")),
    ]  # fmt: skip
    return Table(_("整改台账"), columns, lines, empty=_("没有符合条件的整改事项。"), caption_hidden=True)


def planned(rows: Sequence[Planned], places: Mapping[int, str]) -> Table:
    """What would happen, a line for each step in order of day."""
    bases = {"plan": _("方案"), "finish": _("整改")}
    lines = [
        [
            cell(p.due.on),
            Cell(in_language(p.due.step.name, p.due.step.name_en)),
            Cell(f"#{p.finding.pk} {p.finding.title}", href=reverse("rectification_desk:finding", args=[p.finding.pk])),
            Cell(places.get(p.finding.pk, "")),
            Cell(_("%(what)s期限 %(day)s") % {"what": bases[p.basis], "day": p.missed}),
        ]
        for p in rows
    ]
    columns = [
        Column(_("应办日期"), "day"), Column(_("步骤")), Column(_("事项"), head=True, width=44),
        Column(_("责任单位"), width=30), Column(_("因为错过"), width=24),
    ]  # fmt: skip
    days = [p.due.on for p in rows]
    notes = [_("所涉年份的节假日尚未公布，只按周末推算。")] if days and working_days.provisional(*days) else []
    return Table(
        _("到期会发生什么"), columns, lines, empty=_("到这一天没有应办的步骤。"), notes=notes, caption_hidden=True
    )


def steps(rows: Sequence[Step]) -> Table:
    """Steps that came: when due, when done."""
    lines = [
        [
            Cell(in_language(s.name, s.name_en)),
            cell(s.missed),
            cell(s.due),
            cell(s.done_at.astimezone(clock.CHINA).date(), note=_late(s)),
            Cell(str(s.told), s.told),
            Cell(s.minutes or "—", note=f"{s.held_on} {s.minuted_by}" if s.minutes else ""),
        ]
        for s in rows
    ]
    columns = [
        Column(_("步骤"), head=True), Column(_("逾期日"), "day"), Column(_("应办日期"), "day"), Column(_("实际办理"), "day"),
        Column(_("通知人数"), "number"), Column(_("记录"), width=40),
    ]  # fmt: skip
    return Table(_("督办步骤"), columns, lines, empty=_("没有逾期，没有督办步骤。"))


def _late(step: Step) -> str:
    late = (step.done_at.astimezone(clock.CHINA).date() - step.due).days
    return _("晚 %(n)s 天") % {"n": late} if late > 0 else ""


def checks(found: Finding) -> Table:
    """Every value computed anew."""
    words = {True: ("green", _("达标")), False: ("red", _("未达标")), None: ("grey", _("不能判断"))}
    lines = [
        [
            cell(c.at.astimezone(clock.CHINA).date()), Cell(words[c.passed][1], light=words[c.passed][0]), Cell(c.words),
            cell(c.heard),
        ]
        for c in found.checks.all()
    ]  # fmt: skip
    columns = [
        Column(_("重算日期"), "day", head=True), Column(_("结果"), "light"), Column(_("数值"), width=60),
        Column(_("数据截至"), "day"),
    ]  # fmt: skip
    return Table(_("重算记录"), columns, lines, empty=_("还没有重算过。"))


def red(found: Sequence[sources.Standing], open_here: set[tuple[int, str]], names: Mapping[str, str]) -> Table:
    """Red targets of divisions, each with a way to raise it."""
    lines = []
    for s in found:
        raised = (s.target, s.division) in open_here
        href = "" if raised else f"{reverse('rectification_desk:new')}?target={s.target}&division={s.division}"
        lines.append(
            [
                Cell(s.promise.named, href=href, note=_("已有未销号的整改事项") if raised else ""),
                Cell(names.get(s.division, s.place)),
                Cell(s.why, light=s.light),
                Cell(s.value_text, s.value, note=s.fraction_text),
                Cell(s.promise_text),
                cell(s.people),
            ]
        )
    columns = [
        Column(_("目标"), head=True, width=40), Column(_("区划"), width=22), Column(_("灯色"), "light"),
        Column(_("现值"), "number"), Column(_("目标值")), Column(_("还差"), "number"),
    ]  # fmt: skip
    return Table(_("红灯目标"), columns, lines, empty=_("这里没有红灯目标。"), caption_hidden=True)


def history(found: Finding) -> list[Event]:
    """What happened to a finding, oldest first, from the audit trail, in words."""
    labels = {move.name: (move.label, move.label_en) for move in rules.FINDING.moves}
    others = {"raise": _("登记"), "escalate": _("督办"), "minute": _("记录约谈")}
    rows = list(entries(action="finding", object_=f"finding:{found.pk}").order_by("number"))
    names = accounts.names_of(r.by for r in rows)
    events = []
    for row in rows:
        move = row.action.partition(".")[2]
        what = in_language(*labels[move]) if move in labels else others.get(move, move)
        detail = row.detail
        said = str(detail.get("reason") or detail.get("plan") or detail.get("account") or detail.get("value") or "")
        if move == "escalate":
            said = _("%(step)s，应于 %(due)s，实际 %(done)s") % {k: detail.get(k, "—") for k in ("step", "due", "done")}
        if move == "notify":
            said = _("整改期限 %(day)s") % {"day": detail.get("due", "—")}
        by = _("系统") if row.by == "clock" else names.get(row.by) or row.by
        lived = detail.get(rules.WHEN)  # rows of earlier versions carry only the time of the trail
        events.append(Event(datetime.fromisoformat(lived) if lived else row.at, by, what, said))
    return events


def until(text: str, otherwise: date) -> date:
    """A day of an address; what is none is `otherwise`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise
