"""What the outline of a paper yields before units, dates and targets are read: raw actions and tasks, texts beside them."""

from __future__ import annotations

from dataclasses import dataclass, field

from luoshi.plans.outline import Node
from luoshi.plans.running_text import Piece


@dataclass
class RawTask:
    """A task before its units and deadline are read."""

    number: str | None
    title: str
    piece: Piece
    action: int | None
    node: Node | None = None
    weak: bool = False
    flags: list[str] = field(default_factory=list)
    schedule: bool = False
    group: int | None = None
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class RawAction:
    """A group of tasks."""

    number: str | None
    title: str
    start: int
    end: int
    kind: str = ""


@dataclass
class Structure:
    """What the outline yields. `loose` are texts outside tasks that may hold targets (goals, introductions);
    `background` tells how things stand and promises nothing (`told` holds the headings of its parts); `advice`
    is what the plan tells persons and families to do."""

    actions: list[RawAction] = field(default_factory=list)
    tasks: list[RawTask] = field(default_factory=list)
    safeguards: list[RawTask] = field(default_factory=list)
    loose: list[Piece] = field(default_factory=list)
    background: list[Piece] = field(default_factory=list)
    closing: list[Piece] = field(default_factory=list)
    advice: list[Piece] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def join(parts: list[Structure]) -> Structure:
    """The structures of several papers of one file as one, in order."""
    whole = Structure()
    for part in parts:
        shift, groups = len(whole.actions), max((task.group or 0 for task in whole.tasks), default=0)
        for task in [*part.tasks, *part.safeguards]:
            task.action = None if task.action is None else task.action + shift
            task.group = None if task.group is None else task.group + groups
        whole.actions += part.actions
        whole.tasks += part.tasks
        whole.safeguards += part.safeguards
        whole.loose += part.loose
        whole.background += part.background
        whole.closing += part.closing
        whole.advice += part.advice
        whole.told += part.told
    return whole
