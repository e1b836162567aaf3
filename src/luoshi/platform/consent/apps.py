"""The Django application of consent."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentConfig(AppConfig):
    """Openness, sharing, break-glass, disputes."""

    name = "luoshi.platform.consent"
    label = "consent"
    verbose_name = _("档案开放与授权")
