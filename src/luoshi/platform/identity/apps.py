"""The Django application of identity."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Identity."""

    name = "luoshi.platform.identity"
    label = "identity"
    verbose_name = "身份"

    def ready(self) -> None:
        """Declare the job."""
        from luoshi.platform.identity import jobs  # noqa: F401 (declares by being imported)
