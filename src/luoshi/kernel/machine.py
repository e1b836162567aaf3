"""State machines as data: the states of a thing, the moves between them, who may make each, and what must come with it.

A machine is checked when it is made: every state can be reached and left (except the final ones), every move leads
somewhere known. `move` answers what a move leads to or raises `Refused`; `mermaid` draws the machine, so that no
diagram is drawn by hand. Storing the new state safely is `luoshi.platform.moving`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from luoshi.kernel.errors import Refused

CLOCK = "clock"  # stands for a permission where time makes the move, not a person


@dataclass(frozen=True)
class Move:
    """One way from some states to another.

    `by` is the permission that may make it, or `CLOCK`; `needs` names what must come with it (`reason`, `evidence` …).
    """

    name: str
    sources: tuple[str, ...]
    target: str
    by: str
    label: str
    label_en: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """The states (name -> Chinese and English), the first one, the final ones and the moves of one kind of thing.

    Raises `ValueError` when it is made with an unknown state, two moves of one name out of one state, a state that
    cannot be reached, a final state with a way out, or a state from which no final state can be reached.
    """

    name: str
    title: str
    title_en: str
    states: Mapping[str, tuple[str, str]]
    start: str
    final: frozenset[str]
    moves: tuple[Move, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        named = {self.start, *self.final}
        named.update(state for move in self.moves for state in (*move.sources, move.target))
        if unknown := named - set(self.states):
            raise ValueError(f"{self.name}: unknown states {sorted(unknown)}")
        seen: set[tuple[str, str]] = set()
        for move in self.moves:
            for source in move.sources:
                if source in self.final:
                    raise ValueError(f"{self.name}: {move.name} leaves the final state {source}")
                if (source, move.name) in seen:
                    raise ValueError(f"{self.name}: two moves {move.name} out of {source}")
                seen.add((source, move.name))
        forward = [(source, move.target) for move in self.moves for source in move.sources]
        if lost := set(self.states) - _spread({self.start}, forward):
            raise ValueError(f"{self.name}: no way to {sorted(lost)}")
        if stuck := set(self.states) - _spread(self.final, [(target, source) for source, target in forward]):
            raise ValueError(f"{self.name}: no way out of {sorted(stuck)}")

    def move(self, state: str, name: str) -> Move:
        """The move of that name out of a state. Raises `Refused` where there is none, naming what is possible."""
        for move in self.moves:
            if move.name == name and state in move.sources:
                return move
        possible = ", ".join(m.name for m in self.moves if state in m.sources and m.by != CLOCK)
        raise Refused(
            f"there is no move {name!r} out of {state!r}.", where=self.name, todo=f"Possible: {possible or 'none'}."
        )

    def offered(self, state: str, permissions: Collection[str]) -> list[Move]:
        """The moves a holder of `permissions` may make out of a state, in the order they are declared."""
        return [m for m in self.moves if state in m.sources and m.by in permissions]

    def mermaid(self, *, english: bool = False) -> str:
        """The machine as a Mermaid state diagram, a line per state and move."""
        lines = ["stateDiagram-v2", f"    [*] --> {_id(self.start)}"]
        lines += [f"    {_id(name)}: {words[english]}" for name, words in self.states.items()]
        for move in self.moves:
            label = move.label_en if english else move.label
            who = ("clock" if english else "到时自动") if move.by == CLOCK else move.by
            lines += [f"    {_id(source)} --> {_id(move.target)}: {label} ({who})" for source in move.sources]
        lines += [f"    {_id(name)} --> [*]" for name in self.states if name in self.final]
        return "\n".join(lines)


def _id(name: str) -> str:
    return name.replace("-", "_")


def _spread(start: Iterable[str], steps: Iterable[tuple[str, str]]) -> set[str]:
    """Every state that can be reached from `start` along the steps."""
    found, steps = set(start), list(steps)
    while more := {target for source, target in steps if source in found} - found:
        found |= more
    return found
