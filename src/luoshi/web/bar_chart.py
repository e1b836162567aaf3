"""Horizontal bars written as SVG, without a drawing engine.

Every look at a promise shows the places below it as bars, thirty and more, with other figures after every evaluation. The
engine that draws Vega-Lite measures each word by laying it out: half a second of processor for thirty-five bars, in which
nobody else in the process is served. Here only the margins depend on how wide words are, so an estimate will do
(docs/decisions/0111-bars-are-written-not-drawn.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from luoshi.web.inks import FONT, INK, RULE

STEP, THICK, ROUND = 32, 18, 2  # pixels: from bar to bar, of a bar, of its corners
NAME, WORDS = 14, 13  # font sizes: of the names, of the figures
GAP, EDGE = 8, 4  # between words and bars, around everything
LONGEST = 12  # characters of a name; of a longer one the beginning
# Widths of half-width characters in ems, of Noto Sans CJK; the full-width ones take one.
_EMS = {" ": 0.22, ".": 0.28, ",": 0.28, "/": 0.39, "%": 0.92, **dict.fromkeys("0123456789", 0.56)}


def drawing(
    rows: Sequence[Mapping[str, Any]], *, domain: Sequence[float], target: float | None, words: str, width: int
) -> dict[str, Any]:
    """What is to be drawn, as plain data. Rows: `name`, `value` (0 to `domain[1]`, or None), `text`, `colour`, and `href`
    where they lead somewhere; `target` with its `words` is a line across; `width` is that of the longest bar in pixels."""
    return {
        "bars": [dict(row) for row in rows],
        "domain": list(domain),
        "target": target,
        "words": words,
        "width": width,
    }


def svg(drawing: Mapping[str, Any]) -> str:
    """The bars as SVG; every text is escaped, a bar of a row with `href` is a link."""
    rows, width = drawing["bars"], drawing["width"]
    target, words = drawing["target"], str(drawing["words"])
    names = [_short(str(row["name"])) for row in rows]
    left = EDGE + GAP + max((_width(name, NAME) for name in names), default=0)
    right = EDGE + GAP + max((_width(str(row["text"]), WORDS) for row in rows), default=0)
    top = EDGE + (0 if target is None else WORDS + 1)
    high = STEP * len(rows)
    size = f"{left + width + right} {top + high + EDGE + 1}"
    across, down = size.split()
    parts = [
        f'<svg focusable="false" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'version="1.1" class="marks" width="{across}" height="{down}" viewBox="0 0 {size}">'
        f'<g transform="translate({left},{top})" font-family="{escape(FONT)}">'
    ]
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = STEP * number
        parts.append(_text(-GAP, y + 20, name, "end", NAME, INK))
        parts.append(_bar(row, drawing["domain"], width, y + (STEP - THICK) // 2))
        # Figures stand in a column of their own, where no bar and no target line crosses them.
        parts.append(_text(width + GAP, y + 20, str(row["text"]), "start", WORDS, INK))
    if target is not None:
        x = _along(target, drawing["domain"], width)
        parts.append(
            f'<line x1="{_n(x)}" x2="{_n(x)}" y1="0" y2="{high}" stroke="{RULE}" stroke-width="2" stroke-dasharray="6,3"/>'
        )
        # The words stand on the side of the line where there is room.
        late = target > drawing["domain"][1] * 0.6
        parts.append(_text(x - 5 if late else x + 5, -EDGE, words, "end" if late else "start", WORDS, RULE))
    return "".join([*parts, "</g></svg>"])


def _bar(row: Mapping[str, Any], domain: Sequence[float], width: int, y: int) -> str:
    end = _along(row["value"] or 0.0, domain, width)
    if end > ROUND:
        corner = f"a{ROUND},{ROUND} 0 0 1"
        shape = f"H{_n(end - ROUND)}{corner} {ROUND},{ROUND}v{THICK - 2 * ROUND}{corner} -{ROUND},{ROUND}H0Z"
    else:
        shape = f"h{_n(end)}v{THICK}H0Z"
    told = f'role="graphics-symbol" aria-roledescription="bar" aria-label="{escape(str(row["name"]))}"'
    path = f'<path {told} d="M0,{y}{shape}" fill="{escape(str(row["colour"]))}"/>'
    return f'<a xlink:href="{escape(str(row["href"]))}">{path}</a>' if row.get("href") else path


def _text(x: float, y: int, words: str, anchor: str, size: int, colour: str) -> str:
    place = f'x="{_n(x)}" y="{y}" text-anchor="{anchor}" font-size="{size}px" fill="{colour}"'
    return f"<text {place}>{escape(words, quote=False)}</text>"


def _along(value: float, domain: Sequence[float], width: int) -> float:
    return max(0.0, round((value - domain[0]) / (domain[1] - domain[0]) * width, 2))


def _n(pixels: float) -> str:
    """A length to the hundredth of a pixel, without what says nothing."""
    return f"{pixels:.2f}".rstrip("0").rstrip(".")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def _width(words: str, size: int) -> int:
    return round(size * sum(_EMS.get(c, 0.6 if c.isascii() else 1.0) for c in words))
