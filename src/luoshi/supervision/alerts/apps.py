"""The alerts as a Django application."""

from __future__ import annotations

from django.apps import AppConfig

from luoshi.kernel.later import later
from luoshi.supervision.duties import events


class AlertsConfig(AppConfig):
    """`luoshi.supervision.alerts`."""

    name = "luoshi.supervision.alerts"
    label = "alerts"

    def ready(self) -> None:
        """Hear of duties."""
        events.add(later("luoshi.supervision.alerts.hearing.hear"))
