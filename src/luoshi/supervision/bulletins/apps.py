"""The bulletins as a Django application."""

from __future__ import annotations

from django.apps import AppConfig

from luoshi.kernel.later import later


class BulletinsConfig(AppConfig):
    """`luoshi.supervision.bulletins`."""

    name = "luoshi.supervision.bulletins"
    label = "bulletins"

    def ready(self) -> None:
        """Fill the kinds of papers that the standings and the findings can fill."""
        from luoshi.supervision.papers import contents

        contents.add(later("luoshi.supervision.bulletins.filling.register"))
        contents.add(later("luoshi.supervision.bulletins.notices.register"))
