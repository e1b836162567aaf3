"""From a Document to a Plan: the public entry of this package."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from luoshi.documents import Document, open_document
from luoshi.plans import damage, deadlines, papers, tables, units
from luoshi.plans.head import read_head
from luoshi.plans.model import Action, Plan, PlanHead, Target, Task
from luoshi.plans.numbering import find_markers
from luoshi.plans.outline import build
from luoshi.plans.page_order import Repair, repair_order
from luoshi.plans.running_text import Piece, is_traditional, running_text
from luoshi.plans.structure import RawTask, Structure, join, structure
from luoshi.plans.targets import find_table_targets, find_targets

# Characters; a longer run is no task and is not searched for units and targets.
_LONGEST_TASK = 20_000
# Characters that the foot of a page and the head of the next one take at most.
_PAGE_BREAK = 120
_BLANKS = re.compile(r"\s+")


def read_file(path: str | Path) -> tuple[Document, Plan]:
    """Open a file and read the plan in it. Raises `UnreadableFile` when the file cannot be read."""
    document = open_document(path)
    return document, read(document)


def read(document: Document) -> Plan:
    """The plan in a document: head, actions, tasks, targets, notes. Never fails on what a document says: what cannot be
    read is left out with a note, what is doubtful carries a flag."""
    return _PlanReader(document).plan()


class _PlanReader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.block_starts = [block.start for block in document.blocks]
        printed, self.carrier_notes = damage.without_marks(running_text(document))
        if is_traditional(document.text):
            self.carrier_notes.append("Written in traditional characters; read in simplified ones.")
        self.repair: Repair = repair_order(printed)
        self.text = self.repair.reading
        markers = find_markers(self.text)
        self.papers = papers.split(self.text, markers)
        chosen = papers.chosen(self.papers)
        roots = [build(self.text, markers, (paper.start, paper.end)) for paper in chosen]
        starts = [node.start for root in roots for node in root.children]
        self.head: PlanHead = read_head(document, self.text, min(starts, default=len(self.text.text)))
        if len(chosen) < len(self.papers) and chosen[0].title:
            self.head.title = chosen[0].title
        self.found: Structure = join([structure(self.text, root) for root in roots])
        self.swapped = damage.swapped(document.text)
        self.result = Plan(plan=self.head)
        start, end = self.head.period_start, self.head.period_end
        self.years = (start, end)
        written = int(self.head.published[:4]) if self.head.published else None
        self.year = start or written or end

    def plan(self) -> Plan:
        for index, action in enumerate(self.found.actions, start=1):
            self.result.actions.append(
                Action(f"A{index}", action.number, action.title, action.start, action.end, self._restored(action.title))
            )
        raw = list(self.found.tasks)
        self.result.tasks = [self._task(item, f"T{index}") for index, item in enumerate(raw, start=1)]
        self._shared_units(raw)
        self._table_tasks()
        self.result.safeguards = [
            self._task(item, f"S{index}") for index, item in enumerate(self.found.safeguards, start=1)
        ]
        self._defaults(raw)
        for task in self.result.tasks:
            task.inherited_units = [name for name in task.inherited_units if name not in task.units]
        self._targets(raw)
        self._notes()
        return self.result

    # --- tasks -----------------------------------------------------------------------------------------------------

    def _task(self, raw: RawTask, task_id: str) -> Task:
        endless = len(raw.piece.text) > _LONGEST_TASK
        found = units.Units(flags=["too long to be one task"]) if endless else units.read_units(raw.piece.text)
        spans = raw.piece.spans()
        action = f"A{raw.action + 1}" if raw.action is not None else None
        due = deadlines.task_deadline(
            _without(raw.piece.text[:_LONGEST_TASK], found.spans),
            year=self.year,
            plan_years=self.years,
            schedule=raw.schedule,
        )
        flags = [*raw.flags, *found.flags]
        if self.repair.changed and any(b[0] < a[0] or b[0] - a[1] > 400 for a, b in pairwise(spans)):
            flags.append("page order repaired: the parts of this task were printed apart")
        if raw.weak:
            flags.append("safeguard: 保障措施, weak as a task")
        if self.swapped:
            flags.append("words swapped by the copying site")
        if re.search(r"[、，,（(]$", raw.piece.text.strip()):
            flags.append("unit list continues elsewhere?" if found.units else "text cut off?")
        confidence = 0.5 if raw.weak else 0.7 if "no numbering" in raw.flags else 1.0
        if self.head.kind != "plan":
            confidence = min(confidence, 0.6)
        if any("page order" in flag or "stray" in flag or "?" in flag for flag in flags):
            confidence = min(confidence, 0.8)
        return Task(
            task_id,
            action,
            raw.number,
            raw.piece.text,
            *_reach(spans),
            title=raw.title,
            lead_units=found.lead,
            units=found.units,
            deadline=due.value,
            deadline_inferred=due.inferred,
            flags=flags,
            confidence=confidence,
            spans=spans,
            page=self._page(spans[0][0]) if spans else None,
            begins=due.begins,
            repeats=due.repeats,
            restored=self._restored(raw.piece.text),
        )

    def _page(self, offset: int) -> int | None:
        if self.document.pages is None:
            return None
        at = bisect_right(self.block_starts, offset) - 1
        return self.document.blocks[at].page if at >= 0 else None

    def _restored(self, text: str) -> str:
        return damage.restored(text) if self.swapped else ""

    def _shared_units(self, raw: list[RawTask]) -> None:
        """Units printed once for a group: in the heading above, or behind the last item where that is the habit."""
        for index, item in enumerate(raw):
            node = item.node.parent if item.node else None
            while node is not None and node.rank >= 0:
                heading = units.read_units(self.text.text[node.title_start : node.own_end].split("\n")[0][:300])
                if heading.units and not self.result.tasks[index].units:
                    self._inherit(self.result.tasks[index], heading.units)
                node = node.parent
        groups: dict[int, list[int]] = {}
        for index, item in enumerate(raw):
            if item.group is not None:
                groups.setdefault(item.group, []).append(index)
        larger = [members for members in groups.values() if len(members) >= 2]
        tasks = self.result.tasks
        only_last = [
            members for members in larger if tasks[members[-1]].units and not any(tasks[m].units for m in members[:-1])
        ]
        named = [members for members in larger if any(tasks[member].units for member in members)]
        if len(only_last) >= 2 and len(only_last) >= 0.8 * len(named):
            for members in only_last:
                for member in members[:-1]:
                    self._inherit(tasks[member], tasks[members[-1]].units)
                    tasks[member].flags.append("units printed once for the group")

    @staticmethod
    def _inherit(task: Task, names: list[str]) -> None:
        task.inherited_units += [name for name in names if name not in task.units and name not in task.inherited_units]

    def _defaults(self, raw: list[RawTask]) -> None:
        """Units printed once for all tasks above or below."""
        for index, item in enumerate(raw):
            names, where = units.read_defaults(item.piece.text)
            if names:
                chosen = self.result.tasks[index + 1 :] if where == "下" else self.result.tasks
                self._apply_defaults(names, chosen)
        for piece in [*self.found.loose, *self.found.closing]:
            names, _ = units.read_defaults(piece.text)
            if names:
                self._apply_defaults(names, self.result.tasks)

    def _apply_defaults(self, names: list[str], chosen: list[Task]) -> None:
        self.head.default_units += [name for name in names if name not in self.head.default_units]
        for task in chosen:
            self._inherit(task, names)
        listed = "、".join(names)
        self.result.notes.append(f"Printed once, valid for {len(chosen)} tasks: {listed}.")

    # --- tables ----------------------------------------------------------------------------------------------------

    def _table_tasks(self) -> None:
        rows, self.task_tables = tables.task_rows(self.document)
        known = {task.id: _shape(task.title or task.text[:40]) for task in self.result.tasks}
        groups: dict[str, str] = {}
        merged = 0
        for row in rows:
            lead = units.split_names(row.lead)[0]
            names = list(lead)
            for part in (row.units, row.support):
                found = units.read_list(part)
                lead += [name for name in found.lead if name not in lead]
                names += [name for name in found.units if name not in names]
            inside = units.read_units(row.piece.text) if not names else units.Units()
            due = (
                deadlines.labelled(row.deadline, year=self.year, plan_years=self.years)
                if row.deadline
                else deadlines.task_deadline(row.piece.text, year=self.year, plan_years=self.years)
            )
            twin = self._twin(row, known)
            if twin is not None:
                merged += 1
                twin.units += [name for name in names if name not in twin.units]
                twin.lead_units += [name for name in lead if name not in twin.lead_units]
                if twin.deadline_inferred and not due.inferred:
                    twin.deadline, twin.deadline_inferred, twin.begins = due.value, False, due.begins
                if "merged with the task table" not in twin.flags:
                    twin.flags.append("merged with the task table")
                continue
            spans = row.piece.spans()
            task = Task(
                f"T{len(self.result.tasks) + 1}",
                self._table_action(row, groups),
                row.number,
                row.piece.text,
                *_reach(spans),
                title=row.title,
                lead_units=lead or inside.lead,
                units=names or inside.units,
                deadline=due.value,
                deadline_inferred=due.inferred,
                spans=spans,
                begins=due.begins,
                repeats=due.repeats,
                page=self.document.tables[row.table].page,
                confidence=0.95,
            )
            self.result.tasks.append(task)
        if merged:
            self.result.notes.append(
                f"{merged} rows of the task table repeat tasks of the body and were merged with them."
            )

    def _twin(self, row: tables.TaskRow, known: dict[str, str]) -> Task | None:
        """The task of the body that a row repeats."""
        shape = _shape(row.title or row.piece.text[:40])
        if len(shape) < 6:
            return None
        for task in self.result.tasks:
            other = known.get(task.id, "")
            if len(other) >= 6 and (
                shape[:12] == other[:12] or (len(other) >= 8 and other in shape) or (len(shape) >= 8 and shape in other)
            ):
                return task
        return None

    def _table_action(self, row: tables.TaskRow, groups: dict[str, str]) -> str | None:
        title = row.group or self._table_title(row.table)
        if not title:
            return None
        if title not in groups:
            same = next((action for action in self.result.actions if _shape(action.title) == _shape(title)), None)
            if same is None:
                start = row.piece.offset_of(0)
                same = Action(f"A{len(self.result.actions) + 1}", None, title, start, start)
                self.result.actions.append(same)
            groups[title] = same.id
        return groups[title]

    def _table_title(self, index: int) -> str:
        """The line above a table, when it can be its title."""
        spans = [span for row in self.document.tables[index].rows for span in row if span[1] > span[0]]
        if not spans or not self.found.tasks:
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

    # --- targets ---------------------------------------------------------------------------------------------------

    def _targets(self, raw: list[RawTask]) -> None:
        """Targets of every task, of the goals and introductions outside tasks, and of indicator tables."""
        seen: set[tuple[int, int, str]] = set()

        def take(found: list[Target], task: str | None, doubt: str = "") -> None:
            for target in found:
                key = (target.start, target.end, f"{target.metric}{target.value}")
                if key in seen:
                    continue
                seen.add(key)
                target.id, target.task = f"G{len(self.result.targets) + 1}", task
                if doubt:
                    target.flags.append(doubt)
                    target.confidence = min(target.confidence, 0.6)
                self.result.targets.append(target)

        doubt = f"not a plan but {self.head.kind}" if self.head.kind != "plan" else ""
        for piece in self.found.loose:
            take(self._find(piece), None, doubt)
        for item, task in zip(raw, self.result.tasks, strict=False):
            take(self._find(item.piece), task.id, doubt)
        rows, _ = tables.task_rows(self.document)
        by_start = {task.start: task for task in self.result.tasks}
        for row in rows:
            owner = by_start.get(row.piece.spans()[0][0])
            if owner is not None:
                take(self._find(row.piece), owner.id, doubt)
            if row.goal is not None:
                take(self._find(row.goal), owner.id if owner else None, doubt)
        for item, task in zip(self.found.safeguards, self.result.safeguards, strict=True):
            take(self._find(item.piece), task.id, doubt)
        for piece in self.found.closing:
            take(self._find(piece), None, doubt)
        for index, table in enumerate(self.document.tables):
            if index not in self.task_tables:
                take(find_table_targets(self.document, table, year=self.year, plan_years=self.years), None, doubt)

    def _find(self, piece: Piece) -> list[Target]:
        if len(piece.text) > _LONGEST_TASK:
            return []
        found = find_targets(piece.text, offset_of=piece.offset_of, year=self.year, plan_years=self.years)
        return [replace(target, quote=self._printed(piece, target) or target.quote) for target in found]

    def _printed(self, piece: Piece, target: Target) -> str:
        """The sentence of a target as the document prints it (widths, marks), without blanks inside Chinese."""
        inside = dict.fromkeys(offset for offset in piece.offsets if target.start <= offset < target.end)
        return _BLANKS.sub(_blank, "".join(self.document.text[offset] for offset in inside)).strip()

    # --- notes -----------------------------------------------------------------------------------------------------

    def _notes(self) -> None:
        notes = [*self.document.notes, *self.carrier_notes]
        if self.head.kind != "plan":
            notes.append(f"Not a plan ({self.head.kind}). {self.head.kind_reason}")
        if self.repair.changed:
            places = ", ".join(map(str, self.repair.physical))
            notes.append(
                f"The pages are out of order: the numbers count on when the {len(self.repair.physical)} printed parts are read "
                f"in the order {places}. They were read so, and {len(self.repair.joined)} cut places were joined; please accept."
            )
            self.result.page_order = list(self.repair.order)
        aside = [paper for paper in self.papers if paper not in papers.chosen(self.papers)]
        if aside:
            notes.append(
                "Several papers are in the file; not read for tasks: " + "; ".join(p.title or "?" for p in aside) + "."
            )
        if self.found.advice:
            notes.append(
                f"{len(self.found.advice)} lists of advice to persons and families are no tasks and were left out."
            )
        lost = sum(1 for task in self.result.tasks if "number lost" in task.flags)
        if lost:
            notes.append(f"{lost} tasks lost their number in print.")
        if self.swapped:
            notes.append(
                "Words were swapped for synonyms by the copying site ("
                + "、".join(self.swapped[:6])
                + "); the text is kept "
                "as printed, `restored` puts back what is certain."
            )
        if not self.result.tasks:
            notes.append("No tasks were found in it.")
        self.result.notes = notes + self.result.notes


def _blank(found: re.Match[str]) -> str:
    """What stands for blanks: one between Latin words or figures, none beside Chinese."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return " " if before.isascii() and after.isascii() and before.isalnum() and after.isalnum() else ""


def _reach(spans: list[tuple[int, int]]) -> tuple[int, int]:
    """From where to where a task stands: over the headers and footers of a page break, not over a gap of pages that
    were printed apart."""
    if not spans:
        return 0, 0
    start, end = spans[0]
    for first, last in spans[1:]:
        if not end <= first <= end + _PAGE_BREAK:
            break
        end = last
    return start, end


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with the unit lists taken out, except for the deadlines they may carry."""
    for start, end in reversed(spans):
        listed = text[start:end]
        text = text[:start] + (listed if re.search(r"时限|时间|期限|\d月|\d年", listed) else "") + text[end:]
    return text


def _shape(title: str) -> str:
    """A title reduced to its characters, for comparing."""
    return re.sub(r"[^\u4e00-\u9fffA-Za-z0-9]|^[（(]?[一二三四五六七八九十\d]+[）)、.]", "", title)
