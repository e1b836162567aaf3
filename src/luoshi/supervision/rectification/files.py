"""Files handed in: looked at before they are kept, kept under their hash, given out as downloads only.

A file is what it says: its first bytes are those of its kind. Office files with macros are refused. Nothing kept here is
ever opened by the server again or shown inside a page.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue, NotFound

LARGEST = 10 * 2**20
KINDS = {
    ".pdf": b"%PDF-",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".docx": b"PK\x03\x04",
    ".xlsx": b"PK\x03\x04",
}
MOST_INSIDE = 2_000  # parts of an office file
MOST_UNPACKED = 200 * 2**20


@dataclass(frozen=True)
class Kept:
    """A file that was kept: where, its cleaned name, its hash."""

    stored: str
    name: str
    sha256: str


def keep(content: bytes, name: str) -> Kept:
    """Look at a file and keep it. Raises `InvalidValue` with what is wrong."""
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise InvalidValue(_("只接受 %(kinds)s 文件。") % {"kinds": "、".join(sorted(KINDS))}, where=clean(name))
    if not content or len(content) > LARGEST:
        raise InvalidValue(_("文件为空或超过 10 MB。"), where=clean(name))
    if not content.startswith(KINDS[suffix]):
        raise InvalidValue(_("文件内容与扩展名不符。"), where=clean(name))
    if suffix in (".docx", ".xlsx"):
        _check_office(content, name)
    digest = hashlib.sha256(content).hexdigest()
    stored = f"{digest}{suffix}"
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / stored
    if not path.exists():
        part = folder / f".{stored}.{os.getpid()}"
        part.write_bytes(content)
        part.chmod(0o600)
        part.replace(path)
    return Kept(stored, clean(name), digest)


def read(stored: str, sha256: str) -> bytes:
    """A kept file. Raises `NotFound` when it is gone or is no longer what was handed in."""
    try:
        content = (_folder() / Path(stored).name).read_bytes()
    except OSError:
        raise NotFound(_("文件已不在服务器上。")) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise NotFound(_("文件与提交时不一致，不予提供。"))
    return content


def clean(name: str) -> str:
    """A file name without folders, control characters and what other systems cannot write."""
    last = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[\x00-\x1f\x7f<>:\"|?*\u202a-\u202e\u2066-\u2069]", "_", last).strip(" .")[-150:] or "file"


def _check_office(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            inside = parts.infolist()
    except zipfile.BadZipFile:
        raise InvalidValue(_("文件已损坏，无法打开。"), where=clean(name)) from None
    names = {part.filename.lower() for part in inside}
    if len(inside) > MOST_INSIDE or sum(part.file_size for part in inside) > MOST_UNPACKED:
        raise InvalidValue(_("文件解开后过大。"), where=clean(name))
    if "[content_types].xml" not in names:
        raise InvalidValue(_("文件内容与扩展名不符。"), where=clean(name))
    if any("vbaproject" in part or "/activex/" in part or "/embeddings/" in part for part in names):
        raise InvalidValue(_("文件含有宏或嵌入对象，请另存为不含宏的文件。"), where=clean(name))


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "rectification"
