"""Task tables: 序号 | 工作任务 | 牵头单位 | 配合单位 | 完成时限, and duty tables that begin with the unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from luoshi.documents import Document, Table
from luoshi.plans.directory import looks_like_unit, resolve
from luoshi.plans.running_text import Piece, clean_piece, line_end, tidy

# role of a column -> what its heading says; the first that fits decides.
_COLUMNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("number", re.compile(r"^(?:序\s*号|编\s*号|号|No\.?)$", re.IGNORECASE)),
    ("lead", re.compile(r"牵头|主办|主要责任|主责|第一责任")),
    ("support", re.compile(r"配合|协办|协同|参与|参加|协助")),
    ("units", re.compile(
        r"责任(?:单位|部门|科室|处室|股室|机构|主体)|负责(?:单位|部门|科室)|实施(?:单位|部门)|承办|落实单位|^责任$|分工"
    )),
    ("deadline", re.compile(r"时限|时间|期限|进度|节点|完成日期")),
    ("person", re.compile(r"责任人|领导|联系人|负责人|电话")),
    ("goal", re.compile(r"目标|指标值|成效|标准")),
    ("remark", re.compile(r"备注|说明|进展|完成情况|得分|分值|评分")),
    ("group", re.compile(r"^(?:类别|分类|类型|领域|重点领域|专项行动|行动名称|大项|项目类别|板块|方面|工作类别)$")),
    ("title", re.compile(r"^(?:任务名称|项目名称|工作名称|重点任务|主要任务|工作项目|项目|重点工作|任务|事项|工作事项)$")),
    ("task", re.compile(r"任务|内容|措施|举措|工作|事项|要求|职责|政策开发重点|重点领域")),
    ("unit-first", re.compile(r"^(?:部\s*门|单\s*位|部门名称|单位名称|成员单位|部门\s*[（(]单位[）)])$")),
)  # fmt: skip


@dataclass(frozen=True)
class TaskRow:
    """One row read as a task: its text and the cells that say who and when."""

    piece: Piece
    number: str | None
    title: str
    group: str
    lead: str
    support: str
    units: str
    deadline: str
    goal: Piece | None
    table: int


def task_rows(document: Document) -> tuple[list[TaskRow], set[int]]:
    """The rows of every task table, and the indexes of the tables they came from."""
    rows: list[TaskRow] = []
    used: set[int] = set()
    header: list[str] | None = None
    for index, table in enumerate(document.tables):
        found, header = _rows(document, table, index, header)
        if found:
            used.add(index)
            rows += found
    return rows, used


def _cell(document: Document, span: tuple[int, int]) -> str:
    return clean_piece(document, *span).text.replace("\n", "")


def _roles(cells: list[str]) -> list[str]:
    roles = []
    for cell in cells:
        bare = re.sub(r"\s", "", cell)
        role = next((name for name, pattern in _COLUMNS if bare and len(bare) <= 16 and pattern.search(bare)), "")
        roles.append(role)
    if "goal" in roles and not {"task", "title"} & set(roles) and {"lead", "units"} <= set(roles):
        roles[roles.index("goal")] = "task"  # 主要目标 | 牵头单位 | 责任单位: the goal is what is given to them
    return roles


def _lower_head(upper: list[str], lower: list[str]) -> list[str] | None:
    """The roles of a second row of headings (责任单位 over 牵头单位 and 配合单位), None where the row is no heading."""
    if len(lower) != len(upper) or any(len(cell) > 16 or re.search(r"\d", cell) for cell in lower):
        return None
    roles = ["" if below == above else _roles([below])[0] for below, above in zip(lower, upper, strict=True)]
    fresh = [role for role, below, above in zip(roles, lower, upper, strict=True) if below and below != above]
    return roles if fresh and all(fresh) and set(fresh) & {"lead", "support", "units"} else None


def _is_task_table(roles: list[str]) -> bool:
    has = set(roles)
    work = bool(has & {"task", "title"})
    who = bool(has & {"lead", "units", "unit-first", "support"})
    when = "deadline" in has
    return work and (who or (when and "number" in has))


def _rows(
    document: Document, table: Table, index: int, before: list[str] | None
) -> tuple[list[TaskRow], list[str] | None]:
    texts = [[_cell(document, span) for span in row] for row in table.rows[:4]]
    roles: list[str] = []
    first = 0
    for number, cells in enumerate(texts):
        roles = _roles(cells)
        if _is_task_table(roles):
            first = number + 1
            if first < len(texts):
                below = _lower_head(cells, texts[first])
                if below is not None:
                    roles, first = [lower or upper for lower, upper in zip(below, roles, strict=False)], first + 1
            break
    else:
        if before is None or not texts or len(texts[0]) != len(before):
            return [], None
        roles, first = before, 0  # a table that goes on from the page before
    result: list[TaskRow] = []
    group = ""
    for row in table.rows[first:]:
        spans = list(dict.fromkeys(row))
        if len(spans) == 1:
            text = _cell(document, spans[0])
            if text and len(text) <= 60:
                group = re.sub(r"^[（(]?[一二三四五六七八九十]+[）)、]+", "", text)
            continue
        if [_roles([_cell(document, span)])[0] for span in row] == roles:
            continue  # the header printed again
        fields: dict[str, list[str]] = {}
        pieces: dict[str, Piece] = {}
        for role, span in zip(roles, row, strict=False):
            piece = clean_piece(document, *span)
            text = piece.text
            if role in {"lead", "support", "units", "unit-first"}:
                text = "、".join(names_in_cell(document.text[slice(*span)]))
            if text and text not in fields.get(role, []):
                fields.setdefault(role, []).append(text)
                if role in {"task", "title", "goal"}:
                    pieces[role] = pieces[role] + line_end(pieces[role]) + piece if role in pieces else piece
        if fields.get("group"):
            group = fields["group"][0].replace("\n", "")
        whole = pieces.get("task") or pieces.get("title")
        if whole is None or len(whole.text) < 4:
            continue
        if "task" in pieces and "title" in pieces and pieces["title"].text not in pieces["task"].text:
            whole = pieces["title"] + line_end(pieces["title"]) + pieces["task"]
        printed = "".join(fields.get("number", []))
        if "number" not in roles and (glued := re.match(r"(\d{1,3})[.、．]\s*(?!\d)", whole.text)):
            printed, whole = glued[1], whole.cut(glued.end(), len(whole.text))
        unit_first = "、".join(fields.get("unit-first", [])).replace("\n", "、")
        result.append(
            TaskRow(
                whole,
                printed.strip(".、 ") or None,
                fields.get("title", [""])[0].replace("\n", "") if "task" in pieces else "",
                group,
                "、".join(fields.get("lead", [])).replace("\n", "、"),
                "、".join(fields.get("support", [])).replace("\n", "、"),
                "、".join([*fields.get("units", []), *([unit_first] if unit_first else [])]).replace("\n", "、"),
                "；".join(fields.get("deadline", [])).replace("\n", ""),
                pieces.get("goal"),
                index,
            )
        )
    return result, roles


def names_in_cell(text: str) -> list[str]:
    """Units in a cell where blanks or line ends may part the names: 市人社局 医保中心."""
    parts = [part.strip("、，,；; ") for part in re.split(r"\s+", tidy(text)) if part.strip("、，,；; ")]
    if len(parts) > 1 and all(
        resolve(name) or looks_like_unit(name) for part in parts for name in re.split("[、，,；;]", part)
    ):
        return parts
    return ["".join(parts)]
