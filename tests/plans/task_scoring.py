"""Scoring of read tasks, units and actions against hand-made answers of the shape of the shared gold files.

A task is found when its text begins with the answer's `head` (blanks and widths ignored). Units count once per task and
name; task deadlines are checked where the answer gives one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luoshi.plans.model import Plan, Task
from luoshi.plans.read import read_file


@dataclass
class TaskScore:
    """Counts of one document."""

    name: str
    tasks: int = 0
    found: int = 0
    extra: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    wrong_action: list[str] = field(default_factory=list)
    wrong_number: list[str] = field(default_factory=list)
    units_wanted: int = 0
    units_read: int = 0
    units_right: int = 0
    unit_errors: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.tasks if self.tasks else 1.0

    @property
    def precision(self) -> float:
        read = self.found + len(self.extra)
        return self.found / read if read else 1.0

    @property
    def units_f1(self) -> float:
        total = self.units_wanted + self.units_read
        return 2 * self.units_right / total if total else 1.0


_FOLD = str.maketrans("，；：（）！？％．“”", ',;:()!?%.""')


def plain(text: str) -> str:
    """Text without blanks and differences of width."""
    return re.sub(r"\s", "", text.translate(_FOLD))


def score(path: Path, answers: Path) -> tuple[TaskScore, Plan, dict[str, Any]]:
    """Read `path` and compare with the JSON of answers."""
    wanted = json.loads(answers.read_text("utf-8"))
    _, plan = read_file(path)
    result = TaskScore(answers.stem, tasks=len(wanted["tasks"]))
    titles = {action["id"]: plain(action["title"]) for action in wanted["actions"]}
    read_titles = {action.id: plain(action.title) for action in plan.actions}
    left = list(plan.tasks)
    for answer in wanted["tasks"]:
        head = plain(answer["head"])
        task = next((task for task in left if _begins(task, head)), None)
        if task is None:
            result.missed.append(f"{answer['id']} {answer['head']}")
            result.units_wanted += len(answer["units"])
            continue
        left.remove(task)
        result.found += 1
        if titles.get(answer["action"] or "") != read_titles.get(task.action or ""):
            result.wrong_action.append(f"{answer['id']} {answer['head']}: {read_titles.get(task.action or '')}")
        if (answer["number"] or "") != (task.number or ""):
            result.wrong_number.append(f"{answer['id']} wants {answer['number']}, read {task.number}")
        right = {plain(unit) for unit in answer["units"]} & {plain(unit) for unit in task.units}
        result.units_wanted += len(answer["units"])
        result.units_read += len(task.units)
        result.units_right += len(right)
        if len(right) != len(answer["units"]) or len(right) != len(task.units):
            result.unit_errors.append(f"{answer['id']} wants {answer['units']}, read {task.units}")
    result.extra = [f"{task.id} {task.text[:30]}" for task in left]
    return result, plan, wanted


def _begins(task: Task, head: str) -> bool:
    text = plain(task.text)
    return text.startswith(head) or head in text[: len(head) + 12]
