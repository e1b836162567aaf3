"""A sheet as an HTTP answer in the format asked for; the same for pages and programs."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from django.http import HttpRequest, HttpResponse

from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.services.indicator_desk.exchange import dhis2, files, measures
from luoshi.services.indicator_desk.queries import Sheet

# format -> (content type, ending of the file's name, writer)
FORMATS: dict[str, tuple[str, str, Callable[[Sheet], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", "csv", files.as_csv),
    "parquet": ("application/vnd.apache.parquet", "parquet", files.as_parquet),
    "fhir": ("application/fhir+json; charset=utf-8", "fhir.json", lambda s: orjson.dumps(measures.reports(s))),
    "dhis2": ("application/json; charset=utf-8", "dhis2.json", lambda s: orjson.dumps(dhis2.data_value_set(s))),
    "adx": ("application/adx+xml", "adx.xml", dhis2.adx),
}


def answer(request: HttpRequest, sheet: Sheet, form: str) -> HttpResponse:
    """The sheet as a file. Who took what is noted. Raises `InvalidValue` for a format nobody writes."""
    if form not in FORMATS:
        raise InvalidValue(f"There is no format {form!r}.", todo=f"Ask for {', '.join(FORMATS)} or xlsx.")
    kind, ending, write = FORMATS[form]
    body = write(sheet)
    note(request, sheet, form)
    response = HttpResponse(body, content_type=kind)
    name = f"{sheet.indicator.id}-{sheet.division}-{sheet.period.label.replace('..', '_')}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def note(request: HttpRequest, sheet: Sheet, form: str) -> None:
    """One audit row: the values of this indicator left as a file."""
    user = request.user
    audit.record(
        by=user.get_username() if isinstance(user, User) else "unknown",
        action="export",
        object_type="indicator",
        object_id=sheet.indicator.id,
        scope_division=sheet.division,
        detail={"format": form, "period": sheet.period.label, "by": sheet.by, "withheld": sheet.withheld},
    )
