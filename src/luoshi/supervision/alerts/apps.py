"""The alerts as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """`luoshi.supervision.alerts`."""

    name = "luoshi.supervision.alerts"
    label = "alerts"

    def ready(self) -> None:
        """Hear of duties."""
        from luoshi.supervision.alerts.hearing import hear
        from luoshi.supervision.duties import events

        events.add(hear)
