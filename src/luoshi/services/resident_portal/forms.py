"""Forms of the portal: sign in, register, add a child."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class SignInForm(forms.Form):
    """An identifier and a password."""

    identifier = forms.CharField(
        label=_("身份证号或档案编号"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("密码"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CounterForm(forms.Form):
    """What shows that somebody stood at the counter: identifier, name and code."""

    identifier = forms.CharField(
        label=_("身份证号或档案编号"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    name = forms.CharField(label=_("姓名"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    code = forms.CharField(
        label=_("开通码"),
        max_length=20,
        help_text=_("在签约机构窗口核对证件后领取，形如 7KQF-2M9X。"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )


class RegisterForm(CounterForm):
    """The same with a password twice."""

    password = forms.CharField(
        label=_("设置密码"),
        strip=False,
        max_length=128,
        help_text=_("至少 10 个字符，不要用生日、电话。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("再输一遍密码"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """The password twice the same."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("两次输入的密码不一致。"))
        return data
