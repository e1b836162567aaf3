"""The rectification as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class RectificationConfig(AppConfig):
    """`luoshi.supervision.rectification`."""

    name = "luoshi.supervision.rectification"
    label = "rectification"

    def ready(self) -> None:
        """Hear of reports that were found untrue."""
        from luoshi.supervision.duties import events
        from luoshi.supervision.rectification.hearing import hear

        events.add(hear)
