"""What the pages of the records desk say: facts, lines and tables, made from what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.identifiers import mask
from luoshi.platform.consent import words as consent_words
from luoshi.platform.consent.queries import Look
from luoshi.platform.store import people
from luoshi.services.records_desk import queries, rules
from luoshi.web import measure_chart
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

Href = Callable[[rules.Entry], str]


def kind_names() -> dict[str, str]:
    """The kinds of entries as the filter names them."""
    return {
        "visit": _("服务与就诊"),
        "measurement": _("检查与测量"),
        "report": _("报告与文书"),
        "condition": _("诊断"),
        "procedure": _("项目与筛查"),
        "medicine": _("用药"),
        "allergy": _("过敏"),
        "immunization": _("预防接种"),
        "programme": _("管理项目"),
        "contract": _("签约"),
        "other": _("其他记录"),
    }


def is_open(entry: rules.Entry) -> bool:
    """Whether a programme, contract or prescription runs today."""
    today = clock.today()
    inside = (entry.day is None or entry.day <= today) and (entry.until is None or entry.until >= today)
    return inside and entry.status not in ("entered-in-error", "cancelled", "revoked", "finished")


def seen(what: str) -> str:
    """What somebody looked at, in words."""
    plain = {
        "resident": _("居民档案"),
        "search": _("查找结果"),
        "document": _("健康档案首页"),
        "health-code": _("健康码"),
        "dispute": _("异议处理"),
        "break-glass": _("紧急调阅"),
        "break-glass review": _("复核紧急调阅"),
    }
    kind, _blank, indicator = what.partition(" ")
    if kind in ("list", "export"):
        found = Catalogue.load().indicators.get(indicator)
        name = in_language(found.name, found.name_en) if found else indicator
        return (_("未计入名单：%(name)s") if kind == "list" else _("导出名单：%(name)s")) % {"name": name}
    return plain.get(what) or _("原始记录 %(id)s") % {"id": what}


def period_name(label: str) -> str:
    """A period as people say it: 2025 年, 2025 妇幼年度."""
    if label.startswith("MCH"):
        return _("%(year)s 妇幼年度") % {"year": label[3:]}
    return _("%(year)s 年") % {"year": label} if label.isdigit() else label


def sex(code: str) -> str:
    """男, 女, 不详."""
    return {"male": _("男"), "female": _("女")}.get(code, _("不详"))


def age(card: people.Card) -> str:
    """Completed years today (months for the youngest), or at death; empty where no birth date is known."""
    on = card.death_date or clock.today()
    years = rules.age(card.birth_date, on)
    if years is None or card.birth_date is None:
        return ""
    if years < 3:
        return _("%(months)s 月龄") % {"months": rules.age_in_months(card.birth_date, on)}
    return _("%(years)s 岁") % {"years": years}


def facts(found: queries.Resident) -> list[tuple[str, str]]:
    """Who this is and who is responsible, as pairs for a list of definitions."""
    card = found.card
    team = next((e for e in found.entries if e.kind == "contract" and is_open(e)), None)
    signed = "—"
    if team is not None:
        signed = found.institution_names.get(team.institution, team.institution)
        signed += _("，至 %(day)s") % {"day": team.until} if team.until else ""
    born = f"{card.birth_date:%Y-%m-%d}" if card.birth_date else "—"
    return [
        (_("性别"), sex(card.sex)),
        (_("出生日期"), f"{born} {age(card)}".strip()),
        (_("身份证号"), mask(card.resident_id) if card.resident_id else _("未登记")),
        (_("档案编号"), card.record_number or "—"),
        (_("电话"), mask(card.phone) if card.phone else "—"),
        (_("居住地"), " ".join(found.places) + (f" {card.address}" if card.address else "")),
        (_("责任机构"), found.institution_names.get(card.institution, card.institution) or "—"),
        (_("家庭医生签约"), signed),
        (_("建档日期"), f"{card.record_opened:%Y-%m-%d}" if card.record_opened else _("未建档")),
    ]


def drawn(trend: rules.Trend) -> dict[str, Any]:
    """A trend with its picture and the table of its numbers."""
    points = [measure_chart.Measured(m.day, m.value, m.text, m.within is False) for m in trend.measures]
    rows = [
        [cell(f"{m.day:%Y-%m-%d}"), Cell(m.text, m.value, flags=() if m.within is not False else (_("超出参考范围"),))]
        for m in reversed(trend.measures)
    ]
    return {
        "trend": trend,
        "picture": measure_chart.draw(points, name=trend.name, band=trend.range),
        "table": Table(
            trend.name,
            [Column(_("日期"), head=True), Column(f"{_('数值')} {trend.unit}", "number")],
            rows,
            caption_hidden=True,
        ),
    }


def immunizations(entries: Iterable[rules.Entry], names: Mapping[str, str], href: Href) -> Table | None:
    """Vaccinations by vaccine and day; None where there are none."""
    rows = sorted((e for e in entries if e.kind == "immunization"), key=lambda e: (e.title, e.day or date.min))
    columns = [Column(_("疫苗"), head=True), Column(_("剂次")), Column(_("日期"), "day"), Column(_("接种单位"))]
    return _table(
        _("预防接种"),
        columns,
        [
            [Cell(e.title, href=href(e)), cell(e.detail), _day(e), cell(names.get(e.institution, e.institution))]
            for e in rows
        ],
    )


def medicines(entries: Iterable[rules.Entry], names: Mapping[str, str], href: Href) -> Table | None:
    """Medicines, those in use first, then the newest; None where there are none."""
    rows = sorted(
        (e for e in entries if e.kind == "medicine"), key=lambda e: (is_open(e), e.day or date.min), reverse=True
    )
    columns = [Column(_("药品"), head=True), Column(_("用法")), Column(_("开具日期"), "day"), Column(_("机构"))]
    return _table(
        _("用药"),
        columns,
        [
            [
                Cell(e.title, href=href(e), flags=(_("到期"),) if e.until and not is_open(e) else ()),
                cell(e.detail),
                _day(e),
                cell(names.get(e.institution, e.institution)),
            ]
            for e in rows
        ],
    )


def _day(entry: rules.Entry) -> Cell:
    return cell(f"{entry.day:%Y-%m-%d}" if entry.day else "")


def _table(caption: str, columns: Sequence[Column], rows: list[list[Cell]]) -> Table | None:
    return Table(caption, columns, rows, caption_hidden=True) if rows else None


@dataclass(frozen=True)
class Seen:
    """A look in words."""

    who: str
    what: str
    purpose: str
    day: str
    times: int
    emergency: bool


def looks(found: Sequence[Look], places: Mapping[str, str], names: Mapping[str, str]) -> list[Seen]:
    """Who looked, for staff (`names` of accounts) or, without names, for the resident: then only the institution."""
    return [
        Seen(
            who=names.get(look.by, "") or places.get(look.place, look.place) or (_("本人") if look.own else _("系统")),
            what=seen(look.what),
            purpose=consent_words.purpose(look.purpose) if look.purpose else "",
            day=look.day,
            times=look.times,
            emergency=look.emergency,
        )
        for look in found
    ]


def newest(months: list[tuple[str, list[rules.Entry]]], limit: int) -> list[tuple[str, list[rules.Entry]]]:
    """The first `limit` entries, still in their months."""
    kept, left = [], limit
    for month, entries in months:
        if left <= 0:
            break
        kept.append((month, entries[:left]))
        left -= len(entries)
    return kept


def cards_table(found: queries.Found) -> Table:
    """Residents found by a search."""
    rows = [
        [
            Cell(c.name or _("姓名未登记"), href=reverse("records_desk:resident", args=[c.person])),
            cell(sex(c.sex)),
            cell(f"{c.birth_date:%Y-%m-%d}" if c.birth_date else "", note=age(c)),
            cell(mask(c.resident_id) if c.resident_id else ""),
            cell(found.division_names.get(c.division, c.division)),
            cell(found.institution_names.get(c.institution, c.institution)),
        ]
        for c in found.cards
    ]
    notes = []
    if found.total > len(found.cards):
        notes.append(
            _("共 %(total)s 人，显示前 %(shown)s 人；请输入更完整的姓名。")
            % {"total": found.total, "shown": len(found.cards)}
        )
    return Table(
        _("查到的居民"),
        [
            Column(_("姓名"), head=True),
            Column(_("性别")),
            Column(_("出生日期"), "day"),
            Column(_("身份证号")),
            Column(_("居住地")),
            Column(_("责任机构")),
        ],
        rows,
        empty=_("在您的权限范围内没有查到。请核对姓名或号码；范围以外的居民不会显示。"),
        notes=notes,
        caption_hidden=True,
    )
