"""The index of evidence as a table: each figure of the text with what it is made of and where that is shown."""

from __future__ import annotations

from luoshi.supervision.papers.model import Cell, Column, Entry, Paper, Table
from luoshi.web import numbers

COLUMNS = (
    Column(title="序号", width=0.7, align="center"),
    Column(title="数据", width=4.2),
    Column(title="数值", width=1.7, align="right"),
    Column(title="分子/分母", width=2.1, align="right"),
    Column(title="数据截至", width=1.6, align="center"),
    Column(title="来源", width=3.2),
)


def index_table(paper: Paper) -> Table:
    """The index of a paper, in the order of the marks."""
    rows = tuple(row(n, entry) for n, entry in enumerate(paper.index, 1))
    notes = (f"来源栏中的地址接在 {paper.base} 之后。",) if paper.base and any(e.link for e in paper.index) else ()
    return Table(caption="数据依据索引", columns=COLUMNS, rows=rows, notes=notes)


def row(number: int, entry: Entry) -> tuple[Cell, ...]:
    """One line of the index; its page is named by the path, the server in the note under the table."""
    until = entry.until or entry.as_of
    where = " ".join(filter(None, (entry.source, entry.link)))
    return (
        Cell(text=str(number), value=float(number)),
        Cell(text=entry.what),
        Cell(text=entry.text),
        Cell(text=numbers.fraction(entry.numerator, entry.denominator)),
        Cell(text=until.isoformat() if until else ""),
        Cell(text=where),
    )
