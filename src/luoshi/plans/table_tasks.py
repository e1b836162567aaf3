"""Rows of task tables as tasks: merged with the task of the body they repeat, or tasks of their own."""

from __future__ import annotations

import re

from luoshi.documents import Document
from luoshi.plans import deadlines, tables, tracing, unit_names, units
from luoshi.plans.deadlines import Deadline
from luoshi.plans.evidence import Evidence, Printed
from luoshi.plans.model import Action, Plan, Task
from luoshi.plans.running_text import Piece


class TableTasks:
    """Takes the rows of the task tables of a document into a plan. `used` are the tables they came from."""

    def __init__(
        self, document: Document, printed: Printed, result: Plan, *, year: int | None,
        plan_years: tuple[int | None, int | None],
    ) -> None:  # fmt: skip
        self.document, self.printed, self.result = document, printed, result
        self.year, self.plan_years = year, plan_years
        self.rows, self.used = tables.task_rows(document)
        self._groups: dict[str, str] = {}

    def take(self) -> None:
        """Every row into the plan."""
        known = {task.id: shape(task.title or task.text[:40]) for task in self.result.tasks}
        below = bool(self.result.tasks)
        merged = 0
        for row in self.rows:
            found = _units_of(row)
            inside = units.read_units(row.piece.text) if not found.units else units.Units()
            due = (
                deadlines.labelled(row.deadline, year=self.year, plan_years=self.plan_years)
                if row.deadline
                else deadlines.task_deadline(row.piece.text, year=self.year, plan_years=self.plan_years)
            )
            twin = self._twin(row, known)
            if twin is not None:
                merged += 1
                self._merge(twin, found, due, row)
                continue
            spans = row.piece.spans()
            task = Task(
                f"T{len(self.result.tasks) + 1}",
                self._action(row, titled=below),
                row.number,
                row.piece.text,
                *(spans[0] if spans else (0, 0)),
                title=row.title,
                lead_units=found.lead or inside.lead,
                units=found.units or inside.units,
                deadline=due.value,
                deadline_inferred=due.inferred,
                flags=[*found.flags, *inside.flags],
                spans=spans,
                begins=due.begins,
                repeats=due.repeats,
                page=self.document.tables[row.table].page,
                confidence=0.95,
            )
            task.evidence = [
                *tracing.numbered(self.printed, row.number, row.title, "column", task.start, task.end),
                *self._units_told(row, found if found.units else inside, column=bool(found.units)),
                *self._deadline_told(row, due),
            ]
            self.result.tasks.append(task)
        if merged:
            self.result.notes.append(
                f"{merged} rows of the task table repeat tasks of the body and were merged with them."
            )

    def _merge(self, twin: Task, found: units.Units, due: Deadline, row: tables.TaskRow) -> None:
        fresh = [name for name in found.units if name not in twin.units]
        led = [name for name in found.lead if name not in twin.lead_units]
        twin.units += fresh
        twin.lead_units += led
        told = self._units_told(row, found, column=True)
        twin.evidence += [
            entry
            for entry in told
            if (entry.field == "units" and entry.value in fresh) or (entry.field == "lead_units" and entry.value in led)
        ]
        if twin.deadline_inferred and not due.inferred:
            twin.deadline, twin.deadline_inferred, twin.begins = due.value, False, due.begins
            twin.evidence = [e for e in twin.evidence if e.field != "deadline"] + self._deadline_told(row, due)
        if "merged with the task table" not in twin.flags:
            twin.flags.append("merged with the task table")

    def _units_told(self, row: tables.TaskRow, found: units.Units, *, column: bool) -> list[Evidence]:
        piece = Piece(row.piece.text, row.piece.offsets)
        entries = tracing.of_units(self.printed, piece, found, [], rule="column of the task table" if column else "")
        low, high = self._reach(row)
        for entry in entries:
            place = self.printed.find(str(entry.value), low=low, high=high) if column else None
            if place is not None:
                entry.start, entry.end, entry.quote = *place, self.document.text[slice(*place)]
                entry.flags = [flag for flag in entry.flags if not flag.startswith("name put together")]
        return entries

    def _deadline_told(self, row: tables.TaskRow, due: Deadline) -> list[Evidence]:
        entries = tracing.of_deadline(self.printed, row.piece, due)
        if row.deadline and not due.inferred:
            low, high = self._reach(row)
            place = self.printed.find(row.deadline, low=low, high=high)
            for entry in entries:
                entry.rule = "column of the task table"
                if place is not None:
                    entry.start, entry.end, entry.quote = *place, self.document.text[slice(*place)]
        return entries

    def _reach(self, row: tables.TaskRow) -> tuple[int, int]:
        """From the first to the last cell of the table row that a task was read from."""
        at = row.piece.offset_of(0)
        for cells in self.document.tables[row.table].rows:
            filled = [cell for cell in cells if cell[1] > cell[0]]
            if any(start <= at < end for start, end in filled):
                return min(start for start, _ in filled), max(end for _, end in filled)
        return at, at + 1

    def _twin(self, row: tables.TaskRow, known: dict[str, str]) -> Task | None:
        """The task of the body that a row repeats."""
        mine = shape(row.title or row.piece.text[:40])
        if len(mine) < 6:
            return None
        for task in self.result.tasks:
            other = known.get(task.id, "")
            if len(other) >= 6 and (
                mine[:12] == other[:12] or (len(other) >= 8 and other in mine) or (len(mine) >= 8 and mine in other)
            ):
                return task
        return None

    def _action(self, row: tables.TaskRow, *, titled: bool) -> str | None:
        title = row.group or (self._title(row.table) if titled else "")
        if not title:
            return None
        if title not in self._groups:
            same = next((action for action in self.result.actions if shape(action.title) == shape(title)), None)
            if same is None:
                start = row.piece.offset_of(0)
                same = Action(f"A{len(self.result.actions) + 1}", None, title, start, start)
                place = self.printed.find(title)
                same.evidence = [self.printed.told("title", title, place, "group of the task table", 0.85)]
                self.result.actions.append(same)
            self._groups[title] = same.id
        return self._groups[title]

    def _title(self, index: int) -> str:
        """The line above a table, when it can be its title."""
        spans = [span for row in self.document.tables[index].rows for span in row if span[1] > span[0]]
        if not spans:
            return ""
        first = min(start for start, _ in spans)
        above = [
            block for block in self.document.blocks if block.end <= first and block.kind in {"paragraph", "heading"}
        ]
        for block in reversed(above[-3:]):
            text = re.sub(r"\s", "", self.document.text[block.start : block.end])
            if (
                4 <= len(text) <= 40
                and not re.search(r"[。；：:]", text)
                and not re.match(r"附件?\d*$|单位[:：]", text)
            ):
                return text
        return ""


def _units_of(row: tables.TaskRow) -> units.Units:
    """The units of the columns of a row; those of the 牵头 column lead."""
    found = units.Units()
    names, flags = unit_names.split_names(row.lead)
    found.add(names, lead=True)
    found.flags += flags
    for part in (row.units, row.support):
        read = units.read_list(part)
        for name in read.units:
            found.add([name], lead=name in read.lead)
        found.flags += read.flags
    return found


def shape(title: str) -> str:
    """A title reduced to its characters, for comparing."""
    return re.sub(r"[^\u4e00-\u9fffA-Za-z0-9]|^[（(]?[一二三四五六七八九十\d]+[）)、.]", "", title)
