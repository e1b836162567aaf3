"""The dispatches as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class DispatchingConfig(AppConfig):
    """`luoshi.supervision.dispatching`."""

    name = "luoshi.supervision.dispatching"
    label = "dispatching"
