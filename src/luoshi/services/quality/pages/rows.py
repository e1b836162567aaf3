"""The rows behind a score: who may see residents sees them here; they go back to the sender and are watched."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel.errors import Refused, UnreadableFile
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.quality import actions, carrying, queries
from luoshi.services.quality.checks import library
from luoshi.services.quality.models import ReturnedRow
from luoshi.services.quality.pages import asking
from luoshi.services.quality.pages.cards import severity_word
from luoshi.web import paging
from luoshi.web.manifest import in_language
from luoshi.web.numbers import number
from luoshi.web.tables import Cell, Column, Table, cell


@requires("quality.rows")
@requires_person_factor
@require_GET
def failing(request: HttpRequest) -> HttpResponse:
    """The rows that fail, narrowed by source, day and check. Every look is noted."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    source, received, check = request.GET.get("source"), asking.day(request), asking.check(request)
    form = request.GET.get("format", "")
    limit, offset = (actions.MOST_RETURNED, 0) if form in ("csv", "fhir") else (paging.SIZE, paging.offset(request))
    try:
        page = queries.failing(
            scope=scope, source=source, received=received, check=check.id if check else None, limit=limit, offset=offset
        )
    except UnreadableFile:
        raise Http404 from None
    persons = sorted({row.person for row in page.rows if row.person is not None})
    what = f"{'export' if form else 'list'} quality {check.id if check else 'all'}"
    audit.look_at_list(by=signed_in(request), persons=persons, what=what)
    if form == "csv":
        return asking.file(carrying.failing_csv(page.rows), asking.CSV, f"quality-rows-{source or 'all'}.csv")
    if form == "fhir":
        return asking.fhir(carrying.outcomes(page.rows))
    cards = people.cards(persons, scope=scope)
    title = in_language(check.name, check.name_en) if check else _("全部未通过的记录")
    asked = {"source": source, "day": received, "check": check.id if check else ""}
    context = {
        "title": title,
        "check": check,
        "severity": severity_word(check.severity) if check else "",
        "source_name": source or _("全部来源"),
        "received": received,
        "table": _table(page, cards),
        "page": paging.of_slice(request, page.rows, page.total),
        "csv": asking.address("failing", **asked, format="csv"),
        "fhir": asking.address("failing", **asked, format="fhir"),
        "asked": asked,
        "total": number(page.total),
        "can_return": bool(source) and 0 < page.total <= actions.MOST_RETURNED,
        "breadcrumbs": [
            (_("数据质量"), reverse("quality:overview")),
            (source or _("全部来源"), asking.address("card", source=source, day=received) if source else ""),
            (title, ""),
        ],
    }
    return render(request, "quality/rows.html", context)


def _table(page: queries.FailingPage, cards: dict[int, people.Card]) -> Table:
    institutions = regions.institution_names({row.institution for row in page.rows if row.institution})
    rows = []
    for row in page.rows:
        check = library().checks[row.check]
        card = cards.get(row.person) if row.person is not None else None
        name = Cell(_("不在您的范围内") if row.person is not None else _("没有对应居民"))
        if card is not None:
            name = Cell(card.name or _("姓名未登记"), href=reverse("records_desk:resident", args=[card.person]))
        rows.append(
            [
                Cell(f"{queries.resource_type(row.check)}/{row.id}", note=in_language(check.name, check.name_en)),
                cell(carrying.reason(row)),
                name,
                cell(row.day),
                cell(institutions.get(row.institution or "", row.institution)),
                Cell(row.source or _("未登记来源"), note=_("%(day)s 收到") % {"day": row.received}),
            ]
        )
    return Table(
        _("未通过的记录"),
        [
            Column(_("记录"), head=True, width=36),
            Column(_("原因"), width=48),
            Column(_("居民")),
            Column(_("业务日期"), "day"),
            Column(_("机构"), width=28),
            Column(_("来源")),
        ],
        rows,
        empty=_("没有未通过的记录。"),
        caption_hidden=True,
    )


@requires("quality.rows")
@requires_person_factor
@require_POST
def give_back(request: HttpRequest) -> HttpResponse:
    """Give rows back to their sender: the file to mend, and a batch that is watched."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    source, received, check = request.POST.get("source", ""), asking.day(request), asking.check(request)
    try:
        batch, page = actions.give_back(
            source=source, received=received, check=check.id if check else "", by=signed_in(request), scope=scope
        )
    except (Refused, UnreadableFile) as error:
        messages.error(request, str(error))
        return redirect(asking.address("card", source=source, day=received))
    if request.POST.get("format") == "csv":
        return asking.file(carrying.failing_csv(page.rows), asking.CSV, f"return-{batch.pk}.csv")
    if request.POST.get("format") == "ndjson":
        body = carrying.ndjson(page.rows, page.bodies)
        return asking.file(body, asking.NDJSON, f"return-{batch.pk}.ndjson")
    messages.success(request, _("已退回 %(n)s 行，改正重报后会自动复核。") % {"n": page.total})
    return redirect("quality:returned", batch.pk)


@requires("quality.read")
@require_GET
def returns(request: HttpRequest) -> HttpResponse:
    """Batches given back, and how much of each is mended."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.batches(scope=scope)
    rows = [
        [
            Cell(f"#{batch.pk} {batch.source or _('未登记来源')}", href=reverse("quality:returned", args=[batch.pk])),
            cell(batch.at.date()),
            cell(batch.by),
            Cell(number(batch.total), batch.total),
            Cell(number(mended), mended),
            Cell(number(again), again),
        ]
        for batch, mended, again in found
    ]
    table = Table(
        _("退回批次"),
        [
            Column(_("批次"), head=True),
            Column(_("退回日期"), "day"),
            Column(_("退回人")),
            Column(_("行数"), "number"),
            Column(_("已改正"), "number"),
            Column(_("重报仍未通过"), "number"),
        ],
        rows,
        empty=_("还没有退回过记录。"),
        caption_hidden=True,
    )
    breadcrumbs = [(_("数据质量"), reverse("quality:overview")), (_("退回与复核"), "")]
    return render(request, "quality/returns.html", {"table": table, "breadcrumbs": breadcrumbs})


@requires("quality.rows")
@requires_person_factor
@require_GET
def returned(request: HttpRequest, batch: int) -> HttpResponse:
    """One batch: what became of each row, and the file again."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = get_object_or_404(queries.returns(scope=scope), pk=batch)
    lines = ReturnedRow.objects.filter(batch=found).order_by("state", "check_id", "key")
    at, total = paging.offset(request), lines.count()
    shown = list(lines[at : at + paging.SIZE])
    audit.look_at_list(
        by=signed_in(request),
        persons=sorted({r.person for r in shown if r.person is not None}),
        what=f"list return {batch}",
    )
    known = library().checks
    rows = [
        [
            Cell(f"{row.resource_type}/{row.key}"),
            cell(
                in_language(known[row.check_id].name, known[row.check_id].name_en)
                if row.check_id in known
                else row.check_id
            ),
            Cell(row.get_state_display(), light={"open": "red", "again": "yellow", "mended": "green"}[row.state]),
            cell(row.settled.date() if row.settled else None),
        ]
        for row in shown
    ]
    columns = [
        Column(_("记录"), head=True), Column(_("检查项")), Column(_("状态"), "light"), Column(_("改正日期"), "day"),
    ]  # fmt: skip
    context = {
        "batch": found,
        "table": Table(_("退回的记录"), columns, rows, caption_hidden=True),
        "page": paging.of_slice(request, shown, total),
        "breadcrumbs": [
            (_("数据质量"), reverse("quality:overview")),
            (_("退回与复核"), reverse("quality:returns")),
            (f"#{found.pk}", ""),
        ],
    }
    return render(request, "quality/returned.html", context)
