"""The Django application of the lake (no models: everything is in files)."""

from django.apps import AppConfig


class LakeConfig(AppConfig):
    """The lake."""

    name = "luoshi.platform.lake"
    label = "lake"
    verbose_name = "数据湖"
