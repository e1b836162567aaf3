"""对标: what becomes of promises beside another plan, as words, pages, files and on the command line."""

from __future__ import annotations

import io
import json

import docx
import openpyxl
import pytest
from click.testing import CliRunner
from django.utils.translation import override

from luoshi.cli.plan_compare import compare
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import actions, alignment, amendment, rules
from luoshi.services.plan_desk.models import Status

COUNTY = """东溪区2025年卫生健康工作要点

东溪区卫生健康局
2025年2月10日

一、提升基层服务能力
1.做实家庭医生签约。家庭医生签约服务覆盖率达到55%以上，签约居民续约率不低于80%。（责任单位：区卫生健康局）
2.管好慢性病。2026年底前，高血压患者基层规范管理服务率达到62%以上。（责任单位：区卫生健康局）
3.发展托育。新增示范性托育机构4家。（责任单位：区卫生健康局）
4.守住母婴安全。婴儿死亡率控制在5‰以下。（责任单位：区卫生健康局、区妇联）
"""


@pytest.fixture
def county_plan(plan, officer, small_region):
    """The county's plan beside the city's."""
    return actions.load(
        content=COUNTY.encode(),
        name="区.txt",
        by=officer,
        scope=Scope.of(officer),
        division=small_region.division("990101"),
    ).plan


@pytest.fixture
def found(county_plan, plan):
    return alignment.of_plans(county_plan, plan)


def kind_of(found, metric: str) -> str:
    rows = [r for r in found.alignment.rows if metric in (r.ours or r.reference).metric]
    assert len(rows) == 1, rows
    return rows[0].kind


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("家庭医生签约服务覆盖率", "weaker"),
        ("续约率", "stronger"),
        ("高血压", "deadline-slipped"),
        ("糖尿病", "dropped"),
        ("托育机构", "new"),
        ("婴儿死亡率", "kept"),
    ],
)
def test_what_became_of_it(found, metric, kind):
    assert kind_of(found, metric) == kind


def test_gravest_first_and_counted(found):
    order = list(alignment.KINDS)
    places = [order.index(row.kind) for row in found.alignment.rows]
    assert places == sorted(places)
    assert sum(found.alignment.counts.values()) == len(found.alignment.rows)
    assert found.alignment.summary.startswith("低于 1、推迟 1")


def test_words_name_both_promises(found):
    weaker = next(row for row in found.alignment.rows if row.kind == "weaker")
    assert "≥ 55%" in weaker.words
    assert "≥ 60%" in weaker.words
    late = next(row for row in found.alignment.rows if row.kind == "deadline-slipped")
    assert "2026" in late.words
    assert "2025" in late.words


def test_rejected_ones_do_not_count_and_corrections_do(county_plan, plan, officer):
    actions.judge(target=plan.targets.get(metric__contains="糖尿病"), status=Status.REJECTED, by=officer)
    actions.correct_target(target=county_plan.targets.get(metric__contains="覆盖率"), by=officer, value=60.0)
    found = alignment.of_plans(county_plan, plan)
    assert not [r for r in found.alignment.rows if r.reference and "糖尿病" in r.reference.metric]
    assert kind_of(found, "家庭医生签约服务覆盖率") == "kept"


def test_one_indicator_is_one_promise_whatever_its_name(county_plan, plan, officer):
    ours = county_plan.targets.get(metric__contains="高血压")
    theirs = plan.targets.get(metric__contains="高血压")
    actions.correct_target(target=ours, by=officer, metric="慢病一号达标情况")
    for target in (ours, theirs):
        actions.bind(target=target, kind="indicator", indicator="htn-std", verdict="computable", by=officer)
    found = alignment.of_plans(county_plan, plan)
    assert kind_of(found, "慢病一号") == "deadline-slipped"


def test_last_years_plan_does_not_make_this_years_late(root):
    from luoshi.plans.read import read_file

    now = read_file(root / "samples/云岭市2025年卫生健康工作要点.txt")[1]
    before = read_file(root / "samples/compare/云岭市2024年卫生健康工作要点.txt")[1]
    counts = alignment.align(now, before).counts
    assert "deadline-slipped" not in counts
    assert counts["stronger"] >= 15
    stronger = next(r for r in alignment.align(now, before).rows if r.kind == "stronger")
    assert stronger.reference.deadline == "2024"  # shown as printed


def test_contradiction_inside_one_plan(officer):
    text = COUNTY.replace("新增示范性托育机构4家", "婴儿死亡率控制在6‰以下")
    own = actions.load(content=text.encode(), name="矛盾.txt", by=officer, scope=Scope.of(officer)).plan
    found = alignment.of_plans(own, own)
    row = next(row for row in found.alignment.rows if row.inside)
    assert row.kind == "contradictory"
    assert "前后不一" in row.words
    one, other = found.numbers(row)
    assert one != other


@pytest.mark.parametrize(
    ("mine", "theirs", "years", "expected"),
    [
        ("990101", "9901", (2025, 2025), "above"),
        ("9901", "990101", (2025, 2025), "below"),
        ("9901", "9901", (2025, 2024), "earlier"),
        ("9901", "9901", (2024, 2025), "later"),
        ("990101", "990102", (2025, 2024), "beside"),
    ],
)
def test_relation(mine, theirs, years, expected, small_region):
    from luoshi.services.plan_desk.models import Plan

    one = Plan(division=small_region.division(mine), period_end=years[0])
    other = Plan(division=small_region.division(theirs), period_end=years[1])
    assert alignment.relation(one, other) == expected


class TestPages:
    @pytest.fixture(autouse=True)
    def _signed_in(self, officer, client, county_plan):
        client.force_login(officer)

    def test_choose(self, client, plan, county_plan):
        html = client.get(f"/plans/{county_plan.pk}/compare/").content.decode()
        assert f"/plans/{county_plan.pk}/compare/{plan.pk}/" in html
        assert "上级规划" in html
        chosen = client.get(f"/plans/{county_plan.pk}/compare/", {"other": plan.pk})
        assert chosen.headers["Location"] == f"/plans/{county_plan.pk}/compare/{plan.pk}/"

    def test_every_row_leads_to_both_sentences(self, client, plan, county_plan):
        html = client.get(f"/plans/{county_plan.pk}/compare/{plan.pk}/").content.decode()
        ours = county_plan.targets.get(metric__contains="覆盖率")
        theirs = plan.targets.get(metric__contains="家庭医生签约服务覆盖率")
        assert f"/plans/{county_plan.pk}/?show=order#item-{ours.pk}" in html
        assert f"/plans/{plan.pk}/?show=order#item-{theirs.pk}" in html
        assert "低于（1）" in html

    def test_one_kind(self, client, plan, county_plan):
        html = client.get(f"/plans/{county_plan.pk}/compare/{plan.pk}/?kind=dropped").content.decode()
        assert "没有承接" in html
        assert "只有本规划提出" not in html

    def test_files(self, client, plan, county_plan):
        url = f"/plans/{county_plan.pk}/compare/{plan.pk}/"
        book = openpyxl.load_workbook(io.BytesIO(client.get(url, {"format": "xlsx"}).content))
        values = [str(cell.value) for row in book.active.iter_rows() for cell in row if cell.value]
        assert any("低于对照规划" in value for value in values)
        document = docx.Document(io.BytesIO(client.get(url, {"format": "docx"}).content))
        assert any("没有承接" in cell.text for row in document.tables[0].rows for cell in row.cells)

    def test_foreign_other_is_404(self, client, county_plan, make_user, plan, officer, small_region):
        client.force_login(make_user("plan-officer", division="990102"))
        assert client.get(f"/plans/{plan.pk}/compare/{county_plan.pk}/").status_code == 404
        assert client.get(f"/plans/{county_plan.pk}/compare/{plan.pk}/").status_code == 404

    def test_queries_do_not_grow(self, client, plan, county_plan, django_assert_num_queries):
        client.get("/plans/")
        # session, user, two of the scope; two plans; targets, bindings and keys of both; the others
        with django_assert_num_queries(13):
            client.get(f"/plans/{county_plan.pk}/compare/{plan.pk}/")


class TestCommand:
    def run(self, *words: object):
        result = CliRunner().invoke(compare, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    @pytest.fixture
    def files(self, root):
        county = next((root / "samples/compare").glob("望岭县*.txt"))
        return county, root / "samples/云岭市2025年卫生健康工作要点.txt"

    def test_words(self, files):
        printed = self.run(*files)
        assert "低于对照规划：≥ 48%（2025），对照为 ≥ 60%（2025）。" in printed

    def test_json(self, files):
        data = json.loads(self.run(*files, "--format", "json"))
        assert data["counts"]["weaker"] >= 2
        assert {"kind", "words", "ours", "reference"} == set(data["rows"][0])

    def test_files(self, files, tmp_path):
        for suffix in ("xlsx", "docx"):
            out = tmp_path / f"对标.{suffix}"
            self.run(*files, "--out", out)
            assert out.read_bytes().startswith(b"PK")
        with pytest.raises(InvalidValue):
            self.run(*files, "--out", tmp_path / "x.pdf")


@pytest.mark.parametrize("names", [alignment.KINDS, alignment.RELATIONS, amendment.KINDS, rules.KINDS, rules.FORCES])
def test_findings_are_named_in_english_too(names):
    with override("en"):
        assert not [str(name) for name in names.values() if not str(name).isascii()]
