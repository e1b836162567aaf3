"""The tables and the chart of bulletins: every promise, every place, and the two against each other."""

from __future__ import annotations

from collections.abc import Sequence

from luoshi.supervision.bulletins.standing_of import Board, entry, goal, month, written
from luoshi.supervision.papers.model import Cell, Column, Entry, Figure, Table
from luoshi.supervision.sources import Standing, Task
from luoshi.web import charts
from luoshi.web.lights import light

ORDER = ("green", "yellow", "red", "grey")
WORDS = {"green": "按期", "yellow": "偏慢", "red": "滞后", "grey": "不能判断"}
LEGEND = "注：●按期　▲偏慢　■滞后　○不能判断（缺少数据来源、数据过旧或人数太少）。"


def _number(text: str, value: float | None, form: str = "") -> Cell:
    return Cell(text=text, value=value, format=form)


def overview(board: Board, entries: list[Entry]) -> Table:
    """Every promise: what was promised, where it is, its light, deadline and unit."""
    rows = []
    for n, s in enumerate(board.here, 1):
        marks: tuple[int, ...] = ()
        if s.value is not None:
            entries.append(entry(s))
            marks = (len(entries),)
        lead = next((unit.name for unit in s.promise.units if unit.lead), "") or next(
            (unit.name for unit in s.promise.units), ""
        )
        rows.append(
            (
                _number(str(n), float(n)),
                Cell(text=f"{s.promise.metric}（{told}）" if (told := month(s)) else s.promise.metric),
                Cell(text=s.promise_text),
                Cell(text=written(s), marks=marks),
                Cell(text=s.fraction_text or "—"),
                Cell(text=WORDS[s.light], light=s.light),
                Cell(text=s.deadline.isoformat() if s.deadline else "—"),
                Cell(text=lead or "—"),
            )
        )
    columns = (
        Column(title="序号", width=0.9, align="center"), Column(title="目标", width=5.6),
        Column(title="承诺", width=1.9, align="right"), Column(title="完成", width=2.1, align="right"),
        Column(title="分子/分母", width=2.3, align="right"), Column(title="状态", width=2.2),
        Column(title="期限", width=1.9, align="center"), Column(title="牵头单位", width=2.6),
    )  # fmt: skip
    return Table(columns=columns, rows=tuple(rows), notes=(LEGEND,), across=True)


def places(board: Board, entries: list[Entry]) -> Table:
    """Every place below: how many promises of each light, and its widest gap."""
    rows = []
    for code, found in board.below.items():
        counts = {key: sum(s.light == key for s in found) for key in ORDER}
        late = sorted((s for s in found if s.light in ("red", "yellow")), key=lambda s: (-s.gap, s.target))
        worst = Cell(text="—")
        if late:
            entries.append(entry(late[0]))
            text = f"{late[0].promise.metric}{written(late[0])}（{goal(late[0])}）"
            worst = Cell(text=text, marks=(len(entries),))
        cells = [_number(str(counts[key]), float(counts[key])) for key in ORDER]
        rows.append((counts, board.names.get(code, code), cells, worst))
    rows.sort(key=lambda row: (row[0]["red"], row[0]["yellow"], -row[0]["green"], row[1]))
    columns = (
        Column(title="序号", width=0.9, align="center"), Column(title="地区", width=2.2),
        *(Column(title=WORDS[key], width=1.5 if key == "grey" else 1.0, align="right") for key in ORDER),
        Column(title="最大的差距", width=5.0),
    )  # fmt: skip
    made = tuple(
        (_number(str(n), float(n)), Cell(text=name), *cells, worst)
        for n, (_counts, name, cells, worst) in enumerate(rows, 1)
    )
    return Table(caption="各地目标进度" if made else "", columns=columns, rows=made)


def crossed(board: Board, entries: list[Entry]) -> Table:
    """Promises down, places across; only promises that are measured in one place at least."""
    codes = list(board.below)
    by_place = {code: {s.target: s for s in found} for code, found in board.below.items()}
    rows = []
    for s in board.here:
        standings = [by_place[code].get(s.target) for code in codes]
        if not any(p and p.value is not None for p in standings):
            continue
        rows.append(
            (
                Cell(text=f"{s.promise.metric}（{goal(s)}）"),
                Cell(text=_short(s), light=s.light),
                *(Cell(text=_short(p), light=p.light, value=p.value) if p else Cell(text="—") for p in standings),
            )
        )
    columns = (
        Column(title="目标", width=5.2), Column(title="全域", width=1.5, align="right"),
        *(Column(title=board.names.get(code, code), width=1.5, align="right") for code in codes),
    )  # fmt: skip
    return Table(columns=columns, rows=tuple(rows), notes=(LEGEND,), across=True)


def _short(s: Standing) -> str:
    """The value without its unit, as a crowded table has it."""
    if s.value is None:
        return "—"
    return f"{s.value:,.1f}{'%' if s.unit == '%' else ''}".replace("-", "−")


def ledger(tasks: Sequence[Task], standings: dict[int, Standing]) -> Table:
    """Every task with its units, deadline and the state of its promises."""
    rows = []
    for n, task in enumerate(tasks, 1):
        own = [standings[t] for t in task.targets if t in standings]
        worst = min((s.light for s in own), key=lambda k: ("red", "yellow", "grey", "green").index(k), default=None)
        state = (
            Cell(
                text="；".join(f"{s.promise.metric}{written(s)}（{goal(s)}）" for s in own),
                light=worst,
            )
            if worst
            else Cell(text="以成果材料判断")
        )
        lead = "、".join(unit.name for unit in task.units if unit.lead)
        support = "、".join(unit.name for unit in task.units if not unit.lead)
        rows.append(
            (
                _number(str(n), float(n)),
                Cell(text=task.title or task.text[:60]),
                Cell(text=state.text, light=state.light),
                Cell(text=lead or "—"),
                Cell(text=support or "—"),
                Cell(text=task.deadline.isoformat() if task.deadline else "—"),
            )
        )
    columns = (
        Column(title="序号", width=1.0, align="center"), Column(title="任务", width=4.2),
        Column(title="量化目标与状态", width=5.6), Column(title="牵头单位", width=2.6),
        Column(title="配合单位", width=3.4), Column(title="期限", width=2.4, align="center"),
    )  # fmt: skip
    return Table(columns=columns, rows=tuple(rows), notes=(LEGEND,), across=True)


def chart(board: Board) -> Figure:
    """How many promises have which light."""
    rows = [
        charts.Bar(str(WORDS[key]), float(n), f"{n} 项", light=light(key).key)
        for key in ORDER
        for n in (sum(s.light == key for s in board.here),)
    ]
    spec = charts.bars(rows, unit="项", target=None, target_text="", width=420)
    return Figure(caption="图 目标状态", spec=spec, wide=0.86)
