"""The bulletins as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class BulletinsConfig(AppConfig):
    """`luoshi.supervision.bulletins`."""

    name = "luoshi.supervision.bulletins"
    label = "bulletins"

    def ready(self) -> None:
        """Fill the kinds of papers that the standings and the findings can fill."""
        from luoshi.supervision.bulletins import filling, notices

        filling.register()
        notices.register()
