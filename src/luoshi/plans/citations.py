"""Document numbers, and the papers a plan names as its ground."""

from __future__ import annotations

import re

from luoshi.plans.model import PlanHead

NUMBER = re.compile(
    r"(?P<org>[\u4e00-\u9fff]{1,14}?(?:发|函|字|办|通|规|令|明电|文|疾控|党|政|医|卫|基层|委|"
    r"府)?)\s?[〔\[（(【﹝{]?\s?(?P<year>20\d\d)\s?[〕\]）)】﹞}]?\s?第?(?P<no>\d{1,4})\s?号"
)
_CITED = re.compile(
    r"《([^《》]{4,80}(?:《[^《》]*》[^《》]*)*)》\s*(?:[（(]\s*([^（）()]{3,40}号)\s*[）)]?\s*[）)]?)?"
)
_CITING_AFTER = re.compile(
    r"^(?:[（(][^）)]*[）)])?\s*(?:等)?(?:文件)?(?:的)?(?:精神|要求|部署|通知|宣传贯彻|贯彻|落实|任务|规定|安排)"
)


def normal_number(match: re.Match[str]) -> str:
    return f"{match['org']}〔{match['year']}〕{match['no']}号"


def based_on(body: str, own: str | None) -> list[str]:
    """Numbers of the papers the plan cites as its ground, or their titles where no number is printed."""
    result: list[str] = []
    opening = body[:2500]
    cited_until = 0
    attached = set(re.findall(r"《([^《》]{4,80})》\s*[（(]\s*(?:见附件|附后|附件\s?\d)", body))
    for match in _CITED.finditer(body):
        before, after = body[max(0, match.start() - 30) : match.start()], body[match.end(1) + 1 : match.end(1) + 24]
        if re.search(r"(?:现将|印发|制定|编制|出台|修订|起草)[^。]{0,10}$", before) and not re.search(
            r"根据|按照|贯彻|落实", before
        ):
            continue
        chained = (
            match.start() - cited_until <= 24
            and result
            and re.fullmatch(r"[^。]*?(?:、|和|及|与|以及).*", body[cited_until : match.start()])
        )
        grounds = re.search(r"(?:根据|按照|依据|依照|遵照|贯彻|落实|执行)[^。；]{0,28}$", before)
        if not (grounds or chained or _CITING_AFTER.match(after)):
            continue
        cited_until = match.end()
        number = NUMBER.search(match.group(2)) if match.group(2) else None
        name = normal_number(number) if number else match.group(1)
        if match.group(1) in attached or re.search(r"接口规范|告知书|模[板版]|登记表|申请表", match.group(1)):
            continue
        if name != own and name not in result:
            result.append(name)
    for match in re.finditer(
        r"[（(]\s?([\u4e00-\u9fff]{2,8}(?:发|函))\s?[〔\[（(]?(20\d\d)[〕\]）)]?\s?(\d{1,3})\s?号", opening
    ):
        name = f"{match[1]}〔{match[2]}〕{match[3]}号"
        if name != own and name not in result and not any(name in known or known in name for known in result):
            result.append(name)
    return result


def is_own(name: str, head: PlanHead) -> bool:
    """Whether a cited title is the plan itself or one of the same place's plans, no higher paper."""
    if name == head.title or head.title in name:
        return True
    place = re.sub(r"(?:省|市|区|县|自治区|自治州)$", "", (head.region or "").split("市")[-1] or (head.region or ""))
    first = head.region or ""
    return bool(first and name.startswith(first)) or bool(place and len(place) >= 2 and name.startswith(place))
