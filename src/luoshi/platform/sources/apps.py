"""The Django application of registered sources."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from luoshi.kernel.later import later
from luoshi.platform.store import listeners


class SourcesConfig(AppConfig):
    """Sources, their keys and their feeds."""

    name = "luoshi.platform.sources"
    label = "sources"
    verbose_name = _("数据来源")

    def ready(self) -> None:
        """Hear of every set the store commits, in the same transaction."""
        listeners.add(later("luoshi.platform.sources.listening.heard"))
