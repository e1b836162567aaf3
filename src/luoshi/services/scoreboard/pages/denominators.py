"""分母对照: the same numerator under every count of people, and who keeps the promise under which."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires
from luoshi.platform.lake import withholding
from luoshi.services.scoreboard import places, queries
from luoshi.services.scoreboard.denominators import Beside, Comparison, Count, comparison, fit_to_leave
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row
from luoshi.services.scoreboard.rules import Standing
from luoshi.web import downloads, numbers
from luoshi.web.tables import Cell, Column, Table


@requires("board.read")
@require_GET
def denominators(request: HttpRequest, target_id: int) -> HttpResponse:
    """Every count of people for one promise at a place; with `?count=` the places below under that one."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    at = places.place(request.GET.get("division", ""), scope=scope)
    row = queries.row(target_id, at, scope=scope)
    found = comparison(row.target, at=at, scope=scope)
    if found is None:
        raise Http404
    if downloads.wanted(request) and not withholding.may_see_exact(scope):
        found = fit_to_leave(row.target, found)
    asked = request.GET.get("count", "")
    chosen = next((count for count in found.counts if count.key == asked), None)
    if asked and chosen is None:
        raise Http404
    tables = [_counts(found, row, at), *([_below(found, chosen, row)] if chosen else [])]
    if kind := downloads.wanted(request):
        title = _("%(metric)s 分母对照 %(place)s") % {"metric": row.metric, "place": at.name}
        return downloads.answer(kind, title, tables, title=title, lines=[row.quote, row.plan_title])
    back = f"{reverse('scoreboard:target', args=[row.id])}?{at.query}"
    context = {"row": row, "place": at, "tables": tables, "chosen": chosen and _name(chosen), "back": back}
    context["breadcrumbs"] = [(_("目标"), reverse("scoreboard:targets")), (row.metric, back), (_("分母对照"), "")]
    return render(request, "scoreboard/denominators.html", context)


def _kind(count: Count) -> str:
    known = {
        "resident": _("常住人口"),
        "household": _("户籍人口"),
        "served": _("服务人口"),
        "insured": _("参保人数"),
        "students": _("在校学生"),
        "htn-estimated": _("估算高血压患者"),
        "dm-estimated": _("估算糖尿病患者"),
        "hiv-estimated": _("估算艾滋病感染者"),
    }
    return known.get(count.kind, count.kind)


def _name(count: Count) -> str:
    return _("%(kind)s %(year)s 年，%(source)s，第 %(version)s 版") % {
        "kind": _kind(count),
        "year": count.year,
        "source": count.source or "—",
        "version": count.version or "—",
    }


def _counts(found: Comparison, row: Row, at: Place) -> Table:
    here = found.here
    base = f"{reverse('scoreboard:denominators', args=[row.id])}?{at.query}"
    rows = []
    for count in found.counts:
        standing = here.under.get(count)
        kept = [kept_under(place.under[count]) for place in found.below if count in place.under]
        rows.append(
            [
                Cell(
                    _name(count),
                    note=_("本页数值用的就是它") if count == here.used else "",
                    href=f"{base}&count={count.key}",
                ),
                Cell(numbers.number(here.people.get(count)), here.people.get(count)),
                *_cells(row, standing),
                Cell(f"{sum(kept)}/{len(kept)}" if kept else "—", sum(kept) if kept else None),
            ]
        )
    columns = [
        Column(_("人口口径"), head=True, width=44),
        Column(_("人数"), "number"),
        Column(_("数值"), "number"),
        Column(_("灯色"), "light"),
        Column(_("下级达到目标"), "number"),
    ]
    caption = _("%(place)s：同一分子，不同分母") % {"place": here.name}
    return Table(caption, columns, rows, empty=_("人口名录里还没有这个年龄段的人口数。"))


def _below(found: Comparison, chosen: Count, row: Row) -> Table:
    rows = []
    for place in found.below:
        other = place.under.get(chosen)
        rows.append(
            [
                Cell(place.name),
                *_cells(row, place.measured),
                *_cells(row, other),
                Cell(_changed(place, other)),
            ]
        )
    columns = [
        Column(_("区划"), head=True, width=24),
        Column(_("现用分母的数值"), "number"),
        Column(_("灯色"), "light"),
        Column(_("换用后的数值"), "number"),
        Column(_("换用后的灯色"), "light"),
        Column(_("结论"), width=24),
    ]
    return Table(_("换用：%(count)s") % {"count": _name(chosen)}, columns, rows, empty=_("没有下一级区划。"))


def _changed(place: Beside, other: Standing | None) -> str:
    if other is None:
        return _("没有这一口径的人口数")
    before, after = kept_under(place.measured), kept_under(other)
    if before == after:
        return _("不变")
    return _("由未达到变为达到") if after else _("由达到变为未达到")


def kept_under(standing: Standing) -> bool:
    """Whether the promise itself is kept (not only on its way)."""
    threshold = standing.threshold
    if standing.value is None or threshold is None:
        return False
    return threshold.met_by(standing.value, better=standing.better)


def _cells(row: Row, standing: Standing | None) -> list[Cell]:
    if standing is None:
        return [Cell("—"), Cell("—")]
    one = Row(row.target, standing, row.place)
    return [Cell(one.value_text, standing.value), Cell(one.light.word, light=standing.light)]
