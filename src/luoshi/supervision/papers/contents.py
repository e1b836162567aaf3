"""What fills a kind of paper: providers registered by whoever knows the facts.

A provider is asked with a `Wanted` and answers with a `Content`: fields by the Chinese names the office writes between
braces in its template, tables and paragraphs by name, the index of where each figure comes from. An application names
in its `ready` the function that registers (`contents.add`), which then says:

    contents.register("notice", provider, fields={"问题": "what was found", …}, tables={"整改事项": "…"})

A template can then say `{问题}` in a line and `{表：整改事项}` on a line of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from luoshi.kernel.errors import NotFound, nearest
from luoshi.platform.access.scope import Scope
from luoshi.supervision.papers.model import Entry, Figure, Mark, Paragraph, Part, Table

KINDS = ("monthly", "quarterly", "annual", "supervision", "notice", "ledger", "score", "summary")


@dataclass(frozen=True)
class Wanted:
    """Which paper is asked for: its kind, the division it is about, its period (both days included), the day up to
    which knowledge counts, and for a paper about one thing its `subject` (`finding:12`). What is read, is read within
    `scope`."""

    kind: str
    division: str
    start: date
    end: date
    known_on: date
    scope: Scope
    subject: str = ""


@dataclass(frozen=True)
class Shown:
    """A figure as written in the text, with where it comes from."""

    text: str
    entry: Entry


Field = str | Shown | tuple[str | Shown, ...]


@dataclass(frozen=True)
class Content:
    """What a provider knows. `fields` are words, figures, or both in turn; `paragraphs` are several sentences each,
    one paragraph of the paper for each; a cell of `tables` that holds a figure names its entry by its place in
    `entries`, counting from 1 (`Cell(marks=(3,))`). `addressee` is 主送机关; `title` overrules that of the template."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    paragraphs: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    addressee: str = ""
    title: str = ""


Provider = Callable[[Wanted], Content]


@dataclass(frozen=True)
class Known:
    """A registered provider with the names a template of its kind may use, each with what it stands for."""

    provider: Provider
    fields: Mapping[str, str]
    paragraphs: Mapping[str, str]
    tables: Mapping[str, str]
    figures: Mapping[str, str]
    subjects: Callable[[Scope], list[tuple[str, str]]] | None


_known: dict[str, Known] = {}
_coming: list[Callable[[], None]] = []
_registering = Lock()


def add(registers: Callable[[], None]) -> None:
    """Have `registers` called, which calls `register`, before anyone asks what is known."""
    _coming.append(registers)


def _all() -> dict[str, Known]:
    """Every registered provider by its kind. Whoever asks while another still registers waits for it."""
    if _coming:
        with _registering:
            while _coming:
                _coming[0]()
                del _coming[0]
    return _known


def register(
    kind: str,
    provider: Provider,
    *,
    fields: Mapping[str, str] | None = None,
    paragraphs: Mapping[str, str] | None = None,
    tables: Mapping[str, str] | None = None,
    figures: Mapping[str, str] | None = None,
    subjects: Callable[[Scope], list[tuple[str, str]]] | None = None,
) -> None:
    """Say who fills papers of a kind (one of `KINDS`), and every name its templates may use with what it stands for.

    `subjects` lists what such a paper can be about within a scope, as (subject, words); a kind without is about a
    division and a period. Raises `ValueError` for an unknown kind. A second registration replaces the first.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of paper; known are {', '.join(KINDS)}")
    _known[kind] = Known(
        provider, dict(fields or {}), dict(paragraphs or {}), dict(tables or {}), dict(figures or {}), subjects
    )


def known(kind: str) -> Known:
    """Who fills papers of a kind. Raises `NotFound` where nobody does."""
    if kind not in _all():
        raise NotFound(f"no one fills papers of the kind {kind!r}.", todo=nearest(kind, _known))
    return _known[kind]


def kinds() -> list[str]:
    """The kinds that somebody fills, in the order of `KINDS`."""
    return [kind for kind in KINDS if kind in _all()]


def content(wanted: Wanted) -> Content:
    """What the paper is to say. Raises `NotFound`, and what the provider raises."""
    return known(wanted.kind).provider(wanted)


class Numbering:
    """Gives each figure of a paper its number in the index: the same entry keeps its number, first come, first served."""

    def __init__(self) -> None:
        self._numbers: dict[Entry, int] = {}

    def number(self, entry: Entry) -> int:
        """The number of an entry, counting from 1."""
        return self._numbers.setdefault(entry, len(self._numbers) + 1)

    @property
    def index(self) -> tuple[Entry, ...]:
        """Every entry that was numbered, in order."""
        return tuple(self._numbers)

    def parts(self, given: Field) -> tuple[Part, ...]:
        """Words and figures as parts of a paragraph, a mark behind each figure."""
        found: list[Part] = []
        for piece in given if isinstance(given, tuple) else (given,):
            if isinstance(piece, Shown):
                found += [piece.text, Mark(mark=self.number(piece.entry))]
            else:
                found.append(piece)
        return tuple(found)

    def table(self, table: Table, entries: tuple[Entry, ...]) -> Table:
        """The table with the places of its entries turned into their numbers in this paper."""
        rows = tuple(
            tuple(
                cell.model_copy(update={"marks": tuple(self.number(entries[at - 1]) for at in cell.marks)})
                if cell.marks
                else cell
                for cell in row
            )
            for row in table.rows
        )
        return table.model_copy(update={"rows": rows})


def paragraph(parts: tuple[Part, ...], level: int = 0) -> Paragraph:
    """A paragraph whose neighbouring words are joined."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return Paragraph(parts=tuple(joined), level=level)
