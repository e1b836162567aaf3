"""What a paper says of a promise, in sentences made of its numbers: how far it is, who is behind, why, what to expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from luoshi.kernel.comparator import Threshold
from luoshi.supervision import sources
from luoshi.supervision.bulletins.standing_of import Board, figure
from luoshi.supervision.papers.contents import Field, Shown
from luoshi.supervision.papers.layout import chinese_day
from luoshi.supervision.sources import Standing
from luoshi.web import numbers

MOST_PLACES, MOST_REASONS, MOST_READ = 3, 3, 2000
Piece = str | Shown


def of_target(board: Board, s: Standing, number: int, *, reasons: bool = True) -> Field:
    """One paragraph about a promise that is not kept: value against promise, who is furthest behind, why people are not
    counted, what is to be expected, who leads."""
    parts: list[Piece] = [f"{number}. {s.promise.metric}。", *_where(s)]
    parts += _furthest(board, s)
    if reasons and s.people:
        parts += _why(board, s)
    if s.forecast and s.forecast.words:
        parts.append(s.forecast.words)
    lead = [unit.name for unit in s.promise.units if unit.lead] or [unit.name for unit in s.promise.units][:1]
    if lead:
        parts.append(f"牵头单位：{'、'.join(lead)}。")
    return tuple(parts)


def _where(s: Standing) -> list[Piece]:
    goal = f"（目标{s.promise_text}）"
    if s.value is None:
        return [f"{s.why}{goal}。"]
    fraction = f"，{s.fraction_text}" if s.fraction_text else ""
    parts: list[Piece] = ["完成", figure(s), f"{goal[:-1]}{fraction}）"]
    away = distance(s.value, s.threshold, s.unit)
    if away:
        parts.append(f"，{away}")
    if s.expected is not None and s.elapsed is not None and s.better in ("higher", "lower"):
        parts.append(f"，按应有进度此时应为{numbers.quantity(s.expected, s.unit)}")
    if s.people:
        over = s.threshold.op in ("<=", "<")
        parts.append(f"，{'超出' if over else '还差'}{numbers.number(s.people)}{_counted(s)}")
    if s.moved:
        parts.append(f"，比上月{'升' if s.moved > 0 else '降'}{_points(abs(s.moved), s.unit)}")
    return [*parts, "。"]


def _counted(s: Standing) -> str:
    """What is counted: people where a rate is of people; else the unit of the promise."""
    return "人" if s.unit in ("%", "‰") else numbers.unit(s.unit)


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
        if place.people:
            parts.append(f"（差{numbers.number(place.people)}{_counted(place)}）")
    if len(late) > MOST_PLACES:
        parts.append(f"等{len(late)}地")
    return [*parts, "。"]


def _why(board: Board, s: Standing) -> list[Piece]:
    """The reasons of those not counted, the most frequent first; nothing where they are few or not known."""
    gaps, total = sources.get().missed(
        s.target, scope=board.wanted.scope, division=board.wanted.division, limit=MOST_READ
    )
    found = Counter(gap.reason.strip() for gap in gaps if gap.reason.strip())
    if not gaps or not found:
        return []
    least = 5  # a reason of fewer people is not told on a paper that leaves the house
    common = [(words, n) for words, n in found.most_common(MOST_REASONS) if n >= least]
    if not common:
        return []
    read = len(gaps)
    head = (
        f"未计入的{numbers.number(total)}{_counted(s)}中，"
        if read == total
        else f"抽取未计入的{numbers.number(read)}{_counted(s)}，"
    )
    return [head, "、".join(f"“{_plain(words)}”的{numbers.number(n)}{_counted(s)}" for words, n in common), "。"]


def _plain(words: str) -> str:
    return words.replace(",", "，").replace(" ", "").rstrip("。")


def kept(standings: Sequence[Standing]) -> tuple[Field, ...]:
    """The promises that are kept, in one paragraph."""
    if not standings:
        return ()
    parts: list[Piece] = []
    for n, s in enumerate(standings):
        parts += ["；" if n else "", s.promise.metric, figure(s), f"（目标{s.promise_text}）"]
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
    groups: dict[str, list[Standing]] = {}
    for s in standings:
        groups.setdefault(s.why.rstrip("。"), []).append(s)
    found: list[Field] = []
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    for n, (why, several) in enumerate(ordered, 1):
        names = "、".join(dict.fromkeys(s.promise.metric for s in several))
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
