"""The tables of the dispatch desk: dispatches, who got how many, the gap to send, the items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.identifiers import mask
from luoshi.supervision import sources
from luoshi.supervision.dispatching import queries, rules
from luoshi.supervision.dispatching.models import Dispatch, Item
from luoshi.supervision.dispatching.queries import Progress, Row
from luoshi.web.manifest import in_language
from luoshi.web.numbers import fraction, number, quantity
from luoshi.web.tables import Cell, Column, Table, cell

STATE_LIGHTS = {rules.OPEN: "yellow", rules.CLOSED: "green", rules.WITHDRAWN: "grey"}


def state(found: Dispatch) -> tuple[str, str]:
    """The light and word of a dispatch; an open one past its date is red."""
    if found.state == rules.OPEN and clock.today() > found.due:
        return "red", _("逾期")
    return STATE_LIGHTS[found.state], in_language(*rules.DISPATCH.states[found.state])


def share(part: int, whole: int) -> Cell:
    """`16/20` with its percentage."""
    if not whole:
        return Cell("—")
    return Cell(fraction(part, whole), part, note=quantity(100 * part / whole, "percent", 1))


def points(value: float | None, unit: str) -> str:
    """A difference with its sign: `+5.2 个百分点`."""
    if value is None:
        return "—"
    sign = "+" if value > 0 else ""
    return f"{sign}{quantity(value, _('个百分点') if unit in ('%', 'percent') else unit)}"


def dispatches(found: Sequence[Dispatch], done: Mapping[int, Progress], names: Mapping[str, str]) -> Table:
    """A line for each dispatch: how many sent, settled by the data, only ticked, and what it did to the value."""
    rows = []
    for d in found:
        p = done.get(d.pk, Progress())
        light, word = state(d)
        rows.append(
            [
                Cell(f"#{d.pk} {d.title}", href=reverse("dispatch_desk:dispatch", args=[d.pk]), note=names.get(d.division, "")),
                Cell(word, light=light),
                share(p.settled, p.sent),
                Cell(number(p.ticked), p.ticked),
                Cell(number(p.to_do), p.to_do),
                Cell(number(p.objected), p.objected),
                cell(d.due),
                cell(d.at.astimezone(clock.CHINA).date()),
            ]
        )  # fmt: skip
    columns = [
        Column(_("派单"), head=True, width=44), Column(_("状态"), "light"), Column(_("数据确认"), "number"),
        Column(_("已办待确认"), "number"), Column(_("待办"), "number"), Column(_("异议"), "number"),
        Column(_("期限"), "day"), Column(_("派单日期"), "day"),
    ]  # fmt: skip
    return Table(_("派单进展"), columns, rows, empty=_("还没有派单。"), caption_hidden=True)


def by_institution(found: Dispatch, done: Mapping[str, Progress], names: Mapping[str, str]) -> Table:
    """A line for each institution of a dispatch, the one with most to do first."""
    rows = []
    for code, p in sorted(done.items(), key=lambda pair: (-pair[1].to_do - pair[1].ticked, pair[0])):
        told = found.told.get(code)
        rows.append(
            [
                Cell(names.get(code, code) or _("尚无办理机构"), note="" if told else _("没有能接收的账号")),
                share(p.settled, p.sent),
                Cell(number(p.counted), p.counted),
                Cell(number(p.left), p.left),
                Cell(number(p.ticked), p.ticked),
                Cell(number(p.to_do), p.to_do),
                Cell(number(p.objected), p.objected),
                Cell(number(p.excused), p.excused),
            ]
        )
    columns = [
        Column(_("办理机构"), head=True, width=32), Column(_("数据确认"), "number"), Column(_("现已计入"), "number"),
        Column(_("不在统计范围"), "number"), Column(_("已办待确认"), "number"), Column(_("待办"), "number"),
        Column(_("异议"), "number"), Column(_("同意不办"), "number"),
    ]  # fmt: skip
    return Table(_("各机构办理情况"), columns, rows, caption_hidden=True)


def closed(found: Dispatch, done: Progress) -> Table:
    """What of the gap was closed, by this dispatch and without it."""
    effect = queries.effect(found, done)
    moved = (
        found.value_now - found.value_before if found.value_now is not None and found.value_before is not None else None
    )
    rest = moved - effect if moved is not None and effect is not None else None
    others_before = found.missing_before - done.sent
    others_now = found.missing_now - (done.sent - done.settled)

    def line(title: Cell, before: int, now: int, points_: float | None) -> list[Cell]:
        figures = [Cell(number(n), n) for n in (before, now, before - now)]
        return [title, *figures, Cell(points(points_, found.unit), points_)]

    rows = [
        line(Cell(_("派单的对象")), done.sent, done.sent - done.settled, effect),
        line(Cell(_("未派单的对象"), note=_("含派单后新出现的")), others_before, others_now, rest),
        line(Cell(_("合计")), found.missing_before, found.missing_now, moved),
    ]
    columns = [
        Column(_("对象"), head=True), Column(_("派单时差"), "number"), Column(_("现在差"), "number"),
        Column(_("补上"), "number"), Column(_("对数值的影响"), "number"),
    ]  # fmt: skip
    notes = [_("影响 = 现值减去“这些对象仍未补上时”的数值。")]
    return Table(_("补上了多少"), columns, rows, notes=notes)


def failing(found: Iterable[sources.Standing], sent: Mapping[int, int]) -> Table:
    """Targets behind at a place that name whom they miss, the widest gap first."""
    rows = []
    for s in found:
        href = reverse("dispatch_desk:new") + f"?target={s.target}&division={s.division}"
        note = _("办理中的派单 %(n)s 个") % {"n": sent[s.target]} if sent.get(s.target) else ""
        rows.append(
            [
                Cell(s.promise.named, href=href, note=note),
                Cell(s.why, light=s.light),
                Cell(s.value_text, s.value, note=s.fraction_text),
                Cell(s.promise_text),
                cell(s.people),
            ]
        )  # fmt: skip
    columns = [
        Column(_("目标"), head=True, width=40), Column(_("灯色"), "light"), Column(_("现值"), "number"),
        Column(_("目标值")), Column(_("还差"), "number"),
    ]  # fmt: skip
    return Table(_("滞后的目标"), columns, rows, empty=_("这里没有滞后而又能列出名单的目标。"), caption_hidden=True)


def items(rows: Sequence[Row], places: Mapping[str, str], bodies: Mapping[str, str], *, export: bool = False) -> Table:
    """Items as a table, for files and for those who sent them. Identifiers stay masked."""
    lines = []
    for row in rows:
        item = row.item
        lines.append(
            [
                name_cell(row, places, bodies),
                Cell(item.why),
                cell(f"{row.card.birth_date:%Y-%m-%d}" if row.card and row.card.birth_date else ""),
                cell((row.card.phone if export else mask(row.card.phone)) if row.card and row.card.phone else ""),
                Cell(places.get(item.division, item.division)),
                Cell(bodies.get(item.institution, item.institution) or "—"),
                Cell(_said(item), note=item.said),
                Cell(item.get_data_display(), light="green" if item.data != rules.MISSING else "grey"),
                cell(item.settled_on),
            ]
        )
    columns = [
        Column(_("姓名或名称"), head=True), Column(_("原因"), width=44), Column(_("出生日期"), "day"), Column(_("电话")),
        Column(_("居住地"), width=22), Column(_("办理机构"), width=28), Column(_("办理"), width=24),
        Column(_("数据"), "light"), Column(_("确认日期"), "day"),
    ]  # fmt: skip
    return Table(_("派单事项"), columns, lines, empty=_("没有符合条件的事项。"), caption_hidden=True)


def _said(item: Item) -> str:
    """What people say of an item: once the data settled it, a tick waits for nothing."""
    if item.data != rules.MISSING:
        return _("已办") if item.state == rules.ACTED else "—"
    return in_language(*rules.ITEM.states[item.state])


def name_cell(row: Row, places: Mapping[str, str], bodies: Mapping[str, str]) -> Cell:
    """The resident with a link to their page, or the place; a dash for whom the viewer may not be told of."""
    if row.card is not None:
        return Cell(row.card.name or _("姓名未登记"), href=person_address(row.card.person))
    if row.hidden or row.item.person is not None:
        return Cell("—", note=_("按授权不显示"))
    item: Item = row.item
    return Cell(bodies.get(item.institution) or places.get(item.division) or item.subject)


def person_address(person: int) -> str:
    """The page of a resident, where that desk is installed."""
    try:
        return reverse("records_desk:resident", args=[person])
    except NoReverseMatch:
        return ""
