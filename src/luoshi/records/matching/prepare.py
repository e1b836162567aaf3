"""Raw columns to derived columns, keys and frequencies, in DuckDB, for a million records or for one."""

# ruff: noqa: S608 (SQL is what this module makes, from the names in the catalogue)
from __future__ import annotations

import duckdb
import pyarrow as pa

from luoshi.records.matching import chinese
from luoshi.records.matching.scheme import FieldSpec, Scheme

_SURNAMES = ", ".join(f"'{name}'" for name in chinese.COMPOUND_SURNAMES)


def connect(*, memory: str = "2GB", threads: int | None = None, scratch: str = "") -> duckdb.DuckDBPyConnection:
    """A DuckDB with what matching needs; beyond `memory` it writes to `scratch`."""
    config: dict[str, str | int | bool] = {"memory_limit": memory, "preserve_insertion_order": False}
    if threads:
        config["threads"] = threads
    if scratch:
        config["temp_directory"] = scratch
    connection = duckdb.connect(config=config)
    for macro in chinese.MACROS:
        connection.execute(macro)
    return connection


def prepare(connection: duckdb.DuckDBPyConnection, scheme: Scheme, source: str, into: str) -> None:
    """Make the table `into` (`rid` and the derived columns) of the table or view `source` (`rid` and the raw columns of
    the scheme, all text)."""
    joins, cells = [], ["raw.rid"]
    for field in scheme.fields:
        if field.made.sounds:
            _sounds(connection, field, source)
            joins.append(f'LEFT JOIN sounds_{field.name} ON sounds_{field.name}.name = raw."{field.columns[-1]}"')
        cells += [f"{sql} AS {column}" for column, sql in field.made.prepare(field.name, field.columns).items()]
    staged = source
    for field in scheme.fields:
        for stage in field.made.stages:
            given = [f'raw."{column}"' for column in field.columns]
            made = [
                f"{sql.format(*given, f=f'raw.{field.name}')} AS {field.name}__{name}" for name, sql in stage.items()
            ]
            staged = f"(SELECT raw.*, {', '.join(made)} FROM {staged} raw)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT {', '.join(cells)} FROM {staged} raw {' '.join(joins)}"
    )
    for field in scheme.fields:
        if field.made.sounds:
            connection.execute(f"DROP TABLE sounds_{field.name}")


def _sounds(connection: duckdb.DuckDBPyConnection, field: FieldSpec, source: str) -> None:
    """The table `sounds_<field>`: each distinct name as written, with its canonical characters and sounds.

    A name that is none yet ("王芳之子", "未取名") has no characters; where it names the mother it counts as hers.
    """
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'characters'").fetchall():
        connection.register("given_characters", chinese.characters())
        connection.execute("CREATE TEMP TABLE characters AS SELECT * FROM given_characters")
        connection.unregister("given_characters")
    column = field.columns[-1]
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE sounds_{field.name} AS
        WITH names AS (
            SELECT DISTINCT "{column}" AS name FROM {source} WHERE trim("{column}") <> ''),
        written AS (
            SELECT name, regexp_replace(lower(name), '[\\s·•・.\\-_''’（）()]', '', 'g') AS text FROM names
            WHERE NOT regexp_matches(name, '{chinese.PLACEHOLDER_MARK}')),
        pieces AS (
            SELECT name, text, generate_subscripts(string_split(text, ''), 1) AS place,
                unnest(string_split(text, '')) AS c FROM written),
        joined AS (
            SELECT name, text,
                string_agg(coalesce(k.plain, p.c), '' ORDER BY place) AS canonical,
                string_agg(coalesce(k.sound, p.c), '' ORDER BY place) AS usual,
                string_agg(coalesce(k.blurred, p.c), '' ORDER BY place) AS blurred,
                string_agg(coalesce(k.sound, p.c), '' ORDER BY place) FILTER (place >= 2) AS after_one,
                string_agg(coalesce(k.sound, p.c), '' ORDER BY place) FILTER (place >= 3) AS after_two,
                max(CASE WHEN place = 1 THEN coalesce(k.as_surname, p.c) END) AS first,
                max(CASE WHEN place = 2 THEN coalesce(k.sound, p.c) END) AS second,
                substr(text, 1, 2) IN ({_SURNAMES}) AS compound
            FROM pieces p LEFT JOIN characters k ON k.c = p.c GROUP BY name, text)
        SELECT name, canonical, first || coalesce(after_one, '') AS sound, blurred,
            CASE WHEN compound THEN first || coalesce(second, '') ELSE first END AS surname,
            nullif(CASE WHEN compound THEN after_two ELSE after_one END, '') AS given
        FROM joined""")


def keys(connection: duckdb.DuckDBPyConnection, scheme: Scheme, prepared: str, into: str) -> None:
    """Make the table `into` (`key` BIGINT, `rid`): for every record the values it may be found by. The numbers are
    digests of text and so the same in every process and at any time."""
    parts = [
        f"SELECT rid, (md5_number_lower('{number}' || {_joined(key)}) >> 1)::BIGINT AS key FROM {prepared} "
        f"WHERE {' AND '.join(f'{column} IS NOT NULL' for column in key)}"
        for number, key in enumerate(scheme.keys)
    ]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS {' UNION '.join(parts)}")


def _joined(key: tuple[str, ...]) -> str:
    return " || ".join(f"'|' || {column}" for column in key)


def counted(field: FieldSpec) -> list[str]:
    """The derived columns of a field whose values are counted, so that a rare one weighs more."""
    if not field.frequency:
        return []
    return [f"{field.name}{level.value}" for level in field.made.levels if level.exact]


def frequencies(
    connection: duckdb.DuckDBPyConnection, scheme: Scheme, prepared: str, *, least: int = 4, most: int = 50_000
) -> dict[str, dict[str, float]]:
    """The share of each value met at least `least` times, of the `most` most frequent ones, per counted column."""
    found: dict[str, dict[str, float]] = {}
    for field in scheme.fields:
        for column in counted(field):
            rows = connection.execute(
                f"WITH n AS (SELECT count(*) AS n FROM {prepared} WHERE {column} IS NOT NULL) "
                f"SELECT {column}, count(*) / (SELECT n FROM n) FROM {prepared} WHERE {column} IS NOT NULL "
                f"GROUP BY 1 HAVING count(*) >= {least} ORDER BY 2 DESC, 1 LIMIT {most}"
            ).fetchall()
            found[column] = dict(rows)
    return found


def as_table(rows: list[dict[str, str | None]], ids: list[int], scheme: Scheme) -> pa.Table:
    """Raw rows as the table `prepare` reads: `rid` and a text column for each column of the scheme."""
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in scheme.columns}
    return pa.table({"rid": pa.array(ids, pa.int64()), **columns})
