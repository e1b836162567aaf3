"""The rectification as a Django application."""

from __future__ import annotations

from django.apps import AppConfig

from luoshi.kernel.later import later
from luoshi.supervision.duties import events


class RectificationConfig(AppConfig):
    """`luoshi.supervision.rectification`."""

    name = "luoshi.supervision.rectification"
    label = "rectification"

    def ready(self) -> None:
        """Hear of reports that were found untrue."""
        events.add(later("luoshi.supervision.rectification.hearing.hear"))
