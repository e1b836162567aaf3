"""Lines of a printed page: set in from the left, an empty line after each, a running head wider than the page."""

from __future__ import annotations

from pathlib import Path

from luoshi.documents.txt import read

PAGE = """2025 年 3 月 第 1 期            健康岚江行动推进委员会办公室:健康岚江行动2025年工作要点                            3

              范意识和防护能力建设的各项要求,把责任压到每一个环节。(县卫生健康局、县教育局按职责分工负责)

                  (四)持续推进健康岚江行动宣讲员队伍建设。(健康岚江行动推进办负责)

                  (五)以2025年全国科普日活动和全国科技活动周为载体,结合卫生健康节日纪念日,持续推进

              健康科普行动。开展新时代健康科普作品征集大赛,组织大学生参加暑期下乡活动和健康专项,

              把科普资源送到乡镇。(县科技局、县卫生健康局、共青团岚江县委、县科协等部门按照各自职

              责分工负责)

                  (六)部署加强学校食品安全和营养健康工作,完善校园食品安全管理体制机制。(县教育局、县

              卫生健康局、县市场监管局按职责分工负责)

                  (七)举办第一届全民健身大会,实施新时代全民健身场地设施提升工程,覆盖全部乡镇。(县体

              育局牵头负责)
"""


def test_paragraphs_of_a_printed_page():
    document = read(Path("t.txt"), PAGE.encode())
    paragraphs = ["".join(PAGE[b.start : b.end].split()) for b in document.blocks if b.kind == "paragraph"]
    begins = [text[:3] for text in paragraphs]
    assert begins == ["202", "范意识", "(四)", "(五)", "(六)", "(七)"]
    assert paragraphs[3].endswith("责分工负责)")
