"""FHIR dates and times in SQL: comparison by precision, boundaries, and the Chinese day.

A FHIR time may be as coarse as a year. All functions take and give SQL over its text.
"""

from __future__ import annotations

_ZONED = r"'T.*(Z|[+-]\d\d:\d\d)$'"
_CHINA_OFFSET_US = 8 * 3600 * 1_000_000


def compare(operator: str, left: str, right: str) -> str:
    """`left operator right` of two times: NULL where the coarser precision cannot decide (FHIRPath 2.0, Comparison)."""
    size = f"least(length({left}), length({right}))"
    cut_left, cut_right = f"left({left}, {size})", f"left({right}, {size})"
    instants = f"CAST({left} AS TIMESTAMPTZ) {operator} CAST({right} AS TIMESTAMPTZ)"
    return (
        f"CASE WHEN regexp_matches({left}, {_ZONED}) AND regexp_matches({right}, {_ZONED}) THEN {instants} "
        f"WHEN length({left}) = length({right}) OR {cut_left} <> {cut_right} "
        f"THEN {cut_left} {operator} {cut_right} END"
    )


def china_day(text: str) -> str:
    """The DATE in China of a date or time. A coarser date is the first day it can mean; nonsense is NULL."""
    return (
        f"CASE WHEN length({text}) <= 10 OR ends_with({text}, '+08:00') OR NOT regexp_matches({text}, {_ZONED}) "
        f"THEN TRY_CAST(left({text} || '-01-01', 10) AS DATE) ELSE CAST({_china(text)} AS DATE) END"
    )


def china_time(text: str) -> str:
    """The TIMESTAMP without zone, in Chinese time, of a date or time; without a zone it is taken as Chinese time."""
    return (
        f"CASE WHEN ends_with({text}, '+08:00') THEN TRY_CAST(left({text}, length({text}) - 6) AS TIMESTAMP) "
        f"WHEN regexp_matches({text}, {_ZONED}) THEN {_china(text)} "
        f"ELSE TRY_CAST(CASE WHEN length({text}) < 10 THEN left({text} || '-01-01', 10) ELSE {text} END AS TIMESTAMP) END"
    )


def _china(text: str) -> str:
    return f"make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) + {_CHINA_OFFSET_US}::BIGINT)"


def boundary(kind: str, text: str, *, high: bool) -> str:
    """The least (or greatest, `high`) value a date, dateTime, time or decimal given with its precision can mean."""
    if kind == "decimal":
        places = f"length(split_part({text}, '.', 2))"
        sign = "+" if high else "-"
        return f"round(CAST({text} AS DOUBLE) {sign} 0.5 * pow(10, -{places}), CAST({places} + 1 AS INTEGER))"
    if kind == "time":
        return f"{text} || right('{'23:59:59.999' if high else '00:00:00.000'}', 12 - length({text}))"
    day = f"left({text} || '-01-01', 10)"
    if high:
        day = (
            f"CASE length({text}) WHEN 4 THEN {text} || '-12-31' "
            f"WHEN 7 THEN CAST(last_day(CAST({text} || '-01' AS DATE)) AS VARCHAR) ELSE left({text}, 10) END"
        )
    if kind == "date":
        return day
    # The zone is unknown below a time: the earliest and the latest on earth are +14:00 and -12:00.
    clock, zone = ("23:59:59.999", "-12:00") if high else ("00:00:00.000", "+14:00")
    body = rf"regexp_replace({text}, '(Z|[+-]\d\d:\d\d)$', '')"
    given = rf"CASE WHEN regexp_matches({text}, {_ZONED}) THEN regexp_extract({text}, '(Z|[+-]\d\d:\d\d)$') ELSE '{zone}' END"
    fine = f"left({body} || right('{clock}', greatest(23 - length({body}), 0)), 23) || {given}"
    return f"CASE WHEN contains({text}, 'T') THEN {fine} ELSE ({day}) || 'T{clock}{zone}' END"
