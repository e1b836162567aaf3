"""From a reading (`luoshi.plans`) to rows, and from a second reading to the same rows with every correction kept."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from luoshi.documents.model import Document
from luoshi.plans import model as read
from luoshi.plans.evidence import Evidence
from luoshi.services.plan_desk.models import Action, Item, Plan, Status, Target, Task


def plan_fields(document: Document, reading: read.Plan) -> dict[str, Any]:
    """The columns of a plan that a reading decides."""
    head = reading.plan
    title = head.title or document.title or document.text.strip().split("\n", 1)[0]
    return {
        "title": title.strip()[:300],
        "issuer": (head.issuer or "")[:200],
        "region": (head.region or "")[:100],
        "doc_number": (head.doc_number or "")[:100],
        "published": _day(head.published),
        "period_start": head.period_start,
        "period_end": head.period_end,
        "kind": head.kind[:40],
        "kind_reason": head.kind_reason[:300],
        "based_on": list(head.based_on),
        "default_units": list(head.default_units),
        "notes": list(dict.fromkeys([*document.notes, *reading.notes])),
        "evidence": told(head.evidence),
        "results": [asdict(result) for result in reading.results],
        "page_order": [list(span) for span in reading.page_order],
        "text": document.text,
        "blocks": [[b.start, b.end, b.kind, b.level, b.page] for b in document.blocks],
        "format": document.format,
    }


def told(entries: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Evidence as plain data, without what is empty."""
    return [{name: value for name, value in asdict(entry).items() if value not in ("", [])} for entry in entries]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def action_row(plan: Plan, item: read.Action) -> Action:
    """An unsaved row."""
    return Action(
        plan=plan,
        key=item.id,
        number=item.number or "",
        title=item.title[:300],
        start=item.start,
        end=item.end,
        evidence=told(item.evidence),
    )


def task_row(plan: Plan, item: read.Task, actions: dict[str, Action]) -> Task:
    """An unsaved row; `actions` are saved ones by key."""
    return Task(
        plan=plan,
        key=item.id,
        action=actions.get(item.action or ""),
        number=item.number or "",
        title=item.title[:300],
        text=item.text,
        start=item.start,
        end=item.end,
        spans=[list(span) for span in item.spans] or [[item.start, item.end]],
        lead_units=item.lead_units,
        units=item.units,
        inherited_units=item.inherited_units,
        deadline=item.deadline or "",
        deadline_inferred=item.deadline_inferred,
        flags=item.flags,
        evidence=told(item.evidence),
        confidence=item.confidence,
        begins=item.begins or "",
        repeats=item.repeats[:60],
        restored=item.restored,
        safeguard=item.id.startswith("S"),
    )


def target_row(plan: Plan, item: read.Target, tasks: dict[str, Task]) -> Target:
    """An unsaved row; `tasks` are saved ones by key."""
    value, upper = (item.value[0], item.value[1]) if isinstance(item.value, list) else (item.value, None)
    return Target(
        plan=plan,
        key=item.id,
        task=tasks.get(item.task or ""),
        quote=item.quote,
        start=item.start,
        end=item.end,
        metric=item.metric[:300],
        op=item.op,
        value=value,
        upper=upper if item.op == "between" else None,
        unit=item.unit[:30],
        baseline=item.baseline,
        baseline_year=item.baseline_year,
        kind=item.kind,
        force=item.force,
        scope=item.scope[:200],
        per=item.per[:20],
        deadline=item.deadline or "",
        deadline_inferred=item.deadline_inferred,
        flags=item.flags,
        evidence=told(item.evidence),
        confidence=item.confidence,
        rule=item.rule[:80],
        op_alt=list(item.op_alt),
        approximate=item.approximate,
    )


def _tasks(reading: read.Plan) -> list[read.Task]:
    """Tasks and the weak ones of 保障措施."""
    return [*reading.tasks, *reading.safeguards]


def store_new(plan: Plan, reading: read.Plan) -> list[Target]:
    """All items of a first reading, in three inserts; answers the saved targets."""
    actions = {a.key: a for a in Action.objects.bulk_create([action_row(plan, a) for a in reading.actions])}
    tasks = {t.key: t for t in Task.objects.bulk_create([task_row(plan, t, actions) for t in _tasks(reading)])}
    return Target.objects.bulk_create([target_row(plan, t, tasks) for t in reading.targets])


_TASK_FIELDS = (
    "action", "number", "title", "text", "start", "end", "spans", "lead_units", "units", "inherited_units", "deadline",
    "deadline_inferred", "flags", "evidence", "confidence", "begins", "repeats", "restored", "safeguard",
)  # fmt: skip
_TARGET_FIELDS = (
    "task", "quote", "start", "end", "metric", "op", "value", "upper", "unit", "baseline", "baseline_year", "kind",
    "force", "scope", "per", "deadline", "deadline_inferred", "flags", "evidence", "confidence", "rule", "op_alt",
    "approximate",
)  # fmt: skip


# What a promise says, apart from its place and the reasons for it.
_SAID = ("quote", "metric", "op", "value", "upper", "unit", "baseline", "kind", "force", "scope", "per", "deadline")


def store_again(plan: Plan, reading: read.Plan, *, old_text: str) -> list[Target]:
    """Bring the rows to a second reading and answer the targets that are new or were read differently.

    An item nobody touched follows the new reading; one that was confirmed, corrected, rejected or added by hand stays
    as it is (only its place is moved when the text itself is read differently). An untouched item that the new reading
    no longer holds goes.
    """
    places = Relocation(old_text, plan.text)
    plan.tasks.update(action=None)
    plan.actions.all().delete()
    actions = {a.key: a for a in Action.objects.bulk_create([action_row(plan, a) for a in reading.actions])}
    old_tasks, old_targets = list(plan.tasks.order_by("pk")), list(plan.targets.order_by("pk"))
    # Keys are freed first: the new reading numbers its items anew.
    for row in (*old_tasks, *old_targets):
        row.key = f"~{row.pk}"
        places.move(row)
    Task.objects.bulk_update(old_tasks, ["key", "start", "end"])
    Target.objects.bulk_update(old_targets, ["key", "start", "end"])

    tasks: dict[str, Task] = {}
    fresh = [task_row(plan, item, actions) for item in _tasks(reading)]
    pairs, gone = match(old_tasks, fresh)
    for old, new in pairs:
        tasks[new.key] = _take(old, new, _TASK_FIELDS, untouched=_untouched(old)) if old else new
        tasks[new.key].save()
    targets = [target_row(plan, item, tasks) for item in reading.targets]
    target_pairs, gone_targets = match(old_targets, targets)
    changed = []
    for old, new in target_pairs:
        differs = old is None or (_untouched(old) and any(getattr(old, n) != getattr(new, n) for n in _SAID))
        row = _take(old, new, _TARGET_FIELDS, untouched=_untouched(old)) if old else new
        row.task = new.task
        row.save()
        if differs:
            changed.append(row)
    for row in (*gone_targets, *gone):
        if _untouched(row):
            row.delete()
        else:
            row.key = _free_key(row)
            row.save(update_fields=["key"])
    return changed


def _untouched(row: Task | Target) -> bool:
    return row.status == Status.PROPOSED and not row.added_by


def _free_key(row: Task | Target) -> str:
    return f"K{row.pk}"


def _take(old: Any, new: Any, fields: Sequence[str], *, untouched: bool) -> Any:
    """The kept row under the new key, with the new reading's fields where nobody touched it."""
    old.key = new.key
    for name in fields if untouched else ():
        setattr(old, name, getattr(new, name))
    return old


def match(old: Sequence[Any], new: Sequence[Any]) -> tuple[list[tuple[Any | None, Any]], list[Any]]:
    """Pair each new row with the old one that covers the same place most (more than half of their union); each old row
    is used once. Answers the pairs in order of the new rows, and the old rows without a partner."""
    by_start = sorted(old, key=lambda row: row.start)
    starts = [row.start for row in by_start]
    longest = max((row.end - row.start for row in old), default=0)
    free = {row.pk for row in old}
    pairs: list[tuple[Any | None, Any]] = []
    for row in new:
        low, high = bisect.bisect_left(starts, row.start - longest), bisect.bisect_right(starts, row.end)
        candidates = [o for o in by_start[low:high] if o.pk in free]
        best = max(candidates, key=lambda o: _likeness(o, row), default=None)
        if best is not None and _likeness(best, row) > 0.5:
            free.discard(best.pk)
            pairs.append((best, row))
        else:
            pairs.append((None, row))
    return pairs, [row for row in old if row.pk in free]


def _likeness(old: Any, new: Any) -> float:
    """Share of the union of two spans that both cover, a little more when the values agree (one sentence may hold
    several targets)."""
    shared = min(old.end, new.end) - max(old.start, new.start)
    if shared <= 0:
        return 0.0
    share: float = shared / (max(old.end, new.end) - min(old.start, new.start))
    if isinstance(old, Target):
        share += 0.2 * (old.value == new.value) + 0.1 * (old.metric == new.metric)
    return share


class Relocation:
    """Where a span of the old text lies in the new one, when the reader of the document has changed."""

    def __init__(self, old_text: str, new_text: str) -> None:
        self.old, self.new = old_text, new_text

    def move(self, row: Item) -> None:
        """Set `start` and `end` of a row to the occurrence of its words nearest to where they were, if there is one."""
        if self.old == self.new:
            return
        words = self.old[row.start : row.end]
        found = list(_occurrences(self.new, words))
        if found:
            row.start = min(found, key=lambda at: abs(at - row.start))
            row.end = row.start + len(words)
        elif row.end > len(self.new):
            row.start = row.end = 0


def _occurrences(text: str, words: str) -> Iterable[int]:
    at = text.find(words) if words else -1
    while at >= 0:
        yield at
        at = text.find(words, at + 1)
