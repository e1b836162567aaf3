"""The application of appraisals and meetings: tables and rules, no pages."""

from __future__ import annotations

from django.apps import AppConfig


class AppraisalConfig(AppConfig):
    """Scores, appeals, meetings."""

    name = "luoshi.supervision.appraisal"
    label = "appraisal"

    def ready(self) -> None:
        """Fill the printed score sheet."""
        from luoshi.supervision.appraisal import paper

        paper.register()
