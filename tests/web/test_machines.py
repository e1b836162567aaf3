"""What holds for every state machine of the project, whoever wrote it."""

from __future__ import annotations

from luoshi.kernel.machine import CLOCK
from luoshi.platform.access.roles import role_book
from luoshi.web.manifest import machines


def test_names_are_unique():
    names = [machine.name for machine in machines()]
    assert len(names) == len(set(names))


def test_every_move_is_somebodys():
    book = role_book()
    held = {permission for role in book.roles.values() for permission in role.permissions}
    for machine in machines():
        for move in machine.moves:
            assert move.by == CLOCK or move.by in held, f"{machine.name}.{move.name}: nobody holds {move.by!r}"


def test_every_word_stands_in_both_languages():
    for machine in machines():
        words = [*machine.states.values(), *((m.label, m.label_en) for m in machine.moves)]
        for chinese, english in [(machine.title, machine.title_en), *words]:
            assert chinese, machine.name
            assert english, machine.name
            assert english.isascii(), english
