"""Where handed-in files lie: outside the database, each under its SHA-256, written whole or not at all.

A file is first written beside its place under a name of its own, brought to the disk, and then renamed; only then does a
row of the database point to it. An upload that breaks off leaves nothing behind but a draft, which `sweep` removes.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from luoshi.kernel.errors import NotFound, UnreadableFile

DRAFT = ".draft-"
DRAFT_SECONDS = 3600


@dataclass(frozen=True)
class Draft:
    """A file taken in but not yet kept: where it lies, its hash and size."""

    path: Path
    sha256: str
    size: int


def folder() -> Path:
    """Where files are kept; made at first use, open to nobody else."""
    root = Path(settings.LUOSHI_HOME) / "evidence"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root


def place(sha256: str) -> Path:
    """Where the file of that hash lies."""
    return folder() / sha256[:2] / sha256


def take(chunks: Iterable[bytes], *, most: int) -> Draft:
    """Write what comes to a draft. Raises `UnreadableFile` beyond `most` bytes or for nothing at all; then no draft is
    left."""
    path = folder() / f"{DRAFT}{secrets.token_hex(12)}"
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as out:
            path.chmod(0o600)
            for chunk in chunks:
                size += len(chunk)
                if size > most:
                    raise UnreadableFile(
                        _("文件超过 %(most)s MB。") % {"most": most // 2**20}, todo=_("请压缩图片或拆分后再上传。")
                    )
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if not size:
            raise UnreadableFile(_("文件是空的。"), todo=_("请重新选择文件。"))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Draft(path, digest.hexdigest(), size)


def keep(draft: Draft) -> Path:
    """Put a draft in its place; the same content lies there once, however often it comes."""
    to = place(draft.sha256)
    to.parent.mkdir(mode=0o700, exist_ok=True)
    if to.exists() and to.stat().st_size == draft.size:
        draft.path.unlink(missing_ok=True)
        return to
    draft.path.replace(to)
    handle = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return to


def content(sha256: str) -> bytes:
    """The bytes of a kept file. Raises `NotFound` when it is gone, `UnreadableFile` when it is no longer what it was."""
    path = place(sha256)
    if not path.is_file():
        raise NotFound(_("这份材料的文件不在存储中。"), todo=_("请联系管理员从备份恢复。"))
    body = path.read_bytes()
    if hashlib.sha256(body).hexdigest() != sha256:
        raise UnreadableFile(_("这份材料的文件已被改动，与登记的指纹不符。"), todo=_("请联系管理员从备份恢复。"))
    return body


def clean(name: str) -> str:
    """A file name without folders, control characters and what other systems cannot write; at most 150 characters."""
    last = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[\x00-\x1f\x7f<>:\"|?*\u202a-\u202e\u2066-\u2069]", "_", last).strip(" .")[-150:] or "file"


def sweep(*, older_than: float = DRAFT_SECONDS) -> int:
    """Remove drafts that were never finished; how many."""
    removed = 0
    for path in folder().glob(f"{DRAFT}*"):
        if path.stat().st_mtime < time.time() - older_than:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
