"""Pages: what waits for me, and how I want to hear of it."""

from __future__ import annotations

from django.contrib import messages as said
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.views import requires, signed_in
from luoshi.supervision.alerts import actions, queries, rules, sending
from luoshi.supervision.alerts.models import Outgoing
from luoshi.web import paging
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

app_name = "inbox"
LIGHTS = {Outgoing.WAITING: "yellow", Outgoing.SENT: "green", Outgoing.GIVEN_UP: "red"}


@requires("alert.read")
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """My messages, newest first; by default those I have not read."""
    user = signed_in(request)
    every = request.GET.get("show") == "all"
    kind = request.GET.get("kind", "")
    found = queries.messages(user, unread=not every, kind=kind)
    cut = list(found[(at := paging.offset(request)) : at + paging.SIZE])
    context = {
        "rows": [
            {
                "message": m,
                "kind": in_language(rules.kind(m.kind).name, rules.kind(m.kind).name_en),
                "urgent": rules.kind(m.kind).urgent,
                "texts": m.texts,
            }
            for m in cut
        ],
        "every": every,
        "kind": kind,
        "kinds": [(name, in_language(k.name, k.name_en)) for name, k in rules.book().kinds.items()],
        "page": paging.of_slice(request, cut, found.count()),
    }
    return render(request, "inbox/messages.html", context)


@requires("alert.read")
@require_POST
def go(request: HttpRequest, number: int) -> HttpResponse:
    """Note that a message was read and lead to what it is about."""
    user = signed_in(request)
    message = queries.messages(user).filter(pk=number).first()
    if message is None:
        raise Http404
    actions.read(by=user, numbers=[number])
    inside = message.link.startswith("/") and not message.link.startswith("//")
    return redirect(message.link if inside else reverse("inbox:messages"))


@requires("alert.read")
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Note that all messages were read."""
    changed = actions.read(by=signed_in(request))
    said.success(request, _("%(n)s 条已标为已读。") % {"n": changed})
    return redirect("inbox:messages")


@requires("alert.read")
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """How I want to be reached, and what was sent to me."""
    user = signed_in(request)
    error = ""
    if request.method == "POST":
        given = request.POST
        try:
            actions.prefer(
                by=user, mail=given.get("mail") == "on", hook_kind=given.get("hook_kind", ""),
                hook_url=given.get("hook_url") or None, hook_secret=given.get("hook_secret") or None,
                quiet_from=int(given.get("quiet_from") or 21), quiet_to=int(given.get("quiet_to") or 7),
                muted=given.getlist("muted"),
            )  # fmt: skip
        except InvalidValue as problem:
            error = problem.message
        except ValueError:
            error = _("设置中有无法识别的值。")
        else:
            said.success(request, _("已保存。"))
            return redirect("inbox:settings")
    preference = queries.preference(user)
    context = {
        "preference": preference,
        "error": error,
        "address": user.email,
        "mail_works": "mail" in sending.channels(preference),
        "hooks": [(name, in_language(h.name, h.name_en), h.host) for name, h in rules.book().hooks.items()],
        "kinds": [
            (name, in_language(k.name, k.name_en), name in preference.muted) for name, k in rules.book().kinds.items()
        ],
        "hours": range(24),
        "book": rules.book(),
        "table": _sent(list(queries.outgoing(user)[:20])),
        "breadcrumbs": [(_("消息"), reverse("inbox:messages")), (_("消息设置"), "")],
    }
    return render(request, "inbox/settings.html", context, status=400 if error else 200)


def _sent(rows: list[Outgoing]) -> Table:
    ways = {"mail": _("邮件"), "hook": _("群机器人")}
    lines = [
        [
            Cell(row.title),
            Cell(ways.get(row.channel, row.channel)),
            Cell(row.get_state_display(), light=LIGHTS[row.state], note=row.error),
            cell(row.attempts),
            cell((row.sent_at or row.at).date()),
        ]
        for row in rows
    ]
    columns = [
        Column(_("标题"), head=True), Column(_("方式")), Column(_("状态"), "light"), Column(_("尝试次数"), "number"),
        Column(_("日期"), "day"),
    ]  # fmt: skip
    return Table(_("最近发给我的"), columns, lines, empty=_("还没有发出过。"))


urlpatterns = [
    path("", messages, name="messages"),
    path("read/", read, name="read"),
    path("settings/", settings, name="settings"),
    path("<int:number>/go/", go, name="go"),
]
