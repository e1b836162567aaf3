"""Who is not counted, and why: the named residents (or places) behind a gap. Every look and every download is noted."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor
from luoshi.platform.lake import results
from luoshi.platform.regions import queries as regions
from luoshi.services.scoreboard import measuring, places, queries
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row
from luoshi.web import downloads, paging
from luoshi.web.tables import Cell, Column, Table, cell

MOST_EXPORTED = 20_000


@requires("person.list")
@requires_person_factor
@require_GET
def missed(request: HttpRequest, target_id: int) -> HttpResponse:
    """The worklist of one promise at a place, narrowed by institution."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    at = places.place(request.GET.get("division", ""), scope=scope)
    row = queries.row(target_id, at, scope=scope)
    if row.indicator is None or row.indicator.kind != "ratio":
        raise Http404
    institution = request.GET.get("institution", "")
    kind = downloads.wanted(request)
    limit, offset = (MOST_EXPORTED, 0) if kind else (paging.SIZE, paging.offset(request))
    found = queries.worklist(row.target, at, scope=scope, institution=institution, limit=limit, offset=offset)
    persons = [item.missed.person for item in found.rows if item.missed.person is not None]
    audit.look_at_list(
        by=request.user,  # type: ignore[arg-type]
        persons=persons,
        what=f"{'export' if kind else 'list'} {row.target.indicator}",
    )
    if kind:
        title = f"{row.metric} {_('未计入名单')}"
        lines = [f"{at.name} {row.value_text} {row.fraction_text}", _lines(found)]
        return downloads.answer(kind, title, [_table(row, found, export=True)], title=title, lines=lines)
    context = {
        "row": row,
        "place": at,
        "table": _table(row, found),
        "page": paging.of_slice(request, found.rows, found.total),
        "institution": institution,
        "institution_name": regions.institution_names([institution]).get(institution, institution)
        if institution
        else "",
        "institution_choices": _choices(row, at, scope),
        "breadcrumbs": [
            (_("目标"), reverse("scoreboard:targets")),
            (row.metric, row.href),
            (_("未计入名单"), ""),
        ],
    }
    return render(request, "scoreboard/missed.html", context)


def _choices(row: Row, at: Place, scope: Scope) -> SafeString:
    """The institutions of a place as options, the widest gap first: thousands in a province, so drawn once for an
    evaluation."""
    served = measuring.institutions(row.target, at=at, scope=scope)

    def drawn() -> SafeString:
        codes = [value.institution or "" for value, _s in served]
        known = regions.institution_names(codes)
        pairs = ((code, known.get(code, code)) for code in codes)
        return format_html_join("", '<option value="{}">{}</option>', pairs)

    return results.remembered(("institution choices", row.target, at), drawn, lambda _made: len(served))


def _lines(found: queries.Worklist) -> str:
    if found.total > len(found.rows):
        return _("共 %(total)s，本文件列出前 %(shown)s") % {"total": found.total, "shown": len(found.rows)}
    return _("共 %(total)s") % {"total": found.total}


def _table(row: Row, found: queries.Worklist, *, export: bool = False) -> Table:
    rows = []
    for item in found.rows:
        card, subject = item.card, item.missed
        if card is not None:
            name = Cell(card.name or _("姓名未登记"), href=_person_address(card.person))
            born = f"{card.birth_date:%Y-%m-%d}" if card.birth_date else ""
            number = mask(card.resident_id) if card.resident_id else ""
            phone = card.phone if export else mask(card.phone) if card.phone else ""
        else:
            code = subject.institution or subject.division
            known = found.institution_names.get(code) or found.division_names.get(code)
            name, born, number, phone = Cell(known or subject.subject), "", "", ""
        rows.append(
            [
                name,
                cell(subject.reason),
                cell(born),
                cell(number),
                cell(phone),
                cell(found.division_names.get(subject.division, subject.division)),
                cell(found.institution_names.get(subject.institution or "", subject.institution)),
            ]
        )
    return Table(
        _("未计入名单"),
        [
            Column(_("姓名或名称"), head=True),
            Column(_("原因"), width=44),
            Column(_("出生日期"), "day"),
            Column(_("身份证号"), width=22),
            Column(_("电话")),
            Column(_("居住地"), width=22),
            Column(_("责任机构"), width=30),
        ],
        rows,
        empty=_("没有未计入的对象。"),
        caption_hidden=True,
    )


def _person_address(person: int) -> str:
    try:
        return reverse("records_desk:resident", args=[person])
    except NoReverseMatch:
        return ""
