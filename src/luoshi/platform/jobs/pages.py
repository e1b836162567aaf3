"""How far a job is, as a page and as a fragment that refreshes itself."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from luoshi.platform.access.views import scope_of
from luoshi.platform.jobs.models import Job

app_name = "jobs"


@login_required
def show(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """A job of one's own; anyone else's answers 404 unless one may take in records for the whole platform."""
    job = Job.objects.filter(pk=job_id).first()
    scope = scope_of(request)
    if job is None or (job.by != request.user.get_username() and not (scope.everywhere and scope.can("record.ingest"))):
        raise Http404
    template = "jobs/fragment.html" if request.headers.get("HX-Request") else "jobs/show.html"
    return render(request, template, {"job": job})


urlpatterns = [path("<uuid:job_id>/", show, name="show")]
