"""The grammar of a promise: subject, verb, comparator, number, unit, and what stands to the right of it.

Chinese plans write a measured promise in few frames:

| frame | example |
|---|---|
| reach | 孕产妇系统管理率**达**92%以上 · 死亡率**控制在**12/10万以下 |
| change | 健康素养水平**提升**2个百分点 |
| share | 推动**30%以上**县级综合医院达到推荐标准 · 医疗机构**100%**设立… |
| count, thing on the left | 培育国家级临床重点专科**35个** |
| count, thing on the right | 新建**50个**县域医疗次中心 |
| count by place or person | 在**88个**县开展筛查 · 为**12万**老年人提供服务 |
| per head, per place, per time | 每千人口**7.5张** · **每个县至少1个**乡镇建设… · **每年不少于8项** |

`read` takes the words left and right of a number (or of a list of numbers) and answers with readings or a refusal.
"""

from __future__ import annotations

from luoshi.plans import metrics
from luoshi.plans.frames import count, reach, refusals, share
from luoshi.plans.frames.site import SIZE_UNITS, TIME_UNITS, Site, falls, kind_of
from luoshi.plans.quantities import Quantity
from luoshi.plans.reading import Context, Reading, Refusal
from luoshi.plans.words import patterns

__all__ = ["falls", "kind_of", "read"]

_DIFFERENCES = ("%", "‰", "个百分点", "倍", "岁", "天")
_LEVELS = TIME_UNITS | SIZE_UNITS | {"岁", "级", "星", "星级", "分", "等", ""}


def read(
    left: str, run: list[Quantity], right: str, context: Context, *, start: int | None = None
) -> list[Reading] | Refusal:
    """The promises in a run of numbers joined by 、 or 和 between the words `left` and `right` of one clause.

    `start` is where `left` begins in the plain text, when words between it and the number were taken out.
    """
    site = Site.of(left, run, right, context, start)
    if why := refusals.reason(site):
        return site.refusal(why)
    if ruled := count.by_ratio(site):
        return ruled
    words = patterns()
    change = words.change.search(left.rstrip('“" '))
    comparator = words.comparator.search(left)
    verb = comparator["verb"] if comparator else None
    to_value = verb is not None and words.reaching[verb] != "plain" and not (change and change["reach"])
    raised = change and all(q.unit.endswith("元") for q in run) and metrics.is_measure(left[: change.start()])
    if change and not to_value and (raised or all(q.unit in _DIFFERENCES for q in run)):
        return reach.change(site, change)
    if comparator is not None and (verb or comparator["compare"] or (comparator["tail"] or "").endswith("前")):
        return reach.reach(site, comparator)
    if labelled := reach.labelled(site):
        return labelled
    if all(q.is_share for q in run):
        return share.share(site)
    if site.first.unit in _LEVELS:
        return reach.level(site)
    return count.count(site)
