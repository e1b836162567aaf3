"""What a printed score sheet (考核得分表) says: the last run that was announced, its formula, ranks, and every score."""

from __future__ import annotations

from luoshi.supervision.appraisal import queries, rules, scoring
from luoshi.supervision.appraisal.computing import Line
from luoshi.supervision.appraisal.models import Run
from luoshi.supervision.papers import contents
from luoshi.supervision.papers.contents import Content, Wanted
from luoshi.supervision.papers.layout import chinese_day
from luoshi.supervision.papers.model import Cell, Column, Entry, Table

FIELDS = {
    "区划": "name of the division",
    "期间": "the year the scores are of",
    "主送": "whom it is sent to",
    "说明": "which run this is, as of when, and how many divisions have a rank",
}
PARAGRAPHS = {"方法": "how points, totals and ranges of ranks come about"}
TABLES = {
    "总分排名": "divisions with total, rank and range of ranks",
    "得分明细": "points of every division item by item",
}

_COMPOSED = {
    "weighted-sum": "总分为各指标得分率按权重的加权平均；没有数据的不计分不扣分，已计分权重不足{coverage:.0%}的不排名。",
    "entropy": "权重由熵权法按各地差异程度确定，总分为得分率的加权平均；已计分权重不足{coverage:.0%}的不给总分、不排名。",
    "topsis": "总分由TOPSIS法给出，为距最差方案的距离占两端距离之和的比例；缺一项的区划不参加比较。",
}
BEYOND = "计分办法注明上限超过100%的指标，超额完成可以加分，总分因此可能超过{total:g}分。"
_REASONS = {"too-little": "可计分权重不足", "not-whole": "缺项"}


def register() -> None:
    """Say that this fills papers of the kind `score`."""
    contents.register("score", sheet, fields=FIELDS, paragraphs=PARAGRAPHS, tables=TABLES)


def sheet(wanted: Wanted) -> Content:
    """The content for a division and a period: the last run announced or final with values of the period, as known on
    `known_on`; says so where there is none."""
    wanted.scope.division_or_404(wanted.division)
    run = (
        queries.runs(scope=wanted.scope)
        .filter(division=wanted.division, state__in=(rules.ANNOUNCED, rules.FINAL))
        .filter(as_of__gte=wanted.start, as_of__lte=min(wanted.end, wanted.known_on))
        .order_by("-as_of", "-pk")
        .first()
    )
    if run is None:
        return Content(
            fields={"说明": "本期尚无公示或定稿的考核结果。"},
            paragraphs={"方法": ()},
            tables={
                "总分排名": Table(columns=(Column(title="区划"),)),
                "得分明细": Table(columns=(Column(title="区划"),)),
            },
        )
    lines = queries.lines(run, scope=wanted.scope)
    names = queries.names([line.division for line in lines])
    entries = tuple(_entry(run, line, names) for line in lines)
    ranked = sum(1 for line in lines if line.rank)
    said = (
        f"现将{run.title}结果印发如下。数值截至{chinese_day(run.as_of)}，共{len(lines)}个区划，其中{ranked}个有名次；"
        f"结果{'已定稿' if run.state == rules.FINAL else '正在公示'}，校验码{run.digest[:16]}。"
    )
    scheme = run.scheme
    method = (
        _COMPOSED[scheme.composition].format(coverage=scheme.coverage),
        *([BEYOND.format(total=scheme.total)] if scheme.beyond else []),
        "名次范围按各指标人数所允许的偶然波动重算一千次得出，九成名次落在范围之内；范围重叠的，先后不能当真。同分同名次。",
    )
    return Content(
        fields={"说明": said},
        paragraphs={"方法": method},
        tables={"总分排名": _totals(run, lines, names), "得分明细": _points(run, lines, names)},
        entries=entries,
    )


def _entry(run: Run, line: Line, names: dict[str, str]) -> Entry:
    return Entry(
        what=f"{names.get(line.division, line.division)}考核得分",
        text=_number(line.total),
        division=line.division,
        value=line.total,
        unit="分",
        as_of=run.as_of,
        source=f"考核方案{run.slug}第{run.version}版，校验码{run.digest[:16]}",
        link=f"/appraisal/runs/{run.pk}/of/{line.division}/",
    )


def _totals(run: Run, lines: list[Line], names: dict[str, str]) -> Table:
    rows = []
    for n, line in enumerate(lines, 1):
        span = "—" if line.low is None else str(line.low) if line.low == line.high else f"{line.low}—{line.high}"
        rows.append(
            (
                Cell(text=str(line.rank) if line.rank else "—", value=line.rank),
                Cell(text=names.get(line.division, line.division)),
                Cell(text=_number(line.total), value=line.total, format="0.00", marks=(n,)),
                Cell(text=span),
                Cell(text=f"{line.coverage:.0%}", value=line.coverage, format="0%"),
                Cell(text=_REASONS.get(line.reason, "")),
            )
        )
    columns = (
        Column(title="名次", width=1, align="center"), Column(title="区划", width=3),
        Column(title="得分", width=1.5, align="right"),
        Column(title="名次范围", width=1.5, align="center"), Column(title="已计分权重", width=1.5, align="right"),
        Column(title="备注", width=2),
    )  # fmt: skip
    return Table(caption=f"总分与名次（满分{run.scheme.total:g}）", columns=columns, rows=tuple(rows))


def _points(run: Run, lines: list[Line], names: dict[str, str]) -> Table:
    scheme = run.scheme
    rows = []
    for item in scheme.items:
        cells = [Cell(text=item.name), Cell(text=scoring.in_words(item))]
        for line in lines:
            score = line.scores[item.id]
            text = _number(score.points if scheme.composition != "topsis" else score.value)
            cells.append(Cell(text=text, value=score.points))
        rows.append(tuple(cells))
    columns = (
        Column(title="指标", width=3), Column(title="计分办法", width=4),
        *(Column(title=names.get(line.division, line.division), width=1.4, align="right") for line in lines),
    )  # fmt: skip
    return Table(
        caption="各指标得分", columns=columns, rows=tuple(rows), across=True,
        notes=("“—”为没有数据、数据过期或人数太少，不计分也不扣分。",),
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"
