"""What may leave and how blurred, as declared in `catalog/rules/deidentification.yaml`; the states of a project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import CatalogError, InvalidValue, nearest

Step = Literal[
    "exact", "year", "quarter", "month", "five-years", "ten-years", "broad-ages", "township", "county", "city",
    "institution-type", "all",
]  # fmt: skip

REQUESTED, APPROVED, REJECTED, CLOSED = "requested", "approved", "rejected", "closed"


class Leaving(Entry):
    """One column as it may leave: `column` of the table (or of the resident), its role, its steps from fine to coarse."""

    role: Literal["quasi", "sensitive", "plain"]
    column: str
    name: str
    name_en: str
    of: Literal["person", "row"] = "row"
    steps: tuple[Step, ...] = ()
    as_: Literal["", "year", "icd-3"] = Field("", alias="as")


class Table(Entry):
    """One table: which of its days the period is about, and its columns."""

    name: str
    name_en: str
    day: str
    columns: dict[str, Leaving]


class Deidentification(Entry):
    """The whole file."""

    k: int = Field(ge=2)
    l: int = Field(ge=1)  # noqa: E741 (the name it has in the literature)
    left_out_at_most: float = Field(ge=0, lt=1)
    cells_below: int = Field(ge=2)
    days_valid: int = Field(ge=1)
    approvals: int = Field(ge=1)
    source: str
    confidence: Literal["high", "medium", "low"]
    people: dict[str, Leaving]
    tables: dict[str, Table]

    def columns(self, table: str) -> dict[str, Leaving]:
        """Every column that may leave with a table, those of the resident first. Raises `InvalidValue`."""
        if table not in self.tables:
            raise InvalidValue(f"{table!r} is not open for research.", todo=nearest(table, self.tables))
        return {**self.people, **self.tables[table].columns}


@cache
def deidentification() -> Deidentification:
    """The rules we ship. Raises `CatalogError` for a column the lake does not have or a quasi-identifier without steps."""
    path = CATALOG / "rules" / "deidentification.yaml"
    found = read_entry(path, Deidentification)
    for table, entry in found.tables.items():
        for name, leaving in found.columns(table).items():
            where = f"{path}: {table}.{name}"
            source = "person" if leaving.of == "person" else table
            if leaving.column not in layout.columns(source):
                raise CatalogError(f"there is no column {source}.{leaving.column}.", where=where)
            if (leaving.role == "quasi") != bool(leaving.steps) or (leaving.steps and leaving.steps[-1] != "all"):
                raise CatalogError("a quasi-identifier, and only one, has steps that end in `all`.", where=where)
        if entry.day not in layout.columns(table):
            raise CatalogError(f"there is no column {table}.{entry.day}.", where=str(path))
    return found


def check_choice(table: str, columns: Mapping[str, str]) -> None:
    """Check that each column may leave and each step is one of its own. Raises `InvalidValue`."""
    known = deidentification().columns(table)
    if not columns:
        raise InvalidValue("No column was chosen.", todo="Choose at least one.")
    for name, step in columns.items():
        if name not in known:
            raise InvalidValue(f"The column {name!r} never leaves.", todo=nearest(name, known))
        steps = known[name].steps
        if (steps and step not in steps) or (not steps and step not in ("", "exact")):
            raise InvalidValue(f"{name!r} has no step {step!r}.", todo=f"Known are {', '.join(steps) or 'none'}.")


def coarser(table: str, columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The choices that blur one quasi-identifier by one step more, by its name."""
    known = deidentification().columns(table)
    found = {}
    for name, step in columns.items():
        steps = known[name].steps
        if steps and steps.index(step) + 1 < len(steps):
            found[name] = {**columns, name: steps[steps.index(step) + 1]}
    return found
