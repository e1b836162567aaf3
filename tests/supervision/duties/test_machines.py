"""Every move of every machine of duties: only by whom it belongs to, only once, never out of a final state."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import pytest
from django.db import transaction

from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK, Machine
from luoshi.platform import moving
from luoshi.platform.audit.models import Entry
from luoshi.supervision.duties import rules
from luoshi.supervision.duties.models import Duty, File, Override, Query, Report

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 11, 3, 4, tzinfo=UTC)
MACHINES = (rules.DUTY, rules.EVIDENCE, rules.OVERRIDE, rules.QUERY)
EVERY = {rules.ISSUE, rules.ACT, rules.JUDGE, CLOCK}
GIVEN = {"reason": "理由在此", "note": "说明", "ground": "依据", "answer": "说明"}


def duty(state: str = "issued") -> Duty:
    more: dict[str, Any] = {"ground": "数据达标", "closed_at": NOW} if state == "closed" else {}
    return Duty.objects.create(
        title="任务", unit_kind="division", unit_name="东溪区", unit_key=f"990101-{Duty.objects.count()}", division="990101",
        division_path="/99/9901/990101/", issuer_division="9901", issuer_path="/99/9901/", state=state, issued_by="a",
        issued_at=NOW, receipt_due=date(2025, 11, 5), origin="hand", **more,
    )  # fmt: skip


def row(machine: Machine, state: str) -> Any:
    if machine is rules.DUTY:
        return duty(state)
    if machine is rules.OVERRIDE:
        return Override.objects.create(
            target=1, place="9901", path="/99/9901/", colour="red", computed="green", reason="理由", by="a", at=NOW,
            until=date(2025, 12, 1), state=state,
        )  # fmt: skip
    one = duty("working")
    if machine is rules.EVIDENCE:
        return File.objects.create(
            duty=one, title="纪要", dated=date(2025, 5, 1), name="a.txt", media="txt", size=1, sha256="0" * 64, by="a",
            at=NOW, state=state,
        )  # fmt: skip
    report = Report.objects.create(duty=one, by="a", at=NOW, on=date(2025, 11, 3), claim="done")
    return Query.objects.create(
        report=report, duty=one, field="claim", said="已完成", found="0", source="指标", opened_at=NOW, state=state
    )


def fields(machine: Machine, move: str) -> dict[str, Any]:
    """What a move must bring along for the constraints of the table."""
    closing = machine is rules.DUTY and move in ("close", "settle")
    return {"ground": "依据", "closed_at": NOW, "closed_by": "a"} if closing else {}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_each_move_is_made_only_by_whom_it_belongs_to(machine: Machine):
    for state, move, held in product(machine.states, machine.moves, sorted(EVERY)):
        one = row(machine, state)
        allowed = state in move.sources and held == move.by
        try:
            with transaction.atomic():
                moving.advance(
                    one, machine, move.name, by="a", permissions={held}, given=GIVEN, **fields(machine, move.name)
                )
        except Refused:
            assert not allowed, (state, move.name, held)
            assert type(one)._default_manager.get(pk=one.pk).state == state
        else:
            assert allowed, (state, move.name, held)
            assert type(one)._default_manager.get(pk=one.pk).state == move.target
        one.delete()


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_two_who_move_the_same_at_once_move_it_once(machine: Machine):
    for state in machine.states:
        for move in (m for m in machine.moves if state in m.sources and m.target != state):
            first = row(machine, state)
            second = type(first)._default_manager.get(pk=first.pk)
            before = Entry.objects.count()
            more = fields(machine, move.name)
            with transaction.atomic():
                moving.advance(first, machine, move.name, by="a", permissions=EVERY, given=GIVEN, **more)
            with pytest.raises(Refused), transaction.atomic():
                moving.advance(second, machine, move.name, by="b", permissions=EVERY, given=GIVEN, **more)
            assert Entry.objects.count() == before + 1
            first.delete()


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_a_move_without_its_words_is_refused(machine: Machine):
    for move in (m for m in machine.moves if m.needs):
        one = row(machine, move.sources[0])
        with pytest.raises(Refused), transaction.atomic():
            moving.advance(one, machine, move.name, by="a", permissions=EVERY, **fields(machine, move.name))
        one.delete()
