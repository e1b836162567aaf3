"""A ledger that was edited in Excel or WPS comes back: every changed cell becomes a correction, or the row says why not.

Nothing is half-applied: all rows are tried in one transaction, and a single wrong row undoes them all.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override
from openpyxl.utils.exceptions import InvalidFileException

from luoshi.documents.limits import MAX_SHEET_BYTES, open_zip
from luoshi.kernel.errors import InvalidValue, UnreadableFile, UserError
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.services.plan_desk import actions, forms, ledger, wording
from luoshi.services.plan_desk.models import Binding, Correction, Plan, Task

MOST_ROWS = 5_000
MOST_COLUMNS = 60
MARK = re.compile(r"\bLS-(\d+)-(\d+)\b")
LANGUAGES = ("zh-hans", "en")
OPS = {
    "≥": ">=", ">=": ">=", "不低于": ">=", "不少于": ">=", "以上": ">=", "≤": "<=", "<=": "<=", "不超过": "<=",
    "不高于": "<=", "以下": "<=", ">": ">", "＞": ">", "高于": ">", "<": "<", "＜": "<", "低于": "<", "=": "=", "＝": "=",
    "达到": "=", "区间": "between", "between": "between",
}  # fmt: skip


class LedgerRefused(InvalidValue):
    """Rows of a ledger that cannot be applied; `rows` holds one sentence for each. Nothing was changed."""

    def __init__(self, rows: list[str]) -> None:
        self.rows = rows
        super().__init__(
            _("台账有 %(count)d 处不能导入，全部未作改动。") % {"count": len(rows)},
            todo=" ".join(rows[:20]),
        )


@dataclass(frozen=True)
class Row:
    """One row of the sheet: its number as Excel shows it, and the cells by the key of their column."""

    at: int
    cells: dict[str, Any]


@dataclass
class Applied:
    """What an import did: how many rows were read, which fields of how many items changed, how many rows are absent."""

    rows: int = 0
    tasks: int = 0
    targets: int = 0
    bindings: int = 0
    absent: int = 0
    fields: int = 0

    @property
    def words(self) -> str:
        """As one sentence."""
        said = _("读入 %(rows)d 行：更正任务 %(tasks)d 项、目标 %(targets)d 条、数据来源 %(bindings)d 处。") % {
            "rows": self.rows,
            "tasks": self.tasks,
            "targets": self.targets,
            "bindings": self.bindings,
        }
        if self.absent:
            said += _("台账中没有的 %(count)d 行未作改动。") % {"count": self.absent}
        return said


@dataclass(frozen=True)
class Sheet:
    """The rows of a workbook, the plan it was printed from, the state that plan was in, and the columns it holds."""

    plan: int
    state: int
    rows: list[Row]
    columns: set[str] = field(default_factory=set)


def read(content: bytes, name: str) -> Sheet:
    """The ledger in the bytes of a workbook. Raises `UnreadableFile` for what is no workbook and `InvalidValue` for a
    workbook that is no ledger of ours."""
    path = Path(name)
    if not content.startswith(b"PK"):
        raise UnreadableFile(
            _("这不是 Excel 台账（.xlsx）。"), where=path.name, todo=_("请用 Excel 或 WPS 另存为 .xlsx 再上传。")
        )
    with open_zip(path, content) as box:
        names = [part.filename for part in box.infolist()]
        largest = max((part.file_size for part in box.infolist()), default=0)
    if not any(part.startswith("xl/") for part in names) or largest > MAX_SHEET_BYTES:
        raise UnreadableFile(
            _("这不是 Excel 台账（.xlsx）。"), where=path.name, todo=_("Word 台账只供阅读，请修改 Excel 台账后上传。")
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True, read_only=True)
            rows = [
                [_value(cell) for cell in row]
                for row in book.worksheets[0].iter_rows(max_row=MOST_ROWS + 50, max_col=MOST_COLUMNS)
            ]
            book.close()
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        OSError,
        SyntaxError,
        IndexError,
    ) as error:
        raise UnreadableFile(
            _("Excel 文件已损坏。"), where=path.name, todo=_("请用 Excel 或 WPS 打开，另存一份再上传。")
        ) from error
    return _sheet(rows, path.name)


def _sheet(rows: list[list[Any]], name: str) -> Sheet:
    titles = _titles()
    head = next((n for n, cells in enumerate(rows[:40]) if _is_head(_keys(cells, titles))), None)
    if head is None:
        raise InvalidValue(
            _("没有找到台账的表头。"),
            where=name,
            todo=_("请使用从本规划导出的 Excel 台账，保留“行号（勿改）”一列和表头。"),
        )
    keys = _keys(rows[head], titles)
    marks = [m for cells in rows[:head] for value in cells[:3] if (m := MARK.search(str(value or "")))]
    if not marks:
        raise InvalidValue(_("台账缺少“台账编号”一行。"), where=name, todo=_("请重新导出台账，保留表头上方各行。"))
    found = []
    for at, cells in enumerate(rows[head + 1 :], start=head + 2):
        held = {key: value for key, value in zip(keys, cells, strict=False) if key}
        if any(value not in (None, "", ledger.EMPTY) for value in held.values()):
            found.append(Row(at, held))
    if len(found) > MOST_ROWS:
        raise InvalidValue(_("台账超过 %(count)d 行。") % {"count": MOST_ROWS}, where=name)
    return Sheet(int(marks[0][1]), int(marks[0][2]), found, {key for key in keys if key})


def _keys(cells: list[Any], titles: dict[str, str]) -> list[str | None]:
    return [titles.get(str(value).strip()) if value is not None else None for value in cells]


def _is_head(keys: list[str | None]) -> bool:
    return "row" in keys and len(set(keys) - {None}) >= 3


def _titles() -> dict[str, str]:
    """Titles of the columns in both languages."""
    result: dict[str, str] = {}
    for language in LANGUAGES:
        with override(language):
            result |= {str(column.title): column.key for column in ledger.FIELDS}
    return result | {"配合单位": "units", "Supporting units": "units"}  # as ledgers printed it before


def _value(cell: Any) -> Any:
    """The value a person sees: a share typed as 62% is 62, a date is 2025-06-30, a month 2025-06."""
    value, shown = cell.value, str(getattr(cell, "number_format", "") or "")
    if isinstance(value, dt.datetime | dt.date):
        return f"{value:%Y-%m-%d}" if "d" in shown.lower() else f"{value:%Y-%m}"
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in shown:
        return round(value * 100, 10)
    return value.strip() if isinstance(value, str) else value


def apply(*, plan: Plan, sheet: Sheet, by: User) -> Applied:
    """Make every changed cell a correction by `by`, all or none.

    Raises `LedgerRefused` with a sentence for every row that cannot be applied, `Refused` for a confirmed plan, and
    `InvalidValue` for another plan's ledger.
    """
    if sheet.plan != plan.pk:
        raise InvalidValue(_("这是另一份规划的台账。"), todo=_("请打开那份规划再导入，或从本规划重新导出。"))
    done = Applied(rows=len(sheet.rows))
    problems: list[str] = []
    with transaction.atomic():
        actions.require_open(plan)
        lines = {line.name: line for line in ledger.lines(plan)}
        later = _changed_since(plan, sheet.state)
        wanted: dict[int, dict[str, tuple[Any, int]]] = {}
        seen: set[str] = set()
        for row in sheet.rows:
            name = str(row.cells.get("row") or "").strip()
            line = lines.get(name)
            if line is None or name in seen:
                problems.append(_unknown(row, name, twice=line is not None))
                continue
            seen.add(name)
            problems += _row(row, line, later, wanted, done, by)
        for problem in _tasks(lines.values(), wanted, later, done, by):
            problems.append(problem)
        done.absent = len(set(lines) - seen)
        if problems:
            raise LedgerRefused(problems)
        audit.record(
            by=by,
            action="plan.ledger.import",
            object_type="plan",
            object_id=plan.pk,
            scope_division=plan.division.code,
            detail={"rows": done.rows, "tasks": done.tasks, "targets": done.targets, "bindings": done.bindings},
        )
    return done


def _unknown(row: Row, name: str, *, twice: bool) -> str:
    if twice:
        return _at(row.at, _("行号 %(name)s 出现了两次，请只保留一行。") % {"name": name})
    if not name or name == ledger.EMPTY:
        return _at(row.at, _("没有行号。新目标须有原文依据，请在规划页面选中句子补充。"))
    return _at(row.at, _("规划中没有行号为 %(name)s 的条目，可能已被剔除或拆分，请重新导出。") % {"name": name[:40]})


def _at(row: int, words: str) -> str:
    return _("第 %(row)d 行：%(words)s") % {"row": row, "words": words}


def _changed_since(plan: Plan, state: int) -> dict[tuple[str, int, str], str]:
    """Fields corrected after the ledger was printed, with who did it, by (whose, number, field)."""
    result = {}
    for row in Correction.objects.filter(plan=plan, pk__gt=state).select_related("by"):
        whose, number = ("task", row.task_id) if row.task_id else ("target", row.target_id)
        result[whose, number or 0, row.field] = row.by.get_username()
    return result


def _row(row: Row, line: ledger.Line, later: dict[Any, str], wanted: Any, done: Applied, by: User) -> list[str]:
    """Apply the cells of a promise and note those of its task; answers what is wrong in words."""
    held = ledger.values(line)
    problems: list[str] = []
    new: dict[str, dict[str, Any]] = {"task": {}, "target": {}, "binding": {}}
    for column in ledger.FIELDS:
        if not column.of or column.key not in row.cells:
            continue
        try:
            value = _read(column.key, row.cells[column.key])
        except InvalidValue as error:
            problems.append(_at(row.at, f"{column.title}：{wording.said(error)}"))
            continue
        if _same(column.key, value, held[column.key], line):
            continue
        if column.key == "value" and value is None:
            problems.append(_at(row.at, _("目标值不能为空。如不再作为目标，请在规划页面剔除。")))
            continue
        name = column.key.removeprefix("task_")
        if (line.task if column.of == "task" else line.target) is None:
            problems.append(_at(row.at, _("这一行没有目标，“%(column)s”不能填写。") % {"column": column.title}))
        elif column.of == "task" and line.task:
            first = wanted.setdefault(line.task.pk, {}).setdefault(name, (value, row.at))
            if first[0] != value:
                problems.append(
                    _at(
                        row.at,
                        _("与第 %(other)d 行是同一任务，“%(column)s”却写得不同。")
                        % {"other": first[1], "column": column.title},
                    )
                )
        else:
            new[column.of][name] = value
    if problems or not line.target:
        return problems
    target = line.target
    for name in (*new["target"], *(["binding"] if new["binding"] else [])):
        if who := later.get(("target", target.pk, name)):
            problems.append(_stale(row.at, who))
            return problems
    return problems + _write(row, line, new, done, by)


def _write(row: Row, line: ledger.Line, new: dict[str, dict[str, Any]], done: Applied, by: User) -> list[str]:
    assert line.target is not None
    try:
        with transaction.atomic():
            if new["target"]:
                actions.correct_target(target=line.target, by=by, **new["target"])
                done.targets += 1
            if new["binding"]:
                stood = {name: getattr(line.binding, name, "") for name in ("kind", "indicator", "verdict", "missing")}
                actions.bind(target=line.target, by=by, reason=_("台账导入"), **(stood | new["binding"]))
                done.bindings += 1
    except UserError as error:
        return [_at(row.at, wording.said(error))]
    return []


def _tasks(
    lines: Any, wanted: dict[int, dict[str, tuple[Any, int]]], later: Any, done: Applied, by: User
) -> Iterator[str]:
    tasks = {line.task.pk: line.task for line in lines if line.task}
    for number, changes in wanted.items():
        at = min(row for _value, row in changes.values())
        if who := next((later[key] for name in changes if (key := ("task", number, name)) in later), ""):
            yield _stale(at, who)
            continue
        try:
            with transaction.atomic():
                fields = {name: value for name, (value, _row) in changes.items()}
                actions.correct_task(task=tasks[number], by=by, **_with_leads(tasks[number], fields))
                done.tasks += 1
        except UserError as error:
            yield _at(at, wording.said(error))


def _with_leads(task: Task, fields: dict[str, Any]) -> dict[str, Any]:
    """The ledger prints those who lead and those who support apart; a task keeps the leads among its units."""
    if not {"lead_units", "units"} & set(fields):
        return fields
    lead = fields.get("lead_units", task.lead_units)
    others = fields.get("units", ledger.support(task))
    return fields | {"units": [*lead, *(name for name in others if name not in lead)]}


def _stale(at: int, who: str) -> str:
    return _at(at, _("导出之后 %(who)s 已改过此处，请重新导出后再改。") % {"who": who})


def _same(key: str, value: Any, held: Any, line: ledger.Line) -> bool:
    if key == "missing" and line.binding:
        return value in (line.binding.missing, line.binding.missing_en)
    return bool(value == held)


def _read(key: str, value: Any) -> Any:
    """A cell as the desk keeps it. Raises `InvalidValue` for what cannot be meant."""
    empty = value is None or (isinstance(value, str) and value.strip() in ("", ledger.EMPTY))
    if key in ("value", "upper"):
        return None if empty else _number(value)
    text = "" if empty else _text(value)
    if key in ("lead_units", "units"):
        return forms.names(text)
    if key == "op":
        return _choice(text, OPS, empty)
    if key == "kind":
        return _choice(text, _labels(Binding.Kind), empty)
    if key == "verdict":
        return _choice(text, _labels(Binding.Verdict), empty)
    if key == "indicator":
        return text.split()[0] if text else ""
    return text


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    plain = str(value).replace(",", "").replace("，", "").strip().rstrip("%％‰")
    try:
        number = float(plain)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e15:
        raise InvalidValue(_("“%(value)s”不是数字。") % {"value": str(value)[:20]})
    return number


def _text(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value).strip()


def _choice(text: str, known: dict[str, str], empty: bool) -> str:
    if empty:
        return ""
    if text not in known:
        raise InvalidValue(_("“%(value)s”不在可选之列。") % {"value": text[:20]})
    return known[text]


def _labels(choices: Any) -> dict[str, str]:
    """Stored value by label, in both languages."""
    result = {value: value for value in choices.values}
    for language in LANGUAGES:
        with override(language):
            result |= {str(choice.label): choice.value for choice in choices}
    return result
