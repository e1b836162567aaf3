"""Pages: find a resident, the resident's page, and the source resource behind one entry. Every look is noted."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.views import requires, requires_person_factor
from luoshi.platform.store import people
from luoshi.records.structure import resource_types
from luoshi.services.records_desk import queries, rules
from luoshi.web import charts
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

app_name = "records_desk"
SHOWN = 300  # entries of the timeline on one page; the filter narrows


def kind_names() -> dict[str, str]:
    """The kinds of entries as the filter names them."""
    return {
        "visit": _("服务与就诊"),
        "measurement": _("检查与测量"),
        "condition": _("诊断"),
        "procedure": _("项目与筛查"),
        "immunization": _("预防接种"),
        "programme": _("纳入管理"),
        "contract": _("签约"),
        "other": _("其他记录"),
    }


@requires("person.list")
@requires_person_factor
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Find a resident by name or identifier."""
    text = request.GET.get("q", "").strip()
    found = queries.search(text, scope=request.scope) if text else None  # type: ignore[attr-defined]
    if found is not None:
        audit.look_at_list(by=request.user, persons=[c.person for c in found.cards], what="search")  # type: ignore[arg-type]
    return render(
        request,
        "records_desk/search.html",
        {"text": text, "found": found, "table": _cards_table(found) if found else None},
    )


@requires("person.read")
@requires_person_factor
@require_GET
def resident(request: HttpRequest, person: int) -> HttpResponse:
    """One resident: who, who is responsible, what is due and why, what happened, who looked."""
    found = queries.resident(person, scope=request.scope)  # type: ignore[attr-defined]
    audit.look(by=request.user, person=person, what="resident")  # type: ignore[arg-type]
    kind = request.GET.get("kind", "")
    chosen = [e for e in found.entries if not kind or e.kind == kind]
    counts = {k: sum(e.kind == k for e in found.entries) for k in rules.KINDS}
    names = kind_names()
    months = rules.by_month(chosen)
    context = {
        "found": found,
        "card": found.card,
        "facts": _facts(found),
        "countings": [(c, period_name(c.period)) for c in found.countings],
        "not_counted": sum(not c.well for c in found.countings),
        "looks": [(look, _seen(look.what)) for look in found.looks],
        "now_managed": [e for e in found.entries if e.kind in ("programme", "contract") and _open(e)],
        "trends": [_drawn(trend) for trend in found.trends],
        "immunizations": _immunizations(found),
        "months": _first(months, SHOWN),
        "shown": min(len(chosen), SHOWN),
        "chosen": len(chosen),
        "kind": kind,
        "kinds": [(k, names[k], counts[k]) for k in rules.KINDS if counts[k]],
        "institutions": found.institution_names,
        "breadcrumbs": [(_("居民档案"), reverse("records_desk:search")), (found.card.name or str(person), "")],
    }
    return render(request, "records_desk/resident.html", context)


@requires("record.read")
@requires_person_factor
@require_GET
def resource(request: HttpRequest, person: int, resource_type: str, id: str) -> HttpResponse:  # noqa: A002
    """A source resource as it was received, with its versions."""
    if resource_type not in resource_types():
        raise Http404
    found = queries.versions(resource_type, id, person=person, scope=request.scope)  # type: ignore[attr-defined]
    wanted = request.GET.get("version", "")
    chosen = next((s for s in found if str(s.version) == wanted), found[0])
    audit.look(by=request.user, person=person, what=f"{resource_type}/{id}")  # type: ignore[arg-type]
    card = people.cards([person], scope=request.scope).get(person)  # type: ignore[attr-defined]
    name = card.name if card else str(person)
    body = "" if chosen.deleted else orjson.dumps(orjson.loads(chosen.body), option=orjson.OPT_INDENT_2).decode()
    return render(
        request,
        "records_desk/resource.html",
        {
            "chosen": chosen,
            "versions": found,
            "body": body,
            "name": name,
            "breadcrumbs": [
                (_("居民档案"), reverse("records_desk:search")),
                (name, reverse("records_desk:resident", args=[person])),
                (f"{resource_type}/{id}", ""),
            ],
        },
    )


def _open(entry: rules.Entry) -> bool:
    today = clock.today()
    inside = (entry.day is None or entry.day <= today) and (entry.until is None or entry.until >= today)
    return inside and entry.status not in ("entered-in-error", "cancelled", "revoked", "finished")


def _seen(what: str) -> str:
    """What somebody looked at, in words."""
    plain = {"resident": _("居民档案"), "search": _("查找结果")}
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


def _sex(code: str) -> str:
    return {"male": _("男"), "female": _("女")}.get(code, _("不详"))


def _age(card: people.Card) -> str:
    on = card.death_date or clock.today()
    years = rules.age(card.birth_date, on)
    if years is None or card.birth_date is None:
        return ""
    if years < 3:
        return _("%(months)s 月龄") % {"months": rules.age_in_months(card.birth_date, on)}
    return _("%(years)s 岁") % {"years": years}


def _facts(found: queries.Resident) -> list[tuple[str, str]]:
    card = found.card
    born = f"{card.birth_date:%Y-%m-%d}" if card.birth_date else "—"
    return [
        (_("性别"), _sex(card.sex)),
        (_("出生日期"), f"{born} {_age(card)}".strip()),
        (_("身份证号"), mask(card.resident_id) if card.resident_id else _("未登记")),
        (_("档案编号"), card.record_number or "—"),
        (_("电话"), mask(card.phone) if card.phone else "—"),
        (_("居住地"), " ".join(found.places) + (f" {card.address}" if card.address else "")),
        (_("责任机构"), found.institution_names.get(card.institution, card.institution) or "—"),
        (_("建档日期"), f"{card.record_opened:%Y-%m-%d}" if card.record_opened else _("未建档")),
    ]


def _drawn(trend: rules.Trend) -> dict[str, Any]:
    points = [charts.Point(m.day.isoformat(), m.value, m.text) for m in trend.measures]
    unit = trend.unit
    rows = [
        [cell(f"{m.day:%Y-%m-%d}"), Cell(m.text, m.value, flags=() if m.within is not False else (_("超出参考范围"),))]
        for m in reversed(trend.measures)
    ]
    return {
        "trend": trend,
        "spec": charts.trend(points, unit=unit, target=None, target_text="", width=420),
        "table": Table(
            trend.name,
            [Column(_("日期"), head=True), Column(f"{_('数值')} {unit}", "number")],
            rows,
            caption_hidden=True,
        ),
    }


def _immunizations(found: queries.Resident) -> Table | None:
    rows = sorted((e for e in found.entries if e.kind == "immunization"), key=lambda e: (e.title, e.day or e.until))
    if not rows:
        return None
    return Table(
        _("预防接种"),
        [Column(_("疫苗"), head=True), Column(_("剂次")), Column(_("日期"), "day"), Column(_("接种单位"))],
        [
            [
                Cell(e.title, href=reverse("records_desk:resource", args=[found.card.person, e.type, e.id])),
                cell(e.detail),
                cell(f"{e.day:%Y-%m-%d}" if e.day else ""),
                cell(found.institution_names.get(e.institution, e.institution)),
            ]
            for e in rows
        ],
        caption_hidden=True,
    )


def _first(months: list[tuple[str, list[rules.Entry]]], limit: int) -> list[tuple[str, list[rules.Entry]]]:
    """The first `limit` entries, still in their months."""
    kept, left = [], limit
    for month, entries in months:
        if left <= 0:
            break
        kept.append((month, entries[:left]))
        left -= len(entries)
    return kept


def _cards_table(found: queries.Found) -> Table:
    rows = [
        [
            Cell(c.name or _("姓名未登记"), href=reverse("records_desk:resident", args=[c.person])),
            cell(_sex(c.sex)),
            cell(f"{c.birth_date:%Y-%m-%d}" if c.birth_date else "", note=_age(c)),
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


urlpatterns = [
    path("", search, name="search"),
    path("<int:person>/", resident, name="resident"),
    path("<int:person>/resources/<str:resource_type>/<str:id>/", resource, name="resource"),
]
