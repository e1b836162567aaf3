"""CDS Hooks 2.0 (https://cds-hooks.hl7.org/2.0/): the alert inside the doctor's own system, when they select or sign orders.

    GET  /cds-services                                   discovery, open to all
    POST /cds-services/recognition-order-select          hook order-select
    POST /cds-services/recognition-order-sign            hook order-sign
    POST /cds-services/{id}/feedback                     what the doctor did with the cards

The caller is a registered source, known by a JWT that it signs (`cds_clients`) or by its Bearer token; where it stands
decides how far results are recognised. Cards name the item, the day and the institution, and offer to delete the order
(recognise) or to override with a lawful reason. A patient the source may not look at gets no card: the answer does not tell
whether anybody is there. A call whose `extension` says that the patient is there and agrees (`PRESENT`: true) is answered
for a walk-in too (`present`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, Refused, UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division
from luoshi.platform.sources import tokens
from luoshi.platform.store import people, search
from luoshi.platform.store.views import View as StoreView
from luoshi.services.recognition import actions, cds_clients, present, queries, reading, rules
from luoshi.services.recognition.models import Alert
from luoshi.web.errors import problem

app_name = "recognition_cds"
View = Callable[..., HttpResponse]
SERVICES = {"recognition-order-select": "order-select", "recognition-order-sign": "order-sign"}
PRESENT = "urn:luoshi:cn:ext:patient-present"
REACH_WORDS = {
    rules.OWN: "本机构已有结果", "alliance": "紧密型联合体内互认", "city": "市级互认", "province": "省级互认", "nation": "全国互认",
}  # fmt: skip


@require_GET
def discovery(request: HttpRequest) -> HttpResponse:
    """The services. Nothing of a resident."""
    listed = [
        {
            "id": id_,
            "hook": hook,
            "title": "检查检验互认提醒",
            "description": "Alerts when an ordered item has an earlier result that may be recognised; feedback is kept.",
            "usageRequirements": "A JWT signed with a registered key, or a Bearer token of a registered source; drafts are "
            f"ServiceRequest resources; extension {PRESENT}: true for a walk-in who agrees.",
            "prefetch": {"patient": "Patient/{{context.patientId}}"},
        }
        for id_, hook in SERVICES.items()
    ]
    return _json({"services": listed})


def _json(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})


class _Bad(UserError):
    """The request is not one of CDS Hooks."""


def service(view: View) -> View:
    """A call of a service by a source with a token; errors become problem+json."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, name: str) -> HttpResponse:
        principal = tokens.principal(request) or cds_clients.principal(request)
        if principal is None:
            answer = problem(401, "A token is needed.", "Get one: POST /oauth/token as a registered source.")
            answer["WWW-Authenticate"] = 'Bearer realm="luoshi"'
            return answer
        if not principal.may("*", "r"):
            return problem(403, "The token may not do this.", f"Its scopes are {' '.join(principal.scopes)}.")
        if name not in SERVICES:
            return problem(404, "There is no such service.", f"There are {', '.join(SERVICES)}.")
        try:
            body = orjson.loads(request.body)
            if not isinstance(body, dict):
                raise _Bad("the body is no JSON object.")
            return view(request, name, body, principal)
        except orjson.JSONDecodeError:
            return problem(400, "The body is not JSON.")
        except Http404:
            return problem(404, "There is no such card.")
        except UserError as error:
            status = (
                400
                if isinstance(error, _Bad)
                else 404
                if isinstance(error, NotFound)
                else 409
                if isinstance(error, Refused)
                else 422
            )
            return problem(status, error.message, error.todo)

    return guarded


@service
@require_POST
def call(request: HttpRequest, name: str, body: dict[str, Any], principal: tokens.Principal) -> HttpResponse:
    """One call of a hook: cards for the orders selected or to be signed."""
    context = body.get("context")
    if body.get("hook") != SERVICES[name]:
        raise _Bad(f"hook must be {SERVICES[name]!r}.")
    try:
        uuid.UUID(str(body.get("hookInstance")))
    except ValueError:
        raise _Bad("hookInstance must be a UUID.") from None
    if not isinstance(context, dict) or not isinstance(context.get("patientId"), str):
        raise _Bad("context.patientId is missing.")
    orders = _orders(context, SERVICES[name])
    if not orders:
        return _json({"cards": []})
    person = _person(context["patientId"], (body.get("prefetch") or {}).get("patient"), principal)
    if person is None:
        return _json({"cards": []})
    orderer = _orderer(principal)
    by = f"{principal.by}:{context.get('userId', '')}"[:150]
    try:
        if (body.get("extension") or {}).get(PRESENT) is True:
            present.admit(
                person=person, institution=orderer.institution, agreed=True, by=by, scope=principal.scope
            )  # fmt: skip
        raised = actions.check(
            person=person, items=orders, orderer=orderer, scope=principal.scope, by=by, door="cds",
        )  # fmt: skip
    except Http404:
        return _json({"cards": []})
    names = regions.institution_names({earlier.producer for _, earlier in raised})
    cards = [_card(request, a, e, names.get(e.producer, e.producer)) for a, e in raised if a.state == rules.RAISED]
    return _json({"cards": cards})


def _orders(context: dict[str, Any], hook: str) -> dict[str, str]:
    """Item -> the draft order's reference, of those selected (order-select) or all (order-sign)."""
    bundle = context.get("draftOrders")
    if not isinstance(bundle, dict) or not isinstance(bundle.get("entry", []), list):
        raise _Bad("context.draftOrders is no Bundle.")
    selected = context.get("selections")
    if hook == "order-select" and not isinstance(selected, list):
        raise _Bad("context.selections is missing.")
    catalogue = rules.catalogue(clock.today())
    found: dict[str, str] = {}
    for entry in bundle.get("entry", []):
        order = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(order, dict) or order.get("resourceType") != "ServiceRequest":
            continue
        reference = f"ServiceRequest/{order.get('id', '')}"
        item = catalogue.of_concept(order.get("code"))
        if item and (hook == "order-sign" or reference in (selected or ())):
            found.setdefault(item.id, reference)
    return found


def _person(patient_id: str, prefetched: Any, principal: tokens.Principal) -> int | None:
    """The person a system means by its own id of a Patient, or by an identifier in the prefetched one."""
    view = StoreView(principal.scope, principal.source.pk)
    for hit in search.by_ids("Patient", [patient_id.removeprefix("Patient/")], view):
        if hit.person is not None:
            return hit.person
    if isinstance(prefetched, dict):
        for identifier in prefetched.get("identifier") or ():
            value = identifier.get("value") if isinstance(identifier, dict) else None
            # Whether the caller may look at whoever is found is asked right after.
            found = people.by_identifier(value, scope=Scope.system()) if isinstance(value, str) else []
            if len(found) == 1:
                return found[0]
    return None


def _orderer(principal: tokens.Principal) -> rules.Place:
    source = principal.source
    if source.institution:
        return queries.place(source.institution)
    path_ = Division.objects.filter(code=source.division).order_by("-valid_from").values_list("path", flat=True).first()
    return rules.Place(f"source:{source.name}", path_ or "", "")


def _card(request: HttpRequest, alert: Alert, earlier: queries.Earlier, producer: str) -> dict[str, Any]:
    item = earlier.item
    days = (clock.today() - earlier.offer.day).days
    words = REACH_WORDS[earlier.reach]
    values = "；".join(
        f"{value} {f'（参考 {r}）' if r else ''}".strip() for _, value, r in reading.values(earlier.stored.resource)
    )
    what = values or ("影像可调阅" if earlier.offer.form == "images" else "")
    known = rules.reasons().reasons
    actions_ = (
        [{"type": "delete", "description": f"取消“{item.name}”", "resourceId": alert.order}] if alert.order else []
    )
    return {
        "uuid": str(alert.uuid),
        "summary": f"{item.name}：{days} 天前在{producer}做过，{words}"[:139],
        "detail": f"**{item.name}** {earlier.offer.day.isoformat()} {producer}\n\n{what}\n\n"
        f"有效期 {item.days} 天。结果和影像可互认，诊断结论不在互认之列。",
        "indicator": "warning" if earlier.reach != rules.OWN else "info",
        "source": {"label": "落实 · 检查检验互认", "url": request.build_absolute_uri(reverse("recognition:items")),
                   "topic": {"system": actions.ISSUE, "code": "duplicate", "display": "重复检查检验提醒"}},
        "suggestions": [
            {"label": "互认，不再重复", "uuid": str(uuid.uuid5(alert.uuid, "recognise")), "isRecommended": True,
             "actions": actions_}
        ],
        "selectionBehavior": "at-most-one",
        "overrideReasons": [
            {"code": code, "system": rules.REASON_SYSTEM, "display": reason.name} for code, reason in known.items()
        ],
        "links": [
            {"label": "查看原结果", "type": "absolute",
             "url": request.build_absolute_uri(reverse("recognition:alert", args=[alert.uuid]))}
        ],
    }  # fmt: skip


@service
@require_POST
def feedback(request: HttpRequest, name: str, body: dict[str, Any], principal: tokens.Principal) -> HttpResponse:
    """What was done with cards. All of it is kept or, when one card is unknown or answered otherwise, nothing."""
    listed = body.get("feedback")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _Bad("feedback must be an array of objects.")
    with transaction.atomic():
        for one in listed:
            _keep(one, principal)
    return _json({})


def _keep(one: dict[str, Any], principal: tokens.Principal) -> None:
    found = queries.alerts(scope=principal.scope).filter(uuid=_uuid(one.get("card"))).first()
    if found is None and not principal.source.institution:
        found = Alert.objects.filter(uuid=_uuid(one.get("card")), institution=f"source:{principal.source.name}").first()
    if found is None:
        raise Http404
    outcome = one.get("outcome")
    reason, note = "", ""
    if outcome == "accepted":
        move, target = "recognise", rules.RECOGNISED
    elif outcome == "overridden":
        given = one.get("overrideReason") or {}
        reason = str((given.get("reason") or {}).get("code") or "")
        note = str(given.get("userComment") or "")
        move, target = ("repeat", rules.REPEATED) if reason else ("override", rules.UNEXPLAINED)
    else:
        raise _Bad("outcome is 'accepted' or 'overridden'.")
    if (found.state, found.reason) == (target, reason):
        return
    actions.answer(found=found, move=move, by=principal.by, permissions={rules.ORDER}, reason=reason, note=note)


def _uuid(text: Any) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise _Bad("card must be the uuid of a card.") from None


urlpatterns = [
    path("cds-services", discovery, name="discovery"),
    path("cds-services/<str:name>", call, name="call"),
    path("cds-services/<str:name>/feedback", feedback, name="feedback"),
]
