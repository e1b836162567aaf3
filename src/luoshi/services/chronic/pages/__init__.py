"""The addresses of chronic care."""

from __future__ import annotations

from django.urls import path

from luoshi.services.chronic.pages import candidates, lists, packs, people, visiting

app_name = "chronic"
urlpatterns = [
    path("", lists.overview, name="overview"),
    path("today/", lists.today, name="today"),
    path("register/", lists.register, name="register"),
    path("rules/", lists.rules_page, name="rules"),
    path("people/<int:person>/", people.person, name="person"),
    path("people/<int:person>/visit/", visiting.visit, name="visit"),
    path("people/<int:person>/card/", people.card, name="card"),
    path("people/<int:person>/home/", people.home, name="home"),
    path("people/<int:person>/<str:programme>/move/", people.move, name="move"),
    path("people/<int:person>/<str:programme>/transfer/", people.transfer, name="transfer"),
    path("candidates/", candidates.listed, name="candidates"),
    path("candidates/<int:person>/<str:programme>/", candidates.decide, name="decide-candidate"),
    path("packs/", packs.mine, name="packs"),
    path("packs/take/", packs.take, name="take-pack"),
    path("packs/upload/", packs.upload, name="upload-pack"),
    path("packs/<int:number>/", packs.one, name="pack"),
    path("packs/<int:number>/end/", packs.end, name="end-pack"),
    path("conflicts/", packs.conflicts, name="conflicts"),
    path("conflicts/<int:number>/", packs.decide, name="decide-conflict"),
]
