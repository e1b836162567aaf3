"""Pages of lists: the overview of a place, the visits of today, the register, and the rules in words."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.lake import results
from luoshi.platform.regions import queries as regions
from luoshi.services.chronic import members, panel, queries, rules, words
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.queries import Chosen
from luoshi.services.visits import public as visits
from luoshi.web import downloads, paging
from luoshi.web.manifest import in_language
from luoshi.web.numbers import fraction, quantity
from luoshi.web.tables import Cell, Column, Table, cell

MOST = 5000  # rows of a file


def chosen(request: HttpRequest, *, due: bool) -> Chosen:
    """What the address asks for; unknown words are no filter."""
    given = request.GET
    programme = given.get("programme", "")
    known = {*rules.diseases().diseases, members.JOINT}
    return Chosen(
        division=given.get("division", ""),
        institution=given.get("institution", ""),
        programme=programme if programme in known else "",
        level=given.get("level", "") if given.get("level") in {x.id for x in rules.levels().levels} else "",
        state=given.get("state", "") if given.get("state") in ("overdue", "lost", "short") else "",
        due=due,
    )


def places(scope: Scope, at: str) -> list[tuple[str, str]]:
    """Where one may look: the divisions right below the one shown, or below the viewer's widest, with their names."""
    code = at or scope.root_division()
    if not code:
        return []
    return [(row.code, row.name) for row in regions.children(code, scope=scope)]


def filters(scope: Scope, asked: Chosen) -> dict[str, Any]:
    """What the filters of a list offer."""
    return {
        "asked": asked,
        "programmes": [(name, words.disease(name)) for name in (*rules.diseases().diseases, members.JOINT)],
        "levels": [(one.id, in_language(one.name, one.name_en)) for one in rules.levels().levels],
        "places": places(scope, asked.division),
    }


@requires("chronic.read")
@requires_person_factor
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """How many are managed, how many of them to the norm, against what is promised; by disease and by institution."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    asked = chosen(request, due=False)
    promised = queries.promises(scope=scope)
    found: list[Member] = []
    large: panel.TooMany | None = None
    try:
        listed, until = queries.place_members(asked, scope=scope)
        found, tallies = list(listed), members.tallies(listed)
    except panel.TooMany as error:
        large = error
        tallies, until = queries.large_tallies(error.counts, asked, scope=scope), results.data_until()
    context = {
        "large": large is not None,
        "table": _tally_table(tallies, promised, asked),
        "institutions": _institution_table(found),
        "people": len(found),
        "joint": len(queries.chosen_of(found, Chosen(programme=members.JOINT))),
        "levels": [
            (
                in_language(one.name, one.name_en),
                in_language(one.duty, one.duty_en),
                sum(m.level.id == one.id for m in found),
            )
            for one in rules.levels().levels
        ],
        "level_source": rules.levels(),
        "data_until": until,
        "places": places(scope, asked.division),
        "asked": asked,
        "here": regions.division_names({asked.division}).get(asked.division, "") if asked.division else "",
        "may_manage": scope.can("chronic.manage"),
        "may_visit": scope.can("chronic.visit"),
    }
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, _("慢病管理"), [context["table"], context["institutions"]], title=_("慢病管理"))  # type: ignore[list-item]
    return render(request, "chronic/overview.html", context)


def _tally_table(rows: list[members.Tally], promised: dict[str, queries.Promise], asked: Chosen) -> Table:
    def promise(row: members.Tally) -> Cell:
        found = promised.get(row.programme)
        if found is None:
            return Cell("—")
        return Cell(found.promise, href=reverse("scoreboard:target", args=[found.target]))

    def share(row: members.Tally) -> Cell:
        if not row.managed or row.met is None:
            return Cell("—")
        value = 100 * row.met / row.managed
        return Cell(quantity(value, "%"), value, note=fraction(row.met, row.managed))

    here = f"&division={asked.division}" if asked.division else ""
    return Table(
        _("各病种管理情况"),
        [
            Column(_("病种"), head=True),
            Column(_("在管"), "number"),
            Column(_("已达规范"), "number"),
            Column(_("承诺")),
            Column(_("待随访"), "number"),
            Column(_("已逾期"), "number"),
            Column(_("失访或拒绝"), "number"),
        ],
        [
            [
                Cell(
                    words.disease(row.programme), href=f"{reverse('chronic:register')}?programme={row.programme}{here}"
                ),
                Cell(str(row.managed), row.managed),
                share(row),
                promise(row),
                cell(row.due),
                cell(row.overdue),
                Cell(str(row.lost), row.lost),
            ]
            for row in rows
        ],
        notes=[_("已达规范：本年随访和体检次数达到按在管时间折算的应有次数；失访和拒绝者仍计入在管。")],
    )


def _institution_table(found: list[Member]) -> Table:
    by_place: dict[str, list[Member]] = {}
    for member in found:
        for code in {d.managed.institution for d in member.diseases}:
            by_place.setdefault(code, []).append(member)
    names = regions.institution_names(by_place)

    def row(code: str, several: list[Member]) -> list[Cell]:
        mine = [d for m in several for d in m.diseases if d.managed.institution == code]
        counted = [d for d in mine if d.counts]
        met = sum(d.measure.met for d in counted)
        return [
            Cell(names.get(code, code), href=f"{reverse('chronic:register')}?institution={code}"),
            Cell(str(len(several)), len(several)),
            Cell(
                quantity(100 * met / len(counted), "%") if counted else "—",
                100 * met / len(counted) if counted else None,
                note=fraction(met, len(counted)),
            ),
            Cell(str(sum(m.due for m in several)), sum(m.due for m in several)),
            Cell(str(sum(m.overdue > 0 for m in several)), sum(m.overdue > 0 for m in several)),
        ]

    rows = [row(code, several) for code, several in by_place.items()]
    rows.sort(key=lambda cells: (cells[2].value if isinstance(cells[2].value, float) else 101.0, str(cells[0].text)))
    return Table(
        _("各机构管理情况"),
        [
            Column(_("机构"), head=True, width=28),
            Column(_("在管人数"), "number"),
            Column(_("病种人次达到规范"), "number"),
            Column(_("待随访人数"), "number"),
            Column(_("逾期人数"), "number"),
        ],
        rows,
        empty=_("没有在管患者。"),
    )


@requires("chronic.visit")
@requires_person_factor
@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """Whom to visit today, by clinical risk and by what a visit does for the promise."""
    return _list(request, chosen(request, due=True), "chronic/today.html", _("今日随访"))


@requires("chronic.read")
@requires_person_factor
@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """Everybody managed, with the reason why each is not counted."""
    return _list(request, chosen(request, due=False), "chronic/register.html", _("慢病名册"))


def _list(request: HttpRequest, asked: Chosen, template: str, title: str) -> HttpResponse:
    scope: Scope = request.scope  # type: ignore[attr-defined]
    crumbs = [(_("慢病管理"), reverse("chronic:overview")), (title, "")]
    try:
        everybody, until = queries.place_members(asked, scope=scope)
    except panel.TooMany:
        choice = {"places": places(scope, asked.division), "title": title, "breadcrumbs": crumbs}
        return render(request, "chronic/choose.html", choice)
    found = queries.chosen_of(everybody, asked)
    kind = downloads.wanted(request)
    at = paging.offset(request)
    cut = found[:MOST] if kind else found[at : at + paging.SIZE]
    named = queries.named(cut, scope=scope)
    audit.look_at_list(
        by=signed_in(request),
        persons=[m.person.number for m in cut if named[m.person.number].told],
        what="chronic-list",
    )
    table = member_table(cut, named, scope=scope, title=title, due=asked.due)
    if kind:
        return downloads.answer(kind, title, [table], title=title, lines=[_("共 %(n)s 人") % {"n": len(found)}])
    context = {
        "table": table,
        "page": paging.of_slice(request, cut, len(found)),
        "total": len(found),
        "managed": len(everybody),
        "overdue": sum(m.overdue > 0 for m in found),
        "urgent": sum(any(d.standing.judged and d.standing.judged.risk == 3 for d in m.diseases) for m in found),
        "data_until": until,
        "breadcrumbs": crumbs,
        **filters(scope, asked),
    }
    return render(request, template, context)


def member_table(rows: list[Member], named: dict[int, queries.Named], *, scope: Scope, title: str, due: bool) -> Table:
    """Members as rows: who, what for, why now, the last finding, what is missing to the norm."""
    villages = regions.division_names({m.person.division for m in rows})
    may_visit = scope.can("chronic.visit")

    def who(member: Member) -> Cell:
        seen = named[member.person.number]
        if not seen.told or seen.card is None:
            return Cell(_("居民未开放"))
        link = "chronic:visit" if due and may_visit else "chronic:person"
        note = f"{words.sex(member.person.sex)} {words.age(member.person.born, member.diseases[0].standing.today)}"
        return Cell(seen.card.name, note=note, href=reverse(link, args=[member.person.number]))

    def light(member: Member) -> str:
        risk = max((d.standing.judged.risk for d in member.diseases if d.standing.judged), default=0)
        return "red" if risk == 3 or member.overdue > 30 else "yellow" if risk == 2 or member.overdue else "green"

    return Table(
        title,
        [
            Column(_("居民"), "line", head=True),
            Column(_("村（社区）")),
            Column(_("病种")),
            Column(_("到期情况"), width=24),
            Column(_("上次结果"), width=28),
            Column(_("距规范"), width=28),
            Column(_("分级"), "day", width=10),
        ],
        [
            [
                who(member),
                Cell(villages.get(member.person.division, "—")),
                Cell(words.diseases(member.programmes), note=_lost(member)),
                Cell(_("；").join(dict.fromkeys(words.waits(d) for d in member.diseases)), light=light(member)),
                Cell(
                    _("；").join(dict.fromkeys(words.result(d) for d in member.diseases)),
                    note=f"{member.last:%Y-%m-%d}" if member.last else "",
                ),
                Cell(_("；").join(dict.fromkeys(filter(None, map(members.why_not, member.diseases)))) or _("已达规范")),
                Cell(words.level(member)),
            ]
            for member in rows
        ],
        empty=_("没有要随访的人。") if due else _("没有符合条件的人。"),
        caption_hidden=True,
    )


def _lost(member: Member) -> str:
    states = {d.managed.state for d in member.diseases} & {"lost", "refused"}
    return _("、").join(words.state(name) for name in sorted(states))


@requires("chronic.read")
@requires_person_factor
@require_GET
def rules_page(request: HttpRequest) -> HttpResponse:
    """The rules of every programme in force, with source and confidence, as they are interpreted."""
    rows = []
    for name, programme in visits.programmes().items():
        version = programme.on(clock.today())
        coming = next((v for v in programme.versions if v.valid_from > clock.today()), None)
        rows.append(
            {
                "name": in_language(programme.name, programme.name_en),
                "source": version.source,
                "confidence": version.confidence,
                "since": version.valid_from,
                "notes": in_language(version.notes_zh, version.notes),
                "coming": coming and (coming.valid_from, coming.source, in_language(coming.notes_zh, coming.notes)),
                "results": [
                    (in_language(r.name, r.name_en), words.condition(r.when), [words.do(x.do) for x in r.reactions])
                    for r in version.results
                ],
                "cases": len(programme.cases),
                "chronic": name in rules.diseases().diseases or name == members.JOINT,
            }
        )
    context = {
        "rows": rows,
        "risk": rules.risk(),
        "breadcrumbs": [(_("慢病管理"), reverse("chronic:overview")), (_("规则"), "")],
    }
    return render(request, "chronic/rules.html", context)
