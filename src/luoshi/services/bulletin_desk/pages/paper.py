"""One paper: what it says, where its figures come from, its way to being issued, and making it again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access import queries as accounts
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.services.bulletin_desk import preview, tables
from luoshi.supervision.bulletins import actions, making, proving, queries, rules, wording
from luoshi.supervision.bulletins.models import Issue
from luoshi.web import downloads
from luoshi.web.manifest import in_language

SHOWN_PAGES = 40


@requires("bulletin.read")
@require_GET
def paper(request: HttpRequest, number: int) -> HttpResponse:
    """The paper as pages, with its facts and what may be done next."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.issue(number, scope=scope)
    who = signed_in(request).get_username()
    problem, pages = "", 0
    try:
        pages = preview.count(preview.pdf_of(found))
    except UserError as error:
        problem = f"{error.message} {error.todo}".strip()
    moves = [
        {"name": m.name, "label": in_language(m.label, m.label_en), "reason": "reason" in m.needs}
        for m in rules.ISSUE.offered(found.state, scope.permissions)
        if m.name != "correct" and not _barred(found, m.name, who)
    ]
    follower = Issue.objects.filter(corrects=found).exclude(state=rules.DROPPED).only("pk", "title").first()
    context = {
        "found": found,
        "state": tables.state_word(found.state),
        "light": tables.LIGHTS[found.state],
        "kind": tables.kind_word(found.kind),
        "period": tables.period_word(found),
        "division": regions.division_names({found.division}).get(found.division, found.division),
        **_hands(found),
        "files": list(found.files.only("format", "sha256")),
        "formats": rules.FORMATS,
        "moves": moves,
        "waits": _waits(found, who, bool(moves)),
        "pages": range(1, min(pages, SHOWN_PAGES) + 1),
        "page_count": pages,
        "problem": problem,
        "may_change": found.state == rules.DRAFT and scope.can("bulletin.make"),
        "may_correct": found.state == rules.ISSUED and scope.can("bulletin.make") and follower is None,
        "follower": follower,
        "shipped": found.template == "shipped",
        "breadcrumbs": [(_("通报与公文"), reverse("bulletin_desk:papers")), (found.title, "")],
    }
    return render(request, "bulletin_desk/paper.html", context)


def _hands(found: Issue) -> dict[str, str]:
    """Who drafted, reviewed and signed, as they are called."""
    hands = {"made_by": found.made_by, "reviewed_by": found.reviewed_by, "signed_by": found.signed_by}
    names = accounts.names_of(hands.values())
    return {role: names.get(who, who) for role, who in hands.items()}


def _barred(found: Issue, move: str, who: str) -> bool:
    return (move == "review" and who == found.made_by) or (move == "sign" and who in (found.made_by, found.reviewed_by))


def _waits(found: Issue, who: str, can: bool) -> str:
    """What has to happen next, for the one who looks."""
    said = {
        rules.DRAFT: _("等待核稿。核稿人不能是拟稿人。"),
        rules.REVIEWED: _("等待签发。签发人不能是拟稿人或核稿人。"),
        rules.SIGNED: _("等待编号印发。"),
    }
    return said.get(found.state, "")


@requires("bulletin.read")
@require_GET
def index(request: HttpRequest, number: int) -> HttpResponse:
    """Where every figure comes from."""
    found = queries.issue(number, scope=request.scope)  # type: ignore[attr-defined]
    table = tables.index(making.paper_of(found).index)
    if kind := downloads.wanted(request):
        return downloads.answer(kind, _("数据依据索引"), [table], title=found.title)
    return render(
        request,
        "bulletin_desk/index.html",
        {"found": found, "table": table, "breadcrumbs": _crumbs(found, _("数据依据索引"))},
    )


@requires("bulletin.make")
@require_http_methods(["GET", "POST"])
def words(request: HttpRequest, number: int) -> HttpResponse:
    """Change the words of one draft; the figures are read anew."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.issue(number, scope=scope)
    given = wording.current(found.kind, found.division).changed(found.wording)
    mistakes: list[str] = []
    if request.method == "POST":
        own = {name: request.POST.get(name, "") for name in ("title", "addressee", "body")}
        given = given.changed(own)
        mistakes = [str(m) for m in wording.check(found.kind, given)]
        if not mistakes:
            try:
                actions.remake(number=number, own=own, by=signed_in(request), scope=scope)
            except UserError as error:
                mistakes = [error.message]
            else:
                messages.success(request, _("草稿已按新的文字和今天的数据重新生成。"))
                return redirect("bulletin_desk:paper", number)
    context = {
        "found": found,
        "given": given,
        "mistakes": mistakes,
        "offered": wording.offered(found.kind),
        "breadcrumbs": _crumbs(found, _("改文字")),
    }
    return render(request, "bulletin_desk/words.html", context, status=400 if mistakes else 200)


@requires("bulletin.read")
@require_POST
def move(request: HttpRequest, number: int) -> HttpResponse:
    """Review, sign, issue, send back, drop. Which of them, the machine and the permissions decide."""
    try:
        found = actions.move(
            number=number, name=request.POST.get("move", ""), reason=request.POST.get("reason", "")[:500],
            by=signed_in(request), scope=request.scope,  # type: ignore[attr-defined]
        )  # fmt: skip
    except UserError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
    else:
        messages.success(request, _("已办。现在的状态：%(state)s。") % {"state": tables.state_word(found.state)})
    return redirect("bulletin_desk:paper", number)


@requires("bulletin.make")
@require_POST
def correct(request: HttpRequest, number: int) -> HttpResponse:
    """Draft the paper that is to replace an issued one, with the figures of today."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    old = queries.issue(number, scope=scope)
    try:
        made = actions.make(
            kind=old.kind, division=old.division, start=old.start, end=old.end, subject=old.subject, corrects=old.pk,
            reason=request.POST.get("reason", ""), by=signed_in(request), scope=scope,
        )  # fmt: skip
    except UserError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
        return redirect("bulletin_desk:paper", number)
    messages.success(request, _("更正件的草稿已生成。"))
    return redirect("bulletin_desk:paper", made.pk)


@requires("bulletin.read")
@require_POST
def again(request: HttpRequest, number: int) -> HttpResponse:
    """Make an issued paper again as of its day, and prove its figures from the records as known then."""
    found = queries.issue(number, scope=request.scope)  # type: ignore[attr-defined]
    made = proving.again(found)
    proofs, problem = [], ""
    try:
        proofs = proving.prove(found)
    except UserError as error:
        problem = f"{error.message} {error.todo}".strip()
    identical = bool(made) and all(one.identical for one in made)
    actions.note_reissue(found, by=signed_in(request), identical=identical)
    counts = {name: sum(p.then == name for p in proofs) for name in (proving.SAME, proving.OTHER)}
    context: dict[str, Any] = {
        "found": found,
        "identical": identical,
        "issued": bool(made),
        "files": tables.again(made),
        "proofs": tables.proofs(proofs) if proofs else None,
        "same": counts[proving.SAME],
        "proven": counts[proving.SAME] + counts[proving.OTHER],
        "other": counts[proving.OTHER],
        "moved": sum(p.moved for p in proofs),
        "problem": problem,
        "today": clock.today(),
        "breadcrumbs": _crumbs(found, _("重出与复算")),
    }
    return render(request, "bulletin_desk/again.html", context)


def _crumbs(found: Issue, here: str) -> list[tuple[str, str]]:
    return [
        (_("通报与公文"), reverse("bulletin_desk:papers")),
        (found.title, reverse("bulletin_desk:paper", args=[found.pk])),
        (here, ""),
    ]
