"""What is kept beside the results so that they can be brought up to date: the sums, and the rows of changed persons.

```
<made>/sums/key.json                       what the sums are of; others cannot be added to them
<made>/sums/<cohort>.parquet               place, division, institution, subjects, n0, d0, ...
<made>/regions/<shared>.parquet            region-wide shared tables the sums were made with
<made>/overlaid.parquet                    cohort, person: whose rows in `rows/` are those of `changed.parquet` beside them
<made>/rows/<period>/<cohort>/changed.parquet
```
"""

# ruff: noqa: S608 (SQL is what this module makes, from the layout's own names)
from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from luoshi.engines import cells
from luoshi.engines.base import Results
from luoshi.engines.duckdb import Sums
from luoshi.engines.rendered import quoted
from luoshi.kernel.period import Period

CHANGED = "changed.parquet"
OVERLAID = "overlaid.parquet"
_OVERLAID = pa.schema([("cohort", pa.string()), ("person", pa.int64())])


def keep_sums(folder: Path, sums: Sums, key: Mapping[str, object], before: Path | None = None,
              but: Collection[str] = ()) -> None:  # fmt: skip
    """Write the sums below a folder of results. `key`: everything they depend on. The sums of all cohorts `but` these are
    those in the folder of results `before`: their files are linked."""
    for name, tables in (("sums", sums.cohorts), ("regions", sums.regions)):
        (folder / name).mkdir(exist_ok=True)
        for table, rows in tables.items():
            path = folder / name / f"{table}.parquet"
            if before is not None and name == "sums" and table not in but:
                os.link(before / name / path.name, path)
            else:
                pq.write_table(rows, path, compression="zstd", compression_level=1)
    (folder / "sums" / "key.json").write_text(json.dumps(key, ensure_ascii=False, sort_keys=True), "utf-8")


def kept_sums(folder: Path, key: Mapping[str, object]) -> Sums | None:
    """The sums kept below a folder of results; None where there are none, or they are of something else."""
    try:
        text = (folder / "sums" / "key.json").read_text("utf-8")
    except OSError:
        return None
    if text != json.dumps(key, ensure_ascii=False, sort_keys=True):
        return None
    return Sums(
        *({path.stem: pq.read_table(path) for path in sorted((folder / name).glob("*.parquet"))}
          for name in ("sums", "regions"))
    )  # fmt: skip


@dataclass(frozen=True)
class AsBefore:
    """The values of a period that no change touched: those in the folder of results `folder`, as its manifest's `entry`
    tells of them."""

    folder: Path
    entry: Mapping[str, Any]

    def take_over(self, target: Path) -> dict[str, Any]:
        """Put the values into the folder `target`, linked and not copied; the entry for its manifest."""
        name = f"{self.entry['label']}.parquet"
        os.link(self.folder / "values" / name, target / "values" / name)
        return dict(self.entry)


def kept_values(target: Path, nominal: Period, results: Results, has_rows: bool) -> dict[str, Any]:
    """Write the values of a period into the folder of results `target`; the entry for its manifest."""
    cells.write(results.table, target / "values" / f"{nominal.label}.parquet")
    return {
        "label": nominal.label,
        "nominal": _period(nominal),
        "actual": _period(results.period),
        "indicators": sorted(results.indicators),
        "rows": has_rows,
        "unplaced": dict(results.unplaced),
    }


def _period(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat(), "kind": period.kind}


def overlaid(folder: Path) -> pa.Table:
    """The persons, by cohort, whose kept rows are in the files of changes; empty where there are none."""
    path = folder / OVERLAID
    return pq.read_table(path, schema=_OVERLAID) if path.exists() else _OVERLAID.empty_table()


def overlaid_persons(folder: Path) -> int:
    """How many persons have kept rows of some cohort in the files of changes."""
    return int(pc.count_distinct(overlaid(folder)["person"]).as_py())


def overlay(
    old: Path, new: Path, draft: Path, labels: Sequence[str], persons: Sequence[int], cohorts: Collection[str]
) -> None:
    """Take over the rows kept in the folder of results `old` into `new`, with those of `persons` in `cohorts` as they lie
    in `draft`.

    Files are linked, not copied; the rows of all changed persons since they were written stand in one small file beside
    them. Rows about nobody (`chunk=-1`) are exchanged whole where the draft has them.
    """
    redone = pa.array(persons, pa.int64())
    fresh = [
        pa.table([pa.array([name] * len(redone), pa.string()), redone], schema=_OVERLAID) for name in sorted(cohorts)
    ]
    everybody = pa.concat_tables([overlaid(old), *fresh]).group_by(["cohort", "person"]).aggregate([])
    pq.write_table(everybody, new / OVERLAID)
    con = duckdb.connect()
    con.register("redone", pa.table({"person": redone}))
    try:
        for label in labels:
            names = {
                f.name for root in (old / "rows", draft) if (root / label).exists() for f in (root / label).iterdir()
            }
            for cohort in sorted(names):
                places = [root / label / cohort for root in (old / "rows", new / "rows", draft)]
                if cohort in cohorts:
                    _overlay(con, *places)
                else:
                    _take_over(*places[:2])
    finally:
        con.close()


def _take_over(old: Path, new: Path) -> None:
    new.mkdir(parents=True, exist_ok=True)
    for file in old.glob("*.parquet"):
        os.link(file, new / file.name)


def _overlay(con: duckdb.DuckDBPyConnection, old: Path, new: Path, draft: Path) -> None:
    new.mkdir(parents=True, exist_ok=True)
    for file in old.glob("chunk=*.parquet"):
        other = draft / file.name if file.name == "chunk=-1.parquet" else file
        os.link(other if other.exists() else file, new / file.name)
    parts = []
    if (before := old / CHANGED).exists():
        parts.append(
            f"SELECT * FROM read_parquet({quoted(str(before))}) WHERE person NOT IN (SELECT person FROM redone)"
        )
    if (fresh := draft / "chunk=0.parquet").exists():
        parts.append(f"SELECT * FROM read_parquet({quoted(str(fresh))})")
    if parts:
        union = " UNION ALL ".join(parts)
        con.execute(f"COPY ({union} ORDER BY division, subject) TO {quoted(str(new / CHANGED))} (FORMAT parquet)")


def rows_source(folder: Path, made: Path) -> str | None:
    """The kept rows of one cohort and period as `read_parquet(…)`, changed persons as they are now; None without any."""
    files = sorted(folder.glob("chunk=*.parquet"))
    changed = folder / CHANGED
    if not files:
        return f"read_parquet({quoted(str(changed))})" if changed.exists() else None
    names = ", ".join(quoted(str(file)) for file in files)
    source = f"read_parquet([{names}], hive_partitioning = false)"
    if not (made / OVERLAID).exists():
        return source
    persons = f"(SELECT person FROM read_parquet({quoted(str(made / OVERLAID))}) WHERE cohort = {quoted(folder.name)})"
    kept = f"SELECT * FROM {source} WHERE person IS NULL OR person NOT IN {persons}"
    more = f" UNION ALL SELECT * FROM read_parquet({quoted(str(changed))})" if changed.exists() else ""
    return f"({kept}{more})"
