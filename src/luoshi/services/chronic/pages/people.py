"""Pages about one person: where they stand, the visit form, the moves of their enrolments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.services.chronic import actions, enrolling, members, queries, rules, words
from luoshi.services.chronic.members import Disease
from luoshi.services.chronic.models import Card, Enrolment
from luoshi.services.chronic.queries import Seen
from luoshi.services.visits import public as visits
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table


@requires("chronic.read")
@requires_person_factor
@require_GET
def person(request: HttpRequest, person: int) -> HttpResponse:
    """Where somebody stands: plan, last findings, why not counted, enrolments, visits, home measurements."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    seen = queries.seen(person, scope=scope)
    audit.look(by=signed_in(request), person=person, what="chronic")
    member = seen.member
    context = {
        "seen": seen,
        "member": member,
        "who": who(seen),
        "stratum": in_language(member.stratum.name, member.stratum.name_en) if member and member.stratum else "",
        "risk": rules.risk(),
        "level": in_language(member.level.duty, member.level.duty_en) if member else "",
        "level_name": words.level(member) if member else "",
        "diseases": [_disease(d, seen, scope) for d in member.diseases] if member else [],
        "waiting": [
            (e.programme, f"{words.disease(e.programme)} · {words.state(e.state)}")
            for e in seen.enrolments
            if e.state in ("found", "confirmed")
        ],
        "past": _past(seen),
        "saved": _saved_table(seen),
        "measured": _home_table(seen),
        "notes": [
            (name, _note_title(name), (seen.notes.fields if seen.notes else {}).get(name, "")) for name in Card.FIELDS
        ],
        "may_visit": scope.can("chronic.visit") and bool(member),
        "may_note": scope.can("chronic.visit"),
        "merged": member.visit if member else None,
        "merged_names": words.diseases(member.visit.programmes) if member and member.visit else "",
        "breadcrumbs": [(_("慢病管理"), reverse("chronic:overview")), (seen.card.name, "")],
    }
    return render(request, "chronic/person.html", context)


def who(seen: Seen) -> str:
    card = seen.card
    place = " ".join(filter(None, (seen.names.get(card.division), seen.names.get(card.institution))))
    return " · ".join(
        filter(
            None,
            (
                words.sex(card.sex),
                words.age(card.birth_date, seen.today),
                mask(card.resident_id) if card.resident_id else "",
                place,
            ),
        )
    )


def _note_title(name: str) -> str:
    return {"contact": _("联系方式"), "medicine": _("用药"), "goal": _("约定目标"), "remark": _("备注")}[name]


def _disease(one: Disease, seen: Seen, scope: Scope) -> dict[str, Any]:
    programme = visits.programme(one.programme)
    version = programme.on(seen.today)
    machine = rules.ENROLMENT
    offered = list(machine.offered(one.managed.state, scope.permissions))
    counting = next((c for c in seen.countings if c[0] == rules.diseases().diseases[one.programme].indicator), None)
    return {
        "name": words.disease(one.programme),
        "programme": one.programme,
        "state": words.state(one.managed.state),
        "since": one.managed.since,
        "institution": seen.names.get(one.managed.institution, one.managed.institution),
        "result": words.result(one),
        "do": words.do(one.standing.judged.do) if one.standing.judged else "",
        "risk": one.standing.judged.risk if one.standing.judged else 0,
        "waits": words.waits(one),
        "why": members.why_not(one) if one.counts else _("不计入在管"),
        "measure": one.measure,
        "counting": counting,
        "dues": _dues_table(one),
        "source": version.source,
        "confidence": version.confidence,
        "moves": [(m.name, in_language(m.label, m.label_en), m.needs) for m in offered],
        "may_transfer": scope.can("chronic.manage"),
        "institutions": [
            (row.code, row.name) for row in regions.institutions(scope=scope) if row.code != one.managed.institution
        ][:60]
        if scope.can("chronic.manage")
        else [],
        "loss": [(name, words.reason(name)) for name in rules.LOSS_REASONS],
        "ends": [(name, words.reason(name)) for name in rules.END_REASONS],
    }


def _dues_table(one: Disease) -> Table:
    return Table(
        _("随访计划：%(name)s") % {"name": words.disease(one.programme)},
        [
            Column(_("应随访日"), "day", head=True),
            Column(_("窗口"), "day"),
            Column(_("类别")),
            Column(_("情况")),
            Column(_("完成日"), "day"),
        ],
        [
            [
                Cell(f"{due.day}", due.day),
                Cell(f"{due.opens} – {due.closes}"),
                Cell(words.due_kind(due)),
                Cell(
                    words.due_state(due),
                    light={"done": "green", "late": "yellow", "missed": "red"}.get(due.state, "grey"),
                ),
                Cell(f"{due.done}" if due.done else "—", due.done),
            ]
            for due in one.standing.dues
        ],
        empty=_("没有计划中的随访。"),
    )


def _past(seen: Seen) -> list[str]:
    found = []
    for row in seen.enrolments:
        if row.state in rules.ENROLMENT.final:
            words_ = _("%(disease)s：%(state)s") % {
                "disease": words.disease(row.programme),
                "state": words.state(row.state),
            }
            place = seen.names.get(row.institution, row.institution)
            found.append(
                f"{words_} · {row.since or '—'} – {row.ended or row.at.date()} · {place} · {words.reason(row.reason)}"
            )
    return found


def _saved_table(seen: Seen) -> Table:
    return Table(
        _("在本平台填写的随访"),
        [
            Column(_("日期"), "day", head=True),
            Column(_("病种")),
            Column(_("方式")),
            Column(_("结果"), width=40),
            Column(_("随访人")),
        ],
        [
            [
                Cell(f"{row.day}", row.day),
                Cell(words.diseases(row.programmes)),
                Cell(words.mode(row.mode)),
                Cell(words.values(row.values), note=row.advice),
                Cell(row.by, note=_("离线") if row.origin.startswith("pack") else ""),
            ]
            for row in seen.saved
        ],
        empty=_("还没有。"),
    )


def _home_table(seen: Seen) -> Table:
    return Table(
        _("家庭自测"),
        [Column(_("时间"), "day", head=True), Column(_("项目")), Column(_("数值"), "number")],
        [
            [Cell(at.replace("T", " ")), Cell(words.field(name)), Cell(f"{value:g}", value)]
            for at, name, value in seen.home
        ],
        empty=_("还没有上传。"),
        notes=[_("自测数值只供参考，不算随访，不计入血压控制率。")],
    )


@requires("chronic.visit")
@requires_person_factor
@require_POST
def card(request: HttpRequest, person: int) -> HttpResponse:
    """Notes beside the record."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    try:
        fields = {name: request.POST.get(name, "").strip() for name in Card.FIELDS}
        actions.write_card(person=person, fields=fields, by=signed_in(request), scope=scope)
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已保存。"))
    return redirect("chronic:person", person)


@requires("chronic.visit")
@requires_person_factor
@require_POST
def home(request: HttpRequest, person: int) -> HttpResponse:
    """What a resident measured at home, written down for them."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.POST
    actions.person_or_404(person, scope)
    values = {name: given[name] for name in rules.diseases().home if given.get(name)}
    try:
        at = datetime.combine(actions.day_of(given.get("day")), clock.now().timetz())
        actions.measured_at_home(
            person=person, at=min(at, clock.now()), values=values, by=signed_in(request), scope=scope
        )
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已保存自测数值，不算随访。"))
    return redirect("chronic:person", person)


def enrolment_of(person: int, programme: str, scope: Scope, by: Any) -> Enrolment:
    """The open enrolment, also of somebody another system manages. Raises `Http404`."""
    seen = queries.seen(person, scope=scope)
    row = next((e for e in seen.enrolments if e.programme == programme and e.state in rules.OPEN), None)
    if row is not None:
        return row
    one = next((d for d in seen.member.diseases if d.programme == programme), None) if seen.member else None
    if one is None:
        raise Http404
    managed = one.managed
    return enrolling.known_here(
        person=person,
        programme=programme,
        since=managed.since,
        state=managed.state,
        institution=managed.institution,
        episode=managed.episode,
        scope=scope,
        by=by,
    )


@requires("chronic.visit")
@requires_person_factor
@require_POST
def move(request: HttpRequest, person: int, programme: str) -> HttpResponse:
    """A move of an enrolment: lost, refused, back, ended; and of a candidate: confirmed, dismissed, managed."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    row = enrolment_of(person, programme, scope, signed_in(request))
    given = {name: request.POST.get(name, "") for name in ("reason", "basis", "since") if request.POST.get(name)}
    try:
        day = request.POST.get("day", "")
        enrolling.move(
            row,
            request.POST.get("move", ""),
            by=signed_in(request),
            scope=scope,
            given=given,
            on=actions.day_of(day) if day else None,
        )
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("%(disease)s：%(state)s。") % {"disease": words.disease(programme), "state": words.state(row.state)},
        )
    return redirect("chronic:person", person)


@requires("chronic.manage")
@requires_person_factor
@require_POST
def transfer(request: HttpRequest, person: int, programme: str) -> HttpResponse:
    """Another institution manages from a day on."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    row = enrolment_of(person, programme, scope, signed_in(request))
    code = request.POST.get("institution", "")
    if not regions.institution_names([code]):
        raise Http404
    try:
        enrolling.transfer(
            row=row, institution=code, on=actions.day_of(request.POST.get("on")), by=signed_in(request), scope=scope
        )
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已转出，历史随访随人保留。"))
    if scope.covers_person(*(actions.place_of(person))):
        return redirect("chronic:person", person)
    return redirect("chronic:today")
