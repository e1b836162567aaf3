"""The tables of mutual recognition: items, marks, alerts, counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.services.recognition import queries, rules
from luoshi.services.recognition.models import Alert, QualityMark
from luoshi.web.manifest import in_language
from luoshi.web.numbers import number
from luoshi.web.tables import Cell, Column, Table, cell

LIGHTS = {rules.RAISED: "yellow", rules.RECOGNISED: "green", rules.REPEATED: "grey", rules.UNEXPLAINED: "red",
          rules.WITHDRAWN: "grey", rules.LAPSED: "red"}  # fmt: skip


def confidence_words(name: str) -> str:
    """How sure a source is, in words."""
    return {"high": _("可信度高"), "medium": _("可信度中"), "low": _("可信度低，待核定")}[name]


def reach_name(reach: str) -> str:
    """How far a result is recognised, in words."""
    return {
        rules.OWN: _("本机构"), "alliance": _("紧密型联合体"), "city": _("全市"), "province": _("全省"), "nation": _("全国"),
    }.get(reach, reach)  # fmt: skip


def state_name(state: str) -> str:
    """A state of an alert in the language of the page."""
    return in_language(*rules.ALERT.states[state])


def item_name(id_: str) -> str:
    """An item in the language of the page; one that is no longer on the list by its id."""
    item = rules.catalogue(clock.today()).items.get(id_)
    return in_language(item.name, item.name_en) if item else id_


def reason_name(code: str) -> str:
    """A reason in the language of the page."""
    reason = rules.reasons().reasons.get(code)
    return in_language(reason.name, reason.name_en) if reason else code


def reason_words(code: str) -> str:
    """A reason with the region that alone has it."""
    region = rules.reasons().reasons[code].region
    only = _("仅%(region)s") % {"region": region} if region else ""
    return _("%(reason)s（%(only)s）") % {"reason": reason_name(code), "only": only} if only else reason_name(code)


def items(catalogue: rules.Catalogue) -> Table:
    """The list with windows, scopes and prices, and where they are from."""
    rows = [
        [
            Cell(in_language(item.name, item.name_en), note=item.id),
            cell(in_language(catalogue.groups[item.group].name, catalogue.groups[item.group].name_en)),
            Cell(_("%(n)s 天") % {"n": item.days}, item.days),
            cell(reach_name(item.scope)),
            Cell(number(item.price), item.price),
            cell(", ".join(item.codes)),
        ]
        for item in catalogue.items.values()
    ]
    columns = [
        Column(_("项目"), head=True, width=30), Column(_("专业")), Column(_("互认时限"), "number"), Column(_("最大范围")),
        Column(_("价格（元）"), "number"), Column("LOINC", width=24),
    ]  # fmt: skip
    declared = rules.settings()
    notes = [
        _("清单依据：%(source)s（%(mark)s）") % {"source": file.source, "mark": confidence_words(file.confidence)}
        for file in catalogue.sources
    ]
    notes += [_("时限：%(text)s") % {"text": file.window_source} for file in catalogue.sources]
    notes.append(
        _("价格：%(text)s（%(mark)s）")
        % {"text": declared.prices_source, "mark": confidence_words(declared.prices_confidence)}
    )
    return Table(_("可互认项目"), columns, rows, notes=notes, caption_hidden=True)


def marks(found: Iterable[QualityMark], names: Mapping[str, str]) -> Table:
    """Marks with what is left of them."""
    today, catalogue = clock.today(), rules.catalogue(clock.today())
    soon = today + timedelta(days=rules.settings().remind_before_expiry_days)
    rows = []
    for mark in found:
        group = catalogue.groups.get(mark.subject)
        if mark.valid_to is not None and mark.valid_to < today:
            light, word = "grey", _("已失效")
        elif mark.valid_from > today:
            light, word = "grey", _("未生效")
        elif mark.valid_to is not None and mark.valid_to <= soon:
            light, word = "yellow", _("即将到期")
        else:
            light, word = "green", _("有效")
        rows.append(
            [
                Cell(names.get(mark.institution, mark.institution), note=mark.institution),
                cell(in_language(group.name, group.name_en) if group else item_name(mark.subject)),
                cell(mark.get_level_display()),
                cell(mark.valid_from),
                cell(mark.valid_to),
                Cell(word, light=light),
                cell(mark.document),
            ]
        )
    columns = [
        Column(_("机构"), head=True, width=30), Column(_("专业或项目")), Column(_("级别")), Column(_("自"), "day"),
        Column(_("至"), "day"), Column(_("状态"), "light"), Column(_("依据"), width=30),
    ]  # fmt: skip
    return Table(
        _("质量评价标识"),
        columns,
        rows,
        empty=_("还没有登记标识。没有标识的机构，其结果只在本联合体内互认。"),
        caption_hidden=True,
    )


def alerts(found: Sequence[Alert], names: Mapping[int, str], places: Mapping[str, str]) -> Table:
    """Alerts with the resident's name where the viewer may know it."""
    rows = [
        [
            Cell(names.get(a.person, "—"), href=reverse("recognition:alert", args=[a.uuid])),
            cell(item_name(a.item)),
            Cell(places.get(a.producer, a.producer), note=f"{a.earlier_day:%Y-%m-%d}"),
            cell(reach_name(a.reach)),
            Cell(state_name(a.state), light=LIGHTS[a.state], note=reason_name(a.reason) if a.reason else ""),
            cell(a.day),
        ]
        for a in found
    ]
    columns = [
        Column(_("居民"), "line", head=True), Column(_("项目")), Column(_("原结果")), Column(_("互认范围")),
        Column(_("状态"), "light"),
        Column(_("提醒日期"), "day"),
    ]  # fmt: skip
    return Table(_("互认提醒"), columns, rows, empty=_("没有提醒。"), caption_hidden=True)


def tallies(whole: queries.Tally, found: Sequence[queries.Tally], names: Mapping[str, str]) -> Table:
    """The rate by institution, beside what each returned itself."""
    rows = [_tally(t, names.get(t.institution, t.institution)) for t in found]
    if len(found) > 1:
        rows.append(_tally(whole, _("合计")))
    columns = [
        Column(_("开单机构"), head=True, width=30), Column(_("互认率"), "number"), Column(_("已互认"), "number"),
        Column(_("依规重做"), "number"), Column(_("无理由重做"), "number"), Column(_("逾期未处理"), "number"),
        Column(_("待处理"), "number"), Column(_("节省费用（元）"), "number"), Column(_("机构自报"), "number"),
    ]  # fmt: skip
    notes = [
        _(
            "互认率 = 已互认 ÷（已互认＋依规重做＋无理由重做＋逾期未处理）；本机构自己的旧结果和未开单的不计，待处理的暂不计。"
        ),
        _("节省费用按价目表计：%(text)s（%(mark)s）")
        % {"text": rules.settings().prices_source, "mark": confidence_words(rules.settings().prices_confidence)},
        _("机构自报取自同期季度报表，与系统记录相差较大的应核实。"),
    ]
    return Table(_("各机构互认情况"), columns, rows, empty=_("本期没有互认提醒。"), notes=notes)


def _tally(t: queries.Tally, name: str) -> list[Cell]:
    rate = (
        Cell("—")
        if t.rate is None
        else Cell(f"{number(t.rate, 1)}%", round(t.rate, 2), note=f"{t.recognised}/{t.counted}")
    )
    counts = [t.recognised, t.states[rules.REPEATED], t.states[rules.UNEXPLAINED], t.states[rules.LAPSED], t.waiting]
    returned = Cell("—")
    if t.returned and t.returned[1]:
        share = 100 * t.returned[0] / t.returned[1]
        returned = Cell(f"{number(share, 1)}%", round(share, 2), note=f"{t.returned[0]}/{t.returned[1]}")
    return [Cell(name), rate, *(Cell(number(n), n) for n in counts), Cell(number(t.saved), float(t.saved)), returned]


def reasons(whole: queries.Tally) -> Table:
    """Why results were not recognised."""
    total = sum(whole.reasons.values())
    rows = [
        [
            Cell(reason_name(code), note=_("仅%(region)s") % {"region": reason.region} if reason.region else ""),
            Cell(number(whole.reasons[code]), whole.reasons[code]),
            Cell(
                f"{100 * whole.reasons[code] / total:.1f}%" if total else "—",
                note=f"{whole.reasons[code]}/{total}" if total else "",
            ),
        ]
        for code, reason in rules.reasons().reasons.items()
    ]
    columns = [Column(_("重做理由"), head=True, width=50), Column(_("次数"), "number"), Column(_("占比"), "number")]
    return Table(
        _("为什么没有互认"), columns, rows, notes=[_("理由依据：%(source)s") % {"source": rules.reasons().source}]
    )


def months(found: Sequence[tuple[str, queries.Tally]]) -> Table:
    """Month by month."""
    rows = [
        [
            Cell(month),
            Cell("—")
            if t.rate is None
            else Cell(f"{number(t.rate, 1)}%", round(t.rate, 2), note=f"{t.recognised}/{t.counted}"),
            Cell(number(t.saved), float(t.saved)),
        ]
        for month, t in found
    ]
    columns = [Column(_("月份"), head=True), Column(_("互认率"), "number"), Column(_("节省费用（元）"), "number")]
    return Table(_("逐月"), columns, rows, empty=_("本期没有互认提醒。"))
