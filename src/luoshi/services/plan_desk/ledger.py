"""任务台账: a plan as a ledger for Excel and Word, one row for each promise (and for each task without one).

The workbook can be edited in Excel or WPS and handed back (`ledger_import`): its first column says which task and promise
a row belongs to, and a line above the table which plan and which state of it was printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from luoshi.services.plan_desk import rules, wording
from luoshi.services.plan_desk.models import Binding, Correction, Plan, Status, Target, Task
from luoshi.web import downloads
from luoshi.web.tables import Cell, Column, Table, cell

EMPTY = "—"


@dataclass(frozen=True)
class Field:
    """A column of the workbook. `of` names whose field it is (`task`, `target`, `binding`, or nothing: shown only)."""

    key: str
    title: Any
    of: str
    width: int = 14


FIELDS = (
    Field("row", _lazy("行号（勿改）"), "", 14),
    Field("number", _lazy("序号"), "task", 8),
    Field("title", _lazy("任务"), "task", 26),
    Field("lead_units", _lazy("牵头单位"), "task", 18),
    Field("units", _lazy("责任（配合）单位"), "task", 30),
    Field("task_deadline", _lazy("任务时限"), "task", 12),
    Field("metric", _lazy("目标"), "target", 34),
    Field("op", _lazy("比较"), "target", 8),
    Field("value", _lazy("目标值"), "target", 10),
    Field("upper", _lazy("上限"), "target", 8),
    Field("unit", _lazy("单位"), "target", 10),
    Field("deadline", _lazy("目标时限"), "target", 12),
    Field("kind", _lazy("数据来源"), "binding", 14),
    Field("indicator", _lazy("指标定义"), "binding", 18),
    Field("verdict", _lazy("能否计算"), "binding", 12),
    Field("missing", _lazy("缺少的来源"), "binding", 26),
    Field("status", _lazy("状态"), "", 10),
    Field("quote", _lazy("原文"), "", 60),
)


@dataclass(frozen=True)
class Line:
    """One row: a promise with its task, a promise outside tasks, or a task without promises."""

    task: Task | None
    target: Target | None

    @property
    def name(self) -> str:
        """What the first column says: T12·M34."""
        parts = [f"T{self.task.pk}" if self.task else "", f"M{self.target.pk}" if self.target else ""]
        return "·".join(filter(None, parts))

    @property
    def binding(self) -> Binding | None:
        """How the promise is measured."""
        return getattr(self.target, "binding", None) if self.target else None


def lines(plan: Plan) -> list[Line]:
    """The rows of a ledger in reading order; rejected targets are left out. Two queries."""
    targets = list(plan.targets.exclude(status=Status.REJECTED).select_related("binding", "task"))
    tasks = list(plan.tasks.all())
    held: dict[int | None, list[Target]] = {}
    for target in targets:
        held.setdefault(target.task_id, []).append(target)
    loose = [Line(None, target) for target in held.get(None, [])]
    return [line for task in tasks for line in _of(task, held.get(task.pk, []))] + loose


def _of(task: Task, targets: list[Target]) -> list[Line]:
    return [Line(task, target) for target in targets] or [Line(task, None)]


def support(task: Task) -> list[str]:
    """The units of a task that do not lead it; all of them where none is marked as leading."""
    return [name for name in task.units if name not in task.lead_units]


def state(plan: Plan) -> int:
    """A number that grows with every correction of the plan: two ledgers of one state say the same."""
    return Correction.objects.filter(plan=plan).aggregate(last=Max("pk"))["last"] or 0


def mark(plan: Plan) -> str:
    """The line that tells an edited workbook where it came from."""
    return _("台账编号：%(mark)s（导入时核对，勿改）") % {"mark": f"LS-{plan.pk}-{state(plan)}"}


def values(line: Line) -> dict[str, Any]:
    """What stands in the columns of a row, as plain values (lists for units)."""
    task, target, binding = line.task, line.target, line.binding
    return {
        "row": line.name,
        "number": task.number if task else "",
        "title": task.title if task else "",
        "lead_units": task.lead_units if task else [],
        "units": support(task) if task else [],
        "task_deadline": task.deadline if task else "",
        "metric": target.metric if target else "",
        "op": target.op if target else "",
        "value": target.value if target else None,
        "upper": target.upper if target else None,
        "unit": target.unit if target else "",
        "deadline": target.deadline if target else "",
        "kind": binding.kind if binding else "",
        "indicator": binding.indicator if binding else "",
        "verdict": binding.verdict if binding else "",
        "missing": binding.missing_words if binding else "",
        "status": target.get_status_display() if target else "",
        "quote": target.quote if target else (task.text if task else ""),
    }


_SAY: dict[str, Callable[[Any], str]] = {
    "lead_units": "、".join,
    "units": "、".join,
    "op": lambda op: wording.in_language("区间", "between") if op == "between" else rules.OP_WORDS.get(op, op),
    "kind": lambda kind: str(Binding.Kind(kind).label) if kind else "",
    "verdict": lambda verdict: str(Binding.Verdict(verdict).label) if verdict else "",
}


def _cell(key: str, value: Any) -> Cell:
    if isinstance(value, float):
        return Cell(rules.amount(value), value)
    return cell(_SAY[key](value) if key in _SAY else value)


def workbook(plan: Plan) -> bytes:
    """The ledger as xlsx: every field, to be edited and handed back."""
    columns = [Column(field.title, width=field.width) for field in FIELDS]
    rows = []
    for line in lines(plan):
        held = values(line)
        rows.append([_cell(field.key, held[field.key]) for field in FIELDS])
    table = Table(_("任务台账"), columns, rows)
    hint = _("可修改任务、单位、目标、时限和数据来源各列后交回；空行和删去的行不作改动；比较写 ≥、≤、>、<、= 或 区间。")
    return downloads.xlsx([table], title=_title(plan), lines=[mark(plan), hint])


def document(plan: Plan) -> bytes:
    """The ledger as docx: what people read in a meeting."""
    columns = [
        Column(_("序号")),
        Column(_("任务")),
        Column(_("目标")),
        Column(_("牵头单位")),
        Column(_("责任（配合）单位")),
        Column(_("时限")),
        Column(_("数据来源")),
    ]
    rows = []
    for line in lines(plan):
        task, target, binding = line.task, line.target, line.binding
        deadline = (target.deadline if target else "") or (task.deadline if task else "")
        rows.append(
            [
                cell(task.number if task else ""),
                cell((task.title or task.text[:40]) if task else ""),
                cell(f"{target.metric} {target.promise}" if target else ""),
                cell("、".join(task.lead_units) if task else ""),
                cell("、".join(support(task)) if task else ""),
                cell(deadline),
                cell(_source(binding) if binding else ""),
            ]
        )
    return downloads.word([Table(_("任务台账"), columns, rows)], title=_title(plan), lines=[_head(plan)])


def _source(binding: Binding) -> str:
    parts = [str(binding.get_kind_display()), binding.indicator_name, str(binding.get_verdict_display())]
    return " · ".join(filter(None, parts))


def _title(plan: Plan) -> str:
    return _("%(plan)s 任务台账") % {"plan": plan.title}


def _head(plan: Plan) -> str:
    return " · ".join(filter(None, (plan.division.name, plan.issuer, plan.doc_number, plan.years)))
