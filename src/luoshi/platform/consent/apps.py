"""The Django application of consent."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from luoshi.kernel.later import later


class ConsentConfig(AppConfig):
    """Openness, sharing, break-glass, disputes."""

    name = "luoshi.platform.consent"
    label = "consent"
    verbose_name = _("档案开放与授权")

    def ready(self) -> None:
        """Follow merges of persons and their undoing."""
        from luoshi.platform.identity import joined

        joined.add_follower(later("luoshi.platform.consent.resource.follow"))
