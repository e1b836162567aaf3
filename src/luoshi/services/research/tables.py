"""The tables of the research desk: projects, columns, how anonymous a choice is, counts, who took what."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.platform.regions import queries as regions
from luoshi.services.research import rules
from luoshi.services.research.blurring import Checked
from luoshi.services.research.models import Project
from luoshi.web.manifest import in_language
from luoshi.web.numbers import number
from luoshi.web.tables import Cell, Column, Table, cell

LIGHTS = {rules.REQUESTED: "yellow", rules.APPROVED: "green", rules.REJECTED: "red", rules.CLOSED: "grey"}


def step_name(step: str) -> str:
    """A step as people read it."""
    return {
        "exact": _("不粗化"), "year": _("年"), "quarter": _("季度"), "month": _("月"), "five-years": _("5岁组"),
        "ten-years": _("10岁组"), "broad-ages": _("四个年龄段"), "township": _("乡镇"), "county": _("县区"),
        "city": _("市"), "institution-type": _("机构类型"), "icd-3": _("三位码"), "all": _("隐去"),
    }.get(step, step)  # fmt: skip


def role_name(role: str) -> str:
    """A role as people read it."""
    return {"quasi": _("准标识"), "sensitive": _("敏感"), "plain": _("一般")}[role]


def projects(found: list[Project], to: str) -> Table:
    declared = rules.deidentification().tables
    names = regions.division_names({p.division for p in found})
    rows = [
        [
            Cell(f"#{p.pk} {p.title}", href=reverse(to, args=[p.pk])),
            cell(p.applicant),
            cell(in_language(declared[p.table].name, declared[p.table].name_en) if p.table in declared else p.table),
            cell(names.get(p.division, p.division)),
            Cell(p.get_state_display(), light=LIGHTS[p.state]),
            cell(p.requested.date()),
        ]
        for p in found
    ]
    columns = [
        Column(_("课题"), head=True, width=40), Column(_("申请人")), Column(_("数据表")), Column(_("区划")),
        Column(_("状态"), "light"), Column(_("申请日期"), "day"),
    ]  # fmt: skip
    return Table(_("科研数据申请"), columns, rows, empty=_("还没有申请。"), caption_hidden=True)


def columns(found: Project, known: dict[str, rules.Leaving]) -> Table:
    rows = [
        [
            Cell(in_language(known[name].name, known[name].name_en), note=name),
            cell(role_name(known[name].role)),
            cell(step_name(step) if step else step_name(known[name].as_ or "exact")),
        ]
        for name, step in found.columns.items()
        if name in known
    ]
    columns = [Column(_("字段"), head=True), Column(_("性质")), Column(_("粗化"))]
    return Table(_("字段与粗化"), columns, rows)


def anonymity(checked: Checked, known: dict[str, rules.Leaving]) -> Table:
    rows = [
        [Cell(_("行数")), Cell(number(checked.rows), checked.rows)],
        [Cell(_("居民数")), Cell(number(checked.persons), checked.persons)],
        [Cell(_("准标识组合数")), Cell(number(checked.combinations), checked.combinations)],
        [Cell(_("最小组合的人数")), Cell(number(checked.smallest), checked.smallest)],
        [Cell(_("不足 k 人组合中的行数")), Cell(number(checked.rows_below), checked.rows_below)],
    ]
    for name, few in checked.poor.items():
        title = _("“%(name)s”取值过少的组合数") % {"name": in_language(known[name].name, known[name].name_en)}
        rows.append([Cell(title), Cell(number(few), few)])
    return Table(_("匿名程度"), [Column(_("项目"), head=True), Column(_("数值"), "number")], rows)


def withheld() -> str:
    return _("小于 %(n)s 的人数以及能推算出它们的数已隐去，以 × 表示。") % {"n": rules.deidentification().cells_below}


def cross(cells: list[tuple[str, str, int | None]], head: str) -> Table:
    across = list(dict.fromkeys(column for _row, column, _n in cells))
    by: dict[str, list[Cell]] = {}
    for row, _column, n in cells:
        by.setdefault(row, []).append(Cell("×") if n is None else Cell(number(n), n))
    total = _("合计")
    rows = [[Cell(total if row == "*" else row), *found] for row, found in by.items()]
    columns = [Column(head, head=True), *(Column(total if c == "*" else c, "number") for c in across)]
    return Table(_("人数表"), columns, rows, notes=[withheld()], empty=_("所选范围内没有数据。"))


def takings(found: list[Any], *, with_project: bool) -> Table:
    rows = []
    for taking in found:
        row = [
            Cell(taking.package), cell(taking.by), cell(f"{clock_text(taking.at)}"), cell(taking.format),
            Cell(number(taking.rows), taking.rows), Cell(number(taking.persons), taking.persons),
            Cell(number(taking.left_out), taking.left_out), Cell(taking.sha256[:16]),
        ]  # fmt: skip
        if with_project:
            title = f"#{taking.project_id} {taking.project.title}"
            row.insert(1, Cell(title, href=reverse("research:decision", args=[taking.project_id])))
        rows.append(row)
    columns = [
        Column(_("数据包"), head=True, width=24), Column(_("领取人")), Column(_("时间")), Column(_("格式")),
        Column(_("行数"), "number"), Column(_("人数"), "number"), Column(_("略去行数"), "number"), Column("SHA-256"),
    ]  # fmt: skip
    if with_project:
        columns.insert(1, Column(_("课题"), width=36))
    return Table(_("数据领取登记"), columns, rows, empty=_("还没有人领取。"), caption_hidden=True)


def clock_text(at: Any) -> str:
    """An instant as Chinese civil time."""
    return f"{at.astimezone(clock.CHINA):%Y-%m-%d %H:%M}"
