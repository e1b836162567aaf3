"""The tables of remote ECG, and measurements in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.services.ecg import rules
from luoshi.services.ecg.models import Request
from luoshi.services.ecg.queries import Times
from luoshi.web.manifest import in_language
from luoshi.web.numbers import number
from luoshi.web.tables import Cell, Column, Table, cell


def light(found: Request, now: datetime) -> str:
    """Red: late or critical; yellow: waiting; green: done in time; grey: withdrawn."""
    if found.state == rules.WITHDRAWN:
        return "grey"
    if found.state == rules.CRITICAL or rules.reading_clock(found.asked, found.urgency, found.reported, now).late:
        return "red"
    return "green" if found.state in (rules.REPORTED, rules.CLOSED) else "yellow"


def critical_name(name: str) -> str:
    """A critical value in the language of the page."""
    known = rules.declared().critical.get(name)
    return in_language(known.name, known.name_en) if known else name


def requests(found: Sequence[Request], names: Mapping[int, str], places: Mapping[str, str], to: str) -> Table:
    """Requests with their clocks."""
    now = clock.now()
    rows = []
    for r in found:
        due = rules.reading_clock(r.asked, r.urgency, r.reported, now)
        urgency = rules.declared().urgency[r.urgency]
        rows.append(
            [
                Cell(names.get(r.person, "—"), href=reverse(to, args=[r.uuid])),
                Cell(in_language(*rules.ECG.states[r.state]), light=light(r, now)),
                cell(in_language(urgency.name, urgency.name_en)),
                cell(f"{localtime(r.asked):%m-%d %H:%M}"),
                Cell(f"{localtime(due.due):%m-%d %H:%M}", note=_("超时") if due.late else ""),
                cell(places.get(r.institution, r.institution)),
                cell(places.get(r.center, r.center)),
            ]
        )
    columns = [
        Column(_("居民"), "line", head=True), Column(_("状态"), "light"), Column(_("紧急程度")), Column(_("申请时间")),
        Column(_("应报告时间")), Column(_("申请机构")), Column(_("判读机构")),
    ]  # fmt: skip
    return Table(_("远程心电申请"), columns, rows, empty=_("没有申请。"), caption_hidden=True)


def short(measures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Measurements as they stand on the paper."""
    shown = [("HR", "rate", ""), ("PR", "pr", "ms"), ("QRS", "qrs", "ms"), ("QT", "qt", "ms"), ("QTc", "qtc", "ms")]
    return [(name, f"{measures[key]:g}{unit}") for name, key, unit in shown if measures.get(key) is not None]


def measures(found: Mapping[str, Any]) -> Table:
    """What was measured, beside the usual ranges of adults."""
    lines = [
        (_("心率（次/分）"), "rate", "60–100"), (_("RR变异（%）"), "rr_variation", ""), (_("最长RR间期（毫秒）"), "longest_rr", ""),
        (_("PR间期（毫秒）"), "pr", "120–200"), (_("QRS时限（毫秒）"), "qrs", "60–120"), (_("QT间期（毫秒）"), "qt", ""),
        (_("QTc（Fridericia，毫秒）"), "qtc", "350–450"),
    ]  # fmt: skip
    rows = [[Cell(name), Cell(number(found.get(key), 1), found.get(key)), cell(usual)] for name, key, usual in lines]
    notes = [_("自动测量仅供参考，测不准的不给出数值；以医生判读为准。")]
    if found:
        notes.append(_("测量导联 %(lead)s，共 %(n)s 个心搏。") % {"lead": found.get("lead"), "n": found.get("beats")})
    return Table(
        _("自动测量"),
        [Column(_("项目"), head=True), Column(_("数值"), "number"), Column(_("成人常用范围"))],
        rows,
        notes=notes,
    )


def times(whole: Times, found: Sequence[Times], names: Mapping[str, str]) -> Table:
    """Promised times kept, by asking institution."""
    rows = [_times(t, names.get(t.institution, t.institution)) for t in found]
    if len(found) > 1:
        rows.append(_times(whole, _("合计")))
    columns = [
        Column(_("申请机构"), head=True, width=30), Column(_("申请数"), "number"), Column(_("已报告"), "number"),
        Column(_("按时率"), "number"), Column(_("报告用时中位数（分）"), "number"), Column(_("危急值"), "number"),
        Column(_("危急值超时确认"), "number"),
    ]  # fmt: skip
    declared = rules.declared()
    limits = "、".join(f"{in_language(u.name, u.name_en)} {u.minutes}" for u in declared.urgency.values())
    notes = [
        _("时限（分钟）：%(limits)s；危急值确认 %(n)s。依据：%(source)s（可信度低，待核定）")
        % {"limits": limits, "n": declared.acknowledge_minutes, "source": declared.source}
    ]
    return Table(_("各机构报告时限"), columns, rows, empty=_("本期没有申请。"), notes=notes)


def _times(t: Times, name: str) -> list[Cell]:
    share = 100 * t.in_time / t.asked
    return [
        Cell(name), Cell(number(t.asked), t.asked), Cell(number(t.reported), t.reported),
        Cell(f"{number(share, 1)}%", round(share, 2), note=f"{t.in_time}/{t.asked}"),
        Cell(number(t.median, 1), t.median), Cell(number(t.critical), t.critical),
        Cell(number(t.critical_late), t.critical_late),
    ]  # fmt: skip
