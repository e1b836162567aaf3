"""From a kind, a division and a period to a whole paper as data, and from that to files."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation

from luoshi.engines import ResultStore
from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.lake_layout import results_folder
from luoshi.platform.regions.models import Division
from luoshi.platform.store.models import Chunk
from luoshi.supervision.bulletins import rules, wording
from luoshi.supervision.bulletins.models import Issue
from luoshi.supervision.bulletins.wording import Wording
from luoshi.supervision.papers import contents, template
from luoshi.supervision.papers.contents import Numbering, Wanted
from luoshi.supervision.papers.model import Head, Imprint, Paper, Signature
from luoshi.supervision.papers.pdf import pdf
from luoshi.supervision.papers.sheet import sheet
from luoshi.supervision.papers.word import word

WRITERS = {"docx": word, "pdf": pdf, "xlsx": sheet}
TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
UNSIGNED = "草稿　未经签发"
BY_ITSELF = "系统按期生成，供内部参阅，未经签发"


def compose(wanted: Wanted, division: Division, given: Wording, *, draft: str = UNSIGNED) -> Paper:
    """The paper of a kind as it would stand today. Raises `NotFound` for a kind nobody fills, `Http404` for what lies
    outside the scope, and what the provider raises."""
    # The paper is Chinese, whatever the language of the page it is asked from.
    with translation.override("zh-hans"):
        content = contents.content(wanted)
    office = wording.office_of(division)
    on = min(wanted.end, wanted.known_on)
    fields = {
        **wording.general(wanted.kind, division, office, start=wanted.start, on=on, today=wanted.known_on),
        **content.fields,
    }
    if content.addressee:
        fields["主送"] = content.addressee
    filled = contents.Content(
        fields, content.paragraphs, content.tables, content.figures, content.entries, content.addressee, content.title
    )
    numbering = Numbering()
    blocks = template.blocks(given.body, filled, numbering)
    length = rules.kind(wanted.kind).period
    serial_of_period = rules.serial_in_year(length, wanted.start)
    number = wording.number_of(given.number, office, year=wanted.known_on.year, serial=None, issue=serial_of_period)
    return Paper(
        title=content.title or template.words(given.title, fields),
        head=Head(
            body=office.body if given.red_head else "",
            suffix=rules.kind(wanted.kind).suffix if given.red_head else "",
            number=number,
        ),
        addressee=template.words(given.addressee, fields),
        blocks=blocks,
        signature=Signature(body=office.body, day=wanted.known_on),
        imprint=Imprint(copies=office.copies, office=office.printer, day=wanted.known_on) if given.red_head else None,
        index=numbering.index,
        draft=draft,
        subject=f"{division.name} {rules.period_words(length, wanted.start)}",
        base=settings.LUOSHI_ADDRESS,
    )


def numbered(paper: Paper, *, number: str, day: date) -> Paper:
    """The paper as it is issued: with its number and day, and no word that it is a draft."""
    return paper.model_copy(
        update={
            "draft": "",
            "head": paper.head.model_copy(update={"number": number}),
            "signature": paper.signature.model_copy(update={"day": day}) if paper.signature else None,
            "imprint": paper.imprint.model_copy(update={"day": day}) if paper.imprint else None,
        }
    )


def paper_of(issue: Issue) -> Paper:
    """The paper as it is kept."""
    return Paper.model_validate(issue.paper)


def kept(paper: Paper) -> dict[str, Any]:
    """The paper as it is stored."""
    return paper.model_dump(mode="json")


def written(paper: Paper, form: str) -> bytes:
    """The paper as a file: `docx`, `pdf` or `xlsx`. The same paper gives the same bytes."""
    with translation.override("zh-hans"):
        return WRITERS[form](paper)


def known_at() -> datetime:
    """The instant up to which records counted in the values that are read now: of the last ones in the lake that the
    values were made from. The present where nothing was evaluated yet."""
    try:
        made_from = ResultStore(results_folder(Path(settings.LUOSHI_LAKE))).reading(Catalogue.load()).manifest
    except UnreadableFile:
        return clock.now()
    # Of what arrives within one instant the store tells the order by microseconds; the lake named the last it held.
    chunk = Chunk.objects.filter(pk=int(made_from.get("lake_position") or 0)).first()
    if chunk is not None:
        return datetime.fromtimestamp(chunk.at / 1_000_000, clock.CHINA)
    built = datetime.fromisoformat(made_from["lake_built_at"])
    return built if built.tzinfo else built.replace(tzinfo=clock.CHINA)
