"""The rectification as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class RectificationConfig(AppConfig):
    """`luoshi.supervision.rectification`."""

    name = "luoshi.supervision.rectification"
    label = "rectification"
