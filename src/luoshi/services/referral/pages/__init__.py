"""Pages of referrals: worklist, making one, one with its moves, beds and slots, the commission's view, peers."""

from __future__ import annotations

from django.urls import path

from luoshi.services.referral.pages import board, detail, making, peers, watching, worklist

app_name = "referral"

urlpatterns = [
    path("", worklist.mine, name="mine"),
    path("new/", making.find, name="find"),
    path("new/<int:person>/", making.new, name="new"),
    path("<int:number>/", detail.referral, name="referral"),
    path("<int:number>/move/", detail.move, name="move"),
    path("capacity/", board.capacity, name="capacity"),
    path("capacity/declare/", board.declare, name="declare"),
    path("watch/", watching.watch, name="watch"),
    path("watch/unreferred/", watching.unreferred, name="unreferred"),
    path("watch/alliance/", watching.alliance, name="alliance"),
    path("rules/", watching.rules_page, name="rules"),
    path("peers/", peers.peers, name="peers"),
    path("peers/retry/", peers.retry, name="retry"),
]
