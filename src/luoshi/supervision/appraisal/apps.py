"""The application of appraisals and meetings: tables and rules, no pages."""

from django.apps import AppConfig


class AppraisalConfig(AppConfig):
    """Scores, appeals, meetings."""

    name = "luoshi.supervision.appraisal"
    label = "appraisal"
