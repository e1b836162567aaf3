"""The audit trail in the staff shell: read only, for the audit admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from luoshi.platform.access.staff import StaffAdmin, site
from luoshi.platform.access.views import scope_of
from luoshi.platform.audit.models import Entry
from luoshi.platform.regions.models import Division


@admin.register(Entry, site=site)
class EntryAdmin(StaffAdmin):
    """Rows, newest first."""

    views = ("audit.read",)
    list_display = ["number", "at", "by", "action", "object_type", "object_id", "scope_division"]
    list_filter = ["action"]
    search_fields = ["by", "object_id"]
    show_full_result_count = False

    def inside(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Everything for those who read everywhere, otherwise what happened to divisions inside the scope."""
        scope = scope_of(request)
        if scope.everywhere:
            return rows
        return rows.filter(scope_division__in=Division.objects.filter(scope.path_filter("path")).values("code"))
