"""The tables of the duty desk, for pages and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.supervision.duties.dividing import Candidates
from luoshi.supervision.duties.figures import Figure
from luoshi.supervision.duties.models import Duty
from luoshi.web import numbers
from luoshi.web.lights import light as shape
from luoshi.web.tables import Cell, Column, Table, cell


def duties(rows: Sequence[Duty], figures: Mapping[int, Figure]) -> Table:
    """Duties with whose each is, state, light, value and due day."""
    columns = [
        Column(_("任务"), head=True, width=44),
        Column(_("责任单位"), width=26),
        Column(_("角色"), "day", width=8),
        Column(_("状态"), "day", width=12),
        Column(_("灯色"), "light", width=14),
        Column(_("现值"), "number", width=16),
        Column(_("任务指标"), "number", width=14),
        Column(_("期限"), "day", width=14),
    ]
    return Table(
        _("任务清单"), columns, [_duty(d, figures[d.pk]) for d in rows], empty=_("没有符合条件的任务。"),
        caption_hidden=True,
    )  # fmt: skip


def _duty(duty: Duty, figure: Figure) -> list[Cell]:
    return [
        Cell(duty.title, href=reverse("duty_desk:duty", args=[duty.pk]), note=duty.plan_title),
        Cell(duty.unit_name, note=_("未对应到名录") if duty.unit_kind == "unknown" else ""),
        cell(duty.get_role_display()),
        Cell(duty.state_words, note=state_note(duty)),
        Cell(figure.word, light=figure.light, note=by_hand(figure) or figure.why),
        Cell(figure.value_text or "—", figure.value, note=figure.fraction_text),
        cell(figure.goal_text),
        Cell(f"{duty.due:%Y-%m-%d}", duty.due, note=due_note(duty)) if duty.due else Cell("—"),
    ]


def state_note(duty: Duty) -> str:
    """What the clock says of a duty's state."""
    if duty.state == "issued":
        late = clock.today() > duty.receipt_due
        day = f"{duty.receipt_due:%m-%d}"
        return _("签收已超期（应于 %(day)s）") % {"day": day} if late else _("%(day)s前签收") % {"day": day}
    return ""


def due_note(duty: Duty) -> str:
    """How far off the due day is."""
    if not duty.open or duty.due is None:
        return ""
    days = (duty.due - clock.today()).days
    if days < 0:
        return _("已逾期 %(n)s 天") % {"n": -days}
    note = _("还有 %(n)s 天") % {"n": days}
    return f"{note} · {_('推定')}" if duty.due_inferred else note


def by_hand(figure: Figure) -> str:
    """Who set the light and until when; empty for a computed one."""
    held = figure.override
    if held is None:
        return ""
    return _("人工定灯：%(reason)s（%(name)s，至 %(day)s；计算为%(computed)s灯）") % {
        "reason": held.reason,
        "name": held.by_name,
        "day": f"{held.until:%Y-%m-%d}",
        "computed": shape(figure.computed).name,
    }


def parts(rows: Sequence[Duty], figures: Mapping[int, Figure]) -> Table:
    """What a duty was split into."""
    lines = [
        [
            Cell(d.unit_name, href=reverse("duty_desk:duty", args=[d.pk])),
            Cell(figures[d.pk].goal_text or "—", d.quota),
            Cell(figures[d.pk].value_text or "—", figures[d.pk].value, note=figures[d.pk].fraction_text),
            Cell(figures[d.pk].word, light=figures[d.pk].light, note=by_hand(figures[d.pk]) or figures[d.pk].why),
            Cell(d.state_words, note=state_note(d)),
        ]
        for d in rows
    ]
    columns = [
        Column(_("单位"), head=True, width=30), Column(_("分解指标"), "number"), Column(_("现值"), "number"),
        Column(_("灯色"), "light"), Column(_("状态")),
    ]  # fmt: skip
    return Table(_("向下分解"), columns, lines, empty=_("还没有向下分解。"), caption_hidden=True)


def total_line(duty: Duty, rows: Sequence[Duty]) -> str:
    """What the parts come to against the whole: `合计 4 家 / 任务 4 家`, or the weighted mean of a rate."""
    given = [(d.quota, d.weight) for d in rows if d.quota is not None]
    if not given or duty.threshold is None:
        return ""
    whole = numbers.quantity(duty.threshold.value, duty.unit)
    if duty.additive:
        total = sum(quota for quota, _w in given)
        return _("各单位合计 %(total)s，本级任务 %(whole)s") % {
            "total": numbers.quantity(total, duty.unit),
            "whole": whole,
        }
    weights = [w or 0 for _q, w in given]
    if not sum(weights):
        weights = [1.0] * len(given)
    mean = sum(q * w for (q, _w), w in zip(given, weights, strict=True)) / sum(weights)
    return _("各单位按人数加权平均 %(total)s，本级任务 %(whole)s") % {
        "total": numbers.quantity(mean, duty.unit),
        "whole": whole,
    }


def issue_rows(task: Any) -> Table:
    """The duties one task would become."""
    rows = [
        [
            Cell(p.body.name, note=_note(p)),
            Cell(_("牵头") if p.lead else _("配合"), note=_("推定") if p.lead_inferred else ""),
            cell(p.title),
            cell(p.promise.promise if p.promise and p.lead else ""),
            Cell(f"{p.due:%Y-%m-%d}", p.due) if p.due else Cell("—"),
            Cell(_("已下达"), href=reverse("duty_desk:duty", args=[p.issued])) if p.issued else Cell(_("未下达")),
        ]
        for p in task.proposed
    ]
    columns = [
        Column(_("责任单位"), head=True, width=30), Column(_("角色"), width=10), Column(_("任务"), width=40),
        Column(_("目标值"), "number"), Column(_("期限"), "day"), Column(_("状态"), "day", width=10),
    ]  # fmt: skip
    return Table(task.task.title, columns, rows, empty=_("这项任务没有责任单位。"), caption_hidden=True)


def _note(p: Any) -> str:
    if p.body.kind == "unknown":
        return _("未对应到名录，先由本级代管，可改派")
    return _("文中作“%(printed)s”") % {"printed": p.body.printed} if p.body.printed != p.body.name else ""


def shares(found: Candidates, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of the split form: each unit with its weight, value, even part and what stands in its field."""
    return [
        {
            "key": c.key,
            "name": c.body.name,
            "weight": numbers.number(c.weight) if c.weight is not None else "—",
            "now": c.now,
            "fraction": c.fraction,
            "light": c.light,
            "even": c.even,
            "given": c.given,
            "value": given.get(c.key, _plain(c.given.quota if c.given else c.even)),
        }
        for c in found.rows
    ]


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
