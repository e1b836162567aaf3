"""The Django application of regions."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegionsConfig(AppConfig):
    """Divisions, institutions, departments and the registers about them."""

    name = "luoshi.platform.regions"
    label = "regions"
    verbose_name = _("区划与机构")
