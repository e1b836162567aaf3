"""Writes that change what the items are: one promise or task becomes two, two become one. As in `actions`, each is one
transaction with its corrections and its audit row."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.models import User
from luoshi.services.plan_desk import actions, bindings
from luoshi.services.plan_desk.models import Status, Target, Task

LEAST = 4  # characters that name the place where a task is cut


def split_target(*, target: Target, by: User, **fields: Any) -> Target:
    """A second promise out of the sentence of `target`, with `fields` of its own; the first stays as it is.

    Raises `InvalidValue` for values that make no promise, or the same promise again.
    """
    with transaction.atomic():
        actions.require_open(target.plan)
        row = Target(
            plan=target.plan,
            task=target.task,
            quote=target.quote,
            start=target.start,
            end=target.end,
            status=Status.CORRECTED,
            added_by=by.get_username(),
            rule="split",
            **{name: getattr(target, name) for name in actions.TARGET_FIELDS} | fields,
        )
        actions.check_target(row)
        if (row.metric, row.value, row.deadline) == (target.metric, target.value, target.deadline):
            raise InvalidValue(
                _("拆分出的目标与原目标相同。"), where="metric", todo=_("请写明第二条目标的指标、数值或时限。")
            )
        row.key = _key(target.plan.targets, f"H{target.pk}")
        row.save()
        bindings.propose([row])
        actions.corrections(row.plan_id, by, {"split": (None, target.metric)}, target=row)
        actions.log(by, "plan.target.split", target.plan, {"target": target.pk, "new": row.pk})
    return row


def merge_targets(*, target: Target, into: Target, by: User) -> Target:
    """`target` says the same as `into`: it is taken out, and both keep a note of it. Answers `into`."""
    if target.pk == into.pk or target.plan_id != into.plan_id:
        raise InvalidValue(_("请选择同一规划中的另一条目标。"), where="into")
    with transaction.atomic():
        actions.require_open(target.plan)
        row = Target.objects.select_for_update().get(pk=target.pk)
        if into.status == Status.REJECTED:
            raise InvalidValue(_("不能并入已剔除的目标。"), where="into")
        old, row.status = row.status, Status.REJECTED
        row.save(update_fields=["status"])
        actions.corrections(row.plan_id, by, {"merged": (None, into.metric), "status": (old, "rejected")}, target=row)
        actions.corrections(row.plan_id, by, {"absorbed": (None, row.metric)}, target=into)
        actions.log(by, "plan.target.merge", target.plan, {"target": row.pk, "into": into.pk})
    return into


def split_task(*, task: Task, words: str, by: User) -> Task:
    """Cut a task before `words`, which must stand in it: what follows becomes a task of its own, with the targets whose
    sentences lie there and the same units. Answers the new task."""
    words = words.strip()
    if len(words) < LEAST:
        raise InvalidValue(_("请抄下第二项任务开头的几个字。"), where="words")
    with transaction.atomic():
        actions.require_open(task.plan)
        row = Task.objects.select_for_update().get(pk=task.pk)
        spans = [(start, end) for start, end in row.spans] or [(row.start, row.end)]
        at = next((n for a, b in spans if (n := task.plan.text.find(words, a, b)) >= 0), -1)
        cut = row.text.find(words)
        if at <= spans[0][0] or cut <= 0:
            raise InvalidValue(
                _("这项任务中没有这几个字，或它们就在开头。"), where="words", todo=_("请从任务原文中复制。")
            )
        place = next(n for n, (a, b) in enumerate(spans) if a <= at < b)
        first = [*spans[:place], *([(spans[place][0], at)] if at > spans[place][0] else [])]
        second = [(at, spans[place][1]), *spans[place + 1 :]]
        new = Task(
            plan=task.plan,
            action=row.action,
            key=_key(task.plan.tasks, f"H{row.pk}"),
            text=row.text[cut:],
            start=second[0][0],
            end=second[0][1],
            spans=second,
            lead_units=row.lead_units,
            units=row.units,
            inherited_units=row.inherited_units,
            deadline=row.deadline,
            deadline_inferred=row.deadline_inferred,
            status=Status.CORRECTED,
            added_by=by.get_username(),
            safeguard=row.safeguard,
        )
        new.save()
        old_text, row.text = row.text, row.text[:cut].rstrip()
        row.spans, row.start, row.end, row.status = first, first[0][0], first[0][1], Status.CORRECTED
        row.save()
        for target in row.targets.all():
            if any(start <= target.start < end for start, end in second):
                Target.objects.filter(pk=target.pk).update(task=new)
        actions.corrections(row.plan_id, by, {"text": (old_text, row.text)}, task=row)
        actions.corrections(row.plan_id, by, {"split": (None, str(row)[:80])}, task=new)
        actions.log(by, "plan.task.split", task.plan, {"task": row.pk, "new": new.pk})
    return new


def merge_tasks(*, task: Task, into: Task, by: User) -> Task:
    """`task` is a part of `into`: text, places, units and targets are joined there, and its history with them."""
    if task.pk == into.pk or task.plan_id != into.plan_id:
        raise InvalidValue(_("请选择同一规划中的另一项任务。"), where="into")
    with transaction.atomic():
        actions.require_open(task.plan)
        rows = {row.pk: row for row in Task.objects.select_for_update().filter(pk__in=(task.pk, into.pk))}
        part, whole = rows[task.pk], rows[into.pk]
        old_text = whole.text
        in_order = sorted((part, whole), key=lambda row: row.start)
        whole.text = "\n".join(row.text for row in in_order)
        whole.spans = sorted([*part.spans, *whole.spans])
        whole.start, whole.end = whole.spans[0]
        for name in ("lead_units", "units", "inherited_units"):
            setattr(whole, name, list(dict.fromkeys([*getattr(whole, name), *getattr(part, name)])))
        whole.status = Status.CORRECTED
        whole.save()
        part.targets.update(task=whole)
        part.corrections.update(task=whole)
        said = str(part)[:80]
        part.delete()
        changes = {"absorbed": (None, said), "text": (old_text, whole.text)}
        actions.corrections(whole.plan_id, by, changes, task=whole)
        actions.log(by, "plan.task.merge", task.plan, {"task": task.pk, "into": whole.pk})
    return whole


def _key(rows: Any, base: str) -> str:
    """A key nobody has: the base with the first free number."""
    taken = set(rows.values_list("key", flat=True))
    return next(key for n in range(1, len(taken) + 2) if (key := f"{base}.{n}") not in taken)
