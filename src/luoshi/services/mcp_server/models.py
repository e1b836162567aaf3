"""Tokens by which a program speaks for an account."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Token(models.Model):
    """A token of an account; only its digest is kept. `persons`: residents may be named to the program, which takes a
    second factor when the token is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="assistant_tokens")
    name = models.CharField(_("用途"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    persons = models.BooleanField(_("可读人员名单"), default=False)
    made = models.DateTimeField(_("签发时间"))
    expires = models.DateTimeField(_("有效期至"))
    used = models.DateTimeField(_("最近使用"), null=True)
    revoked = models.DateTimeField(_("撤销时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("助手令牌")
        ordering = ["-made", "-pk"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.name}"
