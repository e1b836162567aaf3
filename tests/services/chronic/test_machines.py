"""The three machines: every move asked of every state by everybody, and two who move at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK, Machine
from luoshi.platform.audit.models import Entry
from luoshi.platform.moving import advance
from luoshi.services.chronic import rules
from luoshi.services.chronic.models import Conflict, Enrolment, Pack

HOLDERS: tuple[frozenset[str], ...] = (
    frozenset(), frozenset({"chronic.read"}), frozenset({"chronic.visit"}), frozenset({"chronic.visit", "chronic.manage"}),
    frozenset({CLOCK}),
)  # fmt: skip
GIVEN = {"reason": "moved", "basis": "b", "since": "2025-01-01"}


def _row(machine: Machine, state: str) -> Any:
    if machine is rules.ENROLMENT:
        return Enrolment.objects.create(person=1, programme="copd", state=state, by="x", at=clock.now())
    code = f"P{Pack.objects.count()}"
    pack = Pack.objects.create(code=code, state=state if machine is rules.PACK else "out", by="x", made=clock.now(),
                               expires=clock.today(), persons=1, key="k")  # fmt: skip
    if machine is rules.PACK:
        return pack
    return Conflict.objects.create(pack=pack, person=1, kind="field", key="k", state=state, at=clock.now())


@pytest.mark.django_db
@pytest.mark.parametrize("machine", [rules.ENROLMENT, rules.PACK, rules.CONFLICT], ids=lambda m: m.name)
def test_nobody_moves_what_they_may_not(machine: Machine) -> None:
    names = {move.name for move in machine.moves}
    for state in machine.states:
        for name in names:
            move = next((m for m in machine.moves if m.name == name and state in m.sources), None)
            for holds in HOLDERS:
                with transaction.atomic():
                    row = _row(machine, state)
                    written = Entry.objects.count()
                    if move is not None and move.by in holds:
                        assert advance(row, machine, name, by="x", permissions=holds, given=GIVEN) == move.target
                        assert Entry.objects.count() == written + 1
                    else:
                        with pytest.raises(Refused):
                            advance(row, machine, name, by="x", permissions=holds, given=GIVEN)
                        row.refresh_from_db()
                        assert row.state == state
                        assert Entry.objects.count() == written
                    if move is not None and move.needs and move.by in holds:
                        row = type(row).objects.get(pk=row.pk)
                        type(row).objects.filter(pk=row.pk).update(state=state)
                        row.state = state
                        with pytest.raises(Refused):
                            advance(row, machine, name, by="x", permissions=holds)
                    transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("machine", [rules.ENROLMENT, rules.PACK, rules.CONFLICT], ids=lambda m: m.name)
def test_of_two_at_once_one_wins(machine: Machine) -> None:
    """Both saw the same state; the second to write is told."""
    for move in machine.moves:
        for state in move.sources:
            if move.target == state:
                continue  # bringing a pack back again stays where it is
            with transaction.atomic():
                one = _row(machine, state)
                two = type(one).objects.get(pk=one.pk)
                advance(one, machine, move.name, by="x", permissions={move.by}, given=GIVEN)
                with pytest.raises(Refused):
                    advance(two, machine, move.name, by="y", permissions={move.by}, given=GIVEN)
                transaction.set_rollback(True)
