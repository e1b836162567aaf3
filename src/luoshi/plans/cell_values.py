"""What a cell of a table of indicators says: its value and comparator, the unit its name prints, the value it starts from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from luoshi.kernel.comparator import Op
from luoshi.plans import quantities
from luoshi.plans.frames import falls

_NAME_UNIT = re.compile(r"[（(](?P<unit>[^（）()]{1,12})[）)]\s*$")
_PER_UNIT = re.compile(r"^(?:1?/|每)(?P<n>10万|十万|万|千|百)(?:分之一)?(?:人口|人)?$|^(?P<m>10万|十万|万|千)分之一$")


def is_base(year: int, years: set[int], plan_years: tuple[int | None, int | None]) -> bool:
    """Whether a year heads starting values: it lies before the plan, or is the first of several where no start is known."""
    if plan_years[0] is not None:
        return year < plan_years[0]
    return len(years) > 1 and year == min(years)


def started_at(cell: str) -> float | None:
    """The starting value a cell prints (3.34, 1:1.15), None where it prints none (—)."""
    ratio = re.search(r"(\d+(?:\.\d+)?)[:∶：](\d+(?:\.\d+)?)", cell)
    if ratio and "1" in ratio.groups():
        return float(ratio[2] if ratio[1] == "1" else ratio[1])
    match = re.search(r"\d+(?:\.\d+)?", cell)
    return float(match[0]) if match else None


def name_and_unit(text: str) -> tuple[str, str]:
    """人均预期寿命（岁） → the name and the unit; 孕产妇死亡率（1/10万） → /10万."""
    text = re.sub(r"^[\d.、（）()]+\s*", "", text) if re.match(r"^[（(]?\d{1,2}[）).、]", text) else text
    match = _NAME_UNIT.search(text)
    if match is None:
        return text.strip(), ""
    unit = unit_of(match["unit"])
    known = unit.startswith("/") or quantities.is_unit(unit)
    return (text[: match.start()].strip(), unit) if known else (text.strip(), "")


def unit_of(text: str) -> str:
    text = text.strip("：: ").replace("单位", "").strip("：: ")
    match = _PER_UNIT.match(text)
    if match and not re.fullmatch(r"万|千|百", text):
        return "/" + (match["n"] or match["m"]).replace("十万", "10万")
    return text


def is_unit_cell(text: str) -> bool:
    unit = unit_of(text)
    return unit.startswith("/") or quantities.is_unit(unit) or len(unit) <= 2


@dataclass
class CellValue:
    value: float | list[float]
    unit: str
    op: Op
    op_alt: list[Op]
    quantity: quantities.Quantity
    change: bool = False
    base_year: int | None = None
    flags: tuple[str, ...] = ()


def value_of(cell: str, unit: str, name: str) -> CellValue | None:
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
    return CellValue(
        value=quantity.value if quantity.upper is None else [quantity.value, quantity.upper], unit=own or unit, op=op,
        op_alt=alternatives, quantity=quantities.with_unit(quantity, own or unit), change=change, base_year=base_year,
        flags=tuple(flags),
    )  # fmt: skip


def named(name: str, value: CellValue) -> str:
    """The name of a row; where the cell prints a difference (提高1岁) what is measured is the difference."""
    if not value.change:
        return name
    return name + ("下降幅度" if falls(name) else "提升幅度")
