"""The words a paper is made with: the shipped template, the office's own newest version, or this paper's alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue
from luoshi.platform.regions.models import Division
from luoshi.supervision.bulletins import rules
from luoshi.supervision.bulletins.models import Office, Template
from luoshi.supervision.papers import contents, template
from luoshi.supervision.papers.contents import Field
from luoshi.supervision.papers.layout import chinese_day
from luoshi.supervision.papers.template import Names, Problem

# What every paper knows, with what it stands for. Document number and serial are given when it is issued.
GENERAL = {
    "区划": "区划名称",
    "级": "省、市、县……",
    "期间": "如 2025年10月",
    "年": "年份",
    "月": "月份",
    "期号": "在本年中的期数",
    "截至日": "数据日",
    "今日": "拟稿日",
    "发文机关": "发文机关名称",
    "主送": "主送机关",
}
IN_NUMBERS = ("机关代字", "年", "序号", "期号")
UNNUMBERED = "　"  # stands for the serial of what has none yet


@dataclass(frozen=True)
class Wording:
    """The texts of a template. `version` says which: `shipped`, or the division and number of an office's own."""

    title: str
    addressee: str
    red_head: bool
    number: str
    body: str
    version: str

    def changed(self, own: dict[str, Any]) -> Wording:
        """With what was changed for one paper."""
        kept = {key: own[key] for key in ("title", "addressee", "body") if own.get(key)}
        return replace(self, **kept)


@dataclass(frozen=True)
class Mistake:
    """A problem of a template in the words of the page: which text, which line, what is wrong and what may be meant."""

    where: str
    line: int
    text: str

    def __str__(self) -> str:
        return _("%(where)s第 %(line)s 行：%(text)s") % {"where": self.where, "line": self.line, "text": self.text}


def current(kind: str, division: str) -> Wording:
    """The wording of a kind for a division: its office's newest version, else what is shipped."""
    own = Template.objects.filter(kind=kind, division=division).order_by("-version").first()
    if own is not None:
        version = f"{division}/{own.version}"
        return Wording(own.title, own.addressee, own.red_head, own.number, own.body, version)
    return shipped(kind)


def shipped(kind: str) -> Wording:
    """The wording of the catalogue."""
    found = rules.kind(kind)
    return Wording(found.title, found.addressee, found.red_head, found.number, found.body, "shipped")


def names(kind: str) -> Names:
    """Every name a template of this kind may use. Raises `NotFound` for a kind nobody fills."""
    known = contents.known(kind)
    return Names({**GENERAL, **known.fields}, known.paragraphs, known.tables, known.figures)


def offered(kind: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """For the editor: groups of what may be written and what it stands for."""
    known = contents.known(kind)
    return [
        (_("字段"), [(f"{{{name}}}", about) for name, about in {**known.fields, **GENERAL}.items()]),
        (_("段落"), [(f"{{段：{name}}}", about) for name, about in known.paragraphs.items()]),
        (_("表格"), [(f"{{表：{name}}}", about) for name, about in known.tables.items()]),
        (_("图"), [(f"{{图：{name}}}", about) for name, about in known.figures.items()]),
        (_("条件"), [("{若：…} {否则} {完}", _("有内容时才出现，各占一行")), ("{附件：…}", _("另起一页的附件"))]),
    ]


def check(kind: str, given: Wording) -> list[Mistake]:
    """Everything that is wrong with a wording, in words."""
    known = names(kind)
    found = [_said(_("正文"), problem) for problem in template.problems(given.body, known)]
    for where, text in ((_("标题"), given.title), (_("主送"), given.addressee)):
        found += [_said(where, problem) for problem in template.line_problems(text, known.fields)]
    found += [_said(_("文号"), problem) for problem in template.line_problems(given.number, IN_NUMBERS)]
    if not given.title.strip():
        found.append(Mistake(_("标题"), 1, _("不能为空")))
    if not given.body.strip():
        found.append(Mistake(_("正文"), 1, _("不能为空")))
    return found


def require(kind: str, given: Wording) -> None:
    """Raise `InvalidValue` naming the first mistakes."""
    mistakes = check(kind, given)
    if mistakes:
        raise InvalidValue(_("；").join(str(m) for m in mistakes[:5]), todo=_("请改正后再保存。"))


def _said(where: str, problem: Problem) -> Mistake:
    words = {
        "unknown-field": _("没有名为“%(name)s”的字段"),
        "unknown-table": _("没有名为“%(name)s”的表格"),
        "unknown-figure": _("没有名为“%(name)s”的图"),
        "unknown-paragraphs": _("没有名为“%(name)s”的段落"),
        "unknown-condition": _("条件里的“%(name)s”不是已知的名称"),
        "brace": _("单独的“%(name)s”；要写花括号本身请连写两个"),
        "unopened": _("“%(name)s”前面没有“{若：…}”"),
        "unclosed": _("“%(name)s”没有用“{完}”结束"),
        "too-long": _("模板太长"),
    }[problem.code] % {"name": problem.name}
    near = _("，是否要写“%(near)s”？") % {"near": problem.near} if problem.near else ""
    return Mistake(where, problem.line, words + near)


def office_of(division: Division) -> Office:
    """How the papers of a division are signed; before anybody said, made from its name (not stored)."""
    found = Office.objects.filter(division=division.code).first()
    if found is not None:
        return found
    title = "卫生健康委员会" if division.level <= 2 else "卫生健康局"
    body = f"{division.name}{title}"
    below = {1: "各市（州）卫生健康委员会", 2: "各县（市、区）卫生健康局", 3: "各乡镇卫生院、社区卫生服务中心"}.get(
        division.level, ""
    )
    return Office(
        division=division.code,
        body=body[:60],
        code=f"{division.name[:1]}卫发",
        printer=f"{body}办公室"[:60],
        addressee="，".join(filter(None, (below, "委直属各单位" if division.level <= 2 else "局直属各单位"))),
    )


def general(kind: str, division: Division, office: Office, *, start: date, on: date, today: date) -> dict[str, Field]:
    """The fields every paper knows."""
    length = rules.kind(kind).period
    return {
        "区划": division.name,
        "级": rules.LEVELS.get(division.level, ""),
        "期间": rules.period_words(length, start),
        "年": str(start.year),
        "月": str(start.month),
        "期号": str(rules.serial_in_year(length, start)),
        "截至日": chinese_day(on),
        "今日": chinese_day(today),
        "发文机关": office.body,
        "主送": office.addressee,
    }


def number_of(pattern: str, office: Office, *, year: int, serial: int | None, issue: int) -> str:
    """The document number: `洛卫发〔2025〕23号`."""
    fields: dict[str, Field] = {
        "机关代字": office.code,
        "年": str(year),
        "序号": str(serial) if serial else UNNUMBERED,
        "期号": str(issue),
    }
    return template.words(pattern, fields)
