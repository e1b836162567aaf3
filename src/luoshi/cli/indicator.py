"""`luoshi indicator`: definitions and values, from the catalogue and a lake folder alone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.measure import fill
from luoshi.indicators.parts import measured
from luoshi.kernel.errors import InvalidValue, NotFound, UserError, nearest
from luoshi.kernel.period import Period

_FORMAT = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
_LAKE = click.option(
    "--lake", type=click.Path(path_type=Path), help="Folder of the lake; that of the settings if absent."
)
_ENGINE = click.option(
    "--engine",
    "engine_name",
    default="duckdb",
    show_default=True,
    help="duckdb, or spark for a lake beyond one machine.",
)
_MASTER = click.option("--master", help="With --engine spark: where it runs (local[2], spark://host:7077, yarn).")


@click.group()
def group() -> None:
    """Definitions and values."""


@group.command("list")
@click.option("--cohort", help="Only the indicators of one cohort.")
@click.option("--seed", help="Only those a plan names: GZ23, SY27, ZB24, JX19 or GD23.")
@_FORMAT
def listing(cohort: str | None, seed: str | None, form: str) -> None:
    """Every indicator: id, name, kind, cohort, confidence, the plans that name it."""
    catalogue = Catalogue.load()
    seeds_known = {s.seed for indicator in catalogue.indicators.values() for s in indicator.seeds}
    for asked, what, known in ((cohort, "cohort", set(catalogue.cohorts)), (seed, "seed", seeds_known)):
        if asked is not None and asked not in known:
            raise NotFound(f"There is no {what} {asked!r}.", todo=nearest(asked, known))
    found = [
        indicator
        for indicator in catalogue.indicators.values()
        if (cohort is None or indicator.cohort == cohort)
        and (seed is None or seed in [s.seed for s in indicator.seeds])
    ]
    if form == "json":
        keys = ("id", "name", "name_en", "kind", "cohort", "unit", "better", "period", "confidence")
        rows = [{**{key: getattr(i, key) for key in keys}, "seeds": [s.model_dump() for s in i.seeds]} for i in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    _table(
        ("id", "name", "kind", "cohort", "unit", "conf.", "plans"),
        [
            (i.id, i.name, i.kind, i.cohort or "", i.unit_text, i.confidence, " ".join(s.seed for s in i.seeds))
            for i in found
        ],
    )
    click.echo(f"{len(found)} indicators, {sum(i.computed for i in found)} computed from records or registers")


@group.command("show")
@click.argument("name", metavar="ID")
@click.option("--sql", is_flag=True, help="Also print the query of the cohort.")
def show(name: str, sql: bool) -> None:
    """One definition in full."""
    catalogue = Catalogue.load()
    indicator = catalogue.indicator(name)
    for key, value in indicator.model_dump(exclude_none=True).items():
        if value in ("", (), [], {}) or key == "cases":
            continue
        if key in ("not_counted", "counted"):
            click.echo(f"{key}:")
            for reason in value:
                click.echo(f"  when {reason['when']}: {reason['say']} / {reason['say_en']}")
        elif key == "seeds":
            click.echo("named by: " + ", ".join(f"{seed['seed']} {seed['target']}" for seed in value))
        elif isinstance(value, dict):
            if any(v is not None for v in value.values()):
                click.echo(f"{key}: {value}")
        else:
            click.echo(f"{key}: {str(value).strip()}")
    if indicator.cases:
        click.echo(f"cases:\n{indicator.cases.rstrip()}")
    if indicator.cohort:
        cohort = catalogue.cohort_of(indicator)
        click.echo(f"reads: {', '.join(sorted(catalogue.sources(cohort)))}")
        click.echo(f"columns of {cohort.name} ({cohort.text.title}):")
        for column, about in cohort.text.columns.items():
            click.echo(f"  {column}: {about.zh} / {about.en} ({about.type})")
        if sql:
            click.echo(cohort.path.with_suffix(".sql").read_text("utf-8"))


@group.command("check")
@click.argument("names", metavar="[ID]...", nargs=-1)
@_ENGINE
@_MASTER
def check(names: Sequence[str], engine_name: str, master: str | None) -> None:
    """Check the catalogue and run the cases of every indicator."""
    from luoshi.indicators.cases import disagreement, read_cases

    catalogue = Catalogue.load()
    running = _running(engine_name, master)
    wrong = rows = 0
    for indicator in catalogue.measured(names or None):
        if indicator.kind == "method":
            continue  # a function of sums has no answer for one row
        cases = read_cases(indicator, catalogue.cohort_of(indicator))
        for case, answer in zip(cases, running.answers(catalogue, indicator, cases), strict=True):
            rows += 1
            if problem := disagreement(indicator, case, answer):
                wrong += 1
                click.echo(problem, err=True)
    click.echo(f"{len(catalogue.indicators)} indicators, {len(catalogue.cohorts)} cohorts, {rows} cases, {wrong} wrong")
    if wrong:
        raise SystemExit(1)


def _passed(asked: Period, until: date | None) -> Period:
    """The part of a period the records reach. Raises `InvalidValue` for one they do not reach at all: an indicator of
    days to come would count nobody as due and look perfect."""
    if until is None:
        return asked
    if asked.start > until:
        raise InvalidValue(f"The period {asked.label} begins after the last record ({until}).", todo="Ask for another.")
    return asked.to_date(until)


@group.command("run")
@click.argument("names", metavar="[ID]...", nargs=-1)
@_LAKE
@click.option("--period", required=True, help="2025, MCH2025, 2025Q2, 2025-06, 2025-06-30 or two days with .. between.")
@click.option("--division", help="Code of a division; the widest one if absent.")
@click.option("--institution", help="Code of an institution, instead of a division.")
@click.option("--by", type=click.Choice(["child"]), help="Also each division directly below.")
@click.option("--known-at", help="As known at that instant (ISO 8601), for re-issuing a bulletin.")
@_ENGINE
@_MASTER
@_FORMAT
def run(
    names: Sequence[str],
    lake: Path | None,
    period: str,
    division: str | None,
    institution: str | None,
    by: str | None,
    known_at: str | None,
    form: str,
    engine_name: str,
    master: str | None,
) -> None:
    """Evaluate indicators (all, if none is named) over a lake."""
    from luoshi.engines import LakeDirectory

    catalogue = Catalogue.load()
    directory = LakeDirectory.open(_lake(lake))
    used = _passed(Period.parse(period), directory.data_until)
    running = _running(engine_name, master)
    results = running.evaluate(directory, catalogue, used, ids=names or None, known_at=_instant(known_at))
    places = [_institution(results, institution)] if institution else _places(results, division, by)
    rows = []
    for indicator in catalogue.measured(names or None):
        for place, body in places:
            got, (numerator, denominator) = measured(
                indicator,
                lambda part, place=place, body=body: results.cell(  # type: ignore[misc]
                    part, division=place, institution=body
                ),
            )
            shown = numerator
            if indicator.kind == "mean" and numerator is not None:
                # The sum behind a mean in the unit of its value, not in that of the records.
                shown = round(numerator * indicator.factor, 2)
            rows.append(
                {
                    "id": indicator.id, "name": indicator.name, "division": place, "institution": body,
                    "period": used.label, "numerator": shown, "denominator": denominator, "value": got.value,
                    "low": got.low, "high": got.high, "unit": indicator.unit, "reason": got.reason, "flags": list(got.flags),
                    "confidence": indicator.confidence,
                }
            )  # fmt: skip
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    _table(
        ("id", "place", "value", "", "counted", "of", "note"),
        [_line(catalogue.indicators[str(row["id"])], row) for row in rows],
    )
    click.echo(f"{used.label}, {len(rows)} values")
    for cohort, count in results.unplaced.items():
        click.echo(
            f"{count:,} subjects of {cohort} live in no division of the register and are counted nowhere", err=True
        )


@group.command("why")
@click.argument("name", metavar="ID")
@_LAKE
@click.option("--period", required=True, help="As for `run`.")
@click.option("--division", help="Code of a division; everywhere if absent.")
@click.option("--institution", help="Code of an institution.")
@click.option("--limit", default=50, show_default=True, help="How many to print.")
@click.option("--offset", default=0, help="How many to pass over.")
@_ENGINE
@_MASTER
@_FORMAT
def why(
    name: str,
    lake: Path | None,
    period: str,
    division: str | None,
    institution: str | None,
    limit: int,
    offset: int,
    form: str,
    engine_name: str,
    master: str | None,
) -> None:
    """Who is not counted (counted, where less is better), and the reason of each."""
    from luoshi.engines import LakeDirectory

    catalogue = Catalogue.load()
    indicator = catalogue.indicator(name)
    if indicator.kind != "ratio":
        raise InvalidValue(
            f"{name} is of kind {indicator.kind!r}: it has no list of subjects.", todo="Ask for a ratio; see `list`."
        )
    directory = LakeDirectory.open(_lake(lake))
    used = _passed(Period.parse(period), directory.data_until)
    found, total = _running(engine_name, master).why(
        directory, catalogue, indicator, used, division=division, institution=institution, limit=limit, offset=offset
    )
    rows = []
    for row in found:
        reason = indicator.reasons[row.reason] if row.reason is not None else None
        said = fill(reason.say, dict(row.columns)) if reason else f"未满足:{indicator.numerator}"
        rows.append({"subject": row.subject, "division": row.division, "institution": row.institution, "reason": said})
    if form == "json":
        click.echo(json.dumps({"total": total, "rows": rows}, ensure_ascii=False, indent=1))
        return
    _table(("subject", "division", "institution", "reason"), [tuple(row.values()) for row in rows])
    click.echo(f"{len(rows)} of {total}, {used.label}")


@group.command("new")
@click.argument("name", metavar="ID")
@click.option("--cohort", required=True, help="The cohort it is measured over.")
@click.option("--group", "folder", default="others", show_default=True, help="Folder of the catalogue.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write into; the catalogue if absent.")
def new(name: str, cohort: str, folder: str, out: Path | None) -> None:
    """Write the frame of a new indicator, to be filled in and checked."""
    from luoshi.catalog.loader import CATALOG

    catalogue = Catalogue.load()
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InvalidValue(f"{name!r} is no id.", todo="Use small letters, digits and hyphens: tb-completed.")
    if name in catalogue.indicators:
        raise InvalidValue(f"There is already an indicator {name!r}.", todo=f"See `luoshi indicator show {name}`.")
    if cohort not in catalogue.cohorts:
        raise NotFound(f"There is no cohort {cohort!r}.", todo=nearest(cohort, catalogue.cohorts))
    columns = catalogue.cohorts[cohort].text.columns
    first = next(iter(columns))
    target = (out or CATALOG / "indicators" / folder) / f"{name}.yaml"
    if target.exists():
        raise InvalidValue("is already there.", where=str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_FRAME.format(id=name, cohort=cohort, column=first, columns=", ".join(columns)), "utf-8")
    click.echo(f"{target}: fill it in, then `luoshi indicator check {name}`")


_FRAME = """id: {id}
name: 名称
name_en: Name
cohort: {cohort}
# columns: {columns}
population: "true"
numerator: {column} IS NOT NULL
not_counted:
  - when: {column} IS NULL
    say: 原因
    say_en: Reason
unit: percent
better: higher
period: calendar-year-to-date
seasonal_pace: none
suppress_below: 5
source: 出处
confidence: low
cases: |
  {column} | answer
  -        | 原因
"""


def _running(name: str, master: str | None) -> Any:
    """The engine asked for. Raises `InvalidValue` for a master without Spark, `NotFound` for an unknown engine."""
    from luoshi.engines import engine

    if master is not None and name != "spark":
        raise InvalidValue("--master is of Spark.", todo="Add --engine spark.")
    return engine(name, **({"master": master} if master is not None else {}))


def _lake(given: Path | None) -> Path:
    """The folder asked for, or that of the settings, read the way they are so that no database is needed."""
    if given is not None:
        return given
    home = Path(os.environ.get("LUOSHI_HOME", "var"))
    return Path(os.environ.get("LUOSHI_LAKE", home / "lake"))


def _instant(text: str | None) -> Any:
    from datetime import datetime

    from luoshi.kernel.clock import CHINA

    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidValue(f"{text!r} is no instant.", todo="Write 2025-06-30T18:00:00+08:00.") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=CHINA)


def _institution(results: Any, code: str) -> tuple[None, str]:
    """The institution asked for. Raises `NotFound` when nobody counts there."""
    known = {c for c in results.table.column("institution").to_pylist() if c is not None}
    if code not in known:
        raise NotFound(f"No values for the institution {code!r}.", todo=nearest(code, known))
    return None, code


def _places(results: Any, division: str | None, by: str | None) -> list[tuple[str, None]]:
    """The division asked for (default: the widest one with values), and with `by` those directly below."""
    levels = {}
    for code, level in zip(
        results.table.column("division").to_pylist(), results.table.column("level").to_pylist(), strict=True
    ):
        if code is not None:
            levels[code] = level
    if not levels:
        raise UserError("the lake has no values for this period.", todo="Is the register of divisions loaded?")
    root = division or min(levels, key=lambda code: (levels[code], code))
    if division is not None and division not in levels:
        raise NotFound(f"No values for the division {division!r}.", todo=nearest(division, levels))
    below = results.children_of(root) if by else []
    return [(code, None) for code in (root, *below)]


def _line(indicator: Indicator, row: dict[str, Any]) -> tuple[str, ...]:
    value = "—" if row["value"] is None else f"{row['value']:.2f}"
    if row["low"] is not None and row["high"] is not None:
        value += f" ({row['low']:.2f}–{row['high']:.2f})"
    note = " ".join([*([row["reason"]] if row["reason"] else []), *row["flags"]])
    low = " (low confidence)" if indicator.confidence == "low" else ""
    place = row["institution"] or row["division"] or ""
    below = "" if row["denominator"] is None else f"{row['denominator']:,}"
    above = "" if row["numerator"] is None else f"{row['numerator']:,}"
    return (indicator.id, place, value, indicator.unit_text, above, below, note + low)


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns by width; a Chinese character is two wide."""
    cells = [[str(c if c is not None else "") for c in row] for row in (header, *rows)]
    widths = [max(_width(row[at]) for row in cells) for at in range(len(header))]
    for row in cells:
        click.echo("  ".join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True)).rstrip())


def _width(text: str) -> int:
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
