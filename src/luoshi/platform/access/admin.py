"""Accounts and grants in the staff shell, for the security admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from luoshi.kernel.errors import UserError
from luoshi.platform.access import actions, queries, second_factor
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.staff import StaffAdmin, site
from luoshi.platform.access.views import scope_of, signed_in


class NewUserForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and first password of an account; its owner must choose another password at the first sign-in."""

    first_password = forms.CharField(label=_("初始密码"), strip=False, widget=UnfoldAdminPasswordWidget)

    class Meta:
        model = User
        fields = ["username", "full_name"]
        widgets = {"username": UnfoldAdminTextInputWidget, "full_name": UnfoldAdminTextInputWidget}

    def clean(self) -> dict[str, Any]:
        """The password must keep the rules for this user."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("first_password"):
            try:
                actions.check_password(
                    data["first_password"],
                    User(username=data.get("username", ""), full_name=data.get("full_name", "")),
                )
            except UserError as error:
                self.add_error("first_password", error.message)
        return data


@admin.register(User, site=site)
class UserAdmin(StaffAdmin):
    """Accounts with what they hold today."""

    edits = "account.manage"
    list_display = ["username", "full_name", "held_today", "factor", "is_active", "last_login"]
    list_filter = ["is_active"]
    search_fields = ["username", "full_name"]
    actions = ["close_accounts", "open_accounts", "clear_second_factor"]
    readonly_fields = ["username", "last_login", "held_today", "factor"]

    def inside(self, request: HttpRequest, rows: QuerySet[User]) -> QuerySet[User]:
        """Those with a grant inside the scope, and those without any."""
        return queries.users(scope=scope_of(request))

    @admin.display(description=_("今日授权"))
    def held_today(self, user: User) -> str:
        """Roles and places."""
        held = getattr(user, "held", [])
        return "；".join(f"{row.role_name} · {row.place}" for row in held) or "—"

    @admin.display(description=_("第二因素"), boolean=True)
    def factor(self, user: User) -> bool:
        """Whether one is enrolled."""
        return user.has_second_factor

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Making an account asks for a password; changing one does not show it."""
        if obj is None:
            kwargs["form"] = NewUserForm
            kwargs["fields"] = ["username", "full_name", "first_password"]
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """What is shown."""
        if obj is None:
            return ["username", "full_name", "first_password"]
        return ["username", "full_name", "email", "held_today", "factor", "last_login", "must_change_password"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """The account name stays what it was made with: the audit trail knows people by it."""
        return self.readonly_fields if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """A new account is made by the action, with its rules and its audit row."""
        if change:
            super().save_model(request, obj, form, change)
            return
        made = actions.create_user(
            username=obj.username,
            full_name=obj.full_name,
            password=form.cleaned_data["first_password"],
            by=signed_in(request),
        )
        obj.pk = made.pk
        obj.password = made.password

    @admin.action(description=_("停用所选账号"))
    def close_accounts(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Close the chosen accounts."""
        for user in rows:
            actions.set_active(user=user, active=False, by=signed_in(request))

    @admin.action(description=_("启用所选账号"))
    def open_accounts(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Open the chosen accounts."""
        for user in rows:
            actions.set_active(user=user, active=True, by=signed_in(request))

    @admin.action(description=_("重置所选账号的第二因素"))
    def clear_second_factor(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Forget the devices of the chosen accounts."""
        for user in rows:
            second_factor.clear(user=user, by=signed_in(request))


class GrantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A grant, checked by the action's own rules before it is made."""

    class Meta:
        model = Grant
        fields = ["user", "role", "division", "institution", "everywhere", "valid_to"]

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        """Refuse what the action would refuse, in its words."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("user") and data.get("role"):
            try:
                actions.check_grant(
                    user=data["user"],
                    role_id=data["role"],
                    by=signed_in(self.request),
                    division=data.get("division"),
                    institution=data.get("institution"),
                    everywhere=bool(data.get("everywhere")),
                    scope=scope_of(self.request),
                )
            except UserError as error:
                self.add_error(None, f"{error.message} {error.todo}".strip())
        return data


@admin.register(Grant, site=site)
class GrantAdmin(StaffAdmin):
    """Grants: given here, ended by the action; never changed, so that the trail stays readable."""

    edits = "account.manage"
    form = GrantForm
    list_display = ["user", "role_name", "place", "valid_from", "valid_to", "is_in_force"]
    list_filter = ["role"]
    search_fields = ["user__username", "user__full_name"]
    autocomplete_fields = ["user", "division", "institution"]
    list_select_related = ["user", "division", "institution"]
    actions = ["end_grants"]

    def inside(self, request: HttpRequest, rows: QuerySet[Grant]) -> QuerySet[Grant]:
        """Grants over places inside the scope."""
        scope = scope_of(request)
        if scope.everywhere:
            return rows
        return rows.filter(
            (Q(division__isnull=False) & scope.path_filter("division__path"))
            | (Q(institution__isnull=False) & scope.path_filter("institution__division__path"))
            | Q(institution__code__in=scope.institution_codes)
        )

    def has_change_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        """Only the list, for the action that ends grants."""
        return obj is None and super().has_change_permission(request, obj)

    def get_form(self, request: HttpRequest, obj: Grant | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form knows who asks."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.request = request
        return form

    @admin.display(description=_("有效"), boolean=True)
    def is_in_force(self, grant: Grant) -> bool:
        """Whether it holds today."""
        return grant.in_force

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        """Made by the action."""
        made = actions.grant(
            user=obj.user,
            role_id=obj.role,
            by=signed_in(request),
            division=obj.division,
            institution=obj.institution,
            everywhere=obj.everywhere,
            valid_to=obj.valid_to,
            scope=scope_of(request),
        )
        obj.pk = made.pk

    @admin.action(description=_("撤销所选授权"))
    def end_grants(self, request: HttpRequest, rows: QuerySet[Grant]) -> None:
        """End the chosen grants."""
        for row in rows:
            actions.revoke(grant=row, by=signed_in(request), scope=scope_of(request))
        messages.success(request, _("所选授权已撤销。"))
