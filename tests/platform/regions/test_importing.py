"""Registers in: good rows kept, bad ones back with their reason, the same again changes nothing."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.identifiers import organisation_check_character, uscc_check_character
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.regions import queries
from luoshi.platform.regions.importing import FileReport, find, import_files
from luoshi.platform.regions.models import (
    BedCount,
    Department,
    Division,
    Institution,
    Population,
    StaffCount,
    Title,
)

pytestmark = pytest.mark.django_db

DIVISIONS = """code,name,level,parent,kind,urban,valid_from,valid_to,successor
99,岚江省,1,,statutory,false,2010-01-01,,
9901,云岭市,2,99,statutory,true,2010-01-01,,
990101,东溪区,3,9901,statutory,true,2010-01-01,,
99-GX,高新区,3,9901,functional,true,2015-01-01,,
990101001,城关镇,4,990101,statutory,true,2010-01-01,,
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def run(*paths: Path) -> list[FileReport]:
    return import_files(paths, by="tester")


def tally(report: FileReport) -> tuple[int, int, int, int]:
    t = report.tally
    return t.added, t.changed, t.unchanged, t.rejected


def rejected(report: FileReport) -> list[tuple[str, str]]:
    assert report.rejected_file is not None
    with report.rejected_file.open(encoding="utf-8-sig", newline="") as file:
        return [(row["line"], row["reason"]) for row in csv.DictReader(file)]


@pytest.fixture
def divisions(tmp_path):
    path = write(tmp_path, "divisions.csv", DIVISIONS)
    run(path)
    return path


class TestDivisions:
    def test_tree_with_a_functional_zone(self, divisions):
        assert dict(Division.objects.values_list("code", "path")) == {
            "99": "/99/",
            "9901": "/99/9901/",
            "990101": "/99/9901/990101/",
            "99-GX": "/99/9901/99-GX/",
            "990101001": "/99/9901/990101/990101001/",
        }
        assert Division.objects.get(code="99-GX").kind == "functional"
        assert Entry.objects.filter(action="region.import").count() == 1

    def test_again_changes_nothing(self, divisions):
        assert tally(run(divisions)[0]) == (0, 0, 5, 0)

    def test_children_may_come_before_their_parents(self, tmp_path):
        head, *lines = DIVISIONS.strip().split("\n")
        path = write(tmp_path, "divisions.csv", "\n".join([head, *reversed(lines)]))
        assert tally(run(path)[0]) == (5, 0, 0, 0)

    def test_china_division_files_from_the_top_down(self, tmp_path):
        province = {"provinceCode": "11"}
        city = {"cityCode": "1101", **province}
        area = {"areaCode": "110101", **city}
        files = {
            "villages": [
                {"code": "110101001001", "name": "多福巷社区居委会", "streetCode": "110101001", **area},
            ],
            "streets": [{"code": "110101001", "name": "东华门街道", **area}],
            "areas": [{"code": "110101", "name": "东城区", **city}],
            "cities": [{"code": "1101", "name": "市辖区", **province}],
            "provinces": [{"code": "11", "name": "北京市"}],
            "pca-code": {"x": 1},
        }
        for name, rows in files.items():
            write(tmp_path, f"{name}.json", json.dumps(rows, ensure_ascii=False))
        write(tmp_path, "provinces.csv", 'code,name\n11,"北京市"\n')
        reports = run(tmp_path)
        assert [r.path.name for r in reports] == [
            "provinces.csv", "cities.json", "areas.json", "streets.json", "villages.json",
        ]  # fmt: skip
        assert Division.objects.get(level=5).path == "/11/1101/110101/110101001/110101001001/"

    def test_chinese_headings_gb18030_and_padded_codes(self, tmp_path):
        text = "区划代码,名称,上级代码,级别\n990000,岚江省,,1\n990100,云岭市,990000,2\n"
        assert tally(run(write(tmp_path, "divisions.csv", text, "gb18030"))[0]) == (2, 0, 0, 0)
        assert Division.objects.get(code="9901").parent.name == "岚江省"

    def test_a_short_file_is_known_for_gb18030_too(self, tmp_path):
        assert tally(run(write(tmp_path, "provinces.csv", "code,name\n99,岚江省\n", "gb18030"))[0]) == (1, 0, 0, 0)
        assert Division.objects.get(code="99").name == "岚江省"

    def test_bad_rows_come_back_with_the_reason(self, tmp_path):
        bad = DIVISIONS + "\n".join(
            [
                "990102,,3,9901,,,,,",
                "99010,短码县,3,9901,,,,,",
                "9901A3,字母县,3,9901,,,,,",
                "880101,别省县,3,9901,,,,,",
                "990104,孤县,3,9909,,,,,",
                "990105,倒挂县,3,990101,,,,,",
                "990106,倒日县,3,9901,,,2020-01-01,2019-01-01,",
                "990107,错日县,3,9901,,,2020-13-01,,",
                "990101,东溪区,3,9901,statutory,true,2010-01-01,,",
                "990108,多格县,3,9901,,,,,,extra",
                "990109,好县,3,9901,,yes,,,",
                "990110,怪县,3,9901,imaginary,,,,",
                "990111,或许县,3,9901,,maybe,,,",
            ]
        )
        report = run(write(tmp_path, "divisions.csv", bad))[0]
        assert report.rejected_file == tmp_path / "divisions.rejected.csv"
        assert tally(report) == (6, 0, 0, 12)
        reasons = dict(rejected(report))
        assert reasons["7"] == "name is empty."
        assert "6 digits" in reasons["8"]
        assert "functional" in reasons["9"]
        assert "begin with its parent's 9901" in reasons["10"]
        assert "9909 is not known" in reasons["11"]
        assert "higher level" in reasons["12"]
        assert "before valid_from" in reasons["13"]
        assert "no day" in reasons["14"]
        assert "comes twice" in reasons["15"]
        assert "unknown columns" in reasons["16"]
        assert "imaginary" not in reasons["18"]
        assert "functional" in reasons["18"] or "statutory" in reasons["18"]
        assert "neither yes nor no" in reasons["19"]
        assert Division.objects.filter(code="990109", urban=True).exists()

    def test_mended_rows_take_the_rejected_file_away(self, tmp_path):
        path = write(tmp_path, "divisions.csv", DIVISIONS + "990102,,3,9901,,,,,\n")
        assert run(path)[0].rejected_file is not None
        write(tmp_path, "divisions.csv", DIVISIONS)
        assert run(path)[0].rejected_file is None
        assert not (tmp_path / "divisions.rejected.csv").exists()

    def test_rows_handed_back_can_be_mended_and_imported(self, tmp_path):
        path = write(tmp_path, "divisions.csv", DIVISIONS + "990102,,3,9901,,,,,\n")
        back = run(path)[0].rejected_file
        back.write_text(back.read_text("utf-8-sig").replace("990102,,", "990102,西山县,"), "utf-8")
        assert [found.path for found in find([tmp_path])] == [path]
        assert tally(run(back)[0]) == (1, 0, 0, 0)

    def test_a_correction_without_a_day_mends_in_place(self, tmp_path, divisions):
        fix = write(tmp_path, "fix.csv", "code,name,level,parent\n990101,东溪新区,3,9901\n")
        assert tally(run(fix)[0]) == (0, 1, 0, 0)
        assert Division.objects.get(code="990101").name == "东溪新区"

    def test_a_rename_from_a_day_keeps_the_old_name_until_then(self, tmp_path, divisions):
        later = write(tmp_path, "later.csv", "code,name,level,parent,valid_from\n990101,东溪市,3,9901,2024-01-01\n")
        assert tally(run(later)[0]) == (1, 0, 0, 0)
        old, new = Division.objects.filter(code="990101").order_by("valid_from")
        assert (old.valid_to, old.successor) == (date(2023, 12, 31), new)
        assert Division.objects.on(date(2023, 6, 1)).get(code="990101").name == "东溪区"
        assert Division.objects.on(date(2024, 1, 1)).get(code="990101").name == "东溪市"
        assert Division.objects.get(code="990101001").parent == new
        assert tally(run(later)[0]) == (0, 0, 1, 0)

    def test_a_move_takes_everything_below_along(self, tmp_path, divisions):
        moved = write(
            tmp_path,
            "moved.csv",
            "code,name,level,parent,kind\n9902,南山市,2,99,statutory\n99-GX,高新区,3,9902,functional\n"
            "99-GX-1,园区,4,99-GX,functional\n",
        )
        run(moved)
        back = write(tmp_path, "back.csv", "code,name,level,parent,kind\n99-GX,高新区,3,9901,functional\n")
        run(back)
        assert Division.objects.get(code="99-GX-1").path == "/99/9901/99-GX/99-GX-1/"

    def test_a_merger_names_the_successor(self, tmp_path, divisions):
        merged = write(
            tmp_path,
            "merged.csv",
            "code,name,level,parent,valid_from,valid_to,successor\n"
            "990103,西桥区,3,9901,2010-01-01,2020-12-31,990101\n990104,旧县,3,9901,2010-01-01,2020-12-31,999999\n",
        )
        report = run(merged)[0]
        assert Division.objects.get(code="990103").successor.code == "990101"
        assert "successor 999999 is not known" in rejected(report)[0][1]

    def test_excel(self, tmp_path, divisions):
        book = openpyxl.Workbook()
        book.active.append(["代码", "名称", "级别", "上级", "启用日期"])
        book.active.append([990102, "西山县", 3, 9901, date(2010, 1, 1)])
        book.save(tmp_path / "divisions.xlsx")
        assert tally(run(tmp_path / "divisions.xlsx")[0]) == (1, 0, 0, 0)
        assert Division.objects.get(code="990102").valid_from == date(2010, 1, 1)


def code(serial: int) -> str:
    first = f"99{serial:06d}"
    return first + organisation_check_character(first)


class TestRegisters:
    def test_institutions_with_checked_identifiers(self, tmp_path, divisions):
        body = "12990100" + code(1)
        good = body + uscc_check_character(body)
        wrong = body + ("0" if good[-1] != "0" else "1")
        text = (
            "code,name,type,level,parent,division,uscc,ws218,public,valid_from,valid_to\n"
            f"C1,城关镇卫生院,township-centre,1,H1,990101001,,{code(2)},true,2010-01-01,\n"
            f"H1,东溪区人民医院,general-hospital,2,,990101,{good},,true,2010-01-01,\n"
            f"H2,错码医院,general-hospital,2,,990101,{wrong},,true,,\n"
            "H3,无类医院,palace,2,,990101,,,true,,\n"
            "H4,远方医院,general-hospital,2,,770101,,,true,,\n"
            "H5,孤儿医院,general-hospital,2,H9,990101,,,true,,\n"
            "H1,重复医院,general-hospital,2,,990101,,,true,,\n"
        )
        report = run(write(tmp_path, "institutions.csv", text))[0]
        assert tally(report) == (2, 0, 0, 5)
        reasons = dict(rejected(report))
        assert "check character" in reasons["4"]
        assert good[:17] not in reasons["4"]
        assert "township-centre" in reasons["5"] or "Known are" in reasons["5"]
        assert "no division 770101" in reasons["6"]
        assert "H9 is not known" in reasons["7"]
        assert "repeats line 3" in reasons["8"]
        assert Institution.objects.get(code="C1").parent.code == "H1"
        assert tally(run(tmp_path / "institutions.csv")[0]) == (0, 0, 2, 5)

    def test_departments_with_the_names_they_are_printed_by(self, tmp_path, divisions):
        text = "code,name,level,division,aliases\nwjw,云岭市卫生健康委员会,2,9901,市卫生健康委、市卫健委\n"
        path = write(tmp_path, "departments.csv", text)
        run(path)
        run(path)
        assert Department.objects.get().aliases.count() == 2
        assert queries.department_for("市卫健委").code == "wjw"
        assert queries.department_for("市教育局") is None

    def test_counts(self, tmp_path, divisions):
        write(tmp_path, "institutions.csv", "code,name,type,division\nH1,医院,general-hospital,990101\n")
        write(tmp_path, "staff.csv", "institution,role,count,as_of\nH1,gp,3,2025-01-01\nH1,wizard,3,2025-01-01\n")
        write(tmp_path, "beds.csv", "institution,kind,count,as_of\nH1,all,120,2025-01-01\nH1,icu,-4,2025-01-01\n")
        write(
            tmp_path,
            "titles.csv",
            "institution,division,title,granted,revoked\nH1,,age-friendly,2024-05-01,\n"
            ",990101001,sanitary-village,2024-05-01,\nH1,990101,both,2024-05-01,\n",
        )
        write(
            tmp_path,
            "population.csv",
            "division,year,kind,sex,age_from,age_to,value,source,version\n990101,2024,resident,all,,,51000,公报,1\n"
            "990101,2024,resident,all,65,,9000,公报,1\n990101,2024,ghosts,all,,,1,公报,1\n",
        )
        reports = {r.register: tally(r) for r in run(tmp_path)}
        assert reports["staff"] == (1, 0, 0, 1)
        assert reports["bed"] == (1, 0, 0, 1)
        assert reports["title"] == (2, 0, 0, 1)
        assert reports["population"] == (2, 0, 0, 1)
        again = {r.register: tally(r) for r in run(tmp_path)}
        assert again["title"] == (0, 0, 2, 1)
        assert again["population"] == (0, 0, 2, 1)
        write(tmp_path, "staff.csv", "institution,role,count,as_of\nH1,gp,4,2025-01-01\n")
        run(tmp_path / "staff.csv")
        assert StaffCount.objects.get().count == 4
        assert (BedCount.objects.count(), Title.objects.count(), Population.objects.count()) == (1, 2, 2)


class TestFiles:
    def test_known_by_its_columns(self, tmp_path):
        path = write(tmp_path, "人员.csv", "机构,岗位,人数,截至日期\nH1,gp,3,2025-01-01\n")
        assert find([path])[0].register == "staff"

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("divisions.csv", b"", "empty"),
            ("divisions.csv", b"code,name\n", "no row"),
            ("divisions.csv", b'code,name\n99,"open', "CSV"),
            ("divisions.xlsx", b"PK\x03\x04 broken", "xlsx"),
            ("provinces.json", b"[{", "JSON"),
            ("provinces.json", b'{"a": 1}', "list of objects"),
            ("pca-code.json", b"{}", "nested form"),
            ("notes.csv", b"a,b\n1,2\n", "not known as a register"),
            ("divisions.txt", b"x", "no register"),
        ],
    )
    def test_unreadable_files_say_why(self, tmp_path, name, content, words):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match=words):
            run(path)

    def test_missing_file_and_folder_without_registers(self, tmp_path):
        with pytest.raises(UnreadableFile, match="does not exist"):
            run(tmp_path / "none.csv")
        with pytest.raises(UnreadableFile, match="no register file"):
            run(tmp_path)

    def test_command(self, tmp_path):
        from luoshi.cli.region import group

        path = write(tmp_path, "divisions.csv", DIVISIONS + "990102,,3,9901,,,,,\n")
        result = CliRunner().invoke(group, ["import", str(path), "--quiet"])
        assert result.exit_code == 1
        assert "divisions.csv: 5 added, 0 changed, 0 as before, 1 rejected, see" in result.output
        shown = CliRunner().invoke(group, ["list", "9901"]).output
        assert "990101\t东溪区\t县级\t法定区划" in shown


class TestQueries:
    def test_scope_comes_first(self, small_region, make_user):
        from django.http import Http404

        scope = Scope.of(make_user("county-officer", division="990101"))
        assert queries.division_or_404("990101001", scope=scope).name == "城关镇"
        with pytest.raises(Http404):
            queries.division_or_404("990102", scope=scope)
        assert [i.code for i in queries.institutions(scope=scope)] == ["C1", "H1"]
        assert list(queries.children("9901", scope=scope).values_list("code", flat=True)) == ["990101"]
        assert [d.code for d in queries.ancestors("990101001")] == ["99", "9901", "990101", "990101001"]
        assert queries.division_names(["99", "9901"]) == {"99": "岚江省", "9901": "云岭市"}
