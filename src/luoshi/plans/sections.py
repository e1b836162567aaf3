"""What a part of a plan is for: work, overview, goals, safeguards, schedule, closing words. Judged by its title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luoshi.plans.outline import Node

OVERVIEW = "overview"
GOAL = "goal"
SAFEGUARD = "safeguard"
SCHEDULE = "schedule"
WORK = "work"

_VERBS = (
    r"(?:进一步|切实|全面|着力|明确|认真|抓好|做好|加强|强化|健全|完善|落实|提供|夯实|压实|严格|注重|突出|实施|建立)"
)
_OVERVIEW = re.compile(
    r"(?:总体(?:要求|思路|原则|部署|安排)?|指导(?:思想|方针)|基本(?:原则|思路|要求|情况|方针)|工作(?:原则|思路|背景|"
    r"依据|理念|方针)|编制(?:依据|说明|背景|目的)|背景(?:和意义|情况)?|背景(?:和|与|及|、)(?:总体|工作|活动)?(?:目标|意义|目的)"
    r"|(?:发展|规划|现状|面临)?(?:基础|现状|形势|环境|背景)(?:和|与|及)?(?:挑战|形势|环境|机遇|背景)?|(?:重要|"
    r"重大)意义|充分认识.{0,40}意义|提高.{0,6}认识.*|适用范围|总则|战略(?:主题|定位)"
    r"|(?:回顾|总结(?!评估|评价|推广|提升|提高|提炼|验收|阶段|考核|宣传|上报|表彰|经验)).{0,20}|.{0,16}工作(?:回顾|总结|情况|成效)|.{0,16}(?:工作|任务|目标|指标|项目|计划)?(?:开展|完成|推进|落实|进展|执行)(?:情况|成效)|取得的?成[效绩]|存在的?(?:主要)?问题.*|名词解释|"
    r"术语.{0,4}|(?:实施|服务|适用|试点|筛查|评价|行动|项目|目标)(?:范围|对象|区域|时间|地区|人群)|(?:项目|补助|财政)?(?:经费|资金)(?:补助)?(?:标准|来源|安排|筹集|渠道)|序言|前言|引言"
    r"|指导思想和.{0,12}|总体要求(?:和|与|及).{0,12}|规划背景)"
)
_GOAL = re.compile(
    r"(?:总体|工作|主要|目标|发展|年度|具体|行动|战略|预期|建设|阶段性?|核心|规划|创建|试点|活动|任务|近期|远期|"
    r"重点|项目|实施|健康)*(?:目标|指标)(?:任务|要求|体系|和.{0,8}|与.{0,8}|及.{0,8})?"
    r"|目标任务|主要(?:发展)?指标|(?:到)?20\d\d年(?:的)?(?:主要)?目标"
)
_SAFEGUARD = re.compile(
    rf"(?:{_VERBS}|、|和|与|及)*(?:保障措施|组织保障|组织实施|工作要求|有关要求|相关要求|具体要求|工作保障|保障机制|"
    rf"实施保障|政策保障|保障体系|组织领导|组织管理|组织机构|领导机构|领导小组|工作机制|(?:经费|资金)(?:保障|管理|投入)"
    r"|监督(?:管理|检查|考核|评估|评价)|考核(?:评价|评估|督导|问责)|督导(?:检查|考核|评估|评价)|措施保障|附则|"
    r"支持保障|(?:绩效|年度|目标)?(?:考核|考评|评价|奖惩|评分)(?:办法|方式|方法|标准|奖惩|与奖惩|结果运用)|结果(?:运用|应用|使用)|规划实施|实施机制|实施管理)(?:(?:和|与|及|、).{0,12})?"
)
_SCHEDULE = re.compile(
    r"(?:实施|工作|推进|行动|活动|进度|时间|阶段|试点|创建|步骤|任务)*(?:步骤|安排|阶段|进度|时限|节点)(?:(?:和|与|"
    r"及|、).{0,10})?"
)
_WORK = re.compile(r"任务|举措|措施|内容|重点工作|行动|工程")
CLOSING = re.compile(
    r"^(?:各(?:地|级|市|县|区|镇|乡|有关|相关|单位|部门|责任|设区)[^。]{0,40}?(?:要|应|须|务必|请)|(?:会议|报告|"
    r"讲话|陈述|通知)(?:强调|指出|要求)|本(?:方案|计划|规划|通知|办法|意见|要点)自"
    r"|以上(?:工作|事项|任务)|请(?:各|认真|遵照)|特此|本(?:责任书|协议书?|合同)(?:一式|自)|.{0,12}(?:务必|要)于.{0,20}(?:报送|上报))"
)
_NO_WORK_PARA = re.compile(
    r"^(?:附件?\s*\d*\s*[:：]|附件|附表|抄送|主送|联系人|联系电话|联系方式|电\s*话|地\s*址|邮\s*编|"
    r"(?:信息)?来\s*[源历]|作者|责任编辑|发布(?:日期|时间|机构)|索引号|文号|注[：:]|备注|说明[：:]|[（(]此件|印发$"
    r"|(?:会议|报告|讲话|陈述)(?:强调|指出|要求))"
)
_SIGNATURE = re.compile(
    r"^[\u4e00-\u9fff（）()、 ]{2,60}(?:委员会|委|局|厅|办公室|政府|部|中心|总署|协会|联合会|总工会|办|院|"
    r"领导小组)(?:\s*[\u4e00-\u9fff]{2,30}(?:委员会|局|厅|办公室|部|委))*$"
)
DATE_LINE = re.compile(
    r"^(?:[（(])?\s*(?:\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|"
    r"[二〇零一三四五六七八九十○Ｏ]{4}年[一二三四五六七八九十]{1,3}月[一二三四五六七八九十]{1,3}日|"
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|20[0-3]\d(?:[01]?\d)(?:[0-3]?\d)(?=\s*$))"
    r".{0,10}$"
)


_CONTAINER = re.compile(
    r"(?:重点|主要|具体|工作|核心|实施)*(?:任务|举措|措施|内容|工作|行动)(?:(?:和|与|及|、)(?:重点|主要|具体|"
    r"工作)*(?:任务|举措|措施|内容|要求))?"
)


def is_container(title: str) -> bool:
    """Whether a heading only says that work follows: 主要任务, 重点工作举措, 工作内容."""
    return bool(_CONTAINER.fullmatch(re.sub(r"[\s。：:]", "", title)))


def is_advice(node: Node) -> bool:
    """Whether a part speaks to persons, families or patients instead of to bodies: ——个人和家庭："""
    return node.kind == "audience" and bool(
        re.match(r"个人|家庭|居民|劳动者|公众|孕产妇|老年人|患者", node.printed or "")
    )


_DUTIES = re.compile(
    r"(?:部门|责任|任务|职责|工作|单位)?分工|(?:责任|牵头|负责|配合|实施|组织)(?:单位|部门)(?:及分工)?"
)


def divides_duties(node: Node) -> bool:
    """Whether a part only names who does the work of the parts beside it: （四）部门分工。"""
    return not node.children and bool(_DUTIES.fullmatch(re.sub(r"[\s。：:]", "", node.title)))


def known_title(text: str) -> int:
    """The length of a standing heading that the text begins with and runs on from (总体要求深入贯彻…), 0 when none."""
    match = _STANDING.match(text)
    return match.end() if match else 0


_STANDING = re.compile(
    r"(?:总体(?:要求|目标|思路)|指导思想|基本原则|工作原则|(?:工作|主要|发展|行动|总体)目标|目标任务|(?:重点|主要|"
    r"工作)任务|工作内容|工作措施|主要举措|保障措施|组织保障|组织实施|工作要求|实施步骤|时间安排)"
    r"(?=\s+[\u4e00-\u9fff“]|(?:以习近平|坚持|深入|全面|认真|贯彻|按照|根据|为|到20|20\d\d|通过|围绕|聚焦|紧紧|各|以|落实|牢固|加强|强化))"
)


def role(title: str, *, top: bool) -> str:
    """The role of a part by its title. `top` says it stands at the top level, where safeguards are expected."""
    bare = re.sub(r"[\s“”\"（(].*?[)）]|[\s。：:]", "", title)
    if _GOAL.fullmatch(bare):
        return GOAL
    if _OVERVIEW.fullmatch(bare) or is_background(title):
        return OVERVIEW
    if _SCHEDULE.fullmatch(bare) and not _WORK.search(re.sub("任务", "", bare)):
        return SCHEDULE
    if top and _SAFEGUARD.fullmatch(bare):
        return SAFEGUARD
    return WORK


_BACKGROUND = re.compile(
    r"(?:发展|规划|编制|工作|现实|面临|项目|行动|活动|实施)?(?:的)?(?:背景|基础|现状|形势)(?:(?:和|与|及|、)?(?:面临的?)?(?:背景|基础|现状|形势|环境|机遇|挑战|意义|问题|成效))*"
    r"|(?!改善|改变|扭转|摸清|掌握|了解)[\u4e00-\u9fff]{2,10}现状(?:(?:和|与|及|、)(?:面临的?|存在的?)?(?:主要)?(?:问题|挑战|成效|形势|需求|机遇))*"
    r"|.{0,14}(?:回顾|成[效绩]|存在的?(?:主要)?问题.*|(?:工作)?总结)|基本情况|.{0,16}(?:工作|任务|目标|指标|项目|计划)(?:开展|完成|推进|落实|进展|执行)(?:的)?(?:情况|成效)"
)


def opens_safeguards(text: str) -> bool:
    """Whether a paragraph itself begins with a heading of safeguards: 工作要求：一要…，二要…"""
    head = re.match(r"([\u4e00-\u9fff]{4,8})[：:]", text)
    return head is not None and bool(_SAFEGUARD.fullmatch(head[1]))


def is_background(title: str) -> bool:
    """Whether a part tells how things stand, so that its figures are results: 规划背景, 发展基础, 工作回顾."""
    return bool(_BACKGROUND.fullmatch(re.sub(r"[\s“”\"（(].*?[)）]|[\s。：:]", "", title)))


def is_end_matter(text: str) -> bool:
    """Whether a paragraph is a signature, a date line, an attachment list or the like, never work."""
    bare = text.strip()
    if not bare:
        return True
    if _NO_WORK_PARA.match(bare) or DATE_LINE.match(bare):
        return True
    return bool(
        len(bare) <= 60
        and _SIGNATURE.match(bare)
        and not re.match(r"(?:加强|推进|做好|落实|建立|完善|[一二三]级|全部|所有)", bare)
    )


def is_work_para(text: str) -> bool:
    """Whether an unnumbered paragraph under a work heading can be a task of its own."""
    bare = text.strip()
    if len(bare) < 12 or is_end_matter(bare):
        return False
    return bare[-1] in "。；;！!)）】]”" or len(bare) > 60
