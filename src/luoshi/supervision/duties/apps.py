"""The duties as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class DutiesConfig(AppConfig):
    """`luoshi.supervision.duties`."""

    name = "luoshi.supervision.duties"
    label = "duties"
