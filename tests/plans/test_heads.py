"""Heads as sites and scrapes print them: the table of a site, dates without marks, short names of issuers, places."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.plans.model import PlanHead
from luoshi.plans.read import read_file


def head(tmp_path: Path, text: str) -> PlanHead:
    path = tmp_path / "paper.txt"
    path.write_text(text, "utf-8")
    return read_file(path)[1].plan


WORK = "\n一、总体目标\n到2027年，健康促进体系基本建成，结合{}实际推进。\n二、重点任务\n（一）健康知识行动。完善健康教育体系。\n"


def test_the_paper_that_names_itself_only_where_it_is_sent_out(tmp_path: Path):
    found = head(
        tmp_path,
        "云岭市东溪区人民政府办公室\n东溪府办发〔2024〕48号\n各镇人民政府，区政府有关部门:\n"
        "《云岭市东溪区进一步完善医疗卫生服务体系实施方案》已经区政府同意,现印发给你们,请认真贯彻执行。\n"
        "云岭市东溪区人民政府办公室\n2024年6月11日\n为进一步完善全区医疗卫生服务体系,制定本方案。"
        + WORK.format("我区"),
    )
    assert found.title == "云岭市东溪区进一步完善医疗卫生服务体系实施方案"
    assert (found.region, found.published) == ("云岭市东溪区", "2024-06-11")


def test_a_date_without_marks_is_no_part_of_the_title(tmp_path: Path):
    found = head(
        tmp_path,
        "云岭市人民政府\n关于印发云岭市健康行动\n实施方案的通知\n各县(市)区人民政府:\n《云岭市健康行动实施方案》已经市政府讨论通过,"
        "现印发给你们,请认真组织实施。\n云岭市人民政府\n20241020\n(此件公开发布)\n云岭市健康行动实施方案\n"
        "为全面实施健康行动,制定本方案。" + WORK.format("我市"),
    )
    assert (found.title, found.region) == ("云岭市健康行动实施方案", "云岭市")


def test_the_table_of_a_site_and_the_signature_complete_each_other(tmp_path: Path):
    found = head(
        tmp_path,
        "索 引 号 k1249/2024-00050\n发布机构 市政府办 发文日期 2024-04-25\n"
        "标 题 市政府办公室关于印发云岭市高血压防控惠民工程实施方案的通知\n文 号 云政办发〔2024〕24号 主 题 词\n"
        "云政办发〔2024〕24号\n市政府办公室关于印发云岭市高血压防控惠民工程实施方案的通知\n各县、区人民政府:\n"
        "《云岭市高血压防控惠民工程实施方案》已经市政府同意,现印发给你们,请认真贯彻执行。\n"
        "                    云岭市人民政府办公室\n                    2024年4月25日\n云岭市高血压防控惠民工程实施方案\n"
        "高血压是最重要的危险因素。" + WORK.format("我市"),
    )
    assert (found.issuer, found.doc_number) == ("云岭市人民政府办公室", "云政办发〔2024〕24号")


def test_a_line_of_the_table_is_no_part_of_the_title(tmp_path: Path):
    found = head(
        tmp_path,
        "索引号 1133/2024-26394 文号 云政发〔2024〕24号\n组配分类 市政府文件 发布机构 市政府\n"
        "成文日期 2024-12-02 公开方式 主动公开\n云岭市人民政府关于推进健康云岭行动的实施意见\n各县区人民政府:\n"
        "现提出以下实施意见。" + WORK.format("我市"),
    )
    assert found.title == "云岭市人民政府关于推进健康云岭行动的实施意见"
    assert (found.issuer, found.published) == ("云岭市人民政府", "2024-12-02")


def test_the_day_of_the_signature_goes_before_the_day_of_the_page(tmp_path: Path):
    found = head(
        tmp_path,
        "云岭市卫生健康委关于印发2024年全市卫生健康工作要点的通知\n• 时间:2024-05-04 08:58:16\n各区县卫生健康局:\n"
        "现将《2024年全市卫生健康工作要点》下发给你们。\n云岭市卫生健康委员会\n2024年4月26日\n2024年全市卫生健康工作要点"
        + WORK.format("我市"),
    )
    assert found.published == "2024-04-26"


@pytest.mark.parametrize(
    ("title", "said", "region"),
    [
        ("健康云盘山行动推进方案", "结合云盘山实际，全市推进", "云盘山市"),
        ("推进健康岚县行动实施意见", "结合岚县实际，全县推进", "岚县"),
        ("2024年云岭市镇（园区、街道）卫生健康工作考核方案", "全市推进", "云岭市"),
        ("云海州全面推进紧密型县域医疗卫生共同体建设实施方案", "全州推进", "云海州"),
    ],
)
def test_where_it_holds(tmp_path: Path, title: str, said: str, region: str):
    text = f"{title}\n为做好工作，{said}，制定本方案。" + WORK.format("当地")
    assert head(tmp_path, text).region == region


def test_what_is_no_plan_says_so(tmp_path: Path):
    told = head(
        tmp_path,
        "一、实施方案出台的背景和目的\n2024年5月省人民政府印发了提升行动计划，结合云岭区实际制定本方案。\n二、总体目标和重点行动\n"
        "2025年，全区人均预期寿命达到79岁。\n三、解决的问题\n本方案主要解决健康支持环境不足的问题。\n",
    )
    assert (told.kind, told.title) == ("explanation", "")
    news = head(
        tmp_path,
        "本报讯（记者 高山）云岭省政府办公厅日前转发行动计划强调，解决短板。\n目标任务包括：到2026年，每千人口执业医师2.5人。\n",
    )
    assert news.kind == "news"
