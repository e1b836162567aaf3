"""任务台账: out as Excel and Word, edited as people edit, and back in: all of it or nothing."""

from __future__ import annotations

import datetime as dt
import io

import docx
import openpyxl
import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override

from luoshi.cli import plan_ledger
from luoshi.kernel.errors import InvalidValue, Refused, UnreadableFile
from luoshi.platform.audit.models import Entry
from luoshi.services.plan_desk import actions, ledger, ledger_import
from luoshi.services.plan_desk.models import Correction, Status


class Book:
    """A ledger open in a spreadsheet: cells by the metric of their row and the title of their column."""

    def __init__(self, content: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(content))
        self.sheet = self.book.active
        self.head = next(row for row in self.sheet.iter_rows() if any(c.value == "行号（勿改）" for c in row))
        self.columns = {cell.value: cell.column for cell in self.head}

    def row(self, words: str) -> int:
        column = self.columns["目标"]
        for at in range(self.head[0].row + 1, self.sheet.max_row + 1):
            if words in str(self.sheet.cell(at, column).value):
                return at
        raise AssertionError(words)

    def set(self, words: str, column: str, value: object, number_format: str = "") -> None:
        cell = self.sheet.cell(self.row(words), self.columns[column])
        cell.value = value
        if number_format:
            cell.number_format = number_format

    def bytes(self) -> bytes:
        out = io.BytesIO()
        self.book.save(out)
        return out.getvalue()


@pytest.fixture
def book(plan):
    return Book(ledger.workbook(plan))


def bring_back(plan, book: Book, officer):
    return ledger_import.apply(plan=plan, sheet=ledger_import.read(book.bytes(), "台账.xlsx"), by=officer)


def refused(plan, book: Book, officer) -> list[str]:
    before = list(Correction.objects.values_list("pk", flat=True))
    values = list(plan.targets.values_list("metric", "op", "value", "unit", "deadline", "status"))
    with pytest.raises(ledger_import.LedgerRefused) as caught:
        bring_back(plan, book, officer)
    assert list(Correction.objects.values_list("pk", flat=True)) == before
    assert list(plan.targets.values_list("metric", "op", "value", "unit", "deadline", "status")) == values
    assert not Entry.objects.filter(action="plan.ledger.import").exists()
    return caught.value.rows


class TestOut:
    def test_one_row_for_each_promise(self, plan, book):
        rows = range(book.head[0].row + 1, book.sheet.max_row + 1)
        assert len(rows) == plan.targets.count()
        at = book.row("家庭医生签约服务覆盖率")
        values = {title: book.sheet.cell(at, column).value for title, column in book.columns.items()}
        assert values["目标值"] == 60
        assert values["比较"] == "≥"
        assert values["单位"] == "%"
        assert values["责任（配合）单位"] == "市卫生健康委、市医保局"
        assert values["数据来源"] in ("由记录计算", "由登记册计数", "佐证材料", "填报")

    def test_a_task_without_promises_has_a_row_and_rejected_ones_have_none(self, plan, officer):
        target = plan.targets.get(metric__contains="次中心")
        actions.judge(target=target, status=Status.REJECTED, by=officer)
        names = [line.name for line in ledger.lines(plan)]
        assert f"T{target.task_id}" in names
        assert not any(f"M{target.pk}" in name for name in names)

    def test_word(self, plan):
        document = docx.Document(io.BytesIO(ledger.document(plan)))
        words = [cell.text for row in document.tables[0].rows for cell in row.cells]
        assert "牵头单位" in words
        assert any("≥ 60%" in word for word in words)

    def test_text_never_becomes_a_formula(self, plan, officer):
        actions.correct_target(target=plan.targets.first(), by=officer, metric='=HYPERLINK("http://x")')
        cell = next(c for row in Book(ledger.workbook(plan)).sheet.iter_rows() for c in row if "HYPER" in str(c.value))
        assert cell.data_type == "s"


class TestBack:
    def test_untouched_changes_nothing(self, plan, book, officer):
        done = bring_back(plan, book, officer)
        assert (done.tasks, done.targets, done.bindings, done.absent) == (0, 0, 0, 0)
        assert not Correction.objects.exists()
        assert not plan.targets.exclude(status=Status.PROPOSED).exists()

    def test_untouched_in_english_changes_nothing(self, plan, officer):
        with override("en"):
            content = ledger.workbook(plan)
        done = ledger_import.apply(plan=plan, sheet=ledger_import.read(content, "a.xlsx"), by=officer)
        assert (done.tasks, done.targets, done.bindings) == (0, 0, 0)

    def test_a_number_becomes_a_correction_with_who_and_when(self, plan, book, officer):
        book.set("家庭医生签约服务覆盖率", "目标值", 65)
        done = bring_back(plan, book, officer)
        assert done.targets == 1
        target = plan.targets.get(metric__contains="家庭医生签约服务覆盖率")
        assert (target.value, target.status) == (65, "corrected")
        row = Correction.objects.get()
        assert (row.field, row.old, row.new, row.by) == ("value", 60, 65, officer)
        assert Entry.objects.filter(action="plan.ledger.import").count() == 1

    @pytest.mark.parametrize(
        ("column", "typed", "shown", "field", "kept"),
        [
            ("目标值", 0.65, "0%", "value", 65),
            ("目标值", "65%", "", "value", 65),
            ("目标时限", 2026, "", "deadline", "2026"),
            ("目标时限", dt.date(2026, 6, 30), "yyyy-mm-dd", "deadline", "2026-06-30"),
            ("目标时限", dt.date(2026, 6, 1), 'yyyy"年"m"月"', "deadline", "2026-06"),
            ("比较", "不低于", "", "op", ">="),
            ("比较", "<=", "", "op", "<="),
            ("单位", "‰", "", "unit", "‰"),
            ("目标", "签约率", "", "metric", "签约率"),
        ],
    )
    def test_what_people_type(self, plan, book, officer, column, typed, shown, field, kept):
        pk = plan.targets.get(metric__contains="家庭医生签约服务覆盖率").pk
        book.set("家庭医生签约服务覆盖率", column, typed, shown)
        bring_back(plan, book, officer)
        assert getattr(plan.targets.get(pk=pk), field) == kept

    def test_units_of_a_task_may_be_changed_in_any_of_its_rows(self, plan, book, officer):
        book.set("续约率", "牵头单位", "市卫生健康委")
        book.set("续约率", "责任（配合）单位", "市医保局，市财政局")
        assert bring_back(plan, book, officer).tasks == 1
        task = plan.targets.get(metric__contains="续约率").task
        assert task.lead_units == ["市卫生健康委"]
        assert task.units == ["市卫生健康委", "市医保局", "市财政局"]
        line = next(line for line in ledger.lines(plan) if line.task == task)
        assert ledger.values(line)["units"] == ["市医保局", "市财政局"]

    def test_binding(self, plan, book, officer):
        book.set("次中心", "数据来源", "填报")
        book.set("次中心", "指标定义", "")
        book.set("次中心", "能否计算", "不可计算")
        book.set("次中心", "缺少的来源", "建设进度表")
        bring_back(plan, book, officer)
        held = plan.targets.get(metric__contains="次中心").binding
        assert (held.kind, held.verdict, held.missing, held.confirmed) == ("report", "not", "建设进度表", True)

    def test_rows_may_be_sorted_deleted_and_left_blank(self, plan, book, officer):
        book.sheet.delete_rows(book.row("婴儿死亡率"))
        book.sheet.insert_rows(book.head[0].row + 2)
        book.set("续约率", "目标值", 80)
        done = bring_back(plan, book, officer)
        assert (done.targets, done.absent) == (1, 1)
        assert plan.targets.filter(metric__contains="婴儿死亡率", status=Status.PROPOSED).exists()


class TestRefused:
    def test_every_wrong_row_is_named_and_nothing_is_kept(self, plan, book, officer):
        book.set("家庭医生签约服务覆盖率", "目标值", 65)
        book.set("续约率", "目标值", "很多")
        book.set("住院分娩率", "目标时限", "年底前")
        book.set("婴儿死亡率", "比较", "大约")
        rows = refused(plan, book, officer)
        assert len(rows) == 3
        assert any(f"第 {book.row('续约率')} 行" in row and "不是数字" in row for row in rows)
        assert any("2025-06-30" in row for row in rows)
        assert any("大约" in row for row in rows)

    def test_no_value(self, plan, book, officer):
        book.set("续约率", "目标值", None)
        assert "不能为空" in refused(plan, book, officer)[0]

    def test_two_rows_of_one_task_disagree(self, plan, book, officer):
        book.set("家庭医生签约服务覆盖率", "牵头单位", "市卫生健康委")
        book.set("续约率", "牵头单位", "市医保局")
        assert "同一任务" in refused(plan, book, officer)[0]

    def test_unknown_indicator(self, plan, book, officer):
        book.set("住院分娩率", "数据来源", "由记录计算")
        book.set("住院分娩率", "指标定义", "no-such-one")
        assert len(refused(plan, book, officer)) == 1

    def test_new_row_twice_the_same_and_unknown(self, plan, book, officer):
        last = book.sheet.max_row
        book.sheet.cell(last + 1, book.columns["目标"]).value = "新目标"
        book.sheet.cell(last + 2, 1).value = book.sheet.cell(last, 1).value
        book.sheet.cell(last + 3, 1).value = "T1·M999999"
        rows = refused(plan, book, officer)
        assert "原文依据" in rows[0]
        assert "两次" in rows[1]
        assert "M999999" in rows[2]

    def test_someone_changed_the_same_cell_meanwhile(self, plan, book, officer, make_user):
        other = make_user("plan-officer", division="9901", name="wang")
        actions.correct_target(target=plan.targets.get(metric__contains="续约率"), by=other, value=78.0)
        book.set("续约率", "目标值", 80)
        with pytest.raises(ledger_import.LedgerRefused) as caught:
            bring_back(plan, book, officer)
        assert "wang" in caught.value.rows[0]
        assert plan.targets.get(metric__contains="续约率").value == 78

    def test_confirmed_plan_and_other_plan(self, plan, book, officer):
        actions.confirm_plan(plan=plan, by=officer)
        with pytest.raises(Refused):
            bring_back(plan, book, officer)
        sheet = ledger_import.read(book.bytes(), "台账.xlsx")
        plan.pk += 1
        with pytest.raises(InvalidValue, match="另一份规划"):
            ledger_import.apply(plan=plan, sheet=sheet, by=officer)

    @pytest.mark.parametrize(
        ("content", "words"),
        [(b"", "不是 Excel"), (b"hello", "不是 Excel"), (b"PK\x03\x04 broken", "damaged")],
    )
    def test_not_a_workbook(self, content, words):
        with pytest.raises(UnreadableFile, match=words):
            ledger_import.read(content, "台账.xlsx")

    def test_word_ledger_and_foreign_workbook(self, plan):
        with pytest.raises(UnreadableFile, match="只供阅读"):
            ledger_import.read(ledger.document(plan), "台账.docx")
        out = io.BytesIO()
        openpyxl.Workbook().save(out)
        with pytest.raises(InvalidValue, match="表头"):
            ledger_import.read(out.getvalue(), "a.xlsx")

    def test_without_its_number(self, plan, book):
        for at in range(1, book.head[0].row):
            book.sheet.cell(at, 1).value = "删了"
        with pytest.raises(InvalidValue, match="台账编号"):
            ledger_import.read(book.bytes(), "a.xlsx")


class TestPages:
    def send(self, client, plan, content: bytes, name: str = "台账.xlsx"):
        return client.post(f"/plans/{plan.pk}/ledger/", {"file": SimpleUploadedFile(name, content)})

    def test_out_and_back(self, client, plan, officer):
        client.force_login(officer)
        response = client.get(f"/plans/{plan.pk}/ledger.xlsx")
        assert "attachment" in response.headers["Content-Disposition"]
        book = Book(response.content)
        book.set("续约率", "目标值", 80)
        answer = self.send(client, plan, book.bytes())
        assert "更正任务 0 项、目标 1 条" in client.get(answer.headers["Location"]).content.decode()
        book.set("续约率", "目标值", "很多")
        wrong = self.send(client, plan, book.bytes())
        assert wrong.status_code == 400
        assert "“很多”不是数字" in wrong.content.decode()
        assert "不是 Excel" in self.send(client, plan, b"x").content.decode()

    def test_who_may_bring_back(self, client, plan, book, make_user):
        client.force_login(make_user("division-head", division="9901"))
        assert self.send(client, plan, book.bytes()).status_code == 403
        client.force_login(make_user("plan-officer", division="990101"))
        assert self.send(client, plan, book.bytes()).status_code == 404

    def test_queries_do_not_grow(self, client, plan, officer, django_assert_num_queries):
        client.force_login(officer)
        client.get("/plans/")
        # session, user, two of the scope, plan, targets, tasks, the state
        with django_assert_num_queries(8):
            client.get(f"/plans/{plan.pk}/ledger.xlsx")


class TestCommands:
    def test_out_and_back(self, plan, officer, tmp_path):
        out = tmp_path / "台账.xlsx"
        result = CliRunner().invoke(plan_ledger.ledger, [str(plan.pk), "--out", str(out)], catch_exceptions=False)
        assert "7 rows" in result.output
        book = Book(out.read_bytes())
        book.set("续约率", "目标值", 80)
        out.write_bytes(book.bytes())
        args = [str(plan.pk), str(out), "--by", officer.username]
        result = CliRunner().invoke(plan_ledger.ledger_import, args, catch_exceptions=False)
        assert "目标 1 条" in result.output
        book.set("续约率", "目标值", "很多")
        out.write_bytes(book.bytes())
        result = CliRunner().invoke(plan_ledger.ledger_import, args)
        assert isinstance(result.exception, Refused)
        assert "不是数字" in result.output

    def test_refusals(self, plan, tmp_path, make_user):
        out = str(tmp_path / "a.pdf")
        assert isinstance(CliRunner().invoke(plan_ledger.ledger, [str(plan.pk), "--out", out]).exception, InvalidValue)
        head = make_user("division-head", division="9901")
        args = [str(plan.pk), out, "--by", head.username]
        assert isinstance(CliRunner().invoke(plan_ledger.ledger_import, args).exception, Refused)
