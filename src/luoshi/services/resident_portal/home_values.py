"""The page where residents write down what they measured at home: blood pressure and blood glucose.

The values go to chronic care as FHIR Observations of a category of their own: the team sees them beside the plan, and
they count neither as a visit nor into a rate.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.services.chronic import public as chronic
from luoshi.services.resident_portal.guards import PortalRequest, resident_page
from luoshi.web.tables import Cell, Column, Table


@resident_page
@require_http_methods(["GET", "POST"])
def home_values(request: PortalRequest) -> HttpResponse:
    """What was measured at home so far, and a form for more. The form carries a number of its own: sent twice, it is kept
    once."""
    person, error = request.subject.person, ""
    if request.method == "POST":
        try:
            chronic.measured_at_home(
                person=person,
                at=_instant(request.POST.get("at", "")),
                values={name: request.POST.get(name, "") for name in chronic.home_fields()},
                token=f"my-{person}-{_number(request.POST.get('token', ''))}",
                by=request.user,
                scope=Scope.system(),
            )
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.success(request, _("已保存，您的家庭医生团队可以看到。"))
            return redirect("resident_portal:home-values", person=person)
    audit.look(by=request.user, person=person, what="resident", purpose="")
    now = clock.now()
    context: dict[str, Any] = {
        "subject": request.subject,
        "here": "home",
        "fields": [
            (name, chronic.field_word(name), field, request.POST.get(name, ""))
            for name, field in chronic.home_fields().items()
        ],
        "at": request.POST.get("at") or f"{now:%Y-%m-%dT%H:%M}",
        "latest": f"{now:%Y-%m-%dT%H:%M}",
        "token": request.POST.get("token") or secrets.token_hex(8),
        "table": _table(chronic.home_values(person, scope=Scope.system())),
        "warning": chronic.home_warning(),
        "error": error,
    }
    return render(request, "resident_portal/home_values.html", context, status=400 if error else 200)


def _table(found: tuple[tuple[str, str, float], ...]) -> Table:
    """Values that were measured together stand in one row."""
    times = list(dict.fromkeys(at for at, _name, _value in found))
    values = {(at, name): value for at, name, value in found}

    def told(at: str, *names: str) -> str:
        known = [values.get((at, name)) for name in names]
        return "—" if None in known else "/".join(f"{value:g}" for value in known)

    return Table(
        _("我量过的"),
        [Column(_("时间"), "day", head=True), Column(_("血压"), "number"), Column(_("空腹血糖"), "number")],
        [
            [Cell(at.replace("T", " ")), Cell(told(at, "systolic", "diastolic")), Cell(told(at, "fasting"))]
            for at in times
        ],
        empty=_("还没有记过。"),
    )


def _instant(text: str) -> datetime:
    """A time as the form sends it, in Chinese time. Raises `InvalidValue`."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=clock.CHINA)
    except ValueError:
        raise InvalidValue(_("请填写测量的日期和时间。"), where="at") from None


def _number(text: str) -> str:
    """The number of a form. Raises `InvalidValue` for one that no form of ours carried."""
    if len(text) != 16 or set(text) - set("0123456789abcdef"):
        raise InvalidValue(_("这张表单已失效，请刷新页面再填。"), where="token")
    return text
