"""The lake as a folder of Parquet: which buckets there are, which file holds what.

`lake.json` · `tables/<table>/bucket=<n>/part.parquet` for person tables (rows without a person in bucket −1) ·
`tables/<register>/part.parquet`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from luoshi.kernel.errors import UnreadableFile

UNKNOWN_PERSON = -1


@dataclass(frozen=True)
class LakeDirectory:
    """A lake at `root`; checks that it is one when opened with `open`."""

    root: Path

    @classmethod
    def open(cls, root: Path | str) -> LakeDirectory:
        """The lake at `root`. Raises `UnreadableFile` when there is none or its `lake.json` is damaged."""
        lake = cls(Path(root))
        lake.info  # noqa: B018 (reads it, so that a wrong folder is told at once)
        return lake

    @cached_property
    def info(self) -> dict[str, Any]:
        """The contents of `lake.json`."""
        path = self.root / "lake.json"
        try:
            info = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise UnreadableFile(
                "there is no lake here (no lake.json).",
                where=str(self.root),
                todo="Name another folder with --lake, or build one with `luoshi lake build` or `luoshi simulate`.",
            ) from error
        except (OSError, ValueError) as error:
            raise UnreadableFile(f"cannot be read ({error}).", where=str(path)) from error
        if not isinstance(info, dict):
            raise UnreadableFile("is no JSON object.", where=str(path))
        return info

    @property
    def version(self) -> str:
        """Changes whenever the lake is written again."""
        return f"{self.info.get('version', '')}@{self.info.get('built_at', '')}"

    @property
    def data_until(self) -> date | None:
        """The last day the records reach, as the lake's writer tells it."""
        told = self.info.get("data_until")
        return date.fromisoformat(str(told)[:10]) if told else None

    @cached_property
    def buckets(self) -> tuple[int, ...]:
        """Numbers of all person buckets, ascending; −1, if present, holds rows whose person is not known."""
        found = {
            int(match[1])
            for folder in (self.root / "tables").glob("*/bucket=*")
            if (match := re.fullmatch(r"bucket=(-?\d+)", folder.name))
        }
        return tuple(sorted(found))

    def files(self, table: str, bucket: int | None = None) -> tuple[str, ...]:
        """The Parquet files of a register, or of one bucket of a person table; empty when there are none."""
        folder = self.root / "tables" / table
        if bucket is not None:
            folder = folder / f"bucket={bucket}"
        return tuple(sorted(str(path) for path in folder.glob("*.parquet")))
