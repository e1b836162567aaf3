"""Opening a file as a Document: the format is judged by the content, the extension only breaks ties."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from luoshi.documents.limits import check_file_size, check_paragraphs, open_zip
from luoshi.documents.model import Document
from luoshi.kernel.errors import UnreadableFile

# The formats; the module of the same name reads its bytes and is imported only when it is needed (they are heavy).
FORMATS = ("docx", "html", "pdf", "txt", "xlsx")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# First bytes of what is certainly no document, so that the refusal can name it.
_STRANGERS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"SQLite": "a database",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"{\\rtf": "an RTF document",
}


def open_document(path: str | Path) -> Document:
    """Read the plan document at `path` (txt, html, docx, pdf or xlsx).

    Raises `UnreadableFile` when the file is missing, empty, too large, encrypted, damaged, a scan without text, or of no
    format that can be read; the message says which and what to do.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        check_file_size(path, size)
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"the file cannot be opened ({error.strerror or error}).", where=str(path), todo="Check the path."
        ) from error
    reader = import_module(f"luoshi.documents.{detect(path, data)}")
    document: Document = reader.read(path, data)
    check_paragraphs(path, sum(block.kind in ("paragraph", "heading") for block in document.blocks))
    if not document.text.strip():
        raise UnreadableFile("the file holds no text.", where=path.name, todo="Check that it is the right file.")
    return document


def detect(path: Path, data: bytes) -> str:
    """The format of `data`. Raises `UnreadableFile` naming what it is when it is no document."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data[:4] == b"PK\x03\x04":
        return _zip_format(path, data)
    if data[:8] == _OLD_OFFICE and "EncryptedPackage".encode("utf-16-le") in data:
        raise UnreadableFile(
            "the file is encrypted with a password.",
            where=path.name,
            todo="Open it in Word, Excel or WPS, save it without a password, and give that file.",
        )
    if data[:8] == _OLD_OFFICE:
        raise UnreadableFile(
            "this is an old Office file (.doc, .xls, .wps) or an encrypted one.",
            where=path.name,
            todo="Open it in Word or WPS, save it as .docx or .xlsx without a password, and give that file.",
        )
    for mark, name in _STRANGERS.items():
        if data.startswith(mark):
            raise UnreadableFile(
                f"this is {name}, no document.", where=path.name, todo="Give txt, html, docx, pdf or xlsx."
            )
    lowered = head.lower()
    if lowered.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<div", b"<table", b"<p>", b"<p ")):
        return "html"
    if path.suffix.lower() in {".htm", ".html", ".xhtml"} and b"<" in data[:4096]:
        return "html"
    probe = data[:200_000].lower()
    if probe.count(b"</p>") + probe.count(b"<br") + probe.count(b"</td>") >= 3 and b"</" in probe:
        return "html"
    return "txt"


def _zip_format(path: Path, data: bytes) -> str:
    names = set(open_zip(path, data).namelist())
    if "word/document.xml" in names:
        return "docx"
    if "xl/workbook.xml" in names:
        return "xlsx"
    raise UnreadableFile(
        "this is a zip archive without a Word or Excel document in it.",
        where=path.name,
        todo="Unpack it and give the document itself.",
    )
