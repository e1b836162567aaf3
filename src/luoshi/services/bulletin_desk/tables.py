"""The tables of the desk: papers, the index of evidence, proofs, templates, schedules, what was sent."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.platform.access import queries as accounts
from luoshi.platform.regions import queries as regions
from luoshi.supervision.bulletins import proving, rules
from luoshi.supervision.bulletins.models import Issue, Schedule, Sending, Template
from luoshi.supervision.bulletins.proving import Again, Proof
from luoshi.supervision.papers.model import Entry
from luoshi.web import numbers
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

LIGHTS = {
    rules.DRAFT: "grey", rules.REVIEWED: "yellow", rules.SIGNED: "yellow", rules.ISSUED: "green",
    rules.CORRECTED: "grey", rules.DROPPED: "grey",
}  # fmt: skip


def state_word(state: str) -> str:
    """A state in the language of the page."""
    return in_language(*rules.ISSUE.states[state])


def kind_word(kind: str) -> str:
    """A kind of paper in the language of the page."""
    found = rules.kinds().get(kind)
    return in_language(found.name, found.name_en) if found else kind


def period_word(issue: Issue) -> str:
    """The period a paper is about."""
    length = rules.kind(issue.kind).period
    return in_language(rules.period_words(length, issue.start), f"{issue.start} – {issue.end}")


def papers(found: Sequence[Issue]) -> Table:
    """Papers, the newest first."""
    names = regions.division_names({p.division for p in found})
    rows = [
        [
            Cell(p.title, href=reverse("bulletin_desk:paper", args=[p.pk]), note=p.number),
            cell(kind_word(p.kind)),
            cell(names.get(p.division, p.division)),
            cell(period_word(p)),
            cell(p.on),
            Cell(state_word(p.state), light=LIGHTS[p.state], note=_("自动生成") if p.automatic else ""),
            cell(p.issued_on),
        ]
        for p in found
    ]
    columns = [
        Column(_("标题"), head=True, width=44), Column(_("种类")), Column(_("区划")), Column(_("期间")),
        Column(_("数据日"), "day"), Column(_("状态"), "light"), Column(_("印发日期"), "day"),
    ]  # fmt: skip
    return Table(_("通报与公文"), columns, rows, empty=_("还没有文件。"), caption_hidden=True)


def index(entries: Sequence[Entry]) -> Table:
    """Every figure of a paper with where it comes from."""
    rows = [
        [
            cell(n),
            Cell(e.what, href=e.link),
            Cell(e.text, e.value),
            Cell(numbers.fraction(e.numerator, e.denominator) or "—"),
            cell(e.as_of),
            cell(e.until),
            cell(e.source),
        ]
        for n, e in enumerate(entries, 1)
    ]
    columns = [
        Column(_("序号"), "number"), Column(_("数据"), head=True, width=40), Column(_("数值"), "number"),
        Column(_("分子/分母"), "number"), Column(_("数据日"), "day"), Column(_("来源截至"), "day"), Column(_("来源")),
    ]  # fmt: skip
    return Table(_("数据依据索引"), columns, rows, empty=_("这份文件没有数据。"))


def again(found: Sequence[Again]) -> Table:
    """Files made again against those that went out."""
    rows = [
        [
            cell(a.format),
            Cell(_("逐字节相同") if a.identical else _("不同"), light="green" if a.identical else "red"),
            cell(a.was[:16]),
            cell(a.now[:16]),
        ]
        for a in found
    ]
    columns = [
        Column(_("文件"), head=True), Column(_("结果"), "light"), Column(_("印发时的SHA-256")), Column(_("重出的SHA-256")),
    ]  # fmt: skip
    return Table(_("重出的文件"), columns, rows, empty=_("尚未印发，没有文件可比。"))


def proofs(found: Sequence[Proof]) -> Table:
    """Figures proven from the lake as known then, and what arrived since."""
    words = {
        proving.SAME: (_("一致"), "green"),
        proving.OTHER: (_("不一致"), "red"),
        proving.UNPROVEN: (_("不逐条复算"), "grey"),
    }
    rows = [
        [
            cell(p.number),
            Cell(p.entry.what, href=p.entry.link),
            Cell(numbers.fraction(p.entry.numerator, p.entry.denominator) or p.entry.text),
            Cell(words[p.then][0], light=words[p.then][1]),
            cell(numbers.fraction(*p.known_then) if p.known_then else ""),
            Cell(numbers.fraction(*p.known_now) if p.known_now else "—", note=_("后来有变") if p.moved else ""),
        ]
        for p in found
    ]
    columns = [
        Column(_("序号"), "number"), Column(_("数据"), head=True, width=40), Column(_("文件上的数"), "number"),
        Column(_("按当时所知复算"), "light"), Column(_("复算值"), "number"), Column(_("按现在所知"), "number"),
    ]  # fmt: skip
    notes = [_("不逐条复算：两期之差、上报数、目标个数等，不是一个统计期内的分子分母。")]
    return Table(_("逐条复算"), columns, rows, notes=notes)


def templates(kind: str, found: Sequence[Template]) -> Table:
    """The versions of an office's own template."""
    names = accounts.names_of(t.by for t in found)
    rows = [[cell(t.version), cell(t.at.date()), cell(names.get(t.by, t.by)), cell(t.note)] for t in found]
    columns = [Column(_("版本"), "number", head=True), Column(_("日期"), "day"), Column(_("编辑人")), Column(_("说明"))]
    return Table(_("历史版本"), columns, rows, empty=_("正在使用系统自带的模板。"))


def schedules(found: Sequence[Schedule]) -> Table:
    """What goes out by itself."""
    names = regions.division_names({s.division for s in found})
    rows = [
        [
            cell(kind_word(s.kind)),
            cell(names.get(s.division, s.division)),
            cell(s.get_channel_display()),
            cell("、".join(s.formats)),
            cell(_("期满后第 %(n)s 天") % {"n": s.day}),
            cell(_("、").join(reader.user.get_full_name() for reader in s.readers.all())),
            Cell(_("进行中") if s.active else _("已停止"), light="green" if s.active else "grey"),
        ]
        for s in found
    ]
    columns = [
        Column(_("种类"), head=True), Column(_("区划")), Column(_("方式")), Column(_("格式")), Column(_("时间")),
        Column(_("收件人"), width=40), Column(_("状态"), "light"),
    ]  # fmt: skip
    return Table(_("定期发送"), columns, rows, empty=_("还没有定期发送。"))


def sendings(found: Sequence[Sending]) -> Table:
    """What was sent, and what was not and why."""
    names = accounts.names_of(s.username for s in found)
    rows = [
        [
            cell(s.at.date()),
            cell(names.get(s.username, s.username)),
            Cell(
                s.issue.title if s.issue else "—",
                href=reverse("bulletin_desk:paper", args=[s.issue_id]) if s.issue_id else "",
            ),
            Cell(s.get_outcome_display(), light="green" if s.outcome == "sent" else "yellow", note=s.note),
        ]
        for s in found
    ]
    columns = [
        Column(_("日期"), "day"),
        Column(_("收件人")),
        Column(_("文件"), head=True, width=44),
        Column(_("结果"), "light"),
    ]
    return Table(_("发送记录"), columns, rows, empty=_("还没有发送过。"))
