"""DHIS2: a sheet as dataValueSets (JSON, for `POST /api/dataValueSets`) and as ADX (XML, IHE QRPH Aggregate Data Exchange).

Data elements are named by code: `<indicator>.numerator`, `<indicator>.denominator`, and `<indicator>` for a value that is no
fraction; organisation units by the code of the division or institution. Periods in DHIS2's names (2025, 202510, 2025Q3,
2024Oct for October to September); a cut or free range has none there, and is refused.
Rules: DHIS2 developer manual, "Data values" and "Date and period format"; IHE QRPH supplement ADX, section 3.73.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET  # only written with, never read with

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period
from luoshi.platform.lake.refresh import running_period
from luoshi.services.indicator_desk.queries import Sheet

ADX = "urn:ihe:qrph:adx:2015"


def whole_period(sheet: Sheet) -> Period:
    """The calendar period a sheet belongs to: a running year that is not over counts as that year."""
    period = sheet.period
    if period.kind != "range":
        return period
    whole = running_period(sheet.indicator.period, period.end)
    if whole.start != period.start:
        raise InvalidValue(
            f"DHIS2 has no name for the period {period.label}.", todo="Ask for a year, MCH year, quarter or month."
        )
    return whole


def period_name(period: Period) -> str:
    """The name of a period in DHIS2."""
    match period.kind:
        case "calendar-year":
            return f"{period.start.year}"
        case "maternal-child-year":
            return f"{period.start.year}Oct"
        case "quarter":
            return f"{period.start.year}Q{(period.start.month + 2) // 3}"
        case "month":
            return f"{period.start:%Y%m}"
        case "day":
            return f"{period.start:%Y%m%d}"
    raise InvalidValue(f"DHIS2 has no name for the period {period.label}.", todo="Ask for a year, quarter or month.")


def data_values(sheet: Sheet) -> Iterator[tuple[str, str, str]]:
    """(data element, organisation unit, value) of every cell that has one; what is withheld is left out."""
    name = sheet.indicator.id
    for cell in sheet.all_cells:
        if cell.withheld or cell.numerator is None:
            if not cell.withheld and cell.value is not None:
                yield name, cell.code, _written(cell.value)
            continue
        if cell.denominator is None:
            yield name, cell.code, _written(cell.value if cell.value is not None else cell.numerator)
            continue
        yield f"{name}.numerator", cell.code, _written(cell.numerator)
        yield f"{name}.denominator", cell.code, _written(cell.denominator)


def data_value_set(sheet: Sheet) -> dict[str, Any]:
    """The body of `POST /api/dataValueSets?dataElementIdScheme=code&orgUnitIdScheme=code`."""
    period = period_name(whole_period(sheet))
    return {
        "dataElementIdScheme": "code",
        "orgUnitIdScheme": "code",
        "dataValues": [
            {"dataElement": element, "period": period, "orgUnit": unit, "value": value}
            for element, unit, value in data_values(sheet)
        ],
    }


def adx(sheet: Sheet) -> bytes:
    """The same as an ADX document, one group for each organisation unit."""
    period = whole_period(sheet)
    root = ET.Element("adx", {"xmlns": ADX, "exported": datetime.now(UTC).isoformat(timespec="seconds")})
    groups: dict[str, ET.Element] = {}
    for element, unit, value in data_values(sheet):
        if unit not in groups:
            groups[unit] = ET.SubElement(
                root, "group", {"orgUnit": unit, "period": _iso(period), "dataSet": sheet.indicator.cohort or "values"}
            )
        ET.SubElement(groups[unit], "dataValue", {"dataElement": element, "value": value})
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _iso(period: Period) -> str:
    """The first day and the duration, as ADX writes a period."""
    length = {"calendar-year": "P1Y", "maternal-child-year": "P1Y", "quarter": "P3M", "month": "P1M", "day": "P1D"}
    return f"{period.start}/{length[period.kind]}"


def _written(value: float) -> str:
    return f"{value:.10g}"
