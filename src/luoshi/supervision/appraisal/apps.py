"""The application of appraisals and meetings: tables and rules, no pages."""

from __future__ import annotations

from django.apps import AppConfig

from luoshi.kernel.later import later


class AppraisalConfig(AppConfig):
    """Scores, appeals, meetings."""

    name = "luoshi.supervision.appraisal"
    label = "appraisal"

    def ready(self) -> None:
        """Fill the printed score sheet."""
        from luoshi.supervision.papers import contents

        contents.add(later("luoshi.supervision.appraisal.paper.register"))
