"""Files that cannot be read end in one clear sentence, within limits of time and memory."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from luoshi.documents import open_document
from luoshi.kernel.errors import UnreadableFile


def refused(path: Path, *words: str, within: float = 20.0) -> None:
    start = time.process_time()
    with pytest.raises(UnreadableFile) as caught:
        open_document(path)
    assert time.process_time() - start < within  # of work, whatever else the machine does
    assert str(caught.value).startswith((path.name, str(path)))
    for word in words:
        assert word in str(caught.value)


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_missing_and_empty_and_blank(tmp_path: Path) -> None:
    refused(tmp_path / "none.txt", "cannot be opened")
    refused(tmp_path, "folder")
    refused(put(tmp_path / "empty.txt", b""), "empty")
    refused(put(tmp_path / "blank.txt", b" \n \n"), "no text")


def test_strangers(tmp_path: Path) -> None:
    refused(put(tmp_path / "a.docx", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100), "PNG")
    refused(put(tmp_path / "b.txt", bytes(range(256)) * 200), "no text")
    refused(put(tmp_path / "e.txt", bytes(range(32)) * 200), "binary")
    refused(put(tmp_path / "c.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600), "old Office")
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        archive.writestr("x.txt", "x")
    refused(put(tmp_path / "d.docx", box.getvalue()), "zip archive")


def test_damaged_docx(tmp_path: Path) -> None:
    box = io.BytesIO()
    docx.Document().save(box)
    refused(put(tmp_path / "cut.docx", box.getvalue()[:2000]), "damaged")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<w:document><w:body>")
    refused(put(tmp_path / "xml.docx", other.getvalue()), "damaged")


def test_zip_bomb(tmp_path: Path) -> None:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 300_000_000)
    refused(put(tmp_path / "bomb.docx", box.getvalue()), "zip bomb")


def test_wide_tables(tmp_path: Path) -> None:
    row = "<td>1</td>" * 10_000
    refused(
        put(tmp_path / "wide.html", f"<html><table><tr>{row}</tr><tr>{row}</tr></table></html>".encode()), "columns"
    )
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["序号"] * 2000)
    path = tmp_path / "wide.xlsx"
    book.save(path)
    refused(path, "columns")


def test_merged_without_end(tmp_path: Path) -> None:
    box = io.BytesIO()
    openpyxl.Workbook().save(box)
    path = tmp_path / "merged.xlsx"
    with zipfile.ZipFile(box) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                merged = b'<mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells>'
                assert b"<pageMargins" in data
                data = data.replace(b"<pageMargins", merged + b"<pageMargins")
            new.writestr(name, data)
    refused(path, "merged cells")


def test_passwords_and_spans(tmp_path: Path) -> None:
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(60)
    refused(put(tmp_path / "locked.docx", locked), "encrypted with a password", "without a password")
    refused(put(tmp_path / "old.wps", locked[:600]), "old Office", "save it as .docx")
    spread = "<html><table><tr><td colspan=100000000>方案</td></tr><tr><td>任务</td><td>x</td></tr></table></html>"
    refused(put(tmp_path / "spread.html", spread.encode()), "columns")
    many = "<html>" + "<table><tr><td>方案</td></tr></table>" * 30_000
    refused(put(tmp_path / "many.html", many.encode()), "tables")
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "ha">{laughs}]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&a9;</w:t></w:r></w:p></w:body></w:document>'
    path = tmp_path / "laughs.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", body)
    refused(path, "damaged")


def test_deep_html(tmp_path: Path) -> None:
    refused(put(tmp_path / "deep.html", b"<html>" + b"<div>" * 20_000 + "方案".encode()), "nested")


def test_a_hundred_megabytes_of_digits(tmp_path: Path) -> None:
    refused(put(tmp_path / "digits.txt", b"0123456789" * 10_000_000), "bytes")
    refused(put(tmp_path / "fewer.txt", b"0123456789" * 60_000), "digits")


def test_pdf_refusals(tmp_path: Path) -> None:
    locked = io.BytesIO()
    sheet = canvas.Canvas(locked, encrypt=StandardEncryption("secret", ownerPassword="other"))
    sheet.drawString(72, 700, "plan")
    sheet.save()
    refused(put(tmp_path / "locked.pdf", locked.getvalue()), "encrypted")
    scan = io.BytesIO()
    sheet = canvas.Canvas(scan)
    sheet.rect(72, 72, 300, 300, fill=1)
    sheet.save()
    refused(put(tmp_path / "scan.pdf", scan.getvalue()), "scan", "OCR")
    refused(put(tmp_path / "broken.pdf", b"%PDF-1.7\n" + b"x" * 400), "damaged")


def _page_of_text(path: Path, strings: int, each: int) -> Path:
    paper = canvas.Canvas(str(path), pageCompression=1)
    paper.setFont("Helvetica", 8)
    words = paper.beginText(20, 800)
    words._code += [f"({'a' * each}) Tj T*"] * strings
    paper.drawText(words)
    paper.save()
    return path


def test_endless_pages_and_lists_are_refused_with_what_to_do(tmp_path: Path) -> None:
    refused(_page_of_text(tmp_path / "glyphs.pdf", 200, 600), "page 1", "100,000 characters", "print the plan alone")
    refused(_page_of_text(tmp_path / "pieces.pdf", 200_001, 1), "page 1", "200,000 pieces", "print the plan alone")
    numbered = "".join(f"{number}.建设医院\n" for number in range(1, 90_001))
    refused(put(tmp_path / "lines.txt", numbered.encode()), "90,000 lines", "at most 20,000", ".xlsx")
    rows = "".join(f"{number},某乡镇卫生院,{number % 90},2024,合格\n" for number in range(1, 30_001))
    refused(put(tmp_path / "rows.txt", rows.encode()), "30,000 lines", "at most 20,000", ".xlsx")


def test_a_long_list_within_the_limit_is_opened(tmp_path: Path) -> None:
    lines = "".join(f"1、推进第{number}项工作，市卫健委负责\n" for number in range(1, 19_000))
    assert len(open_document(put(tmp_path / "long.txt", lines.encode())).blocks) == 18_999
