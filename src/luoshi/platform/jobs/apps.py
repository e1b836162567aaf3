"""The Django application of jobs."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Background work. Jobs are declared in the `jobs` module of each application."""

    name = "luoshi.platform.jobs"
    label = "jobs"
    verbose_name = _("后台任务")
