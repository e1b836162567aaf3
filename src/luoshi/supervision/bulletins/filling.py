"""What the standings alone can fill: bulletins, summary, ledger, and the order that presses one late promise.

Everything is Chinese, whatever the language of the page it is made from: the paper is a Chinese official paper.
"""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404
from django.utils import translation

from luoshi.kernel.quotes import inner
from luoshi.platform.access.scope import Scope
from luoshi.supervision import sources
from luoshi.supervision.bulletins import paper_tables, sentences
from luoshi.supervision.bulletins.standing_of import Board, counted, figure, goal, read, written
from luoshi.supervision.papers import contents
from luoshi.supervision.papers.contents import Content, Field, Wanted
from luoshi.supervision.papers.layout import chinese_day
from luoshi.supervision.papers.model import Entry, Table

BULLETINS = ("monthly", "quarterly", "annual", "summary")
FIELDS = {
    "目标数": "已确认规划的目标数",
    "可判断数": "由数据可以判断的目标数",
    "按期数": "进度不慢于时间或已达到的目标数",
    "偏慢数": "略慢于应有进度的目标数",
    "滞后数": "明显慢于应有进度的目标数",
    "不能判断数": "缺少来源、数据过旧或没有分母的目标数",
    "达到数": "数值已经达到目标的目标数",
    "按期占比": "按期占可判断的比例，附分子分母",
    "数据日": "数据最近更新到的一天",
}
PARAGRAPHS = {
    "滞后目标": "每项滞后目标一段：数值、差距、落后的地方、未计入的原因、预计、牵头单位",
    "偏慢目标": "每项偏慢目标一段",
    "达到目标": "已达到的目标，一段",
    "变化目标": "比上月变化大的目标，一段",
    "不能判断": "不能判断的目标，按缺什么分段",
    "各地情况": "滞后目标多的地方、没有滞后目标的地方",
}
TABLES = {"目标一览": "全部目标", "区划排名": "下一级各地的目标状态", "区划对照": "目标与下一级各地对照"}
FIGURES = {"总体": "目标状态图"}
ANSWER_WITHIN = 20  # days an order gives, where nobody says otherwise


def register() -> None:
    """Make these kinds known to the papers."""
    for kind in BULLETINS:
        contents.register(kind, bulletin, fields=FIELDS, paragraphs=PARAGRAPHS, tables=TABLES, figures=FIGURES)
    contents.register(
        "ledger", ledger, fields={"任务数": "任务数", "目标数": "量化目标数"}, tables={"任务台账": "全部任务"}
    )
    contents.register(
        "supervision",
        order,
        fields={"事由": "为什么督办", "办结日": "要求办结的一天", "要求": "反馈的要求"},
        paragraphs={"依据": "数据依据"},
        tables={"督办事项": "要办的事"},
        subjects=late_promises,
    )


def bulletin(wanted: Wanted) -> Content:
    """The content of a monthly, quarterly or annual bulletin and of a summary of work."""
    with translation.override("zh-hans"):
        board = read(wanted)
        entries: list[Entry] = []
        return Content(
            fields=_fields(board),
            paragraphs={
                "滞后目标": _each(board, "red"),
                "偏慢目标": _each(board, "yellow"),
                "达到目标": sentences.kept(board.kept),
                "变化目标": sentences.moved(board.here),
                "不能判断": sentences.not_judged(board.of("grey")),
                "各地情况": sentences.of_places(board),
            },
            tables={
                "目标一览": paper_tables.overview(board, entries),
                "区划排名": paper_tables.places(board, entries),
                "区划对照": paper_tables.crossed(board, entries),
            },
            figures={"总体": paper_tables.chart(board)} if board.here else {},
            entries=tuple(entries),
        )


def _each(board: Board, light: str) -> tuple[Field, ...]:
    return tuple(sentences.of_target(board, s, n) for n, s in enumerate(board.of(light), 1))


def _fields(board: Board) -> dict[str, Field]:
    counts = {key: sum(s.light == key for s in board.here) for key in paper_tables.ORDER}
    judged = len(board.here) - counts["grey"]
    place = f"?division={board.wanted.division}"

    def said(n: int, what: str, light: str = "") -> Field:
        link = f"/targets/{place}&light={light}" if light else f"/targets/{place}"
        return counted(str(n), what, board=board, link=link)

    share = f"{100 * counts['green'] / judged:.1f}%，{counts['green']}/{judged}" if judged else "—"
    return {
        "目标数": said(len(board.here), "已确认的目标"),
        "可判断数": said(judged, "可以由数据判断的目标"),
        "按期数": said(counts["green"], "按期的目标", "green"),
        "偏慢数": said(counts["yellow"], "偏慢的目标", "yellow"),
        "滞后数": said(counts["red"], "滞后的目标", "red"),
        "不能判断数": said(counts["grey"], "不能判断的目标", "grey"),
        "达到数": said(len(board.kept), "数值已达到目标的目标"),
        "按期占比": share,
        "数据日": sentences.day_words(board),
    }


def ledger(wanted: Wanted) -> Content:
    """Every task of the confirmed plans in sight that bind the division."""
    with translation.override("zh-hans"):
        board = read(wanted, forecasts=False)
        standings = {s.target: s for s in board.here}
        plans = {s.promise.plan.id for s in board.here}
        tasks = [task for plan in sorted(plans) for task in sources.get().tasks(plan, scope=wanted.scope)]
        return Content(
            fields={
                "任务数": counted(str(len(tasks)), "已确认规划的任务", board=board),
                "目标数": counted(str(len(board.here)), "已确认的目标", board=board, link="/targets/"),
            },
            tables={"任务台账": paper_tables.ledger(tasks, standings)},
        )


def late_promises(scope: Scope) -> list[tuple[str, str]]:
    """The promises an order may be about: those late at the viewer's widest place or at the division of a plan."""
    root, board = scope.root_division(), sources.get()
    if not root:
        return []
    places = dict.fromkeys([root, *(p.division for p in board.plans(scope=scope) if scope.covers_division(p.division))])
    found = {s.target: s for place in reversed(places) for s in board.standings(scope=scope, division=place)}.values()
    late = sorted(
        (s for s in found if s.light in ("red", "yellow")), key=lambda s: (s.light != "red", -s.gap, s.target)
    )
    return [(f"target:{s.target}", f"{s.promise.metric}{s.value_text}（{goal(s)}）") for s in late]


def order(wanted: Wanted) -> Content:
    """The order that presses one late promise (`subject` is `target:12`). Raises `Http404` where there is none of it."""
    kind, _colon, number = wanted.subject.partition(":")
    with translation.override("zh-hans"):
        board = read(wanted)
        s = next((s for s in board.here if kind == "target" and str(s.target) == number), None)
        if s is None:
            raise Http404
        entries: list[Entry] = []
        rows = paper_tables.places(_only(board, s.target), entries)
        due = wanted.known_on + timedelta(days=ANSWER_WITHIN)
        units = list(dict.fromkeys(unit.name for unit in s.promise.units))
        return Content(
            fields={
                "事由": (
                    f"《{s.promise.plan.title.strip('《》')}》确定：“{inner(s.promise.quote.strip().rstrip('。；，,;'))}”。"
                    f"截至{chinese_day(board.on)}，"
                    f"{s.promise.metric}为", figure(s), f"，{paper_tables.WORDS[s.light]}。现予督办。",
                ),
                "办结日": chinese_day(due),
                "要求": "说明原因、补齐措施和完成时间；数值由系统依据数据核验，不需另报数字。",
            },
            paragraphs={"依据": (sentences.of_target(board, s, 1),)},
            tables={"督办事项": _shown_places(board, s.target, entries) if board.below else rows},
            entries=tuple(entries),
            addressee="、".join(units[:6]),
        )  # fmt: skip


def _only(board: Board, target: int) -> Board:
    below = {code: [s for s in found if s.target == target] for code, found in board.below.items()}
    return Board(board.wanted, [s for s in board.here if s.target == target], below, board.names)


def _shown_places(board: Board, target: int, entries: list[Entry]) -> Table:
    from luoshi.supervision.bulletins.standing_of import entry
    from luoshi.supervision.papers.model import Cell, Column

    rows = []
    for n, s in enumerate(sorted(board.places(target), key=lambda s: (-s.gap, s.division)), 1):
        entries.append(entry(s))
        rows.append(
            (
                Cell(text=str(n), value=float(n)),
                Cell(text=s.place),
                Cell(text=written(s), marks=(len(entries),) if s.value is not None else ()),
                Cell(text=s.fraction_text or "—"),
                Cell(text=paper_tables.WORDS[s.light], light=s.light),
                Cell(text=str(s.people) if s.people else "—", value=float(s.people) if s.people else None),
            )
        )
    columns = (
        Column(title="序号", width=0.9, align="center"), Column(title="地区", width=3.0),
        Column(title="完成", width=2.2, align="right"), Column(title="分子/分母", width=2.4, align="right"),
        Column(title="状态", width=1.8), Column(title="尚差", width=1.4, align="right"),
    )  # fmt: skip
    return Table(columns=columns, rows=tuple(rows), notes=(paper_tables.LEGEND,))
