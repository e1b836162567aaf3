"""Pages: find a resident's studies, and the viewer: frames drawn here, scrolled and windowed by key and by link."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel.errors import NotFound, Refused, UnreadableFile, UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.platform.store.reads import Stored
from luoshi.services.imaging import actions, archive, dicomweb, pictures, queries
from luoshi.services.recognition import public as recognition
from luoshi.services.records_desk import public as records
from luoshi.web.tables import Cell, Column, Table, cell

app_name = "imaging"
# Windows doctors use: name -> centre and width (Hounsfield units).
WINDOWS = {"lung": (-600, 1500), "soft": (40, 400), "bone": (400, 1800), "brain": (35, 80)}


def window_names() -> dict[str, str]:
    """The windows in words."""
    return {"lung": _("肺窗"), "soft": _("软组织窗"), "bone": _("骨窗"), "brain": _("脑窗")}


@requires("record.read")
@requires_person_factor
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Find a resident; their studies."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    text = " ".join(request.GET.get("q", "").split())
    cards = list(records.search(text, scope=scope, limit=20).cards)
    person = cards[0].person if len(cards) == 1 else _number(request.GET.get("person", ""))
    table = None
    if person:
        found = queries.studies_of(person, scope=scope)
        table = _studies(found)
    audit.look_at_list(
        by=signed_in(request),
        persons=sorted({c.person for c in cards} | ({person} if person else set())),
        what="imaging list",
    )
    context = {
        "q": text,
        "searched": bool(text),
        "cards": cards if len(cards) > 1 else [],
        "table": table,
        "ready": bool(archive.address()),
        "may_upload": scope.can("imaging.take"),
    }
    return render(request, "imaging/start.html", context)


@requires("imaging.take")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Put DICOM files into the archive, for the residents whose numbers they carry."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    error = ""
    if request.method == "POST":
        files = [((f.name or "")[:80], f.size or 0, f.read) for f in request.FILES.getlist("files")]
        try:
            taken = actions.upload(
                files, institution=request.POST.get("institution", ""), by=signed_in(request), scope=scope
            )
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            told = {"n": len(files), "studies": len(taken)}
            messages.success(request, _("已收下 %(n)s 个文件，登记 %(studies)s 项检查。") % told)
            persons = {one.person for one in taken}
            if len(taken) == 1:
                return redirect("imaging:study", taken[0].id)
            return redirect(f"{reverse('imaging:start')}{f'?person={persons.pop()}' if len(persons) == 1 else ''}")
    context = {
        "error": error,
        "ready": bool(archive.address()),
        "places": recognition.workplaces(scope),
        "most": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "most_bytes": actions.MOST_BYTES,
        "most_together": actions.MOST_TOGETHER,
        "breadcrumbs": [(_("云影像"), reverse("imaging:start")), (_("上传影像"), "")],
    }
    return render(request, "imaging/upload.html", context, status=400 if error else 200)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _studies(found: list[Stored]) -> Table:
    resources = [(s, s.resource) for s in found]
    places = {code for _s, r in resources for code in [_maker(r)] if code}
    names = regions.institution_names(places)
    rows = [
        [
            Cell(r.get("description") or _title(r), href=reverse("imaging:study", args=[s.id])),
            cell(str(r.get("started") or "")[:10]),
            cell(" ".join(sorted({str((x.get("modality") or {}).get("code") or "") for x in r.get("series") or ()}))),
            Cell(str(r.get("numberOfInstances") or 0), r.get("numberOfInstances") or 0),
            cell(names.get(_maker(r), _maker(r))),
        ]
        for s, r in resources
    ]
    columns = [
        Column(_("检查"), head=True),
        Column(_("日期"), "day"),
        Column(_("设备")),
        Column(_("图像数"), "number"),
        Column(_("机构")),
    ]
    return Table(_("影像检查"), columns, rows, empty=_("没有可调阅的影像。"), caption_hidden=True)


def _maker(resource: dict[str, Any]) -> str:
    return recognition.producer(resource)


def _title(resource: dict[str, Any]) -> str:
    """What a study is called where it does not say: modality and body part."""
    for series in resource.get("series") or ():
        part = (series.get("bodySite") or {}).get("display") or ""
        return f"{(series.get('modality') or {}).get('code') or ''} {part}".strip()
    return _("检查")


@requires("record.read")
@requires_person_factor
@require_GET
def study(request: HttpRequest, id_: str) -> HttpResponse:
    """The viewer: one frame, its series, window and level; keys and links do the same."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    stored, uid = queries.study(id_, scope=scope)
    assert stored.person is not None
    audit.look(by=signed_in(request), person=stored.person, what="imaging")
    _opened(request, id_)
    resource = stored.resource
    problem, listed = "", []
    try:
        listed = queries.series_of(uid)
    except (Refused, NotFound) as error:
        problem = f"{error.message} {error.todo}".strip()
    at = min(_number(request.GET.get("series", "0")), max(0, len(listed) - 1))
    frames = listed[at].frames if listed else []
    n = min(_number(request.GET.get("n", "0")), max(0, len(frames) - 1))
    center, width = _window(request)
    window = {"c": f"{center:g}", "w": f"{width:g}"} if center is not None and width is not None else {}
    card = people.cards([stored.person], scope=Scope.system()).get(stored.person)
    images = [reverse("imaging:frame", args=[id_, listed[at].uid, instance, frame]) for instance, frame in frames]
    context = {
        "card": card, "title": resource.get("description") or _title(resource), "started": str(resource.get("started") or "")[:10],
        "institution": regions.institution_names({_maker(resource)}).get(_maker(resource), _maker(resource)),
        "problem": problem, "listed": [(i, s, len(s.frames)) for i, s in enumerate(listed)], "at": at, "n": n, "count": len(frames),
        "image": f"{images[n]}?{urlencode(window)}" if images else "", "images": images,
        "center": window.get("c", ""), "width": window.get("w", ""),
        "previous": f"?{urlencode({'series': str(at), 'n': str(n - 1), **window})}" if n else "",
        "following": f"?{urlencode({'series': str(at), 'n': str(n + 1), **window})}" if n + 1 < len(frames) else "",
        "windows": [
            (window_names()[name], c, w, f"?{urlencode({'series': at, 'n': n, 'c': c, 'w': w})}")
            for name, (c, w) in WINDOWS.items()
        ],
        "breadcrumbs": [(_("云影像"), f"{reverse('imaging:start')}?person={stored.person}"), (_("阅片"), "")],
    }  # fmt: skip
    return render(request, "imaging/study.html", context)


def _opened(request: HttpRequest, id_: str) -> None:
    opened = [*request.session.get("imaging", ()), id_]
    request.session["imaging"] = list(dict.fromkeys(opened))[-20:]


def _window(request: HttpRequest) -> tuple[float | None, float | None]:
    """Centre and width asked for; none of them when one is missing. Raises `Http404` for no numbers."""
    c, w = request.GET.get("c", ""), request.GET.get("w", "")
    if not c or not w:
        return None, None
    try:
        center, width = float(c), float(w)
    except ValueError:
        raise Http404 from None
    if not (abs(center) < 1e6 and 1 <= width < 1e6):
        raise Http404
    return center, width


@requires("record.read")
@requires_person_factor
@require_GET
def frame(request: HttpRequest, id_: str, series: str, instance: str, number: str | int) -> HttpResponse:
    """One frame as PNG. Whoever did not open the study's page is noted as looking."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    stored, uid = queries.study(id_, scope=scope)
    center, width = _window(request)
    if id_ not in request.session.get("imaging", ()):
        assert stored.person is not None
        audit.look(by=signed_in(request), person=stored.person, what="imaging")
        _opened(request, id_)
    try:
        data = archive.instance(uid, series, instance)
        try:
            body = pictures.png(data, frame=int(number), center=center, width=width)
        except pictures.Undecodable:
            body = _rendered(uid, series, instance, int(number))
    except (NotFound, UnreadableFile):
        raise Http404 from None
    except Refused as error:
        return HttpResponse(error.message, status=503, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(body, content_type="image/png")
    answer["Cache-Control"] = "private, max-age=600"
    return answer


def _rendered(uid: str, series: str, instance: str, number: int) -> bytes:
    """The archive's own picture, for compressed frames that pydicom does not read alone."""
    reply = archive.call(
        "GET", f"studies/{uid}/series/{series}/instances/{instance}/frames/{number + 1}/rendered", accept="image/png"
    )
    if reply.status != 200:
        raise NotFound(_("影像归档中没有这幅图像。"))
    return reply.body


urlpatterns = [
    path("", start, name="start"),
    path("upload/", upload, name="upload"),
    path("studies/<str:id_>/", study, name="study"),
    re_path(
        r"^studies/(?P<id_>[^/]+)/frames/(?P<series>[0-9.]+)/(?P<instance>[0-9.]+)/(?P<number>[0-9]{1,5})\.png$",
        frame,
        name="frame",
    ),
    *dicomweb.urlpatterns,
]
