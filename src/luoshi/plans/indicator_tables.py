"""Tables of indicators: 指标 | 基期 | 目标 | 属性, with years in the head, and tables of quotas by county or institution."""

from __future__ import annotations

import re
from dataclasses import dataclass

from luoshi.documents.model import Document, Table
from luoshi.plans.cell_evidence import head_over, of_cells
from luoshi.plans.cell_values import is_base, is_unit_cell, name_and_unit, named, started_at, unit_of, value_of
from luoshi.plans.frames import kind_of
from luoshi.plans.model import Force, Target
from luoshi.plans.plain import Plain

_NAME = re.compile(
    r"^(?:主要|核心|具体|考核|监测|评价|工作|发展)?(?:指标|目标)(?:名称|内容|项目)?$|^(?:项目|指标项|主要指标|目标任务|任务目标|名称|(?:工作|重点|主要)?(?:任务|事项))$"
)
_UNIT = re.compile(r"^(?:计量|计算)?单位$")
_BASE = re.compile(r"基期|基准|基线|现状|现值|基础值|当前|实际|完成(?:值|情况)")
_TARGET = re.compile(r"目标|规划|计划|预期值|任务数|指标值|达到")
_KIND = re.compile(r"^(?:指标)?(?:属性|性质|类型|类别属性)$")
_WHERE = re.compile(
    r"^(?:县|区|县区|县（?市、?区）?|县市区|地区|市州|市（州）|单位|乡镇|镇街|街道|机构|医疗机构|单位名称|机构名称|责任单位)$"
)
_YEAR = re.compile(r"(?:19|20)\d{2}")
_NUMBER = re.compile(r"\d")
_YEAR_CELL = re.compile(r"(?:到|至)?(?:19|20)\d{2}年?\S{0,4}")
_YEARLY = re.compile(r"每年|年均|逐年")
_MAX_ROWS, _MAX_COLUMNS = 2000, 40


@dataclass
class _Column:
    """The part a column plays: `name`, `unit`, `base`, `target`, `kind`, `where` or `other`, with its year."""

    role: str
    year: int | None = None
    head: str = ""


def read(
    document: Document, table: Table, *, year: int | None, plan_years: tuple[int | None, int | None] = (None, None)
) -> list[Target]:
    """Targets of a table of indicators or quotas; an empty list when it is a table of another kind.

    Offsets are those of the document. Only the first 2,000 rows and 40 columns are read.
    """
    rows = [row[:_MAX_COLUMNS] for row in table.rows[:_MAX_ROWS] if row]
    if len(rows) < 2:
        return []
    texts = [[_clean(document.slice(*cell)) for cell in row] for row in rows]
    head_rows, columns = _columns(texts, plan_years)
    if not columns:
        return []
    out: list[Target] = []
    names = [i for i, c in enumerate(columns) if c.role == "name"]
    for row, cells in zip(rows[head_rows:], texts[head_rows:], strict=True):
        name_at = next((i for i in names if i < len(cells) and cells[i]), None)
        if name_at is None:
            continue
        name, unit = name_and_unit(cells[name_at])
        for i, column in enumerate(columns):
            if column.role == "unit" and i < len(cells) and cells[i]:
                unit = unit_of(cells[i])
        baseline, baseline_year = _baseline(cells, columns)
        force: Force = next(
            (
                "binding" if "约束" in cells[i] else "expected"
                for i, c in enumerate(columns)
                if c.role == "kind" and i < len(cells)
            ),
            "expected",
        )
        quota = any(c.role == "where" for c in columns)
        for i, column in enumerate(columns):
            if column.role != "target" or i >= len(cells) or not _NUMBER.search(cells[i]):
                continue
            if quota:
                head_name, head_unit = name_and_unit(column.head)
                value = value_of(cells[i], head_unit, head_name)
                metric, scope = head_name, name
            else:
                value = value_of(cells[i], unit, name)
                metric, scope = (named(name, value) if value is not None else name), ""
            if value is None:
                continue
            deadline = column.year or plan_years[1] or year
            out.append(
                Target(
                    id=f"G{len(out) + 1}", task=None, quote=f"{name} {cells[i]}", start=min(row[name_at][0], row[i][0]),
                    end=max(row[name_at][1], row[i][1]), metric=metric, op=value.op, value=value.value, unit=value.unit,
                    deadline=str(deadline) if deadline else None, deadline_inferred=column.year is None,
                    baseline=baseline if not value.change else None, baseline_year=value.base_year or baseline_year,
                    kind=kind_of(value.quantity, name, change=value.change), force=force, scope=scope, confidence=0.9,
                    flags=list(value.flags), rule="quota-table" if quota else "indicator-table", op_alt=value.op_alt,
                    approximate=value.quantity.approximate, per="年" if value.change and _YEARLY.search(cells[i]) else "",
                    evidence=of_cells(
                        document, row[name_at], row[i], head_over(rows, head_rows, i), metric=metric,
                        value=value.value, unit=value.unit, op=value.op, op_alt=value.op_alt,
                        deadline=str(deadline) if deadline else None, printed=column.year is not None,
                    ),
                )
            )  # fmt: skip
    return out


def _clean(text: str) -> str:
    return Plain.of(text).text.replace("\n", "").strip()


def _columns(texts: list[list[str]], plan_years: tuple[int | None, int | None]) -> tuple[int, list[_Column]]:
    """How many rows are head, and what each column is; no columns when it is no table of indicators."""
    for depth in (1, 2, 3):
        if len(texts) <= depth:
            break
        if texts[depth] and all(not c or c in texts[0] or _YEAR_CELL.fullmatch(c) for c in texts[depth]):
            continue  # still the head: merged cells repeat, the others are years
        width = max(len(r) for r in texts[: depth + 1])
        heads = ["".join(dict.fromkeys(r[i] for r in texts[:depth] if i < len(r))) for i in range(width)]
        columns = [_column(texts, depth, i, heads[i], plan_years) for i in range(width)]
        named = any(c.role in ("name", "where") for c in columns)
        if named and any(c.role == "target" for c in columns):
            body = texts[depth:]
            filled = sum(
                1
                for r in body
                if any(i < len(r) and _NUMBER.search(r[i]) for i, c in enumerate(columns) if c.role == "target")
            )
            if filled and (filled >= len(body) * 0.3 or (filled >= 2 and filled >= len(body) * 0.12)):
                if any(c.role == "name" for c in columns):
                    columns = [_Column("other") if c.role == "where" else c for c in columns]
                else:
                    columns = [_Column("name", head=c.head) if c.role == "where" else c for c in columns]
                    columns.append(_Column("where"))
                return depth, columns
    return 0, []


def _column(
    texts: list[list[str]], depth: int, at: int, head: str, plan_years: tuple[int | None, int | None]
) -> _Column:
    found = [int(y) for y in _YEAR.findall(head)]
    head_year = max(found) if found else None
    parts = [r[at] for r in texts[:depth] if at < len(r)]
    body = [r[at] for r in texts[depth:] if at < len(r) and r[at]]
    if any(_UNIT.match(p) for p in parts) and sum(is_unit_cell(c) for c in body) * 2 >= len(body):
        return _Column("unit")
    if any(_WHERE.match(p) for p in parts):
        return _Column("where", head=head)
    if any(_KIND.match(p) for p in parts):
        return _Column("kind")
    numeric = sum(1 for c in body if re.search(r"\d", c) and len(c) <= 16) >= max(1, len(body) * 0.4)
    if any(_NAME.match(p) for p in parts) and not (numeric and body and all(len(c) <= 8 for c in body)):
        return _Column("name", head=head)
    if not numeric or re.search(r"序号|编号|分值|权重|得分|评分|满分", head):
        return _Column("other")
    if _BASE.search(head) and not re.search(r"目标", head):
        return _Column("base", head_year)
    if head_year is not None:
        others = {int(y) for r in texts[:depth] for c in r for y in _YEAR.findall(c)}
        if not _TARGET.search(head) and is_base(head_year, others, plan_years):
            return _Column("base", head_year)
        return _Column("target", head_year, head)
    if _TARGET.search(head):
        return _Column("target", None, head)
    return _Column("other")


def _baseline(cells: list[str], columns: list[_Column]) -> tuple[float | None, int | None]:
    for i, column in enumerate(columns):
        if column.role == "base" and i < len(cells) and (started := started_at(cells[i])) is not None:
            own = re.search(r"[（(]((?:19|20)\d{2})年?[）)]", cells[i])
            return started, int(own[1]) if own else column.year
    return None, None
