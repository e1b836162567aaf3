"""Addresses: sign-in and jobs of the platform, the staff shell, then every installed service under its own prefix.

A service exposes `urlpatterns` in its `pages` module; its manifest says under which prefix (`/plans/`, the scoreboard
at the root). Its `rest` module, if any, joins `/api/` under the same prefix. Nothing has to be added here for a new service.
"""

from __future__ import annotations

from django.contrib.admin import autodiscover
from django.urls import include, path

from luoshi.platform.access.staff import site
from luoshi.platform.sources.pages import smart_configuration
from luoshi.web import api
from luoshi.web.manifest import services

rest = api.collect()
autodiscover()

urlpatterns = [
    path("", include("luoshi.platform.access.pages")),
    path("oauth/", include("luoshi.platform.sources.pages")),
    path("fhir/R4/.well-known/smart-configuration", smart_configuration, name="smart-configuration"),
    path("jobs/", include("luoshi.platform.jobs.pages")),
    path("staff/", site.urls),
    path("api/sources/", include("luoshi.services.sources.entrances")),
    path("", include("luoshi.services.recognition.cds")),  # CDS Hooks ask for /cds-services at the root
    path("api/", rest.urls),
    *(path(service.address(), include(f"{service.name}.pages")) for service in services()),
]

handler400 = "luoshi.web.errors.bad_request"
handler403 = "luoshi.web.errors.forbidden"
handler404 = "luoshi.web.errors.not_found"
handler500 = "luoshi.web.errors.server_error"
