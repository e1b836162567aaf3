"""Every machine of the project through the one function that moves things: by whom it may, once, with an audit row."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK, Machine
from luoshi.platform.audit.models import Entry
from luoshi.platform.moving import advance
from luoshi.web.manifest import machines

MACHINES = list(machines())


class Shelf:
    """Stands in for a table with one row: changes it only where it still is in the state that was seen."""

    def __init__(self, state: str) -> None:
        self.state = state

    def filter(self, *, pk: int, state: str) -> Shelf:
        self.found = state == self.state
        return self

    def update(self, *, state: str) -> int:
        self.state = state if self.found else self.state
        return int(self.found)


def seen(shelf: Shelf) -> Any:
    """The row as one reader holds it."""
    return type("Row", (), {"pk": 1, "state": shelf.state, "_default_manager": shelf})()


def everything(machine: Machine) -> dict[str, Any]:
    return {what: "x" for move in machine.moves for what in move.needs}


@pytest.mark.django_db
@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_only_declared_moves_by_those_they_belong_to(machine: Machine) -> None:
    holders = sorted({move.by for move in machine.moves} | {CLOCK, "nothing"})
    names = sorted({move.name for move in machine.moves} | {"vanish"})
    made = Entry.objects.count()
    for state, name, held in product(machine.states, names, holders):
        shelf = Shelf(state)
        move = next((m for m in machine.moves if m.name == name and state in m.sources and m.by == held), None)
        if move is None:
            with pytest.raises(Refused):
                advance(seen(shelf), machine, name, by="a", permissions={held}, given=everything(machine))
            assert shelf.state == state
            continue
        if move.needs:
            with pytest.raises(Refused):
                advance(seen(shelf), machine, name, by="a", permissions={held})
            assert shelf.state == state
        assert advance(seen(shelf), machine, name, by="a", permissions={held}, given=everything(machine)) == move.target
        assert shelf.state == move.target
        made += 1
    assert Entry.objects.count() == made


@pytest.mark.django_db
@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_of_two_who_saw_the_same_one_moves_it(machine: Machine) -> None:
    everybody = {move.by for move in machine.moves}
    for state in machine.states:
        moves = [m for m in machine.moves if state in m.sources and m.target != state]
        for first, second in product(moves, moves):
            shelf = Shelf(state)
            one, two = seen(shelf), seen(shelf)
            advance(one, machine, first.name, by="a", permissions=everybody, given=everything(machine))
            with pytest.raises(Refused):
                advance(two, machine, second.name, by="b", permissions=everybody, given=everything(machine))
            assert shelf.state == first.target
