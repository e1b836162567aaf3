"""From the earlier text of a plan to its amendment: corrections, confirmations and bindings go along where the print is
the same; what the print changed is left for the officer to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from luoshi.plans import compare, model
from luoshi.services.plan_desk import as_read, keeping
from luoshi.services.plan_desk.models import Binding, Correction, Plan, Status, Target, Task

CHANGED = "changed by the amendment"
READ_ANEW = "accepted as it was; today's reader reads the same words differently"
_TASK_ALIKE = 0.6
# A promise that is counted differently is not measured as before.
_REDEFINES = {"metric", "unit", "kind", "per"}
_FIELDS = {"metric", "op", "value", "upper", "unit", "deadline", "baseline", "kind", "force", "scope"}
_TASK_FIELDS = {"number", "title", "lead_units", "units", "deadline"}


def carry(old: Plan, new: Plan, today: model.Plan) -> dict[str, int]:
    """Carry over to the unconfirmed `new` what was said about `old`; inside the caller's transaction.

    `today` is the earlier text as today's reader reads it, so that what only the reader learned is no change of the plan.
    Answers how many targets are the same, changed, added and removed, and how many corrected tasks were carried.
    """
    history = _history(old)
    counts = {"same": 0, "changed": 0, "added": 0, "removed": 0}
    for row, target, fields, kind in link(old, new, today, history):
        counts[kind] += 1
        if row and target:
            _target(row, target, set(fields), history)
        elif row and row.added_by and _by_hand(row, new, history):
            counts["removed"] -= 1
            counts["same"] += 1
    counts["tasks"] = sum(_task(task, new, history) for task in old.tasks.filter(status=Status.CORRECTED))
    return counts


Linked = tuple[Target | None, Target | None, tuple[str, ...], str]


def link(old: Plan, new: Plan, today: model.Plan, history: History | None = None) -> list[Linked]:
    """Say for every promise of `new` which of `old` it goes on with and what the new text changed, and keep it with the
    rows. Answers (earlier row, new row, changed fields, kind); a promise that only today's reader finds in the earlier
    text is `same` without a row."""
    known = _history(old) if history is None else history
    before = {row.key: row for row in old.targets.select_related("task", "binding")}
    after = {row.key: row for row in new.targets.select_related("task", "binding")}
    found = compare.amend(
        model.Plan(model.PlanHead(), targets=_read_today(old, list(before.values()), today, known)),
        model.Plan(model.PlanHead(), targets=[_as_printed(row, {}) for row in after.values()]),
    )
    result: list[Linked] = []
    for change in found.changes:
        row = before.get(change.before.id) if change.before else None
        target = after[change.after.id] if change.after else None
        if change.before and row is None and target is None:
            continue
        if target is not None:
            target.continues = row
            target.amended = {"kind": change.kind, "fields": list(change.fields)}
            target.save(update_fields=["continues", "amended"])
        result.append((row, target, change.fields, change.kind))
    return result


def _read_today(old: Plan, rows: list[Target], today: model.Plan, history: History) -> list[model.Target]:
    """The promises of the earlier text as today's reader has them, under the keys of their rows; `~` before the key of
    one that has no row. A row that today's reader does not find keeps its own print."""
    fresh = [keeping.target_row(old, item, {}) for item in today.targets]
    pairs, alone = keeping.match(rows, fresh)
    read = [replace(as_read.target(new), id=row.key if row else f"~{new.key}", task=None) for row, new in pairs]
    return read + [_as_printed(row, history) for row in alone]


History = dict[tuple[str, int], list[Correction]]


def _history(plan: Plan) -> History:
    """Corrections of each item, the earliest first."""
    result: History = {}
    for row in plan.corrections.order_by("at", "pk"):
        whose = ("task", row.task_id) if row.task_id else ("target", row.target_id or 0)
        result.setdefault(whose, []).append(row)
    return result


def _as_printed(row: Target, history: History) -> model.Target:
    """The target as the reader had it before anybody corrected it."""
    return as_read.target(row, **_first(history.get(("target", row.pk), ()), _FIELDS))


def _first(corrections: Iterable[Correction], fields: set[str]) -> dict[str, Any]:
    """What stood in each corrected field at first."""
    result: dict[str, Any] = {}
    for correction in corrections:
        if correction.field in fields:
            result.setdefault(correction.field, correction.old)
    return result


def _target(old: Target, new: Target, changed: set[str], history: History) -> None:
    corrections = history.get(("target", old.pk), [])
    fields = _first(corrections, _FIELDS).keys() - changed - ({"upper", "op"} if "value" in changed else set())
    if "op" in changed:
        fields -= {"value", "upper"}
    for name in fields:
        setattr(new, name, getattr(old, name))
    if "deadline" in fields:
        new.deadline_inferred = False
    if changed:
        new.flags = [*new.flags, CHANGED]
        kept = [c for c in corrections if c.field in fields]
    else:
        new.status = old.status
        if old.accepted:
            _keep_accepted(old, new)
        kept = [c for c in corrections if c.field != "binding"]
    new.save()
    held: Binding | None = getattr(old, "binding", None)
    if held and held.confirmed and not changed & _REDEFINES:
        _bind(held, new)
        kept += [c for c in corrections if c.field == "binding"]
    _copy(kept, new.plan_id, target=new)


def _keep_accepted(old: Target, new: Target) -> None:
    """What an officer accepted stays accepted, also where today's reader would read the same words differently."""
    differing = [name for name in (*_FIELDS, "upper") if getattr(old, name) != getattr(new, name)]
    for name in differing:
        setattr(new, name, getattr(old, name))
    if differing and old.status == Status.CONFIRMED:
        new.flags = [*new.flags, READ_ANEW]


def _bind(held: Binding, target: Target) -> None:
    Binding.objects.filter(target=target).delete()
    held.pk, held.target = None, target
    held._state.adding = True
    held.save()


def _by_hand(old: Target, plan: Plan, history: History) -> bool:
    """A target somebody added, if its sentence stands in the new text too."""
    start = plan.text.find(old.quote)
    if start < 0:
        return False
    number, held = old.pk, getattr(old, "binding", None)
    row = old
    row.pk, row.plan = None, plan
    row._state.adding = True
    row.start, row.end = start, start + len(old.quote)
    row.task = plan.tasks.filter(start__lte=start).order_by("-start").first()
    row.key = f"A{number}"
    row.continues_id, row.amended = number, {"kind": "same", "fields": []}
    row.save()
    if held:
        _bind(held, row)
    _copy(history.get(("target", number), []), plan.pk, target=row)
    return True


def _task(old: Task, plan: Plan, history: History) -> int:
    """Carry the corrections of a task to the one most like it, field by field where the print is the same."""
    corrections = history.get(("task", old.pk), [])
    first = _first(corrections, _TASK_FIELDS)
    new = max(plan.tasks.all(), key=lambda task: _alike(old.text, task.text), default=None)
    if new is None or _alike(old.text, new.text) < _TASK_ALIKE:
        return 0
    fields = {name for name, value in first.items() if getattr(new, name) == value}
    for name in fields:
        setattr(new, name, getattr(old, name))
    if not fields:
        return 0
    new.status = Status.CORRECTED
    new.save()
    _copy([c for c in corrections if c.field in fields], plan.pk, task=new)
    return 1


def _alike(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() > _TASK_ALIKE and matcher.quick_ratio() > _TASK_ALIKE else 0.0


def _copy(
    corrections: Iterable[Correction], plan: int, *, target: Target | None = None, task: Task | None = None
) -> None:
    """The same corrections, by the same people at the same time, on the new item."""
    Correction.objects.bulk_create(
        Correction(plan_id=plan, target=target, task=task, by_id=c.by_id, at=c.at, field=c.field, old=c.old, new=c.new)
        for c in corrections
    )
