"""The alerts as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """`luoshi.supervision.alerts`."""

    name = "luoshi.supervision.alerts"
    label = "alerts"
