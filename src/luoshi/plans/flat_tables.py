"""Tables of indicators that a copy has flattened into running text: labelled, or as columns parted by blanks under a head."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from luoshi.plans import metrics
from luoshi.plans.cell_values import is_base, name_and_unit, named, started_at, value_of
from luoshi.plans.frames import kind_of
from luoshi.plans.model import Force, Target
from luoshi.plans.plain import Plain

_YEAR = re.compile(r"(?:19|20)\d{2}")


@dataclass
class FlatRow:
    """One indicator of a flattened table: its name and what stands under each year, with places in the plain text."""

    name: str
    start: int
    end: int
    cells: list[tuple[int | None, str, int, int]] = field(default_factory=list)
    force: Force = "expected"


_LABELLED = re.compile(r"指标：(?P<name>[^：\n]{2,60}?)\n?(?=(?:19|20)\d{2}年：)")
_CELL = re.compile(
    r"\s*(?P<year>(?:19|20)\d{2})年：\s*(?P<text>.*?)\s*(?=(?:19|20)\d{2}年：|领域：|指标：|类别：|\n\n|$|\n(?=\D))",
    re.DOTALL,
)
_HEAD = re.compile(
    r"(?:序号\s*)?(?:主要)?指标(?:名称)?\s*(?P<unit>单位\s*)?(?P<years>(?:\s*(?:基线|基期|现状)(?:值|水平)?[（(]?(?:19|20)\d{2}年?[）)]?)?(?:\s*(?:19|20)\d{2}年?(?:基期值?|现状值?|目标值?|实际值?)?){1,4})\s*(?P<kind>(?:指标)?(?:属性|性质|类型))?"
)
_FIGURE = (
    r"(?:比(?:19|20)\d{2}年)?(?:提高|增加|降低|下降|减少|达到|不低于|不超过|不高于|控制在)?"
    r"[≥≤><]?\d+(?:\.\d+)?(?::\d+(?:\.\d+)?)?%?‰?(?:岁|个百分点|[万亿]?[人名个张颗家所项次元天]|/10万)?(?:左右|以上|以下|以内)?"
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
        values = r"\s+".join(rf"(?P<v{i}>{_FIGURE}|[-/—－]{{1,2}})" for i in range(len(years)))
        unit = r"\s+(?P<unit>1?/[\d百千万十]{1,3}万?|[^\s\d]{1,6})" if head["unit"] else ""
        grouped = re.search(
            r"(?:类别|领域|分类|维度|类型|方面)\s+(?:序号\s+)?$", folded[max(0, head.start() - 12) : head.start()]
        )
        row_pattern = re.compile(
            rf"(?:\d{{1,2}}(?!\d|[-~]|周?岁|个月|月龄)\s*[.、]?\s*)?(?<!\d)(?P<name>(?:\d{{1,2}}(?:[-~]\d{{1,2}})?(?:周?岁|个月|月龄))?[\u4e00-\u9fff“][^\n。；]{{2,40}}?){unit}\s+{values}(?=\s|$)\s*(?P<kind>约束性|预期性|倡导性|导向性)?"
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


def targets_of_row(
    row: FlatRow, *, year: int | None, plan_years: tuple[int | None, int | None]
) -> Iterator[tuple[Target, int, int]]:
    """The targets of one flattened row with the places of their quotes in the plain text."""
    name, unit = name_and_unit(row.name.replace("(", "（").replace(")", "）"))
    years = {y for y, *_ in row.cells if y}
    base: tuple[float | None, int | None] = (None, None)
    for cell_year, text, start, end in row.cells:
        own = re.search(r"（((?:19|20)\d{2})年）", text)
        past = cell_year is not None and is_base(cell_year, years, plan_years)
        if past:
            started = started_at(text)
            if started is not None:
                base = (started, int(own[1]) if own else cell_year)
            continue
        value = value_of(text, unit, name)
        if value is None:
            continue
        yield (
            Target(
                id="", task=None, quote="", start=0, end=0, metric=named(metrics.bare(name) or name, value),
                op=value.op, value=value.value,
                unit=value.unit, deadline=str(cell_year) if cell_year else None, baseline=None if value.change else base[0],
                baseline_year=value.base_year or base[1], kind=kind_of(value.quantity, name, change=value.change), force=row.force,
                confidence=0.88, flags=list(value.flags), rule="flattened-table", op_alt=value.op_alt,
                approximate=value.quantity.approximate,
            ),
            row.start, max(end, start + 1),
        )  # fmt: skip
