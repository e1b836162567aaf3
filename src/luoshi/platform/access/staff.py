"""The staff shell at `/staff/`: registers, accounts and the audit trail, for those whose roles look after them.

It is Django's admin with other rules: who may enter and what they see follows from grants, and every write leaves a
row in the audit trail in the same transaction.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.sites import UnfoldAdminSite

from luoshi.platform import audit
from luoshi.platform.access.views import scope_of, signed_in

STAFF_PERMISSIONS = frozenset({"account.manage", "region.edit", "audit.read"})


class StaffSite(UnfoldAdminSite):  # type: ignore[misc]
    """Opens for those who hold one of `STAFF_PERMISSIONS`."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether a grant opens any part of the shell."""
        return bool(scope_of(request).permissions & STAFF_PERMISSIONS)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Signing in happens on the one sign-in page."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.get_full_path())


site = StaffSite(name="admin")


class StaffAdmin(ModelAdmin):  # type: ignore[misc]
    """A register in the shell: `edits` is the permission to change, any of `views` lets one look. Nothing is deleted:
    what ends gets a last day."""

    edits: ClassVar[str] = ""
    views: ClassVar[tuple[str, ...]] = ()
    compressed_fields = True
    warn_unsaved_form = True

    def inside(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows within the viewer's scope; every register says how."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only rows within the scope: others answer as if they did not exist."""
        return self.inside(request, super().get_queryset(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Shown in the index to those who may look."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Those who edit, and those named in `views`."""
        return bool(scope_of(request).permissions & {self.edits, *self.views})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Those who edit."""
        return bool(self.edits) and scope_of(request).can(self.edits)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who edit."""
        return bool(self.edits) and scope_of(request).can(self.edits)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and write the audit row in the same transaction (the shell's views are atomic)."""
        super().save_model(request, obj, form, change)
        audit.record(
            by=signed_in(request),
            action=f"{obj._meta.app_label}.{obj._meta.model_name}.{'change' if change else 'add'}",
            object_type=obj._meta.model_name or "",
            object_id=obj.pk,
            detail={"fields": form.changed_data},
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save rows edited inside this one, with an audit row of their own."""
        super().save_formset(request, form, formset, change)
        if formset.has_changed():
            audit.record(
                by=signed_in(request),
                action=f"{form.instance._meta.app_label}.{formset.model._meta.model_name}.change",
                object_type=form.instance._meta.model_name or "",
                object_id=form.instance.pk,
                detail={
                    "added": [str(row) for row in formset.new_objects],
                    "changed": [str(row) for row, _fields in formset.changed_objects],
                },
            )

    # Our trail is the record; the admin's own log would be a second, unchained one.
    def log_addition(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: see `save_model`."""

    def log_change(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: see `save_model`."""


class StaffInline(TabularInline):  # type: ignore[misc]
    """Rows edited inside another: who may edit that one may edit these; none is deleted."""

    extra = 1

    def _may(self, request: HttpRequest) -> bool:
        edits: str = self.admin_site.get_model_admin(self.parent_model).edits
        return scope_of(request).can(edits)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As for the row outside."""
        return self._may(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As for the row outside."""
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As for the row outside."""
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: what ends gets a last day."""
        return False
