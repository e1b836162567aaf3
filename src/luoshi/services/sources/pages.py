"""Pages: the list of sources, one source, its keys and feeds. What waits in quarantine has pages of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.platform.sources import clients, registering, silence
from luoshi.platform.sources import queries as sources
from luoshi.platform.sources.models import Client, Feed, Mode, Registration
from luoshi.platform.store.models import Source
from luoshi.services.sources import quarantine_pages, queries, tables
from luoshi.services.sources.forms import FeedForm, SourceForm

app_name = "sources_desk"


@requires("source.read")
@require_GET
def list_(request: HttpRequest) -> HttpResponse:
    """Every source: heard when, counts of today, what waits, what is silent."""
    found = sources.standings(scope=request.scope)  # type: ignore[attr-defined]
    names = regions.institution_names(s.source.institution for s in found)
    places = regions.division_names(s.source.division for s in found)
    late = [item for standing in found for item in standing.silent]
    context = {
        "table": tables.standings(found, names, places),
        "late": tables.silences(late) if late else None,
        "late_count": len(late),
        "may_manage": request.scope.can("source.manage"),  # type: ignore[attr-defined]
    }
    return render(request, "sources_desk/list.html", context)


@requires("source.manage")
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """A new source."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if Registration.objects.filter(source__name=form.cleaned_data["name"]).exists():
            form.add_error("name", _("这个名称已经登记。"))
        elif _registered(request, form, form.cleaned_data["name"]):
            return redirect("sources_desk:source", name=form.cleaned_data["name"])
    return render(request, "sources_desk/edit.html", {"form": form, "source": None, **_crumbs(_("登记来源"))})


@requires("source.manage")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Change a registration; a source that was never registered is registered by it."""
    source = _found(request, name)
    registration = getattr(source, "registration", None) or Registration(source=source)
    form = SourceForm.of(registration)
    if request.method == "POST":
        form = SourceForm(request.POST)
        del form.fields["name"]
        if form.is_valid() and _registered(request, form, name):
            return redirect("sources_desk:source", name=name)
    return render(request, "sources_desk/edit.html", {"form": form, "source": source, **_crumbs(name)})


def _registered(request: HttpRequest, form: SourceForm, name: str) -> bool:
    told = {key: value for key, value in form.cleaned_data.items() if key != "name"}
    try:
        registering.register(name=name, by=signed_in(request), scope=request.scope, **told)  # type: ignore[attr-defined]
    except UserError as error:
        form.add_error(error.where if error.where in form.fields else None, f"{error.message} {error.todo}".strip())
        return False
    return True


@requires("source.read")
@require_GET
def source(request: HttpRequest, name: str) -> HttpResponse:
    """One source."""
    return _page(request, _found(request, name))


def _page(request: HttpRequest, found: Source, **more: Any) -> HttpResponse:
    scope = request.scope  # type: ignore[attr-defined]
    now = clock.now()
    registration = getattr(found, "registration", None)
    answer = queries.answer(found, now.astimezone(clock.CHINA).date())
    late = silence.of_sources([found], now)
    institution = regions.institution_names([found.institution]).get(found.institution, found.institution)
    division = regions.division_names([found.division]).get(found.division, found.division)
    context = {
        "source": found,
        "registration": registration,
        "facts": [
            (_("说明"), found.title or "—"),
            (_("机构"), institution or "—"),
            (_("区划"), division or "—"),
            (_("联系人"), registration.contact if registration else "—"),
            (_("不合格时"), Mode(registration.mode).label if registration else _("未登记，按退回处理")),
            (_("校验规则"), _("FHIR R4 与中国规则") if registration and registration.profile else _("仅 FHIR R4")),
            (_("状态"), _("启用") if registration is None or registration.active else _("已停用")),
        ],
        "late": tables.silences(late) if late else None,
        "answer": tables.answer(answer),
        "reasons": tables.reasons(answer),
        "waiting": sources.quarantined(found).count(),
        "flags": tables.flags(queries.flagged(found)),
        "runs": tables.runs(sources.runs(found)),
        "feeds": list(sources.feeds(found)),
        "clients": list(sources.clients(found)),
        "feed_form": FeedForm(initial={"since": clock.today()}),
        "may_manage": scope.can("source.manage"),
        "may_decide": scope.can("source.quarantine"),
        "day": answer.day,
        **_crumbs(found.name),
        **more,
    }
    return render(request, "sources_desk/source.html", context)


@requires("source.manage")
@never_cache
@require_POST
def issue(request: HttpRequest, name: str) -> HttpResponse:
    """A new client; its secret is on the answer and nowhere else."""
    found = _found(request, name)
    try:
        key = clients.issue(source=found, by=signed_in(request))
    except UserError as error:
        messages.error(request, str(error))
        return redirect("sources_desk:source", name=name)
    return _page(request, found, key=key)


@requires("source.manage")
@never_cache
@require_POST
def rotate(request: HttpRequest, name: str, client: str) -> HttpResponse:
    """A new secret for a client; the old one works a day longer."""
    found = _found(request, name)
    _client(found, client)
    try:
        key = clients.rotate(client_id=client, by=signed_in(request))
    except UserError as error:
        messages.error(request, str(error))
        return redirect("sources_desk:source", name=name)
    return _page(request, found, key=key)


@requires("source.manage")
@require_POST
def revoke(request: HttpRequest, name: str, client: str) -> HttpResponse:
    """End a client and its tokens."""
    found = _found(request, name)
    _client(found, client)
    clients.revoke(client_id=client, by=signed_in(request))
    messages.success(request, _("凭据 %(client)s 已吊销，其令牌立即失效。") % {"client": client})
    return redirect("sources_desk:source", name=name)


@requires("source.manage")
@require_POST
def declare(request: HttpRequest, name: str) -> HttpResponse:
    """Declare a feed."""
    found = _found(request, name)
    form = FeedForm(request.POST)
    if not form.is_valid():
        return _page(request, found, feed_form=form)
    try:
        registering.declare(source=found, by=signed_in(request), **form.cleaned_data)
    except UserError as error:
        form.add_error(error.where if error.where in form.fields else None, f"{error.message} {error.todo}".strip())
        return _page(request, found, feed_form=form)
    return redirect("sources_desk:source", name=name)


@requires("source.manage")
@require_POST
def end_feed(request: HttpRequest, name: str, feed: int) -> HttpResponse:
    """The source sends this no more."""
    found = Feed.objects.select_related("source").filter(pk=feed, source=_found(request, name)).first()
    if found is None:
        raise Http404
    registering.end(feed=found, by=signed_in(request))
    return redirect("sources_desk:source", name=name)


def _client(source: Source, client_id: str) -> Client:
    found = Client.objects.filter(source=source, client_id=client_id).first()
    if found is None:
        raise Http404
    return found


def _found(request: HttpRequest, name: str) -> Source:
    return sources.source_or_404(name, scope=request.scope)  # type: ignore[attr-defined]


def _crumbs(here: str) -> dict[str, Any]:
    return {"breadcrumbs": [(_("数据来源"), reverse("sources_desk:list")), (here, "")]}


urlpatterns = [
    path("", list_, name="list"),
    path("new/", register, name="register"),
    path("of/<str:name>/", source, name="source"),
    path("of/<str:name>/edit/", edit, name="edit"),
    path("of/<str:name>/clients/", issue, name="issue"),
    path("of/<str:name>/clients/<str:client>/rotate/", rotate, name="rotate"),
    path("of/<str:name>/clients/<str:client>/revoke/", revoke, name="revoke"),
    path("of/<str:name>/feeds/", declare, name="declare"),
    path("of/<str:name>/feeds/<int:feed>/end/", end_feed, name="end-feed"),
    *quarantine_pages.urlpatterns,
]
