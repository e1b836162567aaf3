"""A referral in a real browser, seen from both ends: the township centre sends, the hospital answers, keeps a bed, treats and
writes back, the centre closes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser.steps import follow, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SignedIn = Callable[..., "Page"]


def a_resident(city: Any) -> tuple[int, str]:
    """A resident of the clinic with hypertension whom nobody has referred."""
    with sqlite3.connect(city.database) as database:
        return database.execute(
            """SELECT p.number, p.name FROM store_person p
            JOIN store_resource r ON r.person = p.number AND r.type = 'EpisodeOfCare'
            JOIN store_version v ON v.resource_id = r.id AND v.body LIKE '%"hypertension"%'
            WHERE p.institution = (SELECT n.code FROM access_grant g JOIN regions_institution n ON n.id = g.institution_id
                                   JOIN access_user u ON u.id = g.user_id WHERE u.username = 'clinic')
              AND p.number NOT IN (SELECT person FROM referral_referral WHERE person IS NOT NULL)
            ORDER BY p.number LIMIT 1"""
        ).fetchone()


def test_up_and_back(signed_in: SignedIn, site: str, city: Any):
    _person, name = a_resident(city)
    clinic = signed_in("clinic")
    clinic.goto("/referral/new/")
    clinic.fill("#q", name)
    press(clinic, "查找")
    follow(clinic.locator("#list").get_by_role("link", name="转诊").first)
    clinic.locator("label", has_text="超出本机构诊疗能力").locator("input").check()
    press(clinic, "按所选更新去向建议")
    first = clinic.locator("input[name=receiver]").first
    assert first.is_checked()
    assert "同一医共体" in clinic.locator("section", has=first).inner_text()
    clinic.fill("#diagnosis", "继发性高血压待排")
    clinic.fill("#reason", "年轻起病，三种药物仍不达标，需进一步检查。")
    clinic.select_option("#consent", "patient")
    press(clinic, "提交转诊")
    assert "待接收" in clinic.locator("main").inner_text()
    address = clinic.url

    hospital = signed_in("hospital")
    hospital.goto("/referral/?box=in")
    assert name in hospital.locator("main").inner_text()
    hospital.goto(address)
    assert "继发性高血压待排" in hospital.locator("main").inner_text()
    assert hospital.locator("#record").is_visible()  # the attached summary
    press(hospital, "接收")
    press(hospital, "预留床位或号源")
    assert "已预留" in hospital.locator("main").inner_text()
    press(hospital, "登记到院")
    press(hospital, "开始诊治")
    hospital.fill("#s-diagnosis", "原发性醛固酮增多症")
    hospital.fill("#s-treatment", "确诊后予螺内酯，血压达标。")
    press(hospital, "回传诊疗小结")

    clinic.reload()
    assert "原发性醛固酮增多症" in clinic.locator("main").inner_text()
    clinic.fill("#close-note", "两周后随访，复查血钾")
    press(clinic, "确认办结")
    assert "已办结" in clinic.locator("main").inner_text()

    # It has ended: the hospital's page names nobody any more.
    hospital.goto(address)
    text = hospital.locator("main").inner_text()
    assert "患者姓名不再显示" in text
    assert name not in text
    # On a telephone nothing is wider than the screen.
    clinic.set_viewport_size({"width": 390, "height": 844})
    for page in (address, "/referral/", "/referral/capacity/"):
        clinic.goto(page)
        assert clinic.evaluate("document.documentElement.scrollWidth") <= 390, page
