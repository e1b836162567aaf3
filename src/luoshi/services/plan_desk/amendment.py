"""修订: what a revised text of a plan changed, promise by promise, as both texts stand on the desk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from luoshi.kernel.comparator import Threshold
from luoshi.plans import compare, model
from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import alignment, as_read, wording
from luoshi.services.plan_desk.models import Plan, Status, Target
from luoshi.supervision import sources
from luoshi.web.tables import Cell, Column, Table

KINDS = {
    "changed": _lazy("有变化"),
    "added": _lazy("新增"),
    "removed": _lazy("删去"),
    "same": _lazy("不变"),
}


@dataclass(frozen=True)
class Difference:
    """All promises of both texts: changed, added and removed ones first. The mappings lead from keys to rows."""

    old: Plan
    new: Plan
    changes: tuple[compare.Change, ...]
    targets_old: dict[str, int]
    targets_new: dict[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, in the order of `KINDS`."""
        counted = Counter(change.kind for change in self.changes)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}  # type: ignore[index]

    @property
    def summary(self) -> str:
        """The counts as one line: 有变化 2、新增 1."""
        return "、".join(f"{KINDS[kind]} {count}" for kind, count in self.counts.items())


def difference(plan: Plan) -> Difference | None:
    """What `plan` changed against the text it amends, as found when it was loaded (both texts read by one reader), shown
    as both stand now; None when it amends none. Rejected targets do not count."""
    if plan.amends is None:
        return None
    before = {row.pk: row for row in _standing(plan.amends)}
    changes: list[compare.Change] = []
    met: set[int] = set()
    for row in _standing(plan):
        old = before.get(row.continues_id or 0)
        kind = row.amended.get("kind", "added")
        fields = list(row.amended.get("fields", ()))
        if old is not None:
            met.add(old.pk)
            fields += [
                name for name in _by_officer(row) if name not in fields and getattr(row, name) != getattr(old, name)
            ]
            kind = "changed" if fields else "same"
        changes.append(compare.Change(kind, as_read.target(old) if old else None, as_read.target(row), tuple(fields)))
    changes += [compare.Change("removed", as_read.target(row), None) for pk, row in before.items() if pk not in met]
    order = list(KINDS)
    changes.sort(key=lambda change: order.index(change.kind))
    return Difference(
        plan.amends, plan, tuple(changes), alignment.targets_by_key(plan.amends), alignment.targets_by_key(plan)
    )


def _standing(plan: Plan) -> list[Target]:
    rows = plan.targets.exclude(status=Status.REJECTED).select_related("task").prefetch_related("corrections")
    return list(rows.order_by("start", "pk"))


def _by_officer(row: Target) -> list[str]:
    """The fields of a promise that somebody corrected."""
    fields = [correction.field for correction in row.corrections.all()]
    return [name for name in dict.fromkeys(fields) if name in _FIELDS]


_FIELDS = frozenset(("metric", "op", "value", "unit", "deadline", "baseline", "kind", "force", "scope"))


def words(change: compare.Change) -> str:
    """What changed, in words: 目标值、时限有变化。"""
    if change.kind == "changed":
        names = "、".join(dict.fromkeys(str(wording.FIELDS.get(name, name)) for name in change.fields))
        return _("%(fields)s有变化。") % {"fields": names}
    return {"added": _("原文没有。"), "removed": _("修订后没有了。"), "same": ""}[change.kind]


def progress(found: Difference, *, scope: Scope) -> dict[int, sources.Standing]:
    """Where the promises stand today, by the number of the target: of the text that counts on the board, in sight."""
    wanted = [*found.targets_old.values(), *found.targets_new.values()]
    board = sources.get()
    counting = {promise.id for plan in (found.old, found.new) for promise in board.promises(plan.pk, scope=scope)}
    asked = [number for number in wanted if number in counting]
    if not asked:
        return {}
    return {row.target: row for row in board.standings(scope=scope, division=found.new.division.code, targets=asked)}


def _carried(found: Difference, change: compare.Change, standings: dict[int, sources.Standing]) -> Cell:
    """The value of a promise today and, before the revised text counts, what that is worth under its words."""
    new = standings.get(found.targets_new[change.after.id]) if change.after else None
    row = new or (standings.get(found.targets_old[change.before.id]) if change.before else None)
    if row is None:
        return Cell("—")
    note = row.fraction_text
    after = change.after
    if new is None and after is not None and row.value is not None and after.unit == row.unit:
        promised = after.value if isinstance(after.value, list) else [after.value]
        kept = Threshold(after.op, promised[0], *promised[1:]).met_by(row.value, better=row.better)
        judged = _("按修订后的目标已达到") if kept else _("按修订后的目标尚未达到")
        note = f"{note} · {judged}" if note else str(judged)
    return Cell(row.value_text or "—", value=row.value, note=note, href=row.href, light=row.light)


def table(
    found: Difference,
    changes: list[compare.Change],
    *,
    links: dict[int, tuple[str, str]] | None = None,
    standings: dict[int, sources.Standing] | None = None,
) -> Table:
    """Changes as a table; `links` gives the addresses of both sentences by `id(change)`, `standings` (see `progress`)
    the progress so far."""
    columns = [
        Column(_("结论"), width=10),
        Column(_("原规划"), width=44),
        Column(_("修订后"), head=True, width=44),
        Column(_("说明"), width=30),
        Column(_("目前进度"), width=20),
    ]
    rows = []
    for change in changes:
        old, new = (links or {}).get(id(change), ("", ""))
        rows.append(
            [
                Cell(KINDS[change.kind]),
                _promise(change.before, old),
                _promise(change.after, new),
                Cell(words(change)),
                _carried(found, change, standings or {}),
            ]
        )
    return Table(_("修订前后对照"), columns, rows, empty=_("没有这类条目。"), caption_hidden=True)


def _promise(target: model.Target | None, href: str) -> Cell:
    return Cell(alignment.said(target), href=href) if target else Cell("—")
