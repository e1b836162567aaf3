"""The Django application of jobs."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Background work. Jobs are declared in the `jobs` module of each application."""

    name = "luoshi.platform.jobs"
    label = "jobs"
    verbose_name = _("后台任务")

    def ready(self) -> None:
        """Import every application's `jobs` module, so that its jobs are known to server and worker alike."""
        autodiscover_modules("jobs")
