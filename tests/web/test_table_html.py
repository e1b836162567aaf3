"""Tables as HTML: what a reader sees, what a screen reader is told, and that no text of a cell becomes markup."""

from __future__ import annotations

from django.utils.safestring import mark_safe

from luoshi.web import table_html
from luoshi.web.tables import Cell, Column, Table


def test_a_table_with_everything():
    made = table_html.table(
        Table(
            "每人一行",
            [Column("姓名", head=True), Column("次数", "number"), Column("日期", "day"), Column("灯色", "light")],
            [
                [
                    Cell("张三", href="/people/1/?a=1&b=2"),
                    Cell("3", 3, note="应 4 次"),
                    Cell("2025-01-01", flags=("迟",)),
                    Cell("滞后", light="red", picture=mark_safe("<svg/>")),
                ]
            ],
            notes=["数据截至 10 月"],
            caption_hidden=True,
        ),
        cards=True,
    )
    assert '<table class="data cards">' in made
    assert '<caption class="visually-hidden">每人一行</caption>' in made
    assert '<th scope="col" class="num">次数</th>' in made
    assert (
        '<th scope="row" data-label="姓名"><div class="cell"><a href="/people/1/?a=1&amp;b=2">张三</a></div></th>'
        in made
    )
    assert '<td class="num" data-label="次数"><div class="cell">3<span class="note">应 4 次</span></div></td>' in made
    assert (
        '<td class="day" data-label="日期"><div class="cell">2025-01-01<span class="flag">迟</span></div></td>' in made
    )
    assert '<span class="light-word">滞后</span></span> <svg/></div>' in made
    assert '<ul class="table-notes"><li>数据截至 10 月</li></ul>' in made


def test_no_text_becomes_markup():
    bad = "<b onclick='x'>\"&"
    cells = [Cell(bad, note=bad, flags=(bad,)), Cell(bad, href=bad), Cell(bad, light="grey")]
    made = table_html.table(Table(bad, [Column(bad)] * 3, [cells], notes=[bad]), cards=False)
    assert "<b" not in made.replace("<tbody", "")
    assert "onclick='" not in made
    assert made.count("&lt;b onclick=") == 15


def test_no_rows_say_so():
    assert '<td colspan="2">没有数据</td>' in table_html.table(Table("", [Column("a"), Column("b")], []), cards=True)
    assert '<td colspan="1">还没有</td>' in table_html.table(Table("", [Column("a")], [], empty="还没有"), cards=True)
    scrolled = table_html.table(Table("名单", [Column("a")], []), cards=False)
    assert '<div class="table-box" tabindex="0" role="region" aria-label="名单">' in scrolled
