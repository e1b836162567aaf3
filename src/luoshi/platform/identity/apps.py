"""The Django application of identity."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Identity."""

    name = "luoshi.platform.identity"
    label = "identity"
    verbose_name = "身份"
