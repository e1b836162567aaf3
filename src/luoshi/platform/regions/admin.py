"""Divisions, institutions and departments in the staff shell, for the data steward."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.identifiers import check_institution_code, check_uscc
from luoshi.platform.access.staff import StaffAdmin, StaffInline, site
from luoshi.platform.access.views import scope_of
from luoshi.platform.regions.models import Department, DepartmentAlias, Division, Institution


@admin.register(Division, site=site)
class DivisionAdmin(StaffAdmin):
    """Divisions are looked at here; they come by import, which keeps the tree whole."""

    views = ("region.edit", "account.manage")
    list_display = ["code", "name", "level", "kind", "valid_from", "valid_to"]
    list_filter = ["level", "kind"]
    search_fields = ["code", "name"]
    show_full_result_count = False

    def inside(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those below the granted ones."""
        return rows.filter(scope_of(request).path_filter("path"))


@admin.register(Institution, site=site)
class InstitutionAdmin(StaffAdmin):
    """Institutions: name, type, level and identifiers can be mended."""

    edits = "region.edit"
    views = ("account.manage",)
    list_display = ["code", "name", "type", "level", "division", "public", "valid_to"]
    list_filter = ["type", "level", "public"]
    list_select_related = ["division"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["division", "parent"]
    show_full_result_count = False

    def inside(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those in granted divisions, and those granted by name."""
        scope = scope_of(request)
        return rows.filter(scope.path_filter("division__path") | Q(code__in=scope.institution_codes))

    def get_readonly_fields(self, request: HttpRequest, obj: Institution | None = None) -> list[str]:
        """Records refer to the code: it stays."""
        return ["code"] if obj else []

    def get_form(
        self, request: HttpRequest, obj: Institution | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form checks the check characters."""
        form = super().get_form(request, obj, change=change, **kwargs)

        class Checked(form):  # type: ignore[misc, valid-type]
            def clean_uscc(self) -> str:
                return _checked(self, "uscc", check_uscc)

            def clean_ws218(self) -> str:
                return _checked(self, "ws218", check_institution_code)

        return Checked


def _checked(form: Any, name: str, check: Any) -> str:
    value: str = form.cleaned_data.get(name, "")
    try:
        return check(value) if value else ""
    except InvalidValue as error:
        form.add_error(name, error.message)
        return value


class AliasInline(StaffInline):
    """The names a department is printed by."""

    model = DepartmentAlias


@admin.register(Department, site=site)
class DepartmentAdmin(StaffAdmin):
    """Departments of government with the names they are printed by."""

    edits = "region.edit"
    list_display = ["code", "name", "level", "division"]
    list_filter = ["level"]
    list_select_related = ["division"]
    search_fields = ["code", "name", "aliases__text"]
    autocomplete_fields = ["division"]
    inlines = [AliasInline]

    def inside(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of granted divisions, and the patterns of no division in particular."""
        return rows.filter(Q(division__isnull=True) | scope_of(request).path_filter("division__path"))
