"""The pages of the desk: papers, templates, sending."""

from __future__ import annotations

from django.urls import path

from luoshi.services.bulletin_desk.pages import files, paper, papers, sending, templates

app_name = "bulletin_desk"

urlpatterns = [
    path("", papers.papers, name="papers"),
    path("new/", papers.new, name="new"),
    path("<int:number>/", paper.paper, name="paper"),
    path("<int:number>/index/", paper.index, name="index"),
    path("<int:number>/words/", paper.words, name="words"),
    path("<int:number>/move/", paper.move, name="move"),
    path("<int:number>/correct/", paper.correct, name="correct"),
    path("<int:number>/again/", paper.again, name="again"),
    path("<int:number>/page/<int:page>.png", files.page, name="page"),
    path("<int:number>/file.<str:form>", files.file, name="file"),
    path("templates/", templates.templates, name="templates"),
    path("templates/<slug:kind>/", templates.template, name="template"),
    path("office/", templates.office, name="office"),
    path("sending/", sending.sending, name="sending"),
    path("sending/new/", sending.new, name="schedule"),
    path("sending/<int:number>/stop/", sending.stop, name="stop"),
]
