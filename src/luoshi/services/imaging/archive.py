"""The DICOMweb archive: QIDO-RS, WADO-RS and STOW-RS (DICOM PS3.18) at one address that only this platform reaches.

`LUOSHI_DICOMWEB` names it with its account (`http://user:password@127.0.0.1:8042/dicom-web`); without it, the archive that
`luoshi imaging archive` started is used.
"""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from luoshi.kernel.errors import NotFound, Refused

TIMEOUT = 20
LIMIT = 512 * 1024 * 1024


class Unreachable(Refused):
    """The archive does not answer."""


@dataclass(frozen=True)
class Reply:
    """What the archive answered."""

    status: int
    kind: str
    body: bytes


def folder() -> Path:
    """Where an archive of our own keeps its files."""
    return Path(settings.LUOSHI_HOME) / "archive"


def address() -> str:
    """The address of the archive with its account; "" where none was named or started."""
    named = os.environ.get("LUOSHI_DICOMWEB", "")
    if named:
        return named
    try:
        return str(json.loads((folder() / "address.json").read_text("utf-8"))["dicomweb"])
    except (OSError, ValueError, KeyError):
        return ""


def call(
    method: str, path: str, *, query: str = "", body: bytes | None = None, kind: str = "", accept: str = "*/*"
) -> Reply:
    """One request below the archive's address. Raises `Unreachable`."""
    where = urlsplit(address())
    if not where.hostname:
        raise Unreachable(_("影像归档没有启动。"), todo=_("请管理员运行 luoshi imaging archive。"))
    headers = {"Accept": accept}
    if where.username:
        account = base64.b64encode(f"{where.username}:{where.password or ''}".encode()).decode()
        headers["Authorization"] = f"Basic {account}"
    if kind:
        headers["Content-Type"] = kind
    connect = HTTPSConnection if where.scheme == "https" else HTTPConnection
    connection = connect(where.hostname, where.port, timeout=TIMEOUT)
    try:
        connection.request(method, f"{where.path.rstrip('/')}/{path}{'?' + query if query else ''}", body, headers)
        answer = connection.getresponse()
        data = answer.read(LIMIT)
        return Reply(answer.status, answer.getheader("Content-Type", ""), data)
    except (OSError, HTTPException) as error:
        raise Unreachable(_("影像归档没有应答。"), todo=_("请稍后再试。")) from error
    finally:
        connection.close()


def find(path: str, **wanted: str) -> list[dict[str, Any]]:
    """QIDO-RS: matches as DICOM JSON, at most 5,000."""
    reply = call("GET", path, query=urlencode(wanted | {"limit": "5000"}), accept="application/dicom+json")
    if reply.status == 204:
        return []
    if reply.status != 200:
        raise NotFound(_("影像归档中没有这项检查。"))
    found: list[dict[str, Any]] = json.loads(reply.body or b"[]")
    return found


def instance(study: str, series: str, number: str) -> bytes:
    """WADO-RS: one instance as a DICOM file. Raises `NotFound`."""
    path = f"studies/{quote(study)}/series/{quote(series)}/instances/{quote(number)}"
    reply = call("GET", path, accept='multipart/related; type="application/dicom"; transfer-syntax=*')
    if reply.status != 200:
        raise NotFound(_("影像归档中没有这幅图像。"))
    return parts(reply.body, reply.kind)[0]


def store(files: Sequence[bytes]) -> list[str]:
    """STOW-RS: keep instances. Gives the UIDs the archive took; the same again is taken again."""
    boundary = uuid.uuid4().hex
    pieces = [f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + data + b"\r\n" for data in files]
    body = b"".join(pieces) + f"--{boundary}--\r\n".encode()
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    reply = call("POST", "studies", body=body, kind=kind, accept="application/dicom+json")
    if reply.status not in (200, 202):
        raise Unreachable(_("影像归档没有接收。"), where=str(reply.status))
    taken = json.loads(reply.body)
    return [value(item, "00081155") for item in taken.get("00081199", {}).get("Value", ())]


def parts(body: bytes, kind: str) -> list[bytes]:
    """The bodies of a multipart/related message. Raises `NotFound` for another."""
    boundary = next(
        (p.partition("=")[2].strip('" ') for p in kind.split(";") if p.strip().lower().startswith("boundary=")), ""
    )
    if not boundary:
        raise NotFound(_("不是多部分消息。"))
    mark = b"--" + boundary.encode()
    found = []
    # Beginnings of parts stand at the beginning of a line; what lies before the first and behind the last is no part.
    for piece in (b"\r\n" + body).split(b"\r\n" + mark)[1:]:
        if piece.startswith(b"--"):
            break
        _head, _blank, data = piece.partition(b"\r\n\r\n")
        found.append(data)
    if not found:
        raise NotFound(_("消息中没有内容。"))
    return found


def value(item: dict[str, Any], tag: str) -> str:
    """The first value of a tag of DICOM JSON as text, "" without one."""
    listed = item.get(tag, {}).get("Value") or [""]
    first = listed[0]
    return str(first.get("Alphabetic", "")) if isinstance(first, dict) else str(first)
