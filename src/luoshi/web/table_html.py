"""A `Table` as HTML. Made in Python: a list of fifty rows has hundreds of cells, and a template takes its time for each."""

from __future__ import annotations

import html
from functools import cache

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from luoshi.web.lights import light as light_of
from luoshi.web.tables import Cell, Column, Table

_CLASSES = {"number": ' class="num"', "day": ' class="day"', "line": ' class="line"'}


def safe(text: object) -> str:
    """The text, escaped unless it is HTML already; lazy words in the language of the page."""
    if type(text) is str:  # nearly every cell: without the detour for lazy words and for HTML
        return html.escape(text)
    return conditional_escape(text)  # type: ignore[arg-type]


@cache
def light_icon(key: str) -> SafeString:
    """The shape of a light alone, hidden from screen readers: the word must stand beside it."""
    shape = light_of(key)
    return format_html(
        '<svg class="light-icon light-{}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">{}</svg>',
        shape.key,
        mark_safe(shape.shape),  # noqa: S308 (our own drawing)
    )


def light(key: str, word: object = "") -> SafeString:
    """Shape and word in the light's colour; `word` replaces the light's own."""
    shape = light_of(key)
    return format_html(
        '<span class="light light-{}" title="{}">{}<span class="light-word">{}</span></span>',
        shape.key,
        shape.meaning,
        light_icon(key),
        word or shape.word,
    )


def table(of: Table, *, cards: bool) -> SafeString:
    """The table with its caption and notes; on a phone each row becomes a card where `cards`."""
    caption = safe(of.caption)
    region = "" if cards else f' tabindex="0" role="region" aria-label="{caption}"'
    hidden = ' class="visually-hidden"' if of.caption_hidden else ""
    head = "".join(
        f'<th scope="col"{_CLASSES["number"] if c.kind == "number" else ""}>{safe(c.title)}</th>' for c in of.columns
    )
    columns = [(c, *_around(c)) for c in of.columns]
    rows = [
        "<tr>"
        + "".join(f"{begin}{_inside(cell)}{end}" for (_c, begin, end), cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in of.rows
    ]
    none = f'<tr class="none"><td colspan="{len(of.columns)}">{safe(of.empty or _("没有数据"))}</td></tr>'
    notes = "".join(f"<li>{safe(note)}</li>" for note in of.notes)
    return mark_safe(  # noqa: S308 (every text above is escaped)
        f'<div class="table-box"{region}>\n<table class="data{" cards" if cards else ""}">\n'
        f"<caption{hidden}>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + ("\n".join(rows) or none)
        + "\n</tbody>\n</table>\n"
        + (f'<ul class="table-notes">{notes}</ul>\n' if notes else "")
        + "</div>\n"
    )


def _around(column: Column) -> tuple[str, str]:
    """What begins and ends a cell of a column."""
    tag, scope = ("th", ' scope="row"') if column.head else ("td", "")
    kind = _CLASSES.get(column.kind, "")
    return f'<{tag}{scope}{kind} data-label="{safe(column.title)}"><div class="cell">', f"</div></{tag}>"


def _inside(cell: Cell) -> str:
    if cell.light:
        made = str(light(cell.light, cell.text))
    elif cell.href:
        made = f'<a href="{safe(cell.href)}">{safe(cell.text)}</a>'
    else:
        made = str(safe(cell.text))
    if cell.picture:
        made += f" {safe(cell.picture)}"
    if cell.note:
        made += f'<span class="note">{safe(cell.note)}</span>'
    for flag in cell.flags:
        made += f'<span class="flag">{safe(flag)}</span>'
    return made
