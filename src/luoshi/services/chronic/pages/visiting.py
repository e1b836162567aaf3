"""The form of one visit for all diseases of a patient, and what saving it changed."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.services.chronic import actions, members, queries, rules, words
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.pages.people import who
from luoshi.services.chronic.queries import Seen
from luoshi.services.visits import public as visits
from luoshi.web.manifest import in_language


@requires("chronic.visit")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def visit(request: HttpRequest, person: int) -> HttpResponse:
    """The one form for all diseases of a person, filled in with what is known; saved, it says when the next visit is."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    seen = queries.seen(person, scope=scope)
    member = seen.member
    if member is None:
        raise Http404
    error = ""
    given = request.POST
    if request.method == "POST":
        try:
            before = _summary(member)
            _save(request, seen, member, scope)
        except UserError as problem:
            error = str(problem)
        else:
            after = queries.seen(person, scope=scope).member
            messages.success(request, _told(before, after))
            return redirect("chronic:person", person)
    else:
        audit.look(by=signed_in(request), person=person, what="chronic-visit")
    chosen = given.getlist("programme") if given else list(member.programmes)
    context = {
        "seen": seen,
        "member": member,
        "who": who(seen),
        "error": error,
        "token": given.get("token") or f"v{secrets.token_hex(12)}",
        "day": given.get("day") or seen.today.isoformat(),
        "earliest": seen.today - timedelta(days=actions.LATE_DAYS),
        "mode": given.get("mode", "face"),
        "modes": [(name, words.mode(name)) for name in actions.MODES],
        "programmes": [
            (d.programme, words.disease(d.programme), d.programme in chosen, words.waits(d)) for d in member.diseases
        ],
        "fields": _fields(member, given, seen.today),
        "goals": _goals(member),
        "reserved": given.get("reserved", ""),
        "advice": given.get("advice", ""),
        "breadcrumbs": [(_("今日随访"), reverse("chronic:today")), (seen.card.name, "")],
    }
    return render(request, "chronic/visit.html", context, status=400 if error else 200)


def _goals(member: Member) -> list[str]:
    """The personal goals the rules give, in words."""
    made = []
    for one in member.diseases:
        version = visits.programme(one.programme).on(one.standing.today)
        subject = visits.Subject(one.managed.since, (), {}, member.person.born, member.person.sex)
        goal = visits.values_of(version, subject, one.standing.today).get("systolic_goal")
        if goal is not None:
            made.append(_("血压目标低于 %(goal)s/90") % {"goal": f"{goal:g}"})
    if "diabetes" in member.programmes:
        made.append(_("空腹血糖目标低于 7.0"))
    return made


def _fields(member: Member, given: Any, today: date) -> list[dict[str, Any]]:
    made = []
    for name, field in rules.diseases().fields_for(member.programmes).items():
        day, last = member.values.get(name, (None, None))
        fresh = day is not None and field.prefill and (today - day).days < field.prefill
        offered = "" if not fresh else words.value(name, last) if field.kind in ("whole", "decimal") else last
        made.append(
            {
                "name": name,
                "title": in_language(field.name, field.name_en),
                "unit": field.unit,
                "kind": field.kind,
                "step": "1" if field.kind == "whole" else "0.1",
                "least": field.least,
                "most": field.most,
                "options": [(o, words.option(o)) for o in field.options],
                "value": given.get(name, "") if given else offered,
                "last": f"{words.value(name, last)}（{day}）" if day is not None else "",
            }
        )
    return made


def _save(request: HttpRequest, seen: Seen, member: Member, scope: Scope) -> None:
    given = request.POST
    programmes = [name for name in member.programmes if name in given.getlist("programme")]
    fields = rules.diseases().fields_for(programmes)
    reserved = given.get("reserved", "").strip()
    actions.save_visit(
        person=member.person.number,
        token=given.get("token", ""),
        programmes=programmes,
        day=actions.day_of(given.get("day")),
        mode=given.get("mode", ""),
        values={name: given.get(name, "") for name in fields if given.get(name, "") != ""},
        reserved=actions.day_of(reserved) if reserved else None,
        advice=given.get("advice", "").strip(),
        episodes={d.programme: d.managed.episode for d in member.diseases},
        by=signed_in(request),
        scope=scope,
    )


def _summary(member: Member) -> dict[str, str]:
    return {d.programme: members.why_not(d) for d in member.diseases}


def _told(before: dict[str, str], after: Member | None) -> str:
    """What saving changed: what the findings ask for, when the next visit is, what is still missing to the norm."""
    if after is None:
        return _("已保存。")
    parts = [_("已保存。")]
    for one in after.diseases:
        parts.append(
            _("%(disease)s：%(result)s，下次%(when)s。")
            % {"disease": words.disease(one.programme), "result": words.result(one), "when": words.waits(one)}
        )
        why = members.why_not(one)
        if before.get(one.programme) and not why:
            parts.append(_("本年已达到规范。"))
        elif why:
            parts.append(_("还差：%(why)s。") % {"why": why})
    return "".join(parts)
