"""Pages of the desk."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from luoshi.platform.access.views import requires
from luoshi.services.plan_desk import queries

app_name = "plan_desk"


@requires("plan.read")
def plan_list(request: HttpRequest) -> HttpResponse:
    """All plans in sight."""
    return render(request, "plan_desk/list.html", {"plans": queries.plan_list(request.scope)})


urlpatterns = [path("", plan_list, name="list")]
