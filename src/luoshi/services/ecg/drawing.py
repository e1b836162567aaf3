"""A tracing on ECG paper: 25 mm/s, 10 mm/mV, one unit of the drawing is a hundredth of a millimetre.

Twelve leads stand as three rows of four columns with a rhythm strip below, 2.5 s a column; anything else one lead a row,
10 s wide. The SVG is A4 across and says so in millimetres, so it prints true to scale; a pulse of 1 mV stands before each
row. Every sample is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from luoshi.services.ecg.waveforms import STANDARD, Tracing

SPEED, GAIN = 25, 10  # mm/s, mm/mV
WIDTH, HEIGHT = 297, 210  # mm, A4 across
_LEFT, _TOP, _SECONDS = 30, 32, 10
_COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))


def svg(tracing: Tracing, *, start: float = 0.0, heading: Sequence[str] = (), title: str = "ECG") -> str:
    """The drawing of ten seconds from `start`. `heading`: up to three lines above it; `title`: for screen readers."""
    twelve = set(STANDARD) <= set(tracing.leads)
    # (lead, left edge in mm, seconds from, seconds to, row)
    pieces: list[tuple[str, float, float, float, int]] = []
    if twelve:
        for column, names in enumerate(_COLUMNS):
            for row, name in enumerate(names):
                pieces.append((name, _LEFT + column * 62.5, column * 2.5, (column + 1) * 2.5, row))
        pieces.append(("II", _LEFT, 0, _SECONDS, 3))
        rows = 4
    else:
        rows = min(len(tracing.leads), 8)
        pieces = [(name, _LEFT, 0, _SECONDS, row) for row, name in enumerate(tracing.leads[:rows])]
    pitch = (HEIGHT - _TOP - 12) / max(rows, 4)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ecg" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}"'
        f' width="{WIDTH}mm" height="{HEIGHT}mm" viewBox="0 0 {WIDTH * 100} {HEIGHT * 100}">',
        _grid(),
        '<g font-family="sans-serif" font-size="330" fill="#111">',
    ]
    for n, line in enumerate(heading[:3]):
        parts.append(f'<text x="1500" y="{900 + n * 600}">{escape(line)}</text>')
    parts.append(f'<text x="1500" y="{HEIGHT * 100 - 350}">{SPEED} mm/s&#160; {GAIN} mm/mV</text></g>')
    parts.append('<g fill="none" stroke="#111" stroke-width="25" stroke-linejoin="round" stroke-linecap="round">')
    for row in range(rows):
        middle = round((_TOP + pitch * (row + 0.5)) * 100)
        parts.append(f'<path class="pulse" d="M2000 {middle}h150v-{GAIN * 100}h500v{GAIN * 100}h150"/>')
    labels = []
    for name, left, first, last, row in pieces:
        base = (_TOP + pitch * (row + 0.5)) * 100
        drawn = _path(tracing, name, left * 100, base, start + first, start + last)
        if drawn:
            parts.append(f'<path class="lead" data-lead="{escape(name)}" d="{drawn}"/>')
        labels.append(f'<text x="{left * 100 + 60:.0f}" y="{base - 1150:.0f}">{escape(name)}</text>')
    parts.append("</g>")
    parts.append(
        f'<g font-family="sans-serif" font-size="330" font-weight="bold" fill="#111">{"".join(labels)}</g></svg>'
    )
    return "".join(parts)


def _grid() -> str:
    """Millimetre lines, every fifth thicker."""
    fine = "".join(f"M{x * 100} 0V{HEIGHT * 100}" for x in range(WIDTH + 1) if x % 5)
    fine += "".join(f"M0 {y * 100}H{WIDTH * 100}" for y in range(HEIGHT + 1) if y % 5)
    thick = "".join(f"M{x * 100} 0V{HEIGHT * 100}" for x in range(0, WIDTH + 1, 5))
    thick += "".join(f"M0 {y * 100}H{WIDTH * 100}" for y in range(0, HEIGHT + 1, 5))
    return (
        f'<rect width="{WIDTH * 100}" height="{HEIGHT * 100}" fill="#fffafa"/>'
        f'<path d="{fine}" stroke="#f7cccc" stroke-width="8"/><path d="{thick}" stroke="#ee9a9a" stroke-width="16"/>'
    )


def _path(tracing: Tracing, name: str, left: float, middle: float, first: float, last: float) -> str:
    """The line of a lead from `first` to `last` seconds; a gap where there is no signal."""
    signal = tracing.lead(name)
    assert signal is not None
    start, end = round(first * tracing.frequency), round(last * tracing.frequency)
    piece = signal[start:end]
    if not len(piece):
        return ""
    across = np.round(left + np.arange(len(piece)) / tracing.frequency * SPEED * 100).astype(int)
    known = np.isfinite(piece)
    down = np.round(middle - np.nan_to_num(piece) * GAIN * 100).astype(int)
    words: list[str] = []
    pen = False
    px = py = 0
    for x, y, there in zip(across.tolist(), down.tolist(), known.tolist(), strict=True):
        if not there:
            pen = False
        elif pen:
            words.append(f"{x - px} {y - py}")
        else:
            words.append(f"M{x} {y}l0 0")
            pen = True
        px, py = x, y
    return " ".join(words)
