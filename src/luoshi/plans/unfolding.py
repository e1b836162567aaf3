"""Papers that lost their line ends: a whole paper printed on one line, or the title of the next glued to the last sentence.

Line ends are put back only where the genre leaves no doubt: before 一、 and （一） that begin behind a full stop or a blank,
behind standing headings (工作目标, 主要任务), around titles of papers, and before a signature with its date.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise

from luoshi.kernel.numerals import parse_chinese_number
from luoshi.plans.running_text import RunningText, Weaver

_PAPER = r"(?:实施方案|工作方案|行动方案|方案|行动计划|工作计划|计划|工作要点|要点|规划|纲要|实施意见|意见|工作安排|总结|情况报告)"
_NAME = rf"(?:[\u4e00-\u9fff“”《》、—\-~（）()\d]{{4,56}}?){_PAPER}(?:[（(][^（）()]{{1,24}}[）)])?"
_PLACED = re.compile(r"20\d\d|关于|“?十[三四五]五|^.{1,8}?(?:省|市|县|区|州|旗|镇|乡)")
# A title at the beginning of the text or behind a full stop, before words that open a paper.
_TITLE = re.compile(
    rf"(?:^|(?<=[。；]))\s?(?P<title>{_NAME})(?=\s|为(?!主|了(?!.{{2,40}}制定))|根据|按照|依据|各[县市区乡镇有]|一、|第一[章节部]|[\u4e00-\u9fff]{{2,12}}[：:])"
)
_HEADING = re.compile(
    r"(?<=[。；）)”\s\n：:])(?=(?:[一二三四五六七八九十]{1,3}、(?![一二三四五六七八九十]级)|[（(][一二三四五六七八九十]{1,3}[）)]))"
)
_STANDING = re.compile(
    r"(?<=、)(?:总体要求|总体目标|指导思想|基本原则|工作原则|工作目标|主要目标|发展目标|行动目标|目标任务|重点任务|主要任务|工作任务|"
    r"工作内容|重点工作|工作措施|主要措施|主要举措|保障措施|组织保障|组织实施|工作要求|实施步骤|时间安排)(?![和与及的、，])"
)
_SIGNED = re.compile(r"(?<=。)\s?[\u4e00-\u9fff]{4,24}(?:委员会|政府|局|委|办公室)\s?20\d\d年\d{1,2}月\d{1,2}日")
_GLUED = re.compile(rf"(?<=[。）)])(?P<title>[^。；，：:\n]{{2,56}}{_PAPER}(?:[（(][^（）()]{{1,24}}[）)])?)$")
_OPENS = re.compile(r"\s*(?:一、|第一[章节部]|[（(]一[）)]|为|根据|按照|各)")
_TOP = re.compile(r"([一二三四五六七八九十]{1,3})、")
_ONE_LINE = 140  # characters that a line takes at least which holds a whole paper


def unfolded(reading: RunningText) -> RunningText:
    """The text with the line ends that the genre asks for put back; itself where nothing is missing."""
    places: set[int] = set()
    text = reading.text
    for index, para in enumerate(reading.paras):
        line = text[para.start : para.end]
        if len(line) >= _ONE_LINE and len(_HEADING.findall(line)) >= 3 and _counts_on(line):
            places |= {para.start + place for place in _of_one_line(line)}
        elif index + 1 < len(reading.paras) and (glued := _GLUED.search(line)):
            following = reading.paras[index + 1]
            if _PLACED.search(glued["title"]) and _OPENS.match(text[following.start : following.end]):
                places.add(para.start + glued.start("title"))
    return _parted(reading, sorted(places)) if places else reading


def _counts_on(line: str) -> bool:
    """Whether 一、二、三、 of a line count on (and begin again at 一、 with the next paper): else pages are out of order and the
    line is left as it is."""
    places = [match.end() for match in _HEADING.finditer(line)]
    tops = [found for place in places if (found := _TOP.match(line, place))]
    numbers = [parse_chinese_number(found[1]) or 0 for found in tops]
    return len(numbers) >= 2 and numbers[0] == 1 and all(b in (1, 2, a + 1) for a, b in pairwise(numbers))


def _of_one_line(line: str) -> set[int]:
    places = {match.start() for match in _HEADING.finditer(line)}
    for match in _TITLE.finditer(line):
        if _PLACED.search(match["title"]):
            places |= {match.start("title"), match.end("title")}
    for pattern in (_STANDING, _SIGNED):
        for match in pattern.finditer(line):
            places |= {match.end()} if pattern is _STANDING else {match.start(), match.end()}
    return {place for place in places if 0 < place < len(line)}


def _parted(reading: RunningText, places: list[int]) -> RunningText:
    weaver = Weaver()
    for para in reading.paras:
        inside = places[bisect_left(places, para.start + 1) : bisect_left(places, para.end)]
        for start, end in zip([para.start, *inside], [*inside, para.end], strict=True):
            piece = reading.text[start:end]
            skip = len(piece) - len(piece.lstrip())
            if piece.strip():
                weaver.begin(para.kind, para.level, para.page)
                weaver.put_traced(piece[skip:].rstrip(), reading.offsets[start + skip : start + len(piece.rstrip())])
    done = weaver.done()
    done.page_starts = reading.page_starts
    return done
