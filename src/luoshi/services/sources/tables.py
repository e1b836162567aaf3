"""The tables of the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from luoshi.platform.sources.models import Flag, Mode, Quarantined
from luoshi.platform.sources.queries import Standing
from luoshi.platform.sources.silence import Silence, instant
from luoshi.platform.store.models import Run, Source
from luoshi.services.sources import reasons as words
from luoshi.services.sources.queries import Answer
from luoshi.web.tables import Cell, Column, Table, cell


def _stamp(at: Any) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}" if at else ""


def _kind(kind: str) -> str:
    return kind or _("任何数据")


def standings(found: Sequence[Standing], institutions: Mapping[str, str], places: Mapping[str, str]) -> Table:
    """Every source."""
    rows = []
    for standing in found:
        source = standing.source
        registration = getattr(source, "registration", None)
        place = institutions.get(source.institution) or places.get(source.division) or source.division
        flags = []
        if standing.silent:
            flags.append(_("静默 %(n)s 项") % {"n": len(standing.silent)})
        if registration is not None and not registration.active:
            flags.append(_("已停用"))
        rows.append(
            [
                Cell(
                    source.name,
                    note=source.title,
                    href=reverse("sources_desk:source", args=[source.name]),
                    flags=tuple(flags),
                ),
                cell(place),
                cell(Mode(registration.mode).label if registration else _("未登记")),
                Cell(_stamp(standing.heard) or _("从未")),
                cell(standing.today.received),
                cell(standing.today.refused),
                cell(standing.waiting),
                cell(standing.today.flagged),
            ]
        )
    return Table(
        _("数据来源"),
        [
            Column(_("来源"), head=True, width=24),
            Column(_("机构或区划"), width=24),
            Column(_("不合格时")),
            Column(_("最近收到"), "day"),
            Column(_("今日收到"), "number"),
            Column(_("今日退回"), "number"),
            Column(_("隔离待处理"), "number"),
            Column(_("今日标记"), "number"),
        ],
        rows,
        empty=_("还没有登记数据来源。"),
        caption_hidden=True,
    )


def silences(late: Sequence[Silence]) -> Table:
    """Late feeds."""
    rows = [
        [
            Cell(item.source.name, href=reverse("sources_desk:source", args=[item.source.name])),
            cell(_kind(item.kind)),
            cell(_("每 %(n)s 小时") % {"n": item.hours}),
            Cell(_stamp(item.heard) or _("从未")),
            cell(item.late_hours),
        ]
        for item in late
    ]
    return Table(
        _("静默的来源"),
        [
            Column(_("来源"), head=True),
            Column(_("内容")),
            Column(_("应至少")),
            Column(_("最近收到"), "day"),
            Column(_("已迟到（小时）"), "number"),
        ],
        rows,
    )


def answer(found: Answer) -> Table:
    """What came today by kind, the total last."""
    told = [(t.kind, t) for t in found.kinds] + ([(_("合计"), found.total)] if found.total else [])
    return Table(
        _("当日接收"),
        [
            Column(_("内容"), head=True),
            Column(_("收到"), "number"),
            Column(_("退回数"), "number"),
            Column(_("隔离"), "number"),
            Column(_("标记"), "number"),
            Column(_("最近"), "day"),
        ],
        [
            [
                Cell(kind),
                cell(t.received),
                cell(t.refused),
                cell(t.quarantined),
                cell(t.flagged),
                cell(_stamp(instant(t.last))),
            ]
            for kind, t in told
        ],
        empty=_("今天还没有收到数据。"),
        caption_hidden=True,
    )


def reasons(found: Answer) -> Table:
    """Why resources were not taken today, most frequent first."""
    return Table(
        _("退回与隔离的原因"),
        [
            Column(_("原因"), head=True),
            Column(_("条数"), "number"),
            Column(_("首例位置")),
            Column(_("首例说明"), width=60),
        ],
        [
            [
                Cell(words.code(r.code)),
                cell(r.count),
                cell(" ".join(x for x in (_("第 %(n)s 行") % {"n": r.line} if r.line else "", r.place) if x)),
                cell(words.text(r.text, r.code)),
            ]
            for r in found.reasons
        ],
        empty=_("今天没有不合格的数据。"),
        caption_hidden=True,
    )


def flags(found: Sequence[tuple[Flag, str]]) -> Table | None:
    """Flagged versions; None where there is none."""
    if not found:
        return None
    rows = [
        [
            Cell(name),
            cell(flag.version),
            cell(_stamp(instant(flag.at))),
            cell("; ".join(f"{i['path']}: {words.text(i['text'], i.get('code', ''))}" for i in flag.issues[:3])),
        ]
        for flag, name in found
    ]
    columns = [
        Column(_("记录"), head=True),
        Column(_("版本"), "number"),
        Column(_("时间"), "day"),
        Column(_("不符合的规则")),
    ]
    return Table(_("收下并标记的记录"), columns, rows, caption_hidden=True)


def runs(found: Sequence[Run]) -> Table:
    """Latest ingests of files."""
    states = {Run.DONE: _("完成"), Run.RUNNING: _("进行中"), Run.STOPPED: _("中断")}
    return Table(
        _("最近的批次"),
        [
            Column(_("开始"), "day", head=True),
            Column(_("状态")),
            Column(_("新增"), "number"),
            Column(_("更新"), "number"),
            Column(_("未变"), "number"),
            Column(_("退回数"), "number"),
            Column(_("经办")),
        ],
        [
            [
                Cell(_stamp(run.started)),
                Cell(states.get(run.state, run.state), note=run.message),
                *(cell(run.counts.get(name, 0)) for name in ("new", "changed", "unchanged", "refused")),
                cell(run.by),
            ]
            for run in found
        ],
        empty=_("没有文件批次；实时接口的数据见“当日接收”。"),
        caption_hidden=True,
    )


def quarantined(rows: Sequence[Quarantined], source: Source) -> Table:
    """What waits or was decided."""
    made = []
    for row in rows:
        first = row.issues[0] if row.issues else {"path": "", "text": "", "code": ""}
        more = len(row.issues) - 1
        note = _("另有 %(n)s 处") % {"n": more} if more > 0 else ""
        done = f"{row.by} {_stamp(row.decided)} {row.reason}".strip() if row.decided else ""
        made.append(
            [
                Cell(str(row.pk), href=reverse("sources_desk:held", args=[source.name, row.pk])),
                cell(_stamp(instant(row.at))),
                cell(first["path"]),
                Cell(words.text(first["text"], first.get("code", "")), note=note),
                cell(done),
            ]
        )
    columns = [
        Column(_("编号"), head=True),
        Column(_("收到"), "day"),
        Column(_("位置")),
        Column(_("问题"), width=60),
        Column(_("处理")),
    ]
    return Table(_("隔离区"), columns, made, empty=_("没有这样的记录。"), caption_hidden=True)
