"""Tables of indicators: 指标 | 基期 | 目标 | 属性, with years in the head, and tables of quotas by county or institution.

`read` takes a table with cells; `flat_rows` finds the same table where a format has flattened it into running text, either
labelled (指标：人均预期寿命（岁） 2020年：77.3 2030年：79.0) or as columns parted by blanks under a head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from luoshi.documents.model import Document, Table
from luoshi.kernel.comparator import Op
from luoshi.plans import metrics, quantities
from luoshi.plans.cell_evidence import head_over, of_cells
from luoshi.plans.frames import falls, kind_of
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
_NAME_UNIT = re.compile(r"[（(](?P<unit>[^（）()]{1,12})[）)]\s*$")
_PER_UNIT = re.compile(r"^(?:1?/|每)(?P<n>10万|十万|万|千|百)(?:分之一)?(?:人口|人)?$|^(?P<m>10万|十万|万|千)分之一$")
_YEARLY = re.compile(r"每年|年均|逐年")
_MAX_ROWS, _MAX_COLUMNS = 2000, 40


@dataclass
class _Column:
    """The part a column plays: `name`, `unit`, `base`, `target`, `kind`, `where` or `other`, with its year."""

    role: str
    year: int | None = None
    head: str = ""


@dataclass
class FlatRow:
    """One indicator of a flattened table: its name and what stands under each year, with places in the plain text."""

    name: str
    start: int
    end: int
    cells: list[tuple[int | None, str, int, int]] = field(default_factory=list)
    force: Force = "expected"


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
        name, unit = _name_and_unit(cells[name_at])
        for i, column in enumerate(columns):
            if column.role == "unit" and i < len(cells) and cells[i]:
                unit = _unit(cells[i])
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
                head_name, head_unit = _name_and_unit(column.head)
                value = _value(cells[i], head_unit, head_name)
                metric, scope = head_name, name
            else:
                value = _value(cells[i], unit, name)
                metric, scope = (_named(name, value) if value is not None else name), ""
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
    if any(_UNIT.match(p) for p in parts) and sum(_is_unit(c) for c in body) * 2 >= len(body):
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
        if not _TARGET.search(head) and _is_base(head_year, others, plan_years):
            return _Column("base", head_year)
        return _Column("target", head_year, head)
    if _TARGET.search(head):
        return _Column("target", None, head)
    return _Column("other")


def _is_base(year: int, years: set[int], plan_years: tuple[int | None, int | None]) -> bool:
    """Whether a year heads starting values: it lies before the plan, or is the first of several where no start is known."""
    if plan_years[0] is not None:
        return year < plan_years[0]
    return len(years) > 1 and year == min(years)


def _baseline(cells: list[str], columns: list[_Column]) -> tuple[float | None, int | None]:
    for i, column in enumerate(columns):
        if column.role == "base" and i < len(cells) and (started := _started(cells[i])) is not None:
            own = re.search(r"[（(]((?:19|20)\d{2})年?[）)]", cells[i])
            return started, int(own[1]) if own else column.year
    return None, None


def _started(cell: str) -> float | None:
    """The starting value a cell prints (3.34, 1:1.15), None where it prints none (—)."""
    ratio = re.search(r"(\d+(?:\.\d+)?)[:∶：](\d+(?:\.\d+)?)", cell)
    if ratio and "1" in ratio.groups():
        return float(ratio[2] if ratio[1] == "1" else ratio[1])
    match = re.search(r"\d+(?:\.\d+)?", cell)
    return float(match[0]) if match else None


def _name_and_unit(text: str) -> tuple[str, str]:
    """人均预期寿命（岁） → the name and the unit; 孕产妇死亡率（1/10万） → /10万."""
    text = re.sub(r"^[\d.、（）()]+\s*", "", text) if re.match(r"^[（(]?\d{1,2}[）).、]", text) else text
    match = _NAME_UNIT.search(text)
    if match is None:
        return text.strip(), ""
    unit = _unit(match["unit"])
    known = unit.startswith("/") or quantities.is_unit(unit)
    return (text[: match.start()].strip(), unit) if known else (text.strip(), "")


def _unit(text: str) -> str:
    text = text.strip("：: ").replace("单位", "").strip("：: ")
    match = _PER_UNIT.match(text)
    if match and not re.fullmatch(r"万|千|百", text):
        return "/" + (match["n"] or match["m"]).replace("十万", "10万")
    return text


def _is_unit(text: str) -> bool:
    unit = _unit(text)
    return unit.startswith("/") or quantities.is_unit(unit) or len(unit) <= 2


@dataclass
class _Value:
    value: float | list[float]
    unit: str
    op: Op
    op_alt: list[Op]
    quantity: quantities.Quantity
    change: bool = False
    base_year: int | None = None
    flags: tuple[str, ...] = ()


def _value(cell: str, unit: str, name: str) -> _Value | None:
    """What a cell promises: 79.0 · ≥90 · ＞80 · 28左右 · 比2015年降低30% · 4.5-5.0; None for 持续改善 and the like."""
    base_year = None
    text = cell
    if m := re.search(r"(?:比|较)((?:19|20)\d{2})年?", text):
        base_year = int(m[1])
        text = text[: m.start()] + text[m.end() :]
    text = re.sub(r"[（(](?:19|20)\d{2}年?[）)]|(?:到|至)?(?:19|20)\d{2}年(?:底|末|前)?", "", text)
    found = [q for q in quantities.find(text) if not q.chinese]
    if not found:
        return None
    quantity = found[0]
    before = text[: quantity.start]
    change = bool(re.search(r"提高|增加|提升|增长|降低|下降|减少|上升$", before)) and not re.search(
        r"[到至为]$", before
    )
    op: Op = "="
    alternatives: list[Op] = []
    if quantity.upper is not None:
        op = "between"
    elif quantity.op is not None:
        op = quantity.op
    elif re.search(r"不低于|不少于|至少|达?到?≥", before):
        op = ">="
    elif re.search(r"不超过|不高于|控制在|以内", before):
        op = "<="
    elif re.search(r"超过|大于|高于", before):
        op = ">"
    elif re.search(r"低于|小于|少于", before):
        op = "<"
    elif not quantity.approximate:
        alternatives = ["<="] if falls(name) and not change else [">="]
    own = quantity.unit
    if own == "万" or (own and unit.endswith(own)):
        own = unit if unit.endswith(own) and own != "万" else own + unit
    flags = list(quantity.flags)
    if quantity.approximate:
        flags.append("about (左右)")
    return _Value(
        value=quantity.value if quantity.upper is None else [quantity.value, quantity.upper], unit=own or unit, op=op,
        op_alt=alternatives, quantity=quantities.with_unit(quantity, own or unit), change=change, base_year=base_year,
        flags=tuple(flags),
    )  # fmt: skip


_LABELLED = re.compile(r"指标：(?P<name>[^：\n]{2,60}?)\n?(?=(?:19|20)\d{2}年：)")
_CELL = re.compile(
    r"\s*(?P<year>(?:19|20)\d{2})年：\s*(?P<text>.*?)\s*(?=(?:19|20)\d{2}年：|领域：|指标：|类别：|\n\n|$|\n(?=\D))",
    re.DOTALL,
)
_HEAD = re.compile(
    r"(?:序号\s*)?(?:主要)?指标(?:名称)?\s*(?P<unit>单位\s*)?(?P<years>(?:\s*(?:19|20)\d{2}年?(?:基期值?|现状值?|目标值?|实际值?)?){1,4})\s*(?P<kind>(?:指标)?(?:属性|性质|类型))?"
)
_FIGURE = (
    r"(?:比(?:19|20)\d{2}年)?(?:提高|增加|降低|下降|减少|达到|不低于|控制在)?"
    r"[≥≤><]?\d+(?:\.\d+)?(?::\d+(?:\.\d+)?)?%?‰?(?:岁|个百分点)?(?:左右|以上|以下|以内)?"
)


def flat_rows(source: str, plain: Plain) -> list[FlatRow]:
    """The rows of flattened tables in a text; places are indices of `plain.text`."""
    return [*_labelled(plain.text), *_blank_parted(source, plain)]


def _labelled(text: str) -> Iterator[FlatRow]:
    for match in _LABELLED.finditer(text):
        row = FlatRow(match["name"].strip(), match.start("name"), match.end())
        at = match.end()
        while cell := _CELL.match(text, at):
            row.cells.append((int(cell["year"]), cell["text"], cell.start(), cell.end("text")))
            at = row.end = cell.end()
        if row.cells:
            yield row


def _blank_parted(source: str, plain: Plain) -> Iterator[FlatRow]:
    """Rows under a head like `指标 2020年 2025年 属性`, columns parted by blanks, tabs or line ends."""
    back = {o: i for i, o in enumerate(plain.origin)}
    folded = source.translate(str.maketrans("％（）　\t", "%()  "))
    for head in _HEAD.finditer(folded.replace("(", "（").replace(")", "）")):
        years = [int(y) for y in _YEAR.findall(head["years"])]
        if not years:
            continue
        values = r"\s+".join(rf"(?P<v{i}>{_FIGURE}|-)" for i in range(len(years)))
        unit = r"\s+(?P<unit>1?/[\d百千万十]{1,3}万?|[^\s\d]{1,6})" if head["unit"] else ""
        grouped = re.search(
            r"(?:类别|领域|分类|维度|类型|方面)\s+(?:序号\s+)?$", folded[max(0, head.start() - 12) : head.start()]
        )
        row_pattern = re.compile(
            rf"(?:\d{{1,2}}\s*[.、]?\s*)?(?P<name>[\u4e00-\u9fff“][^\n。；]{{2,40}}?){unit}\s+{values}(?=\s|$)\s*(?P<kind>约束性|预期性)?"
        )
        at = head.end()
        while match := row_pattern.search(folded, at):
            if match.start() - at > 60:
                break
            start, end = _near(back, match.start("name")), _near(back, match.end() - 1)
            if start is None or end is None:
                break
            name = match["name"].strip()
            if grouped and re.match(r"[\u4e00-\u9fff]{2,6}\s+\S{3,}", name):
                name = re.sub(r"^\S+\s+", "", name)  # 健康水平 人均预期寿命: the group stands in the first row only
            row = FlatRow(name + (f"({match['unit']})" if unit else ""), start, end + 1)
            for i, value_year in enumerate(years):
                v = _near(back, match.start(f"v{i}"))
                row.cells.append((value_year, match[f"v{i}"], v if v is not None else start, end + 1))
            row.force = "binding" if match["kind"] == "约束性" else "expected"
            yield row
            at = match.end()


def _near(back: dict[int, int], source_index: int) -> int | None:
    for step in range(4):
        if source_index + step in back:
            return back[source_index + step]
    return None


def _named(name: str, value: _Value) -> str:
    """The name of a row; where the cell prints a difference (提高1岁) what is measured is the difference."""
    if not value.change:
        return name
    return name + ("下降幅度" if falls(name) else "提升幅度")


def targets_of_row(
    row: FlatRow, *, year: int | None, plan_years: tuple[int | None, int | None]
) -> Iterator[tuple[Target, int, int]]:
    """The targets of one flattened row with the places of their quotes in the plain text."""
    name, unit = _name_and_unit(row.name.replace("(", "（").replace(")", "）"))
    years = {y for y, *_ in row.cells if y}
    base: tuple[float | None, int | None] = (None, None)
    for cell_year, text, start, end in row.cells:
        own = re.search(r"（((?:19|20)\d{2})年）", text)
        past = cell_year is not None and _is_base(cell_year, years, plan_years)
        if past:
            started = _started(text)
            if started is not None:
                base = (started, int(own[1]) if own else cell_year)
            continue
        value = _value(text, unit, name)
        if value is None:
            continue
        yield (
            Target(
                id="", task=None, quote="", start=0, end=0, metric=_named(metrics.bare(name) or name, value),
                op=value.op, value=value.value,
                unit=value.unit, deadline=str(cell_year) if cell_year else None, baseline=None if value.change else base[0],
                baseline_year=value.base_year or base[1], kind=kind_of(value.quantity, name, change=value.change), force=row.force,
                confidence=0.88, flags=list(value.flags), rule="flattened-table", op_alt=value.op_alt,
                approximate=value.quantity.approximate,
            ),
            row.start, max(end, start + 1),
        )  # fmt: skip
