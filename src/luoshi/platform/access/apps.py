"""The Django application of access."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    """Accounts, grants, sign-in."""

    name = "luoshi.platform.access"
    label = "access"
    verbose_name = _("账号与权限")
