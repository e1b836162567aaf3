"""What is kept beside the results so that they can be brought up to date, and the rows of changed persons.

```
<made>/key.json                          what results are of; to others nothing can be added
<made>/regions/<shared>.parquet          region-wide shared tables as they stand; in the ground where not here
<made>/moved/<period>/<n>.parquet        what changed persons add to the values of a period: a pile, see `cells.stack`
<made>/changed/<n>/persons.parquet       cohort, person (-1: nobody): whose rows are in this layer and no longer below it
<made>/changed/<n>/<cohort>.parquet      their rows in all periods, `__label` being the period
```

Layers lie on the rows of the ground, each on those with a lower number. A new one is put together with those that are not
much larger, so that a change costs what changed, and a reader meets few layers.
"""

# ruff: noqa: S608 (SQL is what this module makes, from the layout's own names)
from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from luoshi.engines import cells
from luoshi.engines.base import About, Results
from luoshi.engines.rendered import quoted
from luoshi.engines.walk import LABEL
from luoshi.kernel.period import Period

NOBODY = -1
_PERSONS = "persons.parquet"
_CHANGED = pa.schema([("cohort", pa.string()), ("person", pa.int64())])


def keep_key(folder: Path, key: Mapping[str, object]) -> None:
    """Note below a folder of results what they are of: everything they depend on beside the rows of persons."""
    (folder / "key.json").write_text(_text(key), "utf-8")


def has_key(folder: Path, key: Mapping[str, object]) -> bool:
    """Whether results are of that."""
    try:
        return (folder / "key.json").read_text("utf-8") == _text(key)
    except OSError:
        return False


def _text(key: Mapping[str, object]) -> str:
    return json.dumps(key, ensure_ascii=False, sort_keys=True)


def keep_about(folder: Path, about: About) -> None:
    """Write both trees below a folder of results."""
    pq.write_table(about.tree, folder / "tree.parquet")
    pq.write_table(about.over, folder / "over.parquet")


def keep_regions(folder: Path, regions: Mapping[str, pa.Table]) -> None:
    """Write region-wide shared tables below a folder of results."""
    (folder / "regions").mkdir(exist_ok=True)
    for name, rows in regions.items():
        pq.write_table(rows, folder / "regions" / f"{name}.parquet", compression="zstd", compression_level=1)


def regions(ground: Path, folder: Path) -> dict[str, Path]:
    """The files of the region-wide shared tables of the results in `folder`, which are additions to those in `ground`."""
    return {path.stem: path for of in (ground, folder) for path in sorted((of / "regions").glob("*.parquet"))}


def take_over_regions(before: Path, folder: Path, fresh: Mapping[str, pa.Table]) -> None:
    """The region-wide tables kept below `before`, for `folder`, those that are `fresh` as they are now."""
    for path in (before / "regions").glob("*.parquet"):
        if path.stem not in fresh:
            (folder / "regions").mkdir(exist_ok=True)
            os.link(path, folder / "regions" / path.name)
    if fresh:
        keep_regions(folder, fresh)


def keep_values(target: Path, nominal: Period, results: Results, has_rows: bool) -> dict[str, Any]:
    """Write the values of a period into the folder of results `target`; the entry for its manifest."""
    (target / "values").mkdir(exist_ok=True)
    cells.write(results.table, target / "values" / f"{nominal.label}.parquet")
    return {
        "label": nominal.label,
        "nominal": _period(nominal),
        "actual": _period(results.period),
        "indicators": sorted(results.indicators),
        "rows": has_rows,
        "unplaced": dict(results.unplaced),
    }


def keep_moved(before: Path, target: Path, entry: Mapping[str, Any], moved: Results | None) -> dict[str, Any]:
    """Put what persons add to the values of a period onto what was added in the folder of results `before`, into `target`;
    the entry for its manifest, from the one of before."""
    label = entry["label"]
    piles = [folder / "moved" / label for folder in (before, target)]
    if moved is None:
        if piles[0].exists():
            cells.stack(cells.PLAIN.empty_table(), *piles)
        return dict(entry)
    cells.stack(moved.table, *piles)
    lost = {name: entry["unplaced"].get(name, 0) + moved.unplaced.get(name, 0)
            for name in entry["unplaced"].keys() | moved.unplaced.keys()}  # fmt: skip
    return {**entry, "unplaced": {name: count for name, count in sorted(lost.items()) if count > 0}}


def _period(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat(), "kind": period.kind}


class KeptRows:
    """The rows behind the worklists of the results in `made`, which lie on those in the folder `ground`."""

    def __init__(self, ground: Path, made: Path) -> None:
        self._ground, self.layers = ground, sorted((made / "changed").glob("*"))

    @cached_property
    def _changed(self) -> list[tuple[pa.Array, np.ndarray[Any, Any]]]:
        """Of each layer the cohorts and, ascending, the persons."""
        tables = [pq.read_table(layer / _PERSONS).sort_by("person") for layer in self.layers]
        return [(table["cohort"].combine_chunks(), table["person"].to_numpy()) for table in tables]

    @cached_property
    def persons(self) -> int:
        """How many persons have rows in some layer."""
        return len(np.unique(np.concatenate([persons for _, persons in self._changed]))) if self.layers else 0

    def source(self, label: str, cohort: str) -> str | None:
        """The rows of a cohort in a period as SQL to select from; None without any."""
        nobody = any(
            NOBODY in persons
            and pc.any(pc.equal(pc.array_filter(cohorts, pa.array(persons == NOBODY)), cohort)).as_py()
            for cohorts, persons in self._changed
        )
        names = [
            quoted(str(file))
            for file in sorted((self._ground / "rows" / label / cohort).glob("chunk=*.parquet"))
            if not (nobody and file.name == "chunk=-1.parquet")
        ]
        files = f"read_parquet([{', '.join(names)}], hive_partitioning = false)"
        if names and not self.layers:
            return files
        parts = [f"SELECT * FROM {files} WHERE {self._but(self.layers, cohort)}"] if names else []
        for number, layer in enumerate(self.layers):
            if (file := layer / f"{cohort}.parquet").exists():
                parts.append(
                    f"SELECT * EXCLUDE ({LABEL}) FROM read_parquet({quoted(str(file))}) "
                    f"WHERE {LABEL} = {quoted(label)} AND {self._but(self.layers[number + 1 :], cohort, NOBODY)}"
                )
        return f"({' UNION ALL '.join(parts)})" if parts else None

    @staticmethod
    def _but(layers: Sequence[Path], cohort: str, nobody: int | None = None) -> str:
        """SQL that leaves out whose rows are in some layers. `nobody`: the number of nobody, where they are in them too."""
        if not layers:
            return "true"
        files = ", ".join(quoted(str(layer / _PERSONS)) for layer in layers)
        listed = f"(SELECT person FROM read_parquet([{files}]) WHERE cohort = {quoted(cohort)})"
        return f"coalesce(person, {nobody or NOBODY - 1}) NOT IN {listed}"

    def of_person(self, person: int, chunk: int, label: str, cohort: str) -> str | None:
        """The rows of a cohort and period among which are those of a person, who lies in that chunk."""
        for layer, (cohorts, persons) in zip(reversed(self.layers), reversed(self._changed), strict=True):
            first, last = np.searchsorted(persons, [person, person + 1])
            if cohort in cohorts[int(first) : int(last)].to_pylist():
                file = layer / f"{cohort}.parquet"
                rows = (
                    f"SELECT * EXCLUDE ({LABEL}) FROM read_parquet({quoted(str(file))}) WHERE {LABEL} = {quoted(label)}"
                )
                return f"({rows})" if file.exists() else None
        folder = self._ground / "rows" / label / cohort
        names = [folder / f"chunk={chunk}.parquet", *folder.glob(f"chunk={chunk}.*.parquet")]
        there = ", ".join(quoted(str(file)) for file in names if file.exists())
        return f"read_parquet([{there}], hive_partitioning = false)" if there else None


def lay(before: Path, target: Path, draft: Path, persons: Sequence[int], cohorts: Collection[str]) -> None:
    """Put the rows of `persons` (-1: nobody) in `cohorts`, as they lie in `draft` (`<cohort>/*.parquet`), as a layer on those of
    the results in `before`, into `target`. Layers that stay are linked."""
    fresh = pa.table(
        [pa.array([c for c in sorted(cohorts) for _ in persons], pa.string()), pa.array([*persons] * len(cohorts), pa.int64())],
        schema=_CHANGED,
    )  # fmt: skip
    pile = sorted((before / "changed").glob("*"))
    below: list[Path] = []
    many = fresh.num_rows
    while pile and (size := pq.read_metadata(pile[-1] / _PERSONS).num_rows) < 2 * many:
        below.insert(0, pile.pop())
        many += size
    for layer in pile:
        _link(layer, target / "changed" / layer.name)
    if not many:
        return
    made = target / "changed" / f"{len(pile):04}"
    made.mkdir(parents=True)
    listed = pa.concat_tables([fresh, *(pq.read_table(layer / _PERSONS) for layer in below)])
    pq.write_table(listed.group_by(["cohort", "person"]).aggregate([]).sort_by("person"), made / _PERSONS)
    con = duckdb.connect(config={"threads": 1})
    try:
        for name in sorted(
            {f.stem for layer in below for f in layer.glob("*.parquet")} - {"persons"} | _cohorts(draft)
        ):
            _merge(con, name, below, draft, fresh, made)
    finally:
        con.close()


def _cohorts(draft: Path) -> set[str]:
    return {folder.name for folder in draft.iterdir()} if draft.exists() else set()


def _merge(
    con: duckdb.DuckDBPyConnection, cohort: str, below: Sequence[Path], draft: Path, fresh: pa.Table, made: Path
) -> None:
    """One file of the rows of a cohort in some layers and in the draft that lies on them."""
    parts = []
    mine = sorted((draft / cohort).glob("*.parquet"))
    for number, layer in enumerate(below):
        if (file := layer / f"{cohort}.parquet").exists():
            above = [f"SELECT person FROM read_parquet({quoted(str(other / _PERSONS))}) WHERE cohort = {quoted(cohort)}"
                     for other in below[number + 1 :]]  # fmt: skip
            con.register("fresh", fresh)
            above.append(f"SELECT person FROM fresh WHERE cohort = {quoted(cohort)}")
            parts.append(
                f"SELECT * FROM read_parquet({quoted(str(file))}) "
                f"WHERE coalesce(person, {NOBODY}) NOT IN ({' UNION ALL '.join(above)})"
            )
    if not parts and len(mine) == 1:
        os.link(mine[0], made / f"{cohort}.parquet")
        return
    parts += [f"SELECT * FROM read_parquet({quoted(str(file))})" for file in mine]
    if parts:
        con.execute(
            f"""COPY ({" UNION ALL ".join(parts)} ORDER BY {LABEL}, division, subject)
            TO {quoted(str(made / f"{cohort}.parquet"))} (FORMAT parquet)"""
        )


def _link(old: Path, new: Path) -> None:
    new.mkdir(parents=True)
    for file in old.iterdir():
        os.link(file, new / file.name)
