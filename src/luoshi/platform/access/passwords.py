"""Password rules beyond Django's: none of the last ones may be used again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from luoshi.platform.access.models import User


class NotUsedBefore:
    """Refuses the present password and the `remember` before it."""

    def __init__(self, remember: int = 8) -> None:
        self.remember = remember

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise `ValidationError` when the user had this password."""
        if user is None or user.pk is None:
            return
        past: list[Any] = list(user.past_passwords.values_list("password", flat=True)[: self.remember])
        if any(check_password(password, old) for old in {user.password, *past} if old):
            raise ValidationError(self.get_help_text(), code="password_used_before")

    def get_help_text(self) -> str:
        """The rule in words."""
        return _("新密码不能与最近 %(count)d 次用过的密码相同。") % {"count": self.remember}
