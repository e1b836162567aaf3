"""The tables of the desk: the score sheet, its drill-down, schemes, appeals, decisions; the same for page and file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.services.appraisal_desk import words
from luoshi.supervision.appraisal import rules
from luoshi.supervision.appraisal.computing import Line, Score
from luoshi.supervision.appraisal.models import Appeal, Decision, Meeting, Run
from luoshi.supervision.appraisal.schemes import Item, Scheme
from luoshi.web import marks, numbers
from luoshi.web.tables import Cell, Column, Table

COSTS = 3


def rank_range(line: Line) -> str:
    """`1–3`, or one number."""
    if line.low is None or line.high is None:
        return "—"
    return str(line.low) if line.low == line.high else f"{line.low}–{line.high}"


def costs(line: Line, scheme: Scheme) -> list[tuple[Item, Score]]:
    """What cost a division the most points, the most first."""
    pairs = [(item, line.scores[item.id]) for item in scheme.items]
    lost = [pair for pair in pairs if pair[1].lost >= 0.005]
    return sorted(lost, key=lambda pair: -pair[1].lost)[:COSTS]


def divisions(found: Run, lines: Sequence[Line], names: Mapping[str, str]) -> Table:
    """得分表: divisions with score, rank, its range, and what cost the points."""
    scheme = found.scheme
    rows = []
    for line in lines:
        cost = "；".join(f"{words.item_name(i)} −{numbers.number(s.lost, 1)}" for i, s in costs(line, scheme))
        scored = sum(1 for score in line.scores.values() if not score.reason)
        rows.append(
            [
                Cell(str(line.rank) if line.rank else "—", line.rank),
                Cell(
                    names.get(line.division, line.division),
                    href=reverse("appraisal_desk:division", args=[found.pk, line.division]),
                ),
                Cell(
                    numbers.number(line.total, scheme.decimals),
                    line.total,
                    note=words.reason(line.reason) if line.reason else "",
                    picture=_bar(line, scheme),
                ),
                Cell(rank_range(line)),
                Cell(_("%(n)s/%(all)s 项") % {"n": scored, "all": len(scheme.items)}, note=f"{line.coverage:.0%}"),
                Cell(cost or "—"),
            ]
        )
    columns = [
        Column(_("名次"), "number", width=8),
        Column(_("区划"), head=True, width=24),
        Column(_("得分"), "number"),
        Column(_("名次范围"), "number"),
        Column(_("已计分"), "number"),
        Column(_("失分最多"), width=60),
    ]
    title = _("各区划得分（满分 %(total)s，超额完成可加分）") if scheme.beyond else _("各区划得分（满分 %(total)s）")
    caption = title % {"total": f"{scheme.total:g}"}
    return Table(caption, columns, rows, empty=_("没有您可以查看的区划。"))


def _bar(line: Line, scheme: Scheme) -> str:
    if line.total is None:
        return ""
    key = "green" if line.total >= 0.9 * scheme.total else "yellow" if line.total >= 0.6 * scheme.total else "red"
    return str(marks.bullet(line.total, None, light_key=key, top=max(scheme.total, line.total)))


def items(found: Run, line: Line, *, exact: bool = True) -> Table:
    """One division item by item: value, formula, share, points. `exact`: with the counts of people."""
    scheme = found.scheme
    rows = []
    for item in scheme.items:
        score = line.scores[item.id]
        fraction = numbers.fraction(score.numerator, score.denominator) if exact else ""
        rows.append(
            [
                Cell(words.item_name(item)),
                Cell(
                    numbers.quantity(score.value, item.unit) if score.value is not None else "—",
                    score.value,
                    note=fraction,
                ),
                Cell(words.formula(item) if scheme.composition != "topsis" else _("接近最好者的程度")),
                Cell(f"{score.share:.1%}" if score.share is not None else words.reason(score.reason), score.share),
                Cell(numbers.number(score.points), score.points),
                Cell(numbers.number(score.possible), score.possible),
                Cell(
                    f"−{numbers.number(score.lost)}" if score.lost >= 0.005 else "—",
                    -score.lost if score.lost else None,
                ),
                Cell(score.data_until or "—"),
            ]
        )
    columns = [
        Column(_("指标"), head=True, width=36),
        Column(_("数值"), "number"),
        Column(_("计分办法"), width=44),
        Column(_("得分率"), "number"),
        Column(_("得分"), "number"),
        Column(_("权重"), "number"),
        Column(_("失分"), "number"),
        Column(_("数据截至"), "day"),
    ]
    return Table(_("逐项得分"), columns, rows)


def scheme(of: Scheme, weights: Mapping[str, float] | None = None) -> Table:
    """The items of a scheme with weight and formula; with the weights a run really used, where they differ."""
    whole = of.weight
    rows = [
        [
            Cell(words.item_name(item), note=item.indicator or _("目标 %(n)s") % {"n": item.target}),
            Cell(numbers.number(weights[item.id] if weights else item.weight / whole * of.total)),
            Cell(words.formula(item)),
            Cell(_("越高越好") if item.better == "higher" else _("越低越好")),
        ]
        for item in of.items
    ]
    columns = [
        Column(_("指标"), head=True, width=36),
        Column(_("权重"), "number"),
        Column(_("计分办法"), width=52),
        Column(_("方向")),
    ]
    return Table(_("指标与计分办法"), columns, rows)


def runs(found: Sequence[Run], names: Mapping[str, str]) -> Table:
    """Runs, newest first."""
    rows = [
        [
            Cell(run.title, href=reverse("appraisal_desk:run", args=[run.pk])),
            Cell(names.get(run.division, run.division)),
            Cell(f"{run.as_of:%Y-%m-%d}", run.as_of),
            Cell(words.state(rules.RUN, run.state), light=words.LIGHTS[run.state]),
            Cell(f"{run.slug} · {run.version or _('随附版')}"),
        ]
        for run in found
    ]
    columns = [
        Column(_("考核"), head=True, width=40),
        Column(_("组织单位")),
        Column(_("截至"), "day"),
        Column(_("状态"), "light"),
        Column(_("方案版本")),
    ]
    return Table(_("考核结果"), columns, rows, empty=_("还没有考核结果。"))


def appeals(found: Sequence[Appeal], run: Run, names: Mapping[str, str]) -> Table:
    """Appeals with their answer and what they changed."""
    of = run.scheme
    rows = []
    for row in found:
        item = of.item(row.item)
        effect = ""
        if row.effect:
            before, after = row.effect["before"], row.effect["after"]
            effect = _("%(a)s → %(b)s 分，第 %(c)s → %(d)s 名") % {
                "a": numbers.number(before["total"]),
                "b": numbers.number(after["total"]),
                "c": before["rank"] or "—",
                "d": after["rank"] or "—",
            }
        rows.append(
            [
                Cell(names.get(row.division, row.division)),
                Cell(
                    words.item_name(item),
                    note=f"{_('主张')} {numbers.quantity(row.value, item.unit)}" if row.value is not None else "",
                ),
                Cell(row.claim, note=f"{row.by} {row.at:%Y-%m-%d}"),
                Cell(words.state(rules.APPEAL, row.state), light=words.LIGHTS[row.state]),
                Cell(row.answer or "—", note=row.source),
                Cell(effect or "—"),
            ]
        )
    columns = [
        Column(_("区划"), head=True), Column(_("指标"), width=30), Column(_("申诉理由"), width=44), Column(_("状态"), "light"),
        Column(_("复核意见与依据"), width=44), Column(_("更正前后"), width=30),
    ]  # fmt: skip
    return Table(_("申诉"), columns, rows, empty=_("没有申诉。"))


def meetings(found: Sequence[Meeting], names: Mapping[str, str]) -> Table:
    """Meetings, newest first."""
    rows = [
        [
            Cell(one.title, href=reverse("appraisal_desk:minutes", args=[one.pk])),
            Cell(names.get(one.division, one.division)),
            Cell(f"{one.day:%Y-%m-%d}", one.day),
            Cell(words.state(rules.MEETING, one.state), light=words.LIGHTS[one.state]),
        ]
        for one in found
    ]
    columns = [
        Column(_("会议"), head=True, width=40),
        Column(_("组织单位")),
        Column(_("日期"), "day"),
        Column(_("状态"), "light"),
    ]
    return Table(_("调度会"), columns, rows, empty=_("还没有调度会。"))


def decisions(found: Sequence[Decision], names: Mapping[str, str], duty_links: Mapping[int, str]) -> Table:
    """What was decided, with the duty each became."""
    rows = [
        [
            Cell(str(n), n),
            Cell(names.get(one.division, one.division)),
            Cell(one.what),
            Cell(one.who),
            Cell(f"{one.due:%Y-%m-%d}", one.due),
            Cell(
                _("任务 %(n)s") % {"n": one.duty} if one.duty else _("未成任务"),
                href=duty_links.get(one.duty or 0, ""),
                note=one.refused,
            ),
        ]
        for n, one in enumerate(found, 1)
    ]
    columns = [
        Column(_("序号"), "number", width=8), Column(_("区划"), head=True), Column(_("议定事项"), width=60),
        Column(_("责任单位"), width=28), Column(_("完成时限"), "day"), Column(_("转为任务")),
    ]  # fmt: skip
    return Table(_("议定事项"), columns, rows, empty=_("还没有议定事项。"))
