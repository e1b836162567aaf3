"""Actions and tasks out of an outline: which parts group work, which are work, which are neither.

The rules of the genre, in words:

* the deepest of 第…节, 一、, （一）, 1. that a plan uses numbers its tasks; what stands above them groups them;
* （1）, ①, 一是…二是 divide a task, they are none, unless nothing above them is numbered;
* a heading alone on its line at the top level groups the paragraphs below it, each of them a task;
* 总体要求, 指导思想, 工作目标 hold no tasks (their numbers are still read as targets); 保障措施 are weak tasks.
"""

from __future__ import annotations

import re

from luoshi.plans import narration, sections
from luoshi.plans.item_text import clean_title, complete, enumerated, first_clause, goes_on, title_sentence
from luoshi.plans.numbering import RANKS
from luoshi.plans.outline import Node, paras_between
from luoshi.plans.raw_tasks import RawAction, RawTask, Structure
from luoshi.plans.running_text import Piece, RunningText, clean, join_pieces, line_end

_SUBITEM = RANKS["arabic-paren"]
_GIVEN_TO = re.compile(r"(?:责任|牵头|负责|配合)(?:单位|部门|科室|处室|股室)\s*[：:]|(?:牵头|负责|落实|配合)\s*[）)]")
_UNIT_LIST_END = re.compile(
    r"[（(【\[][^（()）]{0,6}(?:责任|牵头|配合|负责|主办|协办|实施|承办)[^：:（()）]{0,8}(?:单位|部门|科室|处室|机构)[^：:]{0,6}[：:](?:[^（()）]|[（(][^（()）]*[）)])*[)）】\]]\s*[。；;]?"
)


def structure(
    reading: RunningText, root: Node, *, begins: int | None = None, report: bool = False, news: bool = False
) -> Structure:
    """Actions, tasks, safeguards and loose texts of one paper, whose outline is `root`. `begins` is the first year of the
    plan; of a `report` only what looks ahead is work, of unnumbered `news` only what asks for something."""
    return _Builder(reading, root, begins, report=report, news=news).build()


class _Builder:
    def __init__(self, reading: RunningText, root: Node, begins: int | None, *, report: bool, news: bool) -> None:
        self.reading, self.root = reading, root
        self.begins, self.report, self.news = begins, report, news
        self.result = Structure()
        self._actions: dict[int, int] = {}
        self._groups = 0

    def build(self) -> Structure:
        tops = self._tops()
        if not tops:
            self._unnumbered()
            return self.result
        intro = clean(self.reading, self.root.start, tops[0].start)
        if intro.text:
            self.result.loose.append(intro)
        roles = [sections.OVERVIEW if self._told(node) else self._role(node, top=True) for node in tops]
        roles = [
            sections.WORK if found == sections.GOAL and self._assigns(node) else found
            for node, found in zip(tops, roles, strict=True)
        ]
        if sections.WORK not in roles:
            roles = self._promoted(tops, roles)
        work = [node for node, found in zip(tops, roles, strict=True) if found == sections.WORK]
        leaves = all(not self._kids(node) for node in work)
        flat = leaves and (
            all(not node.heading_only for node in work)
            or all(not node.heading_only or self._count_paragraphs(node) <= 1 for node in work)
        )
        for node, found in zip(tops, roles, strict=True):
            if found in {sections.OVERVIEW, sections.GOAL}:
                self._loose(node)
            elif found == sections.SAFEGUARD and not flat:
                self._safeguards(node)
            elif found == sections.SCHEDULE:
                self._schedule(node)
            elif sections.CLOSING.match(node.title) and node is tops[-1]:
                self.result.closing.append(clean(self.reading, node.start, node.end))
            elif flat:
                self._task(node, None)
            else:
                self._work(node, top=True)
        return self.result

    def _assigns(self, node: Node) -> bool:
        """Whether a part named 目标任务 gives its items to units: it is the work of the paper."""
        kids = self._kids(node) if "任务" in node.title else []
        named = [kid for kid in kids if _GIVEN_TO.search(self.reading.text, kid.start, kid.end)]
        return len(named) >= 2 and 2 * len(named) >= len(kids)

    def _promoted(self, tops: list[Node], roles: list[str]) -> list[str]:
        """The roles of a paper without a part named as work: its 组织实施 or 实施步骤 holds the work; where none is there,
        every safeguard does."""
        tasked = [
            found == sections.GOAL and "任务" in node.title and len(self._kids(node)) >= 3
            for node, found in zip(tops, roles, strict=True)
        ]
        if any(tasked):
            return [sections.WORK if does else found for does, found in zip(tasked, roles, strict=True)]
        lesser = {sections.SAFEGUARD, sections.SCHEDULE}
        doing = [
            found in lesser and bool(self._kids(node)) and bool(re.search(r"实施|步骤|安排|程序", node.title))
            for node, found in zip(tops, roles, strict=True)
        ]
        if any(doing):
            return [sections.WORK if does else found for does, found in zip(doing, roles, strict=True)]
        return [sections.WORK if found in lesser else found for found in roles]

    def _tops(self) -> list[Node]:
        kids = self.root.children
        if not kids:
            return []
        best = min(node.rank for node in kids)
        strong = [node for node in kids if node.rank == best]
        if best < RANKS["arabic"] and len(strong) >= 1:
            first = strong[0].start
            # orphans before the first heading belong to covers and carriers, not to the plan
            return [node for node in kids if node.start >= first or node.rank < RANKS["arabic"]]
        return kids

    def _role(self, node: Node, *, top: bool) -> str:
        return sections.role(node.title, top=top)

    def _told(self, node: Node) -> bool:
        """Whether a part tells what was done: by the years or the tense of its heading, by its own, or as part of a report."""
        if narration.looks_ahead(node.title):
            return False
        if narration.past_heading(node.title, self.begins):
            return True
        tense = narration.tense(self.reading.text[node.title_start : node.end])
        ahead = any(narration.looks_ahead(kid.title) for kid in node.children)
        return not ahead and (tense.clearly_told or (self.report and tense.told + 1 > tense.asked))

    def _kids(self, node: Node) -> list[Node]:
        """The children that number work: deeper numbering only where nothing better is there."""
        better = [child for child in node.children if child.rank < _SUBITEM]
        if better:
            return better
        holds = node.rank < RANKS["cn-paren"] or sections.is_container(node.title)
        return list(node.children) if holds and node.heading_only else []

    def _action(self, node: Node) -> int:
        if node.kind in {"audience", "label"} and node.parent and node.parent.rank >= 0:
            return self._action(node.parent)
        if sections.is_container(node.title) and node.rank >= RANKS["arabic"] and node.parent and node.parent.rank >= 0:
            return self._action(node.parent)
        key = node.start
        if key not in self._actions:
            spans = self.reading.doc_spans(node.start, max(node.title_start + len(node.title), node.start + 1))
            self._actions[key] = len(self.result.actions)
            start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
            self.result.actions.append(RawAction(_action_number(node), clean_title(node.title), start, end, node.kind))
        return self._actions[key]

    def _work(self, node: Node, *, top: bool) -> None:
        if sections.is_advice(node):
            self.result.advice.append(clean(self.reading, node.start, node.end))
            return
        kids = self._kids(node)
        if not kids:
            self._leaf(node, top=top)
            return
        self._intro(node, kids[0])
        if any(self._kids(kid) or kid.kind == "audience" for kid in kids) or (
            all(kid.heading_only for kid in kids) and node.rank <= RANKS["part"]
        ):
            for kid in kids:
                found = self._role(kid, top=False)
                if self._is_loose(kid, found, kids):
                    self._loose(kid)
                elif self._kids(kid) or kid.kind == "audience":
                    self._work(kid, top=False)
                elif kid.heading_only and kid.rank < RANKS["arabic"] and self._count_paragraphs(kid) != 1:
                    self._paragraphs(kid, self._action(kid))
                else:
                    self._task(kid, self._action(node))
            return
        action = self._action(node)
        self._groups += 1
        for kid in kids:
            if self._is_loose(kid, self._role(kid, top=False), kids):
                self._loose(kid)
            else:
                self._task(kid, action, group=self._groups)

    @staticmethod
    def _is_loose(node: Node, found: str, siblings: list[Node]) -> bool:
        """Whether a part below a work heading only states goals or principles."""
        if sections.divides_duties(node):
            return True
        if found not in {sections.GOAL, sections.OVERVIEW}:
            return False
        if found == sections.OVERVIEW and sections.is_background(node.title):
            return True
        return node.rank < RANKS["arabic"] or any(sections.is_container(other.title) for other in siblings)

    def _leaf(self, node: Node, *, top: bool) -> None:
        if node.heading_only and node.rank < RANKS["arabic"] and (top or node.kind == "audience"):
            self._paragraphs(node, self._action(node))
        else:
            self._task(node, self._action(node.parent) if node.parent and node.parent.rank >= 0 else None)

    def _paragraphs(self, node: Node, action: int | None) -> None:
        """Each paragraph below a heading is a task; a paragraph that only lists units belongs to the one before."""
        end = node.end
        last: RawTask | None = None
        for para in paras_between(self.reading, node.body, end):
            piece = clean(self.reading, para.start, para.end)
            if last is not None and goes_on(last.piece.text, piece.text):
                last.piece = last.piece + line_end(last.piece) + piece
                continue
            if not sections.is_work_para(piece.text):
                if sections.is_end_matter(piece.text):
                    self.result.closing.append(piece)
                continue
            if last is not None and (
                (sections.CLOSING.match(piece.text) and self._is_last(node)) or sections.opens_safeguards(piece.text)
            ):
                self.result.closing.append(piece)
                continue
            parts = enumerated(piece)
            if len(parts) > 1:
                for number, part in parts:
                    last = RawTask(
                        number, clean_title(title_sentence(part.text) or first_clause(part.text)), part, action
                    )
                    self.result.tasks.append(last)
                continue
            aside = piece.text.startswith(("此外", "另外"))
            last = RawTask(None, title_sentence(piece.text), piece, None if aside else action)
            self.result.tasks.append(last)

    def _count_paragraphs(self, node: Node) -> int:
        """How many paragraphs below a heading can be tasks; one that is a list of 一要…二要… counts as many."""
        count, last = 0, ""
        for para in paras_between(self.reading, node.body, node.end):
            piece = clean(self.reading, para.start, para.end)
            if sections.opens_safeguards(piece.text):
                continue
            if sections.is_work_para(piece.text) and not (last and goes_on(last, piece.text)):
                count += len(enumerated(piece))
                last = piece.text
        return count

    def _is_last(self, node: Node) -> bool:
        return node.end >= self.root.end

    def _task(self, node: Node, action: int | None, group: int | None = None) -> None:
        piece, rest = self._item(node)
        bare = re.sub(r"\s", "", piece.text)
        if not bare or (len(bare) <= len(node.title) + 1 and sections.is_container(node.title)):
            return
        task = RawTask(node.printed, clean_title(node.title), piece, action, node, group=group)
        if node.kind == "lost":
            task.flags.append("number lost")
        self.result.tasks.append(task)
        self.result.closing += rest

    def _item(self, node: Node) -> tuple[Piece, list[Piece]]:
        """The joined text of a leaf with all below it, and what follows it that is no part of it."""
        pieces: list[Piece] = []
        rest: list[Piece] = []
        for para in paras_between(self.reading, node.title_start, node.end):
            piece = clean(self.reading, para.start, para.end)
            done = bool(pieces) and (
                sections.is_end_matter(piece.text)
                or (
                    sections.CLOSING.match(piece.text) is not None and self._is_last(node) and complete(pieces[-1].text)
                )
            )
            (rest if done or rest else pieces).append(piece)
        return self._trim(join_pieces(pieces), rest)

    def _trim(self, piece: Piece, rest: list[Piece]) -> tuple[Piece, list[Piece]]:
        """Cut closing words that were printed straight after the unit list of the last item."""
        matches = list(_UNIT_LIST_END.finditer(piece.text))
        if matches:
            tail = piece.cut(matches[-1].end(), len(piece.text)).strip()
            if len(tail.text) > 20 and sections.CLOSING.match(tail.text):
                return piece.cut(0, matches[-1].end()), [tail, *rest]
        return piece, rest

    def _intro(self, node: Node, first: Node) -> None:
        """The words of a part before its first numbered one: goals may stand in them."""
        piece = clean(self.reading, node.body if node.heading_only else node.title_start, first.start)
        if len(piece.text) > (8 if node.heading_only else len(node.title) + 8):
            self.result.loose.append(piece)

    def _loose(self, node: Node) -> None:
        """Texts that may hold targets; what tells how things stand is kept apart, except the goals printed in it."""
        goals = self._role(node, top=False) == sections.GOAL and not self.report
        past = not goals and (sections.is_background(node.title) or self._told(node))
        if past:
            self.result.told.append(clean_title(node.title)[:30])
        for part in node.walk():
            piece = clean(self.reading, part.title_start, part.own_end)
            if piece.text:
                goal = part is not node and self._role(part, top=False) == sections.GOAL
                (self.result.background if past and not goal else self.result.loose).append(piece)

    def _safeguards(self, node: Node) -> None:
        before = len(self.result.tasks), len(self.result.actions), dict(self._actions)
        self._work(node, top=True)
        weak = self.result.tasks[before[0] :]
        del self.result.tasks[before[0] :]
        del self.result.actions[before[1] :]
        self._actions = before[2]
        for task in weak:
            task.weak, task.action, task.group = True, None, None
        self.result.safeguards += weak

    def _schedule(self, node: Node) -> None:
        """Phases: each a task whose deadline is the end of its range, when it names work; else loose text."""
        before = len(self.result.tasks)
        self._work(node, top=True)
        for task in self.result.tasks[before:]:
            task.schedule = True

    def _unnumbered(self) -> None:
        """A paper without any numbering: paragraphs that open with a title sentence, or demand something, are tasks."""
        recorded = False  # inside a record of labelled lines
        quoting = listed = False  # inside what a news item tells of a plan; inside a list of its goals
        for para in self.reading.paras:
            piece = clean(self.reading, para.start, para.end)
            title = title_sentence(piece.text)
            tense = narration.tense(piece.text)
            listed = self.news and (narration.opens_goals(piece.text) or (listed and piece.text.startswith(("-", "—"))))
            quoting = self.news and (listed or narration.quoting(piece.text, quoting))
            telling = self.report or (self.news and not quoting)
            if (tense.told and not tense.asked and not (listed or (quoting and narration.sets_goals(piece.text)))) or (
                telling and (narration.tells(piece.text) or not tense.asked)
            ):
                self.result.background.append(piece)
                continue
            last = self.result.tasks[-1] if self.result.tasks else None
            if last is not None and (goes_on(last.piece.text, piece.text) or (recorded and _FIELD.match(piece.text))):
                last.piece = last.piece + line_end(last.piece) + piece
                continue
            if begins := _RECORD.match(piece.text):
                recorded = True
                self.result.tasks.append(RawTask(None, clean_title(piece.text[begins.end() :]), piece, None))
                continue
            work = sections.is_work_para(piece.text) and not _PROMULGATES.search(piece.text)
            if work and (title or _DEMAND.search(piece.text)):
                counted = _COUNTED.match(piece.text)
                number = counted[1] if counted else None
                task = RawTask(number, title, piece, None, flags=[] if counted else ["no numbering"])
                self.result.tasks.append(task)
            elif piece.text:
                self.result.loose.append(piece)


# 项目名称：… 主要内容：… 责任单位：…: work set out in records of labelled lines.
_RECORD = re.compile(
    r"(?:项目|任务|事项|工作|实事)名称\s*[：:]\s*|(?:重点任务|工作任务|民生实事|工作事项|实事项目)\s*[：:]\s*"
)
_FIELD = re.compile(
    r"(?:主要|工作|建设|具体|项目|实施|任务)?(?:内容|目标|措施|举措|要求|标准|地点|规模|投资|进度|计划)\s*[：:]"
)
_COUNTED = re.compile(r"([一二三四五六七八九十]{1,2})(?:是|要)(?=[\u4e00-\u9fff“])")
_DEMAND = re.compile(r"(?:加强|推进|推动|开展|实施|完善|建立|健全|落实|深化|提升|强化|加快|做好|确保|完成|达到)")

# 现印发给你们，请认真贯彻执行: the sentence that sends the paper out.
_PROMULGATES = re.compile(r"(?:印发|下发|转发|发)给你们|现(?:将.{2,80})?(?:予以?)?(?:印发|下发|转发)")


def _action_number(node: Node) -> str | None:
    return node.printed
