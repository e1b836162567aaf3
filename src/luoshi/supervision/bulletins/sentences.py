"""What a paper says of a promise, in sentences made of its numbers: how far it is, who is behind, why, what to expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from luoshi.indicators import Catalogue
from luoshi.kernel.comparator import Threshold
from luoshi.platform.lake import results
from luoshi.supervision.bulletins.standing_of import Board, figure, goal, month, noun, over
from luoshi.supervision.papers.contents import Field, Shown
from luoshi.supervision.papers.layout import chinese_day
from luoshi.supervision.sources import Standing
from luoshi.web import numbers

MOST_PLACES, MOST_REASONS, MOST_READ = 3, 3, 2000
LEAST_TOLD = 5  # a reason of fewer people is not told on a paper that leaves the house
Piece = str | Shown


def of_target(board: Board, s: Standing, number: int, *, reasons: bool = True) -> Field:
    """One paragraph about a promise that is not kept: value against promise, who is furthest behind, why people are not
    counted, what is to be expected, who leads."""
    parts: list[Piece] = [f"{number}. {s.promise.metric}", *_where(s)]
    parts += _furthest(board, s)
    if reasons and s.people:
        parts += _why(board, s)
    parts.append(_expected(s))
    lead = [unit.name for unit in s.promise.units if unit.lead] or [unit.name for unit in s.promise.units][:1]
    if lead:
        parts.append(f"牵头单位：{'、'.join(lead)}。")
    return tuple(part for part in parts if part)


def _where(s: Standing) -> list[Piece]:
    if s.value is None:
        return [f"：{s.why}（{goal(s)}）。"]
    fraction = f"，{s.fraction_text}" if s.fraction_text else ""
    parts: list[Piece] = [f"{month(s)}为", figure(s), f"（{goal(s)}{fraction}）"]
    away = distance(s.value, s.threshold, s.unit)
    if away:
        parts.append(f"，{away}")
    if s.expected is not None and s.elapsed is not None and s.better in ("higher", "lower"):
        parts.append(f"，按应有进度此时应为{numbers.quantity(s.expected, s.unit)}")
    if s.people and noun(s):
        above = s.threshold.op in ("<=", "<")
        parts.append(f"，{'超出' if above else '还差'}{numbers.number(s.people)}{noun(s)}")
    if s.moved:
        parts.append(f"，比上月{'升' if s.moved > 0 else '降'}{_points(abs(s.moved), s.unit)}")
    return [*parts, "。"]


def _expected(s: Standing) -> str:
    """What the forecast says, with its interval where it has a width."""
    found = s.forecast
    if found is None:
        return ""
    value, low, high = (
        numbers.quantity(v, s.unit).replace(" ", "").replace("-", "−") for v in (found.value, found.low, found.high)
    )
    between = f"（{low}至{high}）" if found.low is not None and found.high is not None and low != high else ""
    ending = {"likely": "预计可以达到目标", "open": "能否达到目标还不能断定", "unlikely": "预计达不到目标"}[
        found.reaches
    ]
    return f"照目前走势，到{chinese_day(found.day)}约为{value}{between}，{ending}。"


def _points(value: float, unit: str) -> str:
    return f"{numbers.number(value)}{'个百分点' if unit == '%' else numbers.unit(unit)}"


def distance(value: float, threshold: Threshold, unit: str) -> str:
    """`低于目标3.2个百分点`; empty where the promise is kept or is a range."""
    if threshold.op == "between" or threshold.met_by(value):
        return ""
    away = value - threshold.value
    return f"{'高于' if away > 0 else '低于'}目标{_points(abs(away), unit)}" if away else ""


def _furthest(board: Board, s: Standing) -> list[Piece]:
    """The places below that are furthest behind."""
    late = [p for p in board.places(s.target) if p.light in ("red", "yellow") and p.value is not None]
    late.sort(key=lambda p: (-p.gap, p.division))
    if not late:
        return []
    parts: list[Piece] = ["差距较大的是"]
    for n, place in enumerate(late[:MOST_PLACES]):
        parts += ["、" if n else "", place.place, figure(place)]
        if place.people and noun(place):
            parts.append(f"（差{numbers.number(place.people)}{noun(place)}）")
    if len(late) > MOST_PLACES:
        parts.append(f"等{len(late)}地")
    return [*parts, "。"]


def _why(board: Board, s: Standing) -> list[Piece]:
    """The reasons of those not counted, the most frequent first; nothing where they are few or not known."""
    period, found = over(s), Catalogue.load().indicators.get(s.promise.indicator)
    if period is None or found is None or found.kind != "ratio" or not found.computed:
        return []
    rows, total = results.missed(
        found.id, period, scope=board.wanted.scope, division=board.wanted.division, limit=MOST_READ
    )
    said = Counter(row.reason.strip() for row in rows if row.reason.strip())
    common = [(words, n) for words, n in said.most_common(MOST_REASONS) if n >= LEAST_TOLD]
    if not common:
        return []
    word = noun(s)
    head = f"未计入的{numbers.number(total)}{word}中，"
    if len(rows) < total:
        head = f"未计入的{numbers.number(total)}{word}中查看了{numbers.number(len(rows))}{word}，其中"
    return [head, "、".join(f"“{_plain(words)}”的{numbers.number(n)}{word}" for words, n in common), "。"]


def _plain(words: str) -> str:
    return words.replace(",", "，").replace(" ", "").rstrip("。")


def kept(standings: Sequence[Standing]) -> tuple[Field, ...]:
    """The promises that are kept, in one paragraph."""
    if not standings:
        return ()
    parts: list[Piece] = []
    for n, s in enumerate(standings):
        parts += ["；" if n else "", s.promise.metric, figure(s), f"（{goal(s)}）"]
    return ((*parts, "。"),)


def moved(standings: Sequence[Standing], most: int = 8) -> tuple[Field, ...]:
    """What changed most against the month before, each relative to its promise."""
    changed = [s for s in standings if s.moved and s.value is not None]
    changed.sort(key=lambda s: (-abs(s.moved or 0) / (abs(s.promise.value) or 1), s.target))
    parts: list[Piece] = []
    for n, s in enumerate(changed[:most]):
        move = s.moved or 0.0
        parts += [
            "；" if n else "",
            s.promise.metric,
            figure(s),
            f"，比上月{'升' if move > 0 else '降'}{_points(abs(move), s.unit)}",
        ]
    return ((*parts, "。"),) if parts else ()


def not_judged(standings: Sequence[Standing]) -> tuple[Field, ...]:
    """What cannot be judged, by what is missing: one paragraph for each reason, the one of most promises first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for s in standings:
        why, _colon, what = s.why.rstrip("。").partition("：")
        groups.setdefault(why, []).append((s.promise.metric, what))
    found: list[Field] = []
    for n, (why, several) in enumerate(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])), 1):
        names = "、".join(f"{metric}（{what}）" if what else metric for metric, what in dict.fromkeys(several))
        found.append(f"{n}. {why}（{len(several)}项）：{names}。")
    return tuple(found)


def of_places(board: Board) -> tuple[Field, ...]:
    """Which places have the most late promises, and which none."""
    counts = {
        code: (sum(s.light == "red" for s in found), sum(s.light == "yellow" for s in found))
        for code, found in board.below.items()
    }
    late = sorted(
        (code for code in counts if counts[code][0]), key=lambda code: (-counts[code][0], -counts[code][1], code)
    )
    clean = [board.names.get(code, code) for code, (red, yellow) in counts.items() if not red and not yellow]
    found: list[Field] = []
    if late:
        words = "，".join(f"{board.names.get(code, code)}{counts[code][0]}项" for code in late[:5])
        found.append(f"有滞后目标的{len(late)}地，最多的是：{words}。")
    if clean:
        found.append(f"没有滞后和偏慢目标的{len(clean)}地：{'、'.join(clean)}。")
    return tuple(found)


def day_words(board: Board) -> str:
    """The last day data were heard of, in words."""
    return chinese_day(board.until) if board.until else "（尚无数据）"
