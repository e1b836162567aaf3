"""The page kit: charts, marks, numbers, tables, paging, files, choices, errors."""

from __future__ import annotations

import io
import re
from datetime import date
from xml.etree import ElementTree

import openpyxl
import orjson
import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.web import charts, downloads, errors, lights, marks, middleware, numbers, paging
from luoshi.web.tables import Cell, Column, Table, cell


def test_a_chart_is_drawn_once_for_all_processes(settings, tmp_path, monkeypatch):
    files = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": tmp_path / "charts"}
    settings.CACHES = {**settings.CACHES, "charts": files}
    times = []
    draw = charts.vl_convert.vegalite_to_svg
    monkeypatch.setattr(charts.vl_convert, "vegalite_to_svg", lambda *a, **k: times.append(1) or draw(*a, **k))
    spec = _rounded(61.5)
    first = charts.svg(spec)
    settings.CACHES = dict(settings.CACHES)  # as another process has it
    assert charts.svg(spec) == first
    assert len(times) == 1
    (file,) = (tmp_path / "charts").iterdir()
    file.write_bytes(file.read_bytes()[:60])  # cut off by a crash
    assert charts.svg(spec).startswith("<svg ")
    assert len(times) == 2
    settings.CACHES = {**settings.CACHES, "charts": {**files, "LOCATION": "/proc/charts"}}  # nothing can be written
    assert charts.svg(spec).startswith("<svg ")
    names, used = re.findall(r'\bid="([^"]+)"', first), re.findall(r"url\(#([^)]+)\)", first)
    assert used
    assert set(used) <= set(names)
    assert not set(names) & set(re.findall(r'\bid="([^"]+)"', charts.svg(_rounded(50.0))))  # both may stand on one page


def _rounded(value: float) -> charts.Spec:
    """A chart whose drawing has a clip with a name."""
    x = {"field": "value", "type": "quantitative"}
    bar = {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {"x": x}}
    return charts.spec([{"value": value}], [bar], width=100, height=20)


def test_a_chart_is_a_picture_with_links_and_without_styles():
    spec = charts.bars(
        [
            charts.Bar("东溪区", 61.5, "61.5%  16/26", "/targets/1/?division=990101", "yellow"),
            charts.Bar("一个名字特别长的经济技术开发区", None, "没有数值", light="grey"),
        ],
        unit="%",
        target=62.0,
        target_text="目标 ≥ 62%",
    )
    drawn = charts.svg(spec)
    assert drawn.startswith("<svg ")
    assert 'href="/targets/1/?division=990101"' in drawn.replace("&amp;", "&")
    for text in ("61.5%", "目标 ≥ 62%", "没有数值", "东溪区"):
        assert text in drawn
    assert "style=" not in drawn
    assert "<script" not in drawn
    assert charts.png(spec)[:4] == b"\x89PNG"


def test_a_hostile_name_stays_text():
    bad = '<script>alert(1)</script>"'
    spec = charts.bars([charts.Bar(bad, 5.0, bad, href=bad, light=bad)], unit="", target=1.0, target_text=bad)
    drawn = charts.svg(spec)
    assert "<script" not in drawn
    (path,) = (node for node in ElementTree.fromstring(drawn).iter() if node.tag.endswith("}path"))
    assert path.get("aria-label") == bad


@given(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=40), st.none() | st.floats(0, 1e6))
def test_bars_are_as_long_as_their_values(values, target):
    """Written without the engine: no look at a promise waits for it. A bar without a value is no link to nowhere."""
    rows = [
        charts.Bar(f"第{n}县" * (n % 5 + 1), v, f"{v}", href=f"/{n}/" if n % 2 else "") for n, v in enumerate(values)
    ]
    spec = charts.bars(rows, unit="人", target=target, target_text="目标")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "vl_convert", None)
        root = ElementTree.fromstring(charts.svg(orjson.loads(orjson.dumps(spec))))  # as a kept paper has it
    paths = [node for node in root.iter() if node.tag.endswith("}path")]
    top = spec["domain"][1]
    for value, path in zip(values, paths, strict=True):
        corner = "a2,2" in path.get("d")
        end = float(re.search(r"[Hh](-?[\d.e+-]+)", path.get("d"))[1]) + (2 if corner else 0)
        assert end == pytest.approx(max(0.0, (value or 0.0) / top * 620), abs=0.02)
    assert len([node for node in root.iter() if node.tag.endswith("}a")]) == len(values) // 2
    lines = [node for node in root.iter() if node.tag.endswith("}line")]
    assert [float(line.get("x1")) for line in lines] == (
        [] if target is None else [pytest.approx(target / top * 620, abs=0.02)]
    )


def test_what_fell_has_no_bar_and_a_trend_below_nothing():
    """A rate that fell by 18 points everywhere: bars end where they begin, the line lies inside its picture."""
    fell = charts.bars(
        [charts.Bar("县", v, f"{v}") for v in (-1.0, -18.0)], unit="个百分点", target=None, target_text=""
    )
    assert fell["domain"] == [0, 1.0]
    assert charts.svg(fell).count('d="M0,7h0v18H0Z"') + charts.svg(fell).count('d="M0,39h0v18H0Z"') == 2
    points = [charts.Point(f"2025-0{n}-28", v, f"{v}") for n, v in enumerate([-2.0, -10.0], 1)]
    course = charts.trend(points, unit="个百分点", target=None, target_text="")
    low, high = next(layer["encoding"]["y"]["scale"]["domain"] for layer in course["layer"] if "y" in layer["encoding"])
    assert low <= -10
    assert high >= 0


def test_a_gap_in_a_trend_is_a_gap():
    points = [charts.Point(f"2025-0{n}-28", v, f"{v}") for n, v in enumerate([10.0, 12.0, None, 20.0, 22.0], 1)]
    drawn = charts.svg(charts.trend(points, unit="%", target=50.0, target_text="目标"))
    line = next(d for d in re.findall(r' d="([^"]+)"', drawn) if d.count("L") >= 2 and "stroke" in drawn)
    assert line.count("M") == 2
    assert "22" in drawn


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=24))
def test_a_sparkline_stays_in_its_box(values):
    drawn = marks.sparkline(values)
    if sum(v is not None for v in values) < 2:
        assert drawn == ""
        return
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", drawn):
        assert 0 <= float(x) <= 96
        assert 0 <= float(y) <= 24


@given(st.floats(0, 1e6), st.floats(0, 1e6) | st.none())
def test_a_bullet_stays_in_its_box(value, target):
    for width in re.findall(
        r'<rect[^>]*?x="([\d.]+)"[^>]*?width="([\d.]+)"', marks.bullet(value, target, light_key="red")
    ):
        assert float(width[0]) + float(width[1]) <= 120.1


@pytest.mark.parametrize(
    ("value", "unit", "chinese", "english"),
    [
        (61.538, "%", "61.54%", "61.54%"),
        (1234.5, "人次", "1,234.5 人次", "1,234.5 visits"),
        (12.0, "per-100000", "12/10万", "12/100,000"),
        (9.0, "minutes", "9 分钟", "9 min"),
        (-1.5, "个百分点", "-1.5 个百分点", "-1.5 points"),
        (3.0, "个", "3 个", "3"),
        (None, "%", "—", "—"),
    ],
)
def test_quantities_in_both_languages(value, unit, chinese, english):
    assert numbers.quantity(value, unit) == chinese
    with translation.override("en"):
        assert numbers.quantity(value, unit) == english


def test_promises_and_fractions():
    assert numbers.promise(">=", 62, None, "%") == "≥ 62%"
    assert numbers.promise("between", 3, 5, "家") == "3–5 家"
    assert numbers.fraction(16, 2058) == "16/2,058"
    assert numbers.fraction(None, 20) == ""


def test_an_unknown_light_is_grey():
    assert lights.light("purple").key == "grey"


def table(rows):
    return Table(
        "人员",
        [Column("姓名", head=True), Column("日期", "day"), Column("数", "number"), Column("图", hide=True)],
        rows,
    )


def test_a_table_becomes_excel_with_types_and_without_formulas():
    rows = [
        [
            Cell("=HYPERLINK(1)"),
            Cell("2025-01-02", date(2025, 1, 2)),
            Cell("1.5", 1.5, note="3/2"),
            Cell("", picture="<svg>"),
        ],
        [cell(None), cell(""), cell(7), Cell()],
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(downloads.xlsx([table(rows), table([])], title="名单"))).worksheets
    assert [s.title for s in sheet] == ["人员", "人员2"]
    found = list(sheet[0].iter_rows(values_only=True))
    head = next(n for n, row in enumerate(found) if row[0] == "姓名")
    assert found[head][:3] == ("姓名", "日期", "数")
    first = found[head + 1]
    assert first[0] == "=HYPERLINK(1)"
    assert sheet[0].cell(head + 2, 1).data_type == "s"
    assert first[1].date() == date(2025, 1, 2)
    assert first[2] == 1.5
    assert found[head + 2][:3] == ("—", "—", 7)
    assert len(downloads.word([table(rows), table([])], title="名单", lines=["甲"])) > 10_000


@pytest.mark.parametrize(
    ("asked", "number"), [("2", 2), ("0", 1), ("-3", 1), ("x", 1), ("９", 1), ("99999999999", 1), ("", 1)]
)
def test_the_page_asked_for(asked, number):
    assert paging.number(RequestFactory().get("/", {"page": asked})) == number


@given(st.integers(0, 300), st.integers(1, 40))
def test_pages_show_every_row_once(total, size):
    rows = list(range(total))
    seen = []
    for number in range(1, max(1, -(-total // size)) + 1):
        page = paging.of_all(RequestFactory().get("/", {"page": str(number), "q": "高"}), rows, size)
        seen += page.items
        assert page.last - page.first + 1 == len(page.items) or not total
        assert ("q=%E9%AB%98" in page.following) == bool(page.following)
    assert seen == rows
    assert (
        paging.of_all(RequestFactory().get("/?page=9999"), rows, size).items
        == rows[(max(0, total - 1)) // size * size :]
    )


def answer(request, inner=lambda request: HttpResponse("ok")):
    return middleware.PageMiddleware(inner)(request)


def test_a_choice_is_kept_in_a_cookie_and_leaves_the_address():
    found = answer(RequestFactory().get("/targets/?lang=en&light=red"))
    assert (found.status_code, found["Location"]) == (302, "/targets/?light=red")
    assert found.cookies["luoshi_lang"].value == "en"
    assert found.cookies["luoshi_lang"]["httponly"]
    # a path that looks like another host stays here; a choice nobody offers is ignored
    request = RequestFactory().get("/?type=large")
    request.path = "//elsewhere.example/"
    assert answer(request)["Location"] == "/elsewhere.example/"
    assert answer(RequestFactory().get("/?lang=fr")).status_code == 200


def test_the_language_comes_from_the_cookie_alone():
    request = RequestFactory().get("/", headers={"accept-language": "en"})
    assert answer(request, lambda r: HttpResponse(translation.get_language()))["Content-Language"] == "zh-Hans"
    request.COOKIES["luoshi_lang"] = "en"
    assert answer(request, lambda r: HttpResponse(translation.get_language())).content == b"en"
    request.COOKIES["luoshi_lang"] = "<script>"
    assert answer(request).status_code == 200
    assert "script-src" not in answer(request)["Content-Security-Policy"]
    assert "default-src 'self'" in answer(request)["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("不在"), 404), (Refused("不行"), 409), (InvalidValue("不对", where="q", todo="改"), 400)],
)
def test_a_mistake_is_said_to_people_and_to_programs(error, status):
    request = RequestFactory().get("/x", headers={"accept": "application/json"})
    found = errors.user_error(request, error)
    assert found.status_code == status
    assert found["Content-Type"] == "application/problem+json"
    assert error.message in found.content.decode()


def test_error_pages_without_a_user():
    request = RequestFactory().get("/nowhere/")
    answer(request)
    found = errors.not_found(request, Http404("secret name"))
    assert found.status_code == 404
    assert "没有找到" in found.content.decode()
    assert "secret name" not in found.content.decode()
    assert errors.server_error(RequestFactory().get("/")).status_code == 500
    assert errors.server_error(RequestFactory().get("/api/x"))["Content-Type"] == "application/problem+json"
