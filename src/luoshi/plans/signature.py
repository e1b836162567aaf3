"""Who signed a paper and when: the bodies and the date below its text, dates in figures and in Chinese characters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from luoshi.kernel.numerals import parse_chinese_number
from luoshi.plans import sections
from luoshi.plans.directory import resolve

DATE = re.compile(r"(20\d\d)\s?[年\-/.]\s?(\d{1,2})\s?[月\-/.]\s?(\d{1,2})")
CN_DATE = re.compile(
    r"(二[〇零○ＯO0][一二三四五六七八九〇零○ＯO0]{2})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)
CN_DIGITS = str.maketrans("〇零○ＯO一二三四五六七八九", "00000123456789")


def iso_date(match: re.Match[str] | None) -> str | None:
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def chinese_date(text: str) -> str | None:
    match = CN_DATE.search(text)
    if match is None:
        return None
    digits = CN_DIGITS
    month, day = parse_chinese_number(match[2]), parse_chinese_number(match[3])
    return f"{match[1].translate(digits)}-{month:02d}-{day:02d}" if month and day else None


@dataclass(frozen=True)
class Signed:
    names: tuple[str, ...] = ()
    date: str | None = None
    alone: str | None = None
    sent: bool = False


def signature(lines: list[str]) -> Signed:
    """Signing bodies and date: short lines of names followed by a line that is a date."""
    for index, line in enumerate(lines):
        text = line.strip()
        if len(text) > 24 or not (DATE.match(text) or CN_DATE.match(text)):
            continue
        names: list[str] = []
        for before in reversed(lines[max(0, index - 12) : index]):
            bare = before.strip()
            if 3 <= len(bare) <= 60 and not re.search(r"[。；，,：:]", bare) and signs(bare):
                parts = bare.split()
                whole = len(parts) > 1 and all(len(part) >= 3 and signs(part) for part in parts)
                names[0:0] = parts if whole else ["".join(parts)]
            else:
                break
        above = next((before.strip() for before in reversed(lines[:index]) if before.strip()), "")
        if (
            not names
            and len(text) <= 20
            and re.search(r"给你们[^。]*。|(?:遵照|贯彻|组织|认真)(?:执行|落实|实施)。$", above)
        ):
            return Signed(
                alone=iso_date(DATE.match(text)) or chinese_date(text), sent=True
            )  # the letter is dated, not signed
        if names:
            return Signed(tuple(names), iso_date(DATE.match(text)) or chinese_date(text))
    closing = [
        line.strip() for line in lines[-6:] if sections.DATE_LINE.match(line.strip()) and len(line.strip()) <= 20
    ]
    return Signed(alone=iso_date(DATE.search(closing[-1])) or chinese_date(closing[-1])) if closing else Signed()


def signs(name: str) -> bool:
    return bool(
        resolve(re.sub(r"(?:办公[室厅])$", "", name))
        or resolve(name)
        or re.search(r"(?:委员会|人民政府|局|厅|办公室|部|委|院|中心|领导小组)$", name)
    )
