"""The Django application of the audit trail."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """The hash-chained trail."""

    name = "luoshi.platform.audit"
    label = "audit"
    verbose_name = _("审计")
