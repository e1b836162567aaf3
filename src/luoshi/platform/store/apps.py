"""The Django application of the store."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoreConfig(AppConfig):
    """FHIR resources as received."""

    name = "luoshi.platform.store"
    label = "store"
    verbose_name = _("记录库")
