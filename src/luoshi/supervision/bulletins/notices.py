"""The notice (整改通知书) of one finding, and the ledger of findings behind it: what is wrong, on which figures, until when."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import Http404
from django.utils import translation

from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision import sources
from luoshi.supervision.bulletins.standing_of import day_of, figure, fit_to_leave_one, goal
from luoshi.supervision.papers import contents
from luoshi.supervision.papers.contents import Content, Field, Wanted
from luoshi.supervision.papers.layout import chinese_day
from luoshi.supervision.papers.model import Cell, Column, Table
from luoshi.supervision.rectification import queries, rules
from luoshi.supervision.rectification.models import Finding

FIELDS = {"事由": "为什么整改", "整改期限": "完成整改的最后一天"}
PARAGRAPHS = {"问题": "问题和数据依据", "要求": "整改要求"}
TABLES = {"整改事项": "事项、发现时的情况、期限、责任单位"}
DAYS = 30  # where no notice has set the last day yet
_WHY = {
    "target": "经数据核对，你单位承担的规划目标滞后",
    "contradiction": "经数据核对，你单位上报的情况与数据不符",
    "inspection": "经检查，你单位存在以下问题",
    "quality": "经数据质量检查，你单位报送的数据存在以下问题",
    "authenticity": "经数据真实性核查，你单位报送的数据存在以下问题",
}


def register() -> None:
    """Make notices known to the papers."""
    contents.register("notice", notice, fields=FIELDS, paragraphs=PARAGRAPHS, tables=TABLES, subjects=open_findings)


def open_findings(scope: Scope) -> list[tuple[str, str]]:
    """The findings a notice may be about: those not ended, of offices inside the scope."""
    found = queries.findings(scope=scope).filter(scope.path_filter("raised_path"), state__in=rules.OPEN)[:300]
    return [(f"finding:{f.pk}", f"{f.title}（{_unit(f)}）") for f in found]


def notice(wanted: Wanted) -> Content:
    """The notice of the finding `wanted.subject` names. Raises `Http404` where there is none of it in sight."""
    kind, _colon, number = wanted.subject.partition(":")
    if kind != "finding" or not number.isdigit():
        raise Http404
    found = queries.finding(int(number), scope=wanted.scope)
    if found.raised_division != wanted.division:
        raise Http404  # the notice is sent by the office that raised the finding
    with translation.override("zh-hans"):
        due = found.finish_due or wanted.known_on + timedelta(days=DAYS)
        return Content(
            fields={
                "事由": f"{_WHY.get(found.kind, '经检查，你单位存在以下问题')}。现通知你单位限期整改。",
                "整改期限": chinese_day(due),
            },
            paragraphs={"问题": _problem(found, wanted), "要求": _asked(found, due)},
            tables={"整改事项": _table(found, due)},
            addressee=_unit(found),
        )


def _unit(found: Finding) -> str:
    """Whom the notice goes to: the institution, the unit as printed, or the office of the division."""
    if found.institution:
        return regions.institution_names([found.institution]).get(found.institution, found.institution)
    if found.unit:
        return found.unit
    name = regions.division_names([found.division]).get(found.division, found.division)
    return f"{name}卫生健康局"


def _problem(found: Finding, wanted: Wanted) -> tuple[Field, ...]:
    text, value = found.text.strip().rstrip("。"), found.found.strip().rstrip("。")
    said: list[Field] = [f"{found.title}。{text}。" if text and text != value else f"{found.title}。"]
    if value:
        said.append(f"发现时（{chinese_day(found.found_on)}）：{value}。")
    if found.target is not None:
        place = {"institution": found.institution} if found.institution else {"division": found.division}
        try:
            s = sources.get().standing(found.target, scope=wanted.scope, on=day_of(wanted), **place)
        except Http404:
            return tuple(said)
        s = fit_to_leave_one(s)
        if s.value is not None:
            fraction = f"，{s.fraction_text}" if s.fraction_text else ""
            head = f"截至{chinese_day(s.on)}，{s.promise.metric}为"
            said.append((head, figure(s), f"（{goal(s)}{fraction}）。"))
    if found.repeat_of_id:
        said.append("同一问题此前已经整改，属于再次发生。")
    return tuple(said)


def _asked(found: Finding, due: date) -> tuple[Field, ...]:
    said: list[Field] = []
    if found.plan_due:
        said.append(f"1. {chinese_day(found.plan_due)}前报送整改方案，写明责任人、措施和完成时间。")
    said.append(f"{len(said) + 1}. {chinese_day(due)}前完成整改，提交整改情况和依据材料。")
    said.append(f"{len(said) + 1}. 逾期未报或未完成的，按规则催办、约谈、通报。")
    return tuple(said)


def _table(found: Finding, due: date) -> Table:
    columns = (
        Column(title="编号", width=0.9, align="center"), Column(title="整改事项", width=3.6),
        Column(title="来源", width=1.6), Column(title="发现时的情况", width=3.1), Column(title="期限", width=2.2, align="center"),
        Column(title="责任单位", width=2.4),
    )  # fmt: skip
    row = (
        Cell(text=str(found.pk), value=float(found.pk)),
        Cell(text=found.title),
        Cell(text=str(found.get_kind_display())),
        Cell(text=found.found or found.text[:200]),
        Cell(text=due.isoformat(), value=due),
        Cell(text=_unit(found)),
    )
    return Table(columns=columns, rows=(row,))
