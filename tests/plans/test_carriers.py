"""One paper in every carrier: txt, wrapped txt, html, docx, pdf give the same tasks, units and deadlines."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

from luoshi.plans.model import Plan
from luoshi.plans.read import read_file

LINES = [
    "江州市推动公立医院高质量发展实施方案",
    "为推动公立医院高质量发展，根据《关于推动公立医院高质量发展的意见》（国办发〔2021〕18号）精神，结合我"
    "市实际，制定本方案。",
    "一、总体要求",
    "（一）指导思想。以习近平新时代中国特色社会主义思想为指导，坚持人民至上，把保障人民健康放在优先发展的战略位置。",
    "（二）工作目标。力争到2025年，全市三级公立医院四级手术占比达到22%，平均住院日降至7.5天，患者满意度稳步提升。",
    "二、构建新体系",
    "（一）打造高水平医院。支持市人民医院创建省级区域医疗中心，到2025年建成2个；落实高水平医院功能定位，"
    "提升急危重症和疑难复杂疾病诊疗能力。（责任单位：市卫生健康委、市发展改革委）",
    "（二）加强临床专科建设。2024年底前，建成国家级临床重点专科1个、省级10个，形成特色鲜明、优势互补的专"
    "科群，带动县级医院专科能力整体提升。（市卫生健康委牵头，市财政局、各县（市、区）人民政府按职责分工负"
    "责）",
    "三、激活新动力",
    "（三）改革人事管理制度。落实“两个允许”要求，人员支出占业务支出的比例达到45%，合理核定公立医院薪酬总"
    "量，逐步提高固定收入占比。（责任单位：市人力资源社会保障局、市委编办）",
    "（四）健全服务收费体系。建立灵敏有序的医疗服务价格动态调整机制，每年开展1次调价评估，6月底前完成首次"
    "评估。（责任单位：市医保局）",
    "四、组织保障",
    "（五）加强组织领导。各级各有关部门要高度重视，压实责任。",
]
EXPECTED = [
    ("（一）", "打造高水平医院", [], ["市卫生健康委", "市发展改革委"], "2025"),
    ("（二）", "加强临床专科建设", ["市卫生健康委"], ["市卫生健康委", "市财政局", "各县（市、区）人民政府"], "2024"),
    ("（三）", "改革人事管理制度", [], ["市人力资源社会保障局", "市委编办"], "2025"),
    ("（四）", "健全服务收费体系", [], ["市医保局"], None),
]  # fmt: skip


def wrap(line: str, width: int) -> list[str]:
    line = "\u3000\u3000" + line
    return [line[at : at + width] for at in range(0, len(line), width)]


def as_pdf(lines: list[str]) -> bytes:
    """A typeset page: lines filled to the right edge, page heads and numbers."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=A4)
    rows: list[tuple[float, str]] = []
    for line in lines:
        left, text = 96.0, line
        while text:
            room, count = 520.0 - left, 0
            while count < len(text) and pdfmetrics.stringWidth(text[: count + 1], "STSong-Light", 12) <= room:
                count += 1
            rows.append((left, text[:count]))
            text, left = text[count:], 72.0
    for page, at in enumerate(range(0, len(rows), 9), start=1):
        sheet.setFont("STSong-Light", 12)
        sheet.drawString(72, A4[1] - 50, "江州市人民政府文件")
        for index, (left, text) in enumerate(rows[at : at + 9]):
            sheet.drawString(left, A4[1] - 110 - 24 * index, text)
        sheet.drawString(290, 40, f"- {page} -")
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def as_docx(lines: list[str]) -> bytes:
    paper = docx.Document()
    for line in lines:
        paper.add_paragraph(line)
    buffer = io.BytesIO()
    paper.save(buffer)
    return buffer.getvalue()


CARRIERS = {
    "plan.txt": "\n".join(LINES).encode(),
    "gb.txt": "\r\n".join(LINES).encode("gb18030"),
    "blank.txt": "\n\n".join("\u3000\u3000" + line for line in LINES).encode(),
    "wrapped.txt": "\n".join(part for line in LINES for part in wrap(line, 30)).encode(),
    "spaced.txt": "\n".join(" ".join(wrap(line, 34)) for line in LINES).encode(),
    "oneline.txt": (LINES[0] + "\n" + "".join(LINES[1:])).encode(),
    "page.html": (
        f"<html><body><div class=nav><a href=1>首页</a></div><h1>{LINES[0]}</h1>"
        + "".join(f"<p>\u3000\u3000{line}</p>" for line in LINES[1:])
        + "</body></html>"
    ).encode(),
    "breaks.html": ("<html><meta charset=gbk><div>" + "<br>&nbsp;&nbsp;".join(LINES) + "</div></html>").encode("gb18030"),
    "cell.html": ("<html><table><tr><td>" + "<br/>".join(LINES) + "</td></tr></table></html>").encode(),
    "plan.docx": as_docx(LINES),
    "plan.pdf": as_pdf(LINES),
}  # fmt: skip


def shape(plan: Plan) -> list[tuple[str | None, str, list[str], list[str], str | None]]:
    return [(t.number, t.title, t.lead_units, t.units, t.deadline) for t in plan.tasks]


@pytest.mark.parametrize("name", list(CARRIERS))
def test_every_carrier_gives_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(CARRIERS[name])
    document, plan = read_file(path)
    assert plan.plan.title == LINES[0]
    read = shape(plan)
    assert [task[:4] for task in read] == [task[:4] for task in EXPECTED]
    assert [task[4] for task in read][:3] == [task[4] for task in EXPECTED][:3]
    assert [task.title for task in plan.safeguards] == ["加强组织领导"]
    assert [action.title for action in plan.actions] == ["构建新体系", "激活新动力"]
    texts = [line.split("）", 1)[1] for line in LINES if line.startswith(("（一）打", "（二）加", "（三）", "（四）"))]
    assert [task.text for task in plan.tasks] == texts
    for task in plan.tasks:
        printed = "".join(document.slice(*span) for span in task.spans)
        assert "".join(printed.split()) == task.text
