"""A paper as data: what it says and in which order, nothing of how it looks.

Frozen pydantic models, so that a paper can be kept as JSON and written again, unchanged, years later.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Base of every part of a paper: cannot change, knows no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(Frozen):
    """Where one figure of the text comes from: a line of the index of evidence.

    `target` is the number of the confirmed target (None for a figure that is not about one), `value` is in `unit`
    (percent: 0-100), `numerator` and `denominator` are counts, `as_of` the day up to which data were known, `until` the
    last day the source had heard of, `source` the words for how it was found, `link` the address of the page that shows
    it (a path, without a host).
    """

    what: str
    text: str
    target: int | None = None
    indicator: str = ""
    division: str = ""
    value: float | None = None
    unit: str = ""
    numerator: float | None = None
    denominator: float | None = None
    as_of: date | None = None
    until: date | None = None
    start: date | None = None
    end: date | None = None
    source: str = ""
    link: str = ""


class Mark(Frozen):
    """The number of an entry, behind the figure it belongs to. Counts from 1."""

    mark: int = Field(ge=1)


Part = str | Mark


class Paragraph(Frozen):
    """Running text. `level` 0 is body text; 1 to 4 are headings: 一、 / （一） / 1. / （1）, whose number is in the text."""

    kind: Literal["paragraph"] = "paragraph"
    parts: tuple[Part, ...]
    level: int = Field(0, ge=0, le=4)
    centred: bool = False
    indent: bool = True

    @property
    def plain(self) -> str:
        """The text without marks."""
        return "".join(part for part in self.parts if isinstance(part, str))


class Cell(Frozen):
    """One cell: its text; for the workbook also its `value` and `format` (an Excel number format); the `light` that
    colours it; the marks of its figures."""

    text: str
    value: float | date | None = None
    format: str = ""
    light: Literal["", "green", "yellow", "red", "grey"] = ""
    marks: tuple[int, ...] = ()


class Column(Frozen):
    """One column: title, share of the width, and how its cells stand."""

    title: str
    width: float = Field(2.0, gt=0)
    align: Literal["left", "center", "right"] = "left"


class Table(Frozen):
    """A table. Its heading comes again on every page, its rows stay whole. `across`: on pages lying across. `closing`
    is the number of last rows that sum up (bold)."""

    kind: Literal["table"] = "table"
    caption: str = ""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    notes: tuple[str, ...] = ()
    across: bool = False
    closing: int = 0
    empty: str = "（无）"


class Figure(Frozen):
    """A chart of `web.charts`, drawn as lines in the pdf and as a picture in Word. `wide` is its share
    of the type area's width."""

    kind: Literal["figure"] = "figure"
    caption: str
    spec: dict[str, Any]
    wide: float = Field(1.0, gt=0, le=1)


class Annex(Frozen):
    """附件: begins a new page, named in the list of annexes under the text."""

    kind: Literal["annex"] = "annex"
    title: str


Block = Annotated[Paragraph | Table | Figure | Annex, Field(discriminator="kind")]


class Head(Frozen):
    """版头: the red name of the issuing body (empty: a paper without red head), its suffix (文件), the document number
    (发文字号), the one who signs (upwards only), urgency and secrecy."""

    body: str = ""
    suffix: str = ""
    number: str = ""
    signer: str = ""
    urgency: str = ""
    secrecy: str = ""


class Signature(Frozen):
    """发文机关署名 and 成文日期."""

    body: str
    day: date


class Imprint(Frozen):
    """版记: copies to (抄送), the office that prints, the day of printing."""

    copies: str = ""
    office: str
    day: date


class Paper(Frozen):
    """One paper. `subtitle` stands under the title; `remark` (附注) under the signature; `draft` is a word across the
    head of what is not issued yet (empty: issued)."""

    title: str
    head: Head = Head()
    subtitle: str = ""
    addressee: str = ""
    blocks: tuple[Block, ...] = ()
    signature: Signature | None = None
    remark: str = ""
    imprint: Imprint | None = None
    index: tuple[Entry, ...] = ()
    draft: str = ""
    subject: str = ""
    base: str = ""

    def tables(self) -> Iterator[Table]:
        """Its tables, in order."""
        return (block for block in self.blocks if isinstance(block, Table))

    def annexes(self) -> list[str]:
        """Titles of its annexes, in order."""
        return [block.title for block in self.blocks if isinstance(block, Annex)]
