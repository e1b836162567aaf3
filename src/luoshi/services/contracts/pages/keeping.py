"""Teams, packages, and taking in contracts that exist already."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.regions.files import SUFFIXES
from luoshi.services.contracts import catalogue, importing, keeping, queries, rules
from luoshi.services.contracts.models import OwnPackage
from luoshi.services.contracts.pages import frame
from luoshi.web.manifest import in_language

MOST_BYTES = 8 << 20


@requires("contract.manage")
@require_http_methods(["GET", "POST"])
def teams(request: SignedInRequest) -> HttpResponse:
    """Teams with their members, and packages, of an institution; each change is one small form."""
    institution = frame.asked(request)
    if request.method == "POST":
        try:
            _change(request, institution.code)
        except UserError as problem:
            messages.error(request, f"{problem.message} {problem.todo}".strip())
        else:
            messages.success(request, _("已保存。"))
        return redirect(f"{reverse('contracts:keeping')}?institution={institution.code}")
    known = catalogue.items()
    today = clock.today()
    context = frame.base(request, "keeping", institution) | {
        "teams": [
            (
                team,
                team.until is None or team.until > today,
                [(m, in_language(*rules.ROLES[m.role])) for m in team.members.all() if m.until is None],
            )
            for team in queries.teams(institution.code, scope=request.scope)
        ],
        "roles": [(k, in_language(*v)) for k, v in rules.ROLES.items()],
        "offers": [(o, [frame.item_name(i) for i in o.items]) for o in queries.offers(institution.code)],
        "own": OwnPackage.objects.filter(institution=institution.code, until__isnull=True),
        "items": [(k, in_language(i.name, i.name_en), i.times) for k, i in known.items.items() if k not in known.base],
        "base_items": [
            (in_language(i.name, i.name_en), frame.group_names(i.groups), i.times, i.confidence)
            for i in (known.items[name] for name in known.base)
        ],
        "source": known.source,
        "staff": [name for _id, name in keeping.practitioners(institution.code)],
    }  # fmt: skip
    return render(request, "contracts/keeping.html", context)


def _change(request: SignedInRequest, institution: str) -> None:
    given, by, scope = request.POST, request.user, request.scope
    what = given.get("do", "")
    number = int(given["id"]) if given.get("id", "").isascii() and given.get("id", "").isdigit() else 0
    if what == "team":
        keeping.make_team(
            institution=institution, name=given.get("name", ""), phone=given.get("phone", ""), by=by, scope=scope
        )
    elif what == "close-team":
        keeping.close_team(number=number, by=by, scope=scope)
    elif what == "member":
        keeping.add_member(
            team=number, name=given.get("name", ""), role=given.get("role", ""), leads=bool(given.get("leads")),
            username=given.get("username", ""), by=by, scope=scope,
        )  # fmt: skip
    elif what == "drop-member":
        keeping.drop_member(number=number, by=by, scope=scope)
    elif what == "package":
        fee = given.get("fee", "")
        if not fee.isascii() or not fee.isdigit():
            raise InvalidValue(_("年费须为整数元。"))
        keeping.keep_package(
            institution=institution, name=given.get("name", ""), kind=given.get("kind", ""), items=given.getlist("item"),
            fee=int(fee), by=by, scope=scope,
        )  # fmt: skip
    elif what == "drop-package":
        keeping.drop_package(number=number, by=by, scope=scope)
    else:
        raise InvalidValue(_("没有这个操作。"))


@requires("contract.sign")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def take_in(request: SignedInRequest) -> HttpResponse:
    """Take in a file of contracts that exist already."""
    told, error = None, ""
    if request.method == "POST":
        try:
            told = _read(request)
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
    context = frame.base(request, "import") | {
        "told": told,
        "wrong": told.wrong[:200] if told else (),
        "error": error,
        "most": importing.MOST,
    }
    return render(request, "contracts/import.html", context, status=400 if error else 200)


def _read(request: SignedInRequest) -> importing.Imported:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidValue(_("请选择文件。"))
    suffix = Path(file.name or "").suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidValue(_("请上传 CSV 或 Excel（.xlsx）文件。"))
    if (file.size or 0) > MOST_BYTES:
        raise InvalidValue(_("文件超过 8 MB，请分批导入。"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"contracts{suffix}"
        path.write_bytes(file.read())
        return importing.read(path, by=request.user, scope=request.scope)
