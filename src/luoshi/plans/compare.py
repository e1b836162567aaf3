"""Two plans side by side: 对标 against the plan above or a neighbour's, and what an amended text changed promise by promise.

Pure. `align` reads `reference` as what is asked and `ours` as what is promised; `amend` reads `before` and `after` as two
texts of the same plan and says where progress can be carried over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from luoshi.kernel.comparator import Op
from luoshi.plans.frames import falls
from luoshi.plans.likeness import likeness
from luoshi.plans.model import Plan, Target

AlignmentKind = Literal[
    "kept", "stronger", "weaker", "deadline-slipped", "redefined", "contradictory", "dropped", "new"
]
ChangeKind = Literal["same", "changed", "added", "removed"]
Better = Literal["higher", "lower", "band"]

_SAME, _RELATED = 0.72, 0.55


@dataclass(frozen=True)
class Alignment:
    """One promise of either plan and what became of it. `ours` or `reference` is None where it stands in one plan only.

    `reason` says it in Chinese, `reason_en` in English; `likeness` from 0 to 1 how alike the two names are.
    """

    kind: AlignmentKind
    ours: Target | None
    reference: Target | None
    reason: str
    reason_en: str
    likeness: float = 1.0


@dataclass(frozen=True)
class Change:
    """One promise of an amended plan: `fields` name what changed (value, op, unit, deadline, metric, force, scope)."""

    kind: ChangeKind
    before: Target | None
    after: Target | None
    fields: tuple[str, ...] = ()
    reason: str = ""
    reason_en: str = ""


@dataclass(frozen=True)
class Amendment:
    """All changes, and which new target takes over the progress of which old one (old id → new id)."""

    changes: tuple[Change, ...]
    carried: Mapping[str, str] = field(default_factory=dict)


def align(
    ours: Plan,
    reference: Plan,
    *,
    better: Callable[[Target], Better | None] | None = None,
    same: Callable[[Target, Target], bool] | None = None,
) -> list[Alignment]:
    """How every promise of `reference` fares in `ours`, then contradictions inside `ours`, then what only `ours` promises.

    `better` may say in which direction a target improves (from its bound indicator); without it the print decides:
    a ceiling or a falling measure (死亡率, 平均住院日) is better lower. `same` may say that two targets are bound to one
    indicator, whatever their names.
    """
    direction = better or (lambda _: None)
    pairs = _pairs(reference.targets, ours.targets, same)
    out: list[Alignment] = []
    used: set[int] = set()
    for place, target in enumerate(reference.targets):
        if place not in pairs:
            out.append(
                Alignment(
                    "dropped", None, target, f"上级要求“{_said(target)}”,本方案未承诺",
                    f"“{_said(target)}” is asked and not promised.",
                )
            )  # fmt: skip
            continue
        index, score = pairs[place]
        used.add(index)
        out.append(_judge(ours.targets[index], target, score, direction))
    out.extend(_contradictions(ours.targets))
    out.extend(
        Alignment("new", target, None, f"本方案新增“{_said(target)}”", f"“{_said(target)}” is promised here only.")
        for index, target in enumerate(ours.targets)
        if index not in used
    )
    return out


def amend(before: Plan, after: Plan) -> Amendment:
    """The difference of two texts of one plan, promise by promise, in the order of the new text, removed ones last."""
    pairs = _pairs(before.targets, after.targets, None, strict=False)
    by_new = {index: place for place, (index, _) in pairs.items()}
    changes: list[Change] = []
    carried: dict[str, str] = {}
    for index, target in enumerate(after.targets):
        if index not in by_new:
            changes.append(Change("added", None, target, (), f"新增“{_said(target)}”", f"“{_said(target)}” was added."))
            continue
        old = before.targets[by_new[index]]
        carried[old.id] = target.id
        fields = _changed_fields(old, target)
        if not fields:
            changes.append(Change("same", old, target))
            continue
        changes.append(
            Change(
                "changed", old, target, fields, f"“{_said(old)}”改为“{_said(target)}”",
                f"“{_said(old)}” became “{_said(target)}”.",
            )
        )  # fmt: skip
    gone = set(range(len(before.targets))) - set(pairs)
    changes.extend(
        Change(
            "removed",
            before.targets[i],
            None,
            (),
            f"删去“{_said(before.targets[i])}”",
            f"“{_said(before.targets[i])}” was removed.",
        )
        for i in sorted(gone)
    )
    return Amendment(tuple(changes), carried)


def _pairs(
    left: list[Target], right: list[Target], same: Callable[[Target, Target], bool] | None, *, strict: bool = True
) -> dict[int, tuple[int, float]]:
    """The best one-to-one pairing, greedy by likeness; a shared indicator counts as full likeness, an equal deadline,
    value or unit breaks ties. Bounded by 2,000 targets on each side."""
    ranked: list[tuple[float, float, int, int]] = []
    for i, one in enumerate(left[:2000]):
        for j, other in enumerate(right[:2000]):
            score = 1.0 if same is not None and same(one, other) else likeness(one.metric, other.metric)
            if score < _RELATED:
                continue
            if score < _SAME and one.unit != other.unit and strict:
                continue
            bonus = 0.05 * (one.deadline == other.deadline) + 0.03 * (one.unit == other.unit)
            bonus += 0.02 * (one.value == other.value) + 0.04 * (one.scope == other.scope)
            ranked.append((score + bonus, score, i, j))
    ranked.sort(key=lambda r: (-r[0], r[2], r[3]))
    out: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for _, score, i, j in ranked:
        if i not in out and j not in taken:
            out[i] = (j, score)
            taken.add(j)
    return out


def _judge(ours: Target, asked: Target, score: float, better: Callable[[Target], Better | None]) -> Alignment:
    """What became of an asked promise in ours."""

    def answer(kind: AlignmentKind, reason: str, reason_en: str) -> Alignment:
        return Alignment(kind, ours, asked, reason, reason_en, score)

    said, wanted = _said(ours), _said(asked)
    if not _comparable(ours, asked):
        return answer(
            "redefined", f"口径不同:上级为“{wanted}”,本方案为“{said}”",
            f"Counted differently: asked “{wanted}”, promised “{said}”.",
        )  # fmt: skip
    direction = better(asked) or better(ours) or _direction(asked, ours)
    if _opposed(ours, asked):
        return answer(
            "contradictory", f"方向相反:上级要求“{wanted}”,本方案写“{said}”",
            f"In the opposite direction: asked “{wanted}”, promised “{said}”.",
        )  # fmt: skip
    ambition = _ambition(ours, asked, direction)
    later = _later(ours.deadline, asked.deadline)
    if score < _SAME:
        return answer(
            "redefined", f"名称相近而不同:上级“{wanted}”,本方案“{said}”,须人工核对",
            f"Alike but not the same name: asked “{wanted}”, promised “{said}”; a person must check.",
        )  # fmt: skip
    if ambition < 0:
        early = "" if not _later(asked.deadline, ours.deadline) else f"(阶段目标,早于{asked.deadline}年)"
        early_en = "" if not early else f" (a milestone before {asked.deadline})"
        return answer(
            "weaker", f"低于上级要求:“{said}”<“{wanted}”{early}", f"Less than asked: “{said}” for “{wanted}”{early_en}."
        )
    if later:
        return answer(
            "deadline-slipped", f"时限晚于上级:{asked.deadline}→{ours.deadline}(“{said}”)",
            f"Later than asked: {asked.deadline} → {ours.deadline} (“{said}”).",
        )  # fmt: skip
    if ambition > 0:
        return answer("stronger", f"高于上级要求:“{said}”>“{wanted}”", f"More than asked: “{said}” for “{wanted}”.")
    return answer("kept", f"与上级一致:“{said}”", f"As asked: “{said}”.")


def _comparable(one: Target, other: Target) -> bool:
    return (
        _unit(one.unit) == _unit(other.unit)
        and one.per == other.per
        and (one.kind == "change") == (other.kind == "change")
    )


_SCALE = {"万": 10_000.0, "亿": 100_000_000.0, "万亿": 1_000_000_000_000.0}


def _unit(unit: str) -> str:
    bare = unit.lstrip("万亿")
    return {"名": "人", "位": "人", "家": "个", "所": "个"}.get(bare, bare)


def _threshold(target: Target) -> float:
    """The number that must be reached, in single units: of a range the lower end (the upper end of a ceiling)."""
    value = target.value
    number = (value[1] if target.op in ("<=", "<") else value[0]) if isinstance(value, list) else value
    magnitude = target.unit[: len(target.unit) - len(target.unit.lstrip("万亿"))]
    return number * _SCALE.get(magnitude, 1.0)


_CEILING: tuple[Op, ...] = ("<=", "<")
_FLOOR: tuple[Op, ...] = (">=", ">")


def _direction(one: Target, other: Target) -> Better:
    if one.kind == "change":
        return "higher"
    if one.op in _CEILING or other.op in _CEILING:
        return "lower"
    return "lower" if falls(one.metric) and one.op not in _FLOOR else "higher"


def _opposed(one: Target, other: Target) -> bool:
    return (one.op in _CEILING and other.op in _FLOOR) or (one.op in _FLOOR and other.op in _CEILING)


def _ambition(ours: Target, asked: Target, direction: Better) -> int:
    """-1 weaker, 0 equal, 1 stronger. A bare value and 以上 of the same number are equal; an exclusive bound is a little
    stronger than an inclusive one."""
    mine, theirs = _threshold(ours), _threshold(asked)
    if direction == "band":
        return 0 if mine == theirs else -1
    sign = 1 if direction == "higher" else -1
    if mine != theirs:
        return sign if mine > theirs else -sign
    strict = {">", "<"}
    return (ours.op in strict and asked.op not in strict) - (asked.op in strict and ours.op not in strict)


def _later(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and _day(one) > _day(other)


def _day(deadline: str) -> str:
    return deadline if len(deadline) > 4 else f"{deadline}-12-31"


def _contradictions(targets: list[Target]) -> list[Alignment]:
    """Promises of one plan that cannot both be meant: one measure, scope and deadline with two values."""
    out: list[Alignment] = []
    for i, one in enumerate(targets):
        for other in targets[i + 1 :]:
            if one.deadline != other.deadline or one.scope != other.scope or not _comparable(one, other):
                continue
            if likeness(one.metric, other.metric) < 0.97 or one.kind == "count":
                continue
            if _threshold(one) != _threshold(other) or _opposed(one, other):
                out.append(
                    Alignment(
                        "contradictory", one, other, f"同一方案前后不一:“{_said(one)}”与“{_said(other)}”",
                        f"The plan says both “{_said(one)}” and “{_said(other)}”.",
                    )
                )  # fmt: skip
    return out


def _changed_fields(old: Target, new: Target) -> tuple[str, ...]:
    watched = ("metric", "op", "value", "unit", "deadline", "baseline", "kind", "force", "scope", "per")
    return tuple(name for name in watched if getattr(old, name) != getattr(new, name))


_SIGNS: dict[Op, str] = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "", "between": ""}


def _said(target: Target) -> str:
    value = target.value
    number = f"{value[0]:g}-{value[1]:g}" if isinstance(value, list) else f"{value:g}"
    when = f"({target.deadline})" if target.deadline else ""
    return f"{target.metric} {_SIGNS[target.op]}{number}{target.unit}{when}"
