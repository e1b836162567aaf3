"""Units printed once for several tasks: in the heading above them, in a part of its own beside them (（四）部门分工), or behind
the last task of a group where that is the habit of the paper."""

from __future__ import annotations

import re

from luoshi.plans import sections, units
from luoshi.plans.model import Task
from luoshi.plans.outline import Node
from luoshi.plans.raw_tasks import RawTask
from luoshi.plans.running_text import RunningText

# A line that holds nothing but the list: 责任处室：妇幼处；责任单位：各级妇幼保健机构, or the same in brackets.
_OWN_LINE = re.compile(r"\n\s*[（(【]?(?:责任|牵头|配合|负责)[^\n：:]{0,6}[：:][^\n]{2,200}$")


def share(reading: RunningText, raw: list[RawTask], tasks: list[Task]) -> None:
    """Give each of `tasks` the units printed for the group it stands in; `raw` are the same tasks before reading."""
    printed: dict[int, list[str]] = {}  # of a heading, by its node: read once, however many tasks stand below
    for item, task in zip(raw, tasks, strict=False):
        node = item.node.parent if item.node and not task.units else None
        while node is not None and node.rank >= 0:
            if id(node) not in printed:
                above = units.read_units(reading.text[node.title_start : node.own_end].split("\n")[0][:300])
                printed[id(node)] = [*above.units, *_beside(reading, node).units]
            inherit(task, printed[id(node)])
            node = node.parent
    _behind_the_last(raw, tasks)


def inherit(task: Task, names: list[str]) -> None:
    """Take up names the task itself does not print, each once."""
    task.inherited_units += [name for name in names if name not in task.units and name not in task.inherited_units]


def _beside(reading: RunningText, node: Node) -> units.Units:
    """The units of the part below `node` that only divides the duties of the parts beside it."""
    for child in node.children:
        if sections.divides_duties(child):
            return units.read_list(reading.text[child.title_start + len(child.title) : child.end].strip("。：: \n"))
    return units.Units()


def _behind_the_last(raw: list[RawTask], tasks: list[Task]) -> None:
    groups: dict[int, list[int]] = {}
    for index, item in enumerate(raw):
        if item.group is not None:
            groups.setdefault(item.group, []).append(index)
    larger = [members for members in groups.values() if len(members) >= 2]
    only_last = [
        members for members in larger if tasks[members[-1]].units and not any(tasks[m].units for m in members[:-1])
    ]
    named = [members for members in larger if any(tasks[member].units for member in members)]
    alone = [members for members in groups.values() if _OWN_LINE.search(raw[members[-1]].piece.text)]
    habit = len(only_last) >= 2 or (len(alone) >= 2 and all(members in alone for members in only_last))
    if only_last and habit and len(only_last) >= 0.8 * len(named):
        for members in only_last:
            for member in members[:-1]:
                inherit(tasks[member], tasks[members[-1]].units)
                tasks[member].flags.append("units printed once for the group")
