"""The systems one refers to: register, see what waits, try again."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.services.referral.exchange import outbox
from luoshi.services.referral.exchange import peers as registering
from luoshi.services.referral.models import Message, Peer
from luoshi.web.tables import Cell, Column, Table


@requires("referral.peer")
@require_http_methods(["GET", "POST"])
def peers(request: SignedInRequest) -> HttpResponse:
    """Every peer with how it stands; POST registers or changes one."""
    error = ""
    if request.method == "POST":
        post = request.POST
        try:
            made = registering.register(
                name=post.get("name", "").strip(), title=post.get("title", ""), address=post.get("address", "").strip(),
                token_address=post.get("token_address", "").strip(), client_id=post.get("client_id", ""),
                secret=post.get("secret", ""), source=post.get("source", "").strip(),
                places=registering.parse_places(post.get("places", "")), active="active" in post, by=request.user,
            )  # fmt: skip
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.success(request, _("已登记：%(name)s。") % {"name": made.name})
            return redirect("referral:peers")
    rows = Peer.objects.annotate(
        waiting=Count("messages", filter=Q(messages__state=Message.WAITING)),
        refused=Count("messages", filter=Q(messages__state=Message.REFUSED)),
    )
    table = Table(
        _("对接系统"),
        [
            Column(_("系统"), head=True, width=24),
            Column(_("地址"), width=36),
            Column(_("机构数"), "number", width=8),
            Column(_("最近通信"), "light", width=20),
            Column(_("待发/被退回"), "number", width=12),
        ],
        [
            [
                Cell(str(p), note=p.name if p.active else _("%(name)s，已停用") % {"name": p.name}),
                Cell(p.address),
                Cell(str(len(p.places)), len(p.places)),
                Cell(
                    f"{p.heard:%Y-%m-%d %H:%M}" if p.heard else _("从未"),
                    light="red" if p.error else "green" if p.heard else "grey",
                    note=p.error,
                ),
                Cell(f"{p.waiting}/{p.refused}", p.waiting),
            ]
            for p in rows
        ],
        empty=_("还没有登记对接系统。"),
        caption_hidden=True,
    )
    context = {
        "table": table,
        "error": error,
        "given": request.POST,
        "stuck": [p for p in rows if p.waiting or p.refused],
    }
    return render(request, "referral/peers.html", context, status=400 if error else 200)


@requires("referral.peer")
@require_POST
def retry(request: SignedInRequest) -> HttpResponse:
    """Send again what waits or was refused."""
    peer = get_object_or_404(Peer, name=request.POST.get("peer", ""))
    with transaction.atomic():
        count = outbox.retry(peer)
        audit.record(
            by=request.user,
            action="referral.retry",
            object_type="referral-peer",
            object_id=peer.name,
            detail={"messages": count},
        )
    messages.success(request, _("%(count)d 条消息将重新发送。") % {"count": count})
    return redirect("referral:peers")
