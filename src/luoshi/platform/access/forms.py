"""Forms of sign-in, password and second factor."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from luoshi.platform.access.models import User


class NewPasswordForm(forms.Form):
    """The present password and a new one twice, under the rules."""

    present = forms.CharField(
        label=_("现密码"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    new = forms.CharField(
        label=_("新密码"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label=_("再输一遍新密码"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_present(self) -> str:
        """The present password must be right."""
        value: str = self.cleaned_data["present"]
        if not self.user.check_password(value):
            raise forms.ValidationError(_("现密码不对。"))
        return value

    def clean(self) -> dict[str, Any]:
        """The new one twice the same, and within the rules."""
        data: dict[str, Any] = super().clean() or {}
        new = data.get("new")
        if new and data.get("again") and new != data["again"]:
            self.add_error("again", _("两次输入的新密码不一致。"))
        elif new:
            try:
                validate_password(new, self.user)
            except forms.ValidationError as error:
                self.add_error("new", error)
        return data


class CodeForm(forms.Form):
    """Six digits from the authenticator."""

    code = forms.CharField(
        label=_("6 位验证码"),
        max_length=8,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True, "pattern": "[0-9 ]*"}
        ),
    )
