"""A doctor and an ECG reader in a real browser: order, alert, see the earlier result, recognise; an ECG asked, read, told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.browser.steps import follow, press

from luoshi.simulate import exams

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SignedIn = Callable[..., "Page"]


def waiting(city: Any) -> tuple[int, str]:
    """A resident whose alert waits since today's demonstration, and the item."""
    with sqlite3.connect(city.database) as database:
        return database.execute(
            "SELECT person, item FROM recognition_alert WHERE state = 'raised' ORDER BY id LIMIT 1"
        ).fetchone()


def aecg(folder: Path) -> Path:
    """An invented ECG of 72 beats a minute as HL7 aECG."""
    samples, _peaks = exams.ecg(exams.Heart(rate=72), seed=9)
    leads = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{name.upper()}"/><value xsi:type="SLIST_PQ"><origin value="0" unit="uV"/>'
        f'<scale value="1" unit="uV"/><digits>{" ".join(map(str, np.round(samples[:, n] * 1000).astype(int)))}</digits></value>'
        "</sequence></component>"
        for n, name in enumerate(exams.LEADS)
    )
    path = folder / "ecg.xml"
    path.write_text(
        '<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><component><series><component>'
        '<sequenceSet><component><sequence><code code="TIME_RELATIVE"/><value xsi:type="GLIST_PQ"><head value="0" unit="s"/>'
        f'<increment value="0.002" unit="s"/></value></sequence></component>{leads}</sequenceSet></component></series></component>'
        "</AnnotatedECG>",
        "utf-8",
    )
    return path


def test_an_earlier_result_is_recognised_instead_of_repeated(signed_in: SignedIn, city: Any):
    person, item = waiting(city)
    doctor = signed_in("clinic")
    doctor.goto(f"/recognition/order/{person}/")
    doctor.check(f'input[name="item"][value="{item}"]')
    doctor.check('input[name="item"][value="esr"]')
    press(doctor, "开单")
    assert "互认还是重做" in doctor.locator("h1").inner_text()
    assert doctor.locator("table.data tbody tr").count() >= 1  # the earlier value, at once
    doctor.get_by_label("互认，不再重复").first.check()
    press(doctor, "确定")
    told = doctor.locator(".messages").inner_text()
    assert "互认 1 项" in told
    assert "已开单：红细胞沉降率" in told
    county = signed_in("county")
    county.goto("/recognition/statistics/")
    assert "互认率" in county.locator(".tiles").inner_text()


def test_an_ecg_is_asked_read_and_told(signed_in: SignedIn, city: Any, tmp_path: Path):
    person, _item = waiting(city)
    doctor = signed_in("clinic")
    doctor.goto(f"/ecg/new/{person}/")
    doctor.set_input_files("#file", aecg(tmp_path))
    doctor.select_option("#urgency", "emergency")
    doctor.fill("#question", "胸痛半小时")
    press(doctor, "提交")
    assert doctor.locator("svg.ecg path.lead").count() == 13
    request = doctor.url
    reader = signed_in("ecg")
    reader.goto(request.replace("/requests/", "/read/"))
    press(reader, "接单判读")
    reader.fill("#findings", "V1–V4导联ST段抬高")
    reader.fill("#conclusion", "急性前壁心肌梗死")
    reader.get_by_label("疑似急性心肌梗死").check()
    press(reader, "发出报告")
    assert "报告已发出" in reader.locator(".messages").inner_text()
    doctor.reload()
    assert "危急值：请立即处置并确认" in doctor.locator("main").inner_text()
    doctor.fill("#measures", "已给药并转胸痛中心")
    press(doctor, "确认并处置")
    assert "已完成" in doctor.locator(".page-head").inner_text()
    # On paper a large square is five millimetres: the drawing says so itself.
    follow(doctor.get_by_role("link", name="按比例打印"))
    box = doctor.locator("svg.ecg").bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(297 / 25.4 * 96, abs=2)
