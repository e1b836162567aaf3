"""Papers as pictures of their pages, so that they can be read on any screen without a reader for pdf."""

from __future__ import annotations

import hashlib
import io

import orjson
import pypdfium2
from django.core.cache import cache
from django.http import Http404

from luoshi.supervision.bulletins import making, rules
from luoshi.supervision.bulletins.models import Issue

SCALE = 1.6  # pixels a point: an A4 page is 952 wide
_KEPT = 3600


def pdf_of(issue: Issue) -> bytes:
    """The pdf of a paper: as it went out, or laid out now for one on its way, kept for an hour by its content."""
    if issue.state in (rules.ISSUED, rules.CORRECTED):
        file = issue.files.filter(format="pdf").first()
        if file is not None:
            return bytes(file.body)
    key = "bulletin:pdf:" + hashlib.sha256(orjson.dumps(issue.paper)).hexdigest()
    body: bytes | None = cache.get(key)
    if body is None:
        body = making.written(making.paper_of(issue), "pdf")
        cache.set(key, body, _KEPT)
    return body


def count(body: bytes) -> int:
    """How many pages a pdf has."""
    document = pypdfium2.PdfDocument(body)
    try:
        return len(document)
    finally:
        document.close()


def picture(body: bytes, page: int) -> bytes:
    """Page `page` (from 1) as PNG. Raises `Http404` for a page there is not."""
    key = f"bulletin:png:{hashlib.sha256(body).hexdigest()}:{page}"
    found: bytes | None = cache.get(key)
    if found is None:
        document = pypdfium2.PdfDocument(body)
        try:
            if not 1 <= page <= len(document):
                raise Http404
            out = io.BytesIO()
            document[page - 1].render(scale=SCALE).to_pil().convert("P", palette=1, colors=64).save(
                out, "PNG", optimize=False
            )
        finally:
            document.close()
        found = out.getvalue()
        cache.set(key, found, _KEPT)
    return found
