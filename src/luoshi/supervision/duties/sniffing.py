"""What a file really is, by its content; and whether it may be taken. Pure.

The name decides nothing but must agree. Refused: programs, old Office formats (which may hold macros that cannot be told
from outside), documents with macros, embedded programs or active content, archives that unpack to far too much, and
whatever is none of the kinds that are taken. This is no virus scanner: files are also never shown inside a page.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from luoshi.kernel.errors import UnreadableFile
from luoshi.supervision.duties.rules import Files

_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_ACTIVE_PARTS = re.compile(r"vbaProject|vbaData|activeX|oleObject|embeddings/|customUI|macrosheets", re.IGNORECASE)
_ACTIVE_TYPES = re.compile(rb"macroEnabled|vnd\.ms-office\.vbaProject|ms-office\.activeX", re.IGNORECASE)
_OUTWARD = re.compile(
    rb'relationships/(?:attachedTemplate|oleObject|frame|subDocument)"[^>]*TargetMode="External"'
    rb'|TargetMode="External"[^>]*relationships/(?:attachedTemplate|oleObject|frame|subDocument)"'
)
_PDF_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|EmbeddedFiles|RichMedia|XFA|SubmitForm)\b")
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")
_MOST_STREAM = 4 * 2**20
_MOST_STREAMS = 4000
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ofd": "application/ofd",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


def sniff(body: bytes, name: str, limits: Files) -> str:
    """The kind of a file by its content (`pdf`, `docx` …). Raises `UnreadableFile` for what is not taken, saying why."""
    kind = _kind(body, name, limits)
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower().lstrip(".").replace("jpeg", "jpg")
    if kind not in limits.kinds:
        raise _refused(limits)
    if suffix != kind:
        raise UnreadableFile(
            _("文件名的扩展名是“%(suffix)s”，内容却是 %(kind)s。") % {"suffix": suffix or "—", "kind": kind},
            todo=_("请用正确的扩展名保存后再上传。"),
        )
    return kind


def _kind(body: bytes, name: str, limits: Files) -> str:
    if body.startswith(_PROGRAMS):
        raise UnreadableFile(_("程序和脚本不能作为材料上传。"))
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(_("旧格式的 Office 文件可能带宏，不能上传。"), todo=_("请另存为 docx、xlsx 或 PDF。"))
    if body.startswith(b"%PDF-"):
        _check_pdf(body)
        return "pdf"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if body.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if body.startswith(b"PK\x03\x04"):
        return _archive(body, limits)
    return _text(body, name, limits)


def _check_pdf(body: bytes) -> None:
    """Look for active content in the plain bytes and in every compressed stream, names spelt with #xx too."""
    if _PDF_ACTIVE.search(_unescaped(body)):
        raise _active()
    for count, found in enumerate(re.finditer(rb"stream\r?\n", body)):
        if count >= _MOST_STREAMS:
            break
        try:
            inside = zlib.decompressobj().decompress(body[found.end() : found.end() + _MOST_STREAM], _MOST_STREAM)
        except zlib.error:
            continue  # a picture, or another filter: no objects in it
        # Only streams of objects hold names; in the text of a page a name is drawn, never done.
        if _PDF_ACTIVE.search(_unescaped(inside)) and b"/Type" in inside:
            raise _active()


def _unescaped(body: bytes) -> bytes:
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), body)


def _archive(body: bytes, limits: Files) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = archive.infolist()
            total = sum(part.file_size for part in parts)
            if total > limits.unpacked_at_most or total > limits.ratio_at_most * max(1, len(body)):
                raise UnreadableFile(_("文件解压后过大，可能是压缩炸弹。"))
            names = [part.filename for part in parts]
            if any(part.flag_bits & 1 for part in parts):
                raise UnreadableFile(_("文件加了密码，无法核验。"), todo=_("请去掉密码后再上传。"))
            if any(_ACTIVE_PARTS.search(name) for name in names):
                raise _active()
            if "OFD.xml" in names:
                return "ofd"
            if "[Content_Types].xml" not in names:
                raise _refused(limits)
            if _ACTIVE_TYPES.search(archive.read("[Content_Types].xml")):
                raise _active()
            for name in names:
                if name.endswith(".rels") and _OUTWARD.search(archive.read(name)):
                    raise _active()
            found = [kind for prefix, kind in _OFFICE.items() if any(n.startswith(prefix) for n in names)]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile(_("文件已损坏，打不开。"), todo=_("请重新保存后再上传。")) from error
    if len(found) != 1:
        raise _refused(limits)
    return found[0]


def _text(body: bytes, name: str, limits: Files) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = body.decode("gb18030")
        except UnicodeDecodeError:
            raise _refused(limits) from None
    if any(ord(c) < 32 and c not in "\t\r\n\f" for c in text) or re.match(
        r"\s*<(?:!doctype|html|svg|script|\?xml|\?php)", text, re.IGNORECASE
    ):
        raise _refused(limits)
    return "csv" if name.lower().endswith(".csv") else "txt"


def _active() -> UnreadableFile:
    return UnreadableFile(
        _("文件里有宏、脚本或嵌入的程序，不能作为材料上传。"), todo=_("请另存为不带宏的文件，或打印为 PDF。")
    )


def _refused(limits: Files) -> UnreadableFile:
    return UnreadableFile(_("不接受这种文件。"), todo=_("可以上传：%(kinds)s。") % {"kinds": "、".join(limits.kinds)})
