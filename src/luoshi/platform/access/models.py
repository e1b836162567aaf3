"""Accounts, the passwords they had, and the grants that say what they may do where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from luoshi.kernel import clock
from luoshi.platform.access.roles import role_book, role_choices
from luoshi.platform.regions.models import SINCE_EVER, Division, Institution


class User(AbstractUser):
    """Someone who signs in. `full_name` is shown on pages; permissions come from grants alone: Django's own
    groups and flags (`is_staff`, `is_superuser`) open nothing."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    full_name = models.CharField(_("姓名"), max_length=60, blank=True, default="")
    password_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    must_change_password = models.BooleanField(_("下次登录须改密码"), default=False)
    # Sealed by `at_rest`; never in clear.
    totp_secret = models.CharField(max_length=200, blank=True, default="", editable=False)
    totp_confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    totp_last_step = models.BigIntegerField(default=0, editable=False)
    totp_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    totp_locked_until = models.DateTimeField(null=True, blank=True, editable=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = verbose_name_plural = _("账号")
        ordering = ["username"]

    # Filled by `queries.users`: the grants held today.
    held: Sequence[Grant] = ()

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        """The name shown on pages."""
        return self.full_name or self.username

    def get_short_name(self) -> str:
        """Same as the full name: Chinese names are not cut."""
        return self.get_full_name()

    @property
    def has_second_factor(self) -> bool:
        """Whether a TOTP device was enrolled and proven once."""
        return self.totp_confirmed_at is not None


class PastPassword(models.Model):
    """Hash of a password a user had, so that it is not used again."""

    user = models.ForeignKey(User, models.CASCADE, related_name="past_passwords")
    password = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.user} {self.at:%Y-%m-%d}"


class GrantQuerySet(models.QuerySet["Grant"]):
    """Grants by day."""

    def on(self, day: date) -> GrantQuerySet:
        """Grants in force on `day`."""
        return self.filter(valid_from__lte=day).filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day))


class Grant(models.Model):
    """`role` for `user` over one division, one institution, or everywhere, and all below; both days counted."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants", verbose_name=_("账号"))
    role = models.CharField(_("角色"), max_length=40, choices=role_choices)
    division = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="grants", verbose_name=_("区划")
    )
    institution = models.ForeignKey(
        Institution, models.PROTECT, null=True, blank=True, related_name="grants", verbose_name=_("机构")
    )
    everywhere = models.BooleanField(_("全平台"), default=False)
    valid_from = models.DateField(_("生效日"), default=SINCE_EVER)
    valid_to = models.DateField(_("失效日"), null=True, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("授权")
        constraints = [
            models.CheckConstraint(
                name="grant_over_one_place",
                condition=Q(division__isnull=False, institution__isnull=True, everywhere=False)
                | Q(division__isnull=True, institution__isnull=False, everywhere=False)
                | Q(division__isnull=True, institution__isnull=True, everywhere=True),
                violation_error_message=_("请在区划、机构、全平台三者中选一项。"),
            ),
            models.CheckConstraint(
                name="grant_ends_after_it_starts",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                violation_error_message=_("失效日不能早于生效日。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role_name} {self.place}"

    @property
    def role_name(self) -> str:
        """The Chinese name of the role, or its id when the catalogue no longer has it."""
        entry = role_book().roles.get(self.role)
        return entry.name if entry else self.role

    @property
    def place(self) -> str:
        """Where it holds, in words."""
        return str(self.division or self.institution or _("全平台"))

    @property
    def in_force(self) -> bool:
        """Whether it holds today."""
        today = clock.today()
        return self.valid_from <= today and (self.valid_to is None or today <= self.valid_to)
