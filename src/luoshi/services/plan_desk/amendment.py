"""修订: what a revised text of a plan changed, promise by promise, as both texts stand on the desk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from luoshi.plans import compare, model
from luoshi.services.plan_desk import alignment, as_read, wording
from luoshi.services.plan_desk.models import Plan, Status, Target
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


def table(
    found: Difference, changes: list[compare.Change], *, links: dict[int, tuple[str, str]] | None = None
) -> Table:
    """Changes as a table; `links` gives the addresses of both sentences by `id(change)`."""
    columns = [
        Column(_("结论"), width=10),
        Column(_("原规划"), width=44),
        Column(_("修订后"), head=True, width=44),
        Column(_("说明"), width=30),
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
            ]
        )
    return Table(_("修订前后对照"), columns, rows, empty=_("没有这类条目。"), caption_hidden=True)


def _promise(target: model.Target | None, href: str) -> Cell:
    return Cell(alignment.said(target), href=href) if target else Cell("—")
