"""From a Document to a Plan: the public entry of this package."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from luoshi.documents import Document, open_document
from luoshi.plans import damage, deadlines, papers, results, shared_units, tracing, unit_habits, units
from luoshi.plans import years as year_pairs
from luoshi.plans.evidence import Printed
from luoshi.plans.head import read_head, written_year
from luoshi.plans.item_text import headed
from luoshi.plans.model import Action, Plan, PlanHead, Target, Task
from luoshi.plans.numbering import MOST, find_markers
from luoshi.plans.outline import Node, build
from luoshi.plans.page_order import Repair, in_order, repair_order
from luoshi.plans.raw_tasks import RawTask, Structure, join
from luoshi.plans.remarks import remarks
from luoshi.plans.running_text import Piece, is_traditional, plain_part, running_text
from luoshi.plans.structure import structure
from luoshi.plans.table_tasks import TableTasks
from luoshi.plans.targets import find_table_targets, find_targets
from luoshi.plans.unfolding import unfolded

# Characters; a longer run is no task and is not searched for units and targets.
_LONGEST_TASK = 20_000
# Characters that the foot of a page and the head of the next one take at most.
_PAGE_BREAK = 120
_BLANKS = re.compile(r"\s+")
_AHEAD = re.compile(r"(20\d\d)年(?:度)?[^，。]{0,12}(?:打算|计划|安排|任务|思路|重点|目标|举措|措施|工作$)")

Years = tuple[int | None, int | None]


def read_file(path: str | Path, *, page_order: Sequence[tuple[int, int]] | None = None) -> tuple[Document, Plan]:
    """Open a file and read the plan in it. Raises `UnreadableFile` when the file cannot be read."""
    document = open_document(path)
    return document, read(document, page_order=page_order)


def read(document: Document, *, page_order: Sequence[tuple[int, int]] | None = None) -> Plan:
    """The plan in a document: head, actions, tasks, targets, notes. Never fails on what a document says: what cannot be
    read is left out with a note, what is doubtful carries a flag. `page_order` lists document spans in the order in which
    an officer wants them read; by default the order is judged here."""
    return _PlanReader(document, page_order).plan()


class _PlanReader:
    def __init__(self, document: Document, page_order: Sequence[tuple[int, int]] | None = None) -> None:
        self.document = document
        self.printed = Printed(document)
        self.block_starts = [block.start for block in document.blocks]
        running, self.carrier_notes = damage.without_marks(running_text(document))
        whole = unfolded(running)
        if whole is not running:
            self.carrier_notes.append("Line ends were missing; they were put back before numbers and titles.")
            running = whole
        if is_traditional(document.text):
            self.carrier_notes.append("Written in traditional characters; read in simplified ones.")
        self.repair: Repair = in_order(running, page_order) if page_order else repair_order(running)
        self.text = self.repair.reading
        markers = find_markers(self.text)
        if len(markers) >= MOST:
            self.carrier_notes.append(
                f"It has more than {MOST:,} numbered parts; those beyond are read without numbers."
            )
        self.papers = papers.split(self.text, markers)
        chosen = papers.chosen(self.papers)
        roots = [build(self.text, markers, (paper.start, paper.end)) for paper in chosen]
        starts = [node.start for root in roots for node in root.children]
        self.head: PlanHead = read_head(document, self.text, min(starts, default=len(self.text.text)))
        if len(chosen) < len(self.papers) and chosen[0].title:
            self.head.title = chosen[0].title
        begins, reports = self.head.period_start, self.head.kind == "report"
        self.found: Structure = join(
            [structure(self.text, root, begins=begins, report=reports, news=self.head.kind == "news") for root in roots]
        )
        self.swapped = damage.swapped(document.text)
        self.result = Plan(plan=self.head)
        start, end = self.head.period_start, self.head.period_end
        self.years: Years = (start, end)
        written = written_year(self.head)
        self.year = start or written or end
        # What a plan of 2021-2025 written in 2022 says of 2021 is past.
        late = start and end and written and start < written <= end
        self.goal_years: Years = (written, end) if late else self.years
        if self.head.kind in ("news", "explanation"):
            self.goal_years = (None, end)  # the years of the paper told of are not known
        self.usual = year_pairs.usual(self.text.text)

    def plan(self) -> Plan:
        """Everything, in the order in which one part rests on another."""
        for index, action in enumerate(self.found.actions, start=1):
            row = Action(
                f"A{index}", action.number, action.title, action.start, action.end, self._restored(action.title)
            )
            row.evidence = tracing.numbered(
                self.printed, action.number, action.title, action.kind, action.start, action.end
            )
            self.result.actions.append(row)
        raw = list(self.found.tasks)
        self.result.tasks = [self._task(item, f"T{index}") for index, item in enumerate(raw, start=1)]
        shared_units.share(self.text, raw, self.result.tasks)
        table = TableTasks(self.document, self.printed, self.result, year=self.year, plan_years=self.years)
        table.take()
        self.result.safeguards = [
            self._task(item, f"S{index}") for index, item in enumerate(self.found.safeguards, start=1)
        ]
        self._first_leads()
        self._defaults(raw)
        for task in self.result.tasks:
            task.inherited_units = [name for name in task.inherited_units if name not in task.units]
            piece = Piece("", ())
            task.evidence += tracing.of_units(self.printed, piece, units.Units(), task.inherited_units)
        self._targets(raw, table)
        told = [t for p in self.found.background for t in self._find(p, text=headed(p.text, dated=True), told=True)]
        self.result.results = results.of(told, self.head, {(t.start, t.end) for t in self.result.targets})
        self.head.evidence = tracing.head(self.printed, self.head)
        if self.repair.changed:
            self.result.page_order = list(self.repair.order)
        self.result.notes = [
            *remarks(
                self.document, self.result, self.repair, self.found, self.papers, self.carrier_notes, self.swapped
            ),
            *self.result.notes,
        ]
        return self.result

    # --- tasks -----------------------------------------------------------------------------------------------------

    def _task(self, raw: RawTask, task_id: str) -> Task:
        endless = len(raw.piece.text) > _LONGEST_TASK
        found = units.Units(flags=["too long to be one task"]) if endless else units.read_units(raw.piece.text)
        spans = raw.piece.spans()
        action = f"A{raw.action + 1}" if raw.action is not None else None
        year, years = self._times(raw)
        due = deadlines.task_deadline(
            _without(raw.piece.text[:_LONGEST_TASK], found.spans), year=year, plan_years=years, schedule=raw.schedule
        )
        above = raw.node.parent if raw.node and due.inferred else None
        if above is not None and above.kind == "named" and "季度" in (above.printed or ""):
            due = deadlines.labelled(above.printed or "", year=year, plan_years=years)
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
        task = Task(
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
        kind = raw.node.kind if raw.node is not None else "counted" if raw.number else ""
        task.evidence = [
            *tracing.numbered(self.printed, raw.number, raw.title, kind, task.start, task.end, "number lost" in flags),
            *tracing.of_units(self.printed, raw.piece, found, []),
            *tracing.of_deadline(self.printed, raw.piece, due),
        ]
        return task

    def _times(self, raw: RawTask) -> tuple[int | None, Years]:
        """The year that completes dates and the years of the plan, where a heading above names its own: 三、2025年工作打算."""
        return self._times_of(raw.node.parent if raw.node else None)

    def _times_of(self, node: Node | None) -> tuple[int | None, Years]:
        while node is not None and node.rank >= 0:
            match = _AHEAD.search(node.title)
            if match and int(match[1]) > (self.years[1] or self.year or 9999):
                year = int(match[1])
                return year, (year, year)
            node = node.parent
        return self.year, self.years

    def _page(self, offset: int) -> int | None:
        if self.document.pages is None:
            return None
        at = bisect_right(self.block_starts, offset) - 1
        return self.document.blocks[at].page if at >= 0 else None

    def _restored(self, text: str) -> str:
        return damage.restored(text) if self.swapped else ""

    def _first_leads(self) -> None:
        """列第一位的为牵头单位, printed once: the first unit of every list leads where the list itself marks none."""
        said = unit_habits.first_leads(self.text.text)
        if said is None:
            return
        place = self.text.doc_spans(*said)[0]
        for task in self.result.tasks:
            if task.units and not task.lead_units:
                task.lead_units = [task.units[0]]
                flags = ["said once for all lists: the first unit leads"]
                rule = "first of the list, as said once for all"
                task.evidence.append(self.printed.told("lead_units", task.units[0], place, rule, 0.9, *flags))

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
            shared_units.inherit(task, names)
        listed = "、".join(names)
        self.result.notes.append(f"Printed once, valid for {len(chosen)} tasks: {listed}.")

    # --- targets ---------------------------------------------------------------------------------------------------

    def _targets(self, raw: list[RawTask], table: TableTasks) -> None:
        """Targets of every task, of the goals and introductions outside tasks, and of indicator tables."""
        seen: set[tuple[int, int, str]] = set()
        title = _BLANKS.sub("", self.head.title)

        heads: list[Target] = []

        def take(found: list[Target], task: str | None, doubt: str = "") -> None:
            for target in found:
                if self._headline(target, title):
                    heads.append(target)
                    continue
                key = (target.start, target.end, f"{target.metric}{target.value}{target.deadline}")
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
            take(self._find(piece, text=headed(piece.text)), None, doubt)
        for item, task in zip(raw, self.result.tasks, strict=False):
            take(_due_with(task, self._find(item.piece, self._times(item), _titled(item))), task.id, doubt)
        by_start = {task.start: task for task in self.result.tasks}
        for row in table.rows:
            owner = by_start.get(row.piece.spans()[0][0])
            if owner is not None:
                take(_due_with(owner, self._find(row.piece)), owner.id, doubt)
            if row.goal is not None:
                take(_due_with(owner, self._find(row.goal)), owner.id if owner else None, doubt)
        for item, task in zip(self.found.safeguards, self.result.safeguards, strict=True):
            take(self._find(item.piece, self._times(item), _titled(item)), task.id, doubt)
        for piece in self.found.closing:
            take(self._find(piece), None, doubt)
        for index, held in enumerate(self.document.tables):
            if index not in table.used:
                take(find_table_targets(self.document, held, year=self.year, plan_years=self.years), None, doubt)
        said = {(str(t.value), t.unit) for t in self.result.targets}
        if self.head.kind == "news" and heads and not any((str(t.value), t.unit) in said for t in heads):
            title = ""
            take(heads[:1], None, doubt)  # cut off before the text repeats its headline

    def _headline(self, target: Target, title: str) -> bool:
        """Whether a target stands in the title: its words do, and the line they are printed on says little else."""
        text = self.document.text
        if plain_part(_BLANKS.sub("", target.quote), text) not in title:
            return False
        line = (
            text[text.rfind("\n", 0, target.start) + 1 : target.start]
            + re.split(r"\n", text[target.start :], maxsplit=1)[0]
        )
        return len(_BLANKS.sub("", line)) <= len(title) + 30

    def _find(
        self, piece: Piece, times: tuple[int | None, Years] | None = None, text: str = "", *, told: bool = False
    ) -> list[Target]:
        """The targets of a piece; `text` is what to read where it is not quite the text of the piece. `told`: its results."""
        if len(piece.text) > _LONGEST_TASK:
            return []
        year, years = times or (self.year, self.years)
        years = self.goal_years if years == self.years else years
        found = find_targets(
            text or piece.text, offset_of=piece.offset_of, year=year, plan_years=years, usual=self.usual, told=told
        )
        for target in found:
            for entry in target.evidence:
                if entry.start is not None and entry.end is not None:
                    entry.quote = self._as_printed(piece, entry.start, entry.end)[:200] or entry.quote
        return [replace(t, quote=self._as_printed(piece, t.start, t.end) or t.quote) for t in found]

    def _as_printed(self, piece: Piece, start: int, end: int) -> str:
        """A stretch of a piece as the document prints it (widths, marks), without blanks inside Chinese."""
        inside = dict.fromkeys(offset for offset in piece.offsets if start <= offset < end)
        return _BLANKS.sub(_blank, "".join(self.document.text[offset] for offset in inside)).strip()


def _titled(item: RawTask) -> str:
    """The text of a task whose title stands alone on its line, with a full stop for the line end: 妇幼健康 / 孕产妇建册率90%."""
    text = item.piece.text
    at = text.find("\n")
    alone = item.node is not None and item.node.heading_only and 0 < at <= 60
    return f"{text[:at]}。{text[at + 1 :]}" if alone else text


_LIMITS = frozenset(("column of the task table", "label of a time limit", "time limit", "date in the heading"))


def _due_with(task: Task | None, found: list[Target]) -> list[Target]:
    """Promises without a date of their own are due when their task is, where a column, a label or its heading says so."""
    limit = next((e for e in task.evidence if e.field == "deadline" and e.rule in _LIMITS), None) if task else None
    if task is None or limit is None or task.deadline_inferred:
        return found
    for target in found:
        if target.deadline_inferred or target.deadline is None:
            target.deadline, target.deadline_inferred = task.deadline, False
            told = replace(limit, rule="time limit of the task", confidence=0.85, flags=[])
            target.evidence = [told if entry.field == "deadline" else entry for entry in target.evidence]
    return found


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
    """The text with the unit lists blotted out, except for the deadlines they may carry; places stay true."""
    for start, end in spans:
        listed = text[start:end]
        if not re.search(r"时限|时间|期限|\d月|\d年", listed):
            text = text[:start] + "。" * len(listed) + text[end:]
    return text
