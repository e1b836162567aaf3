"""Contracts that exist already, from a CSV or Excel file: read, checked line by line, taken in with what is wrong in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.files import Row, rows
from luoshi.platform.store import people, sets
from luoshi.services.contracts import actions, catalogue, queries, resource, rules
from luoshi.services.contracts.models import Contract, Team
from luoshi.services.contracts.queries import Bond, Offer

MOST = 20_000
# Column → the headings it may have; the file reader folds some Chinese headings already.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "resident": ("身份证号", "证件号码", "健康档案编号", "档案编号", "resident"),
    "institution": ("institution", "签约机构", "code"),
    "start": ("起始日期", "开始日期", "start"),
    "end": ("到期日期", "结束日期", "end"),
    "signed": ("签约日期", "signed"),
    "team": ("签约团队", "团队", "team"),
    "package": ("服务包", "package"),
}


@dataclass(frozen=True)
class Wrong:
    """A line that was not taken in, and why."""

    line: int
    reason: str


@dataclass
class Imported:
    """What a file brought: contracts made, lines known already, and lines that are wrong."""

    made: int = 0
    known: int = 0
    wrong: list[Wrong] = field(default_factory=list)


def read(path: Path, *, by: User, scope: Scope) -> Imported:
    """Take in a file. A line is refused alone, with its number and the reason; the same file again changes nothing.

    Needed columns: 身份证号 or 健康档案编号, 机构代码, 起始日期, 到期日期; beside them 签约日期, 团队, 服务包. A
    contract that overlaps another of the same resident is refused. Raises `UnreadableFile` when the file cannot be
    read, `InvalidValue` when a column lacks or there are too many lines.
    """
    scope.require("contract.sign")
    lines = list(rows(path))
    if len(lines) > MOST:
        raise InvalidValue(_("一次最多导入 %(most)s 行。") % {"most": MOST})
    if lines:
        lacking = [names[0] for key, names in COLUMNS.items() if key in ("resident", "institution", "start", "end")
                   and not any(name in lines[0].cells for name in names)]  # fmt: skip
        if lacking:
            raise InvalidValue(_("缺少列：%(columns)s。") % {"columns": "、".join(lacking)})
    told = Imported()
    for at in range(0, len(lines), 500):
        _block(lines[at : at + 500], told, by, scope)
    return told


def _block(lines: list[Row], told: Imported, by: User, scope: Scope) -> None:
    """Take in some lines in one transaction."""
    with transaction.atomic():
        sets.lock()
        found: dict[int, int] = {}
        for row in lines:
            try:
                found[row.number] = _person(row, scope)
            except UserError as error:
                told.wrong.append(Wrong(row.number, error.message))
        cards = people.cards(found.values(), scope=scope)
        bonds = queries.bonds(found.values())
        offers: dict[str, list[Offer]] = {}
        made: list[Contract] = []
        for row in lines:
            if row.number not in found:
                continue
            try:
                contract = _contract(row, cards[found[row.number]], bonds, offers, by, scope)
            except UserError as error:
                told.wrong.append(Wrong(row.number, f"{error.message} {error.todo}".strip()))
                continue
            if contract is None:
                told.known += 1
                continue
            made.append(contract)
            bonds[contract.person].append(queries.bond(contract, clock.today()))
        resource.write(made, by=by.get_username())
        told.made += len(made)
        if made:
            audit.record(
                by=by, action="contract.import", object_type="contract", object_id=made[0].pk,
                detail={"contracts": len(made), "first": made[0].pk, "last": made[-1].pk},
            )  # fmt: skip


def _cell(row: Row, column: str) -> str:
    return next((row.cells[name].strip() for name in COLUMNS[column] if row.cells.get(name)), "")


def _person(row: Row, scope: Scope) -> int:
    text = _cell(row, "resident")
    if not text:
        raise InvalidValue(_("没有填身份证号或档案编号。"))
    found = people.by_identifier(text, scope=scope)
    if len(found) != 1:
        raise InvalidValue(_("管理范围内没有这个身份证号或档案编号的居民。"))
    return found[0]


def _day(row: Row, column: str, name: str) -> date:
    text = _cell(row, column).replace("/", "-").replace(".", "-")
    try:
        if len(text) == 8 and text.isdigit():
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        year, month, day = text.split("-", 2)
        return date(int(year), int(month), int(day[:2].strip()))
    except ValueError:
        raise InvalidValue(_("%(name)s不是有效的日期，请写成 2025-03-01。") % {"name": name}) from None


def _contract(
    row: Row, card: people.Card, bonds: Mapping[int, list[Bond]], offers: dict[str, list[Offer]], by: User, scope: Scope
) -> Contract | None:
    """The contract of a line, saved; None when it is known already."""
    today = clock.today()
    code = _cell(row, "institution")
    if not scope.covers_institution(code):
        raise InvalidValue(_("机构代码 %(code)s 不存在或不在管理范围内。") % {"code": code[:20]})
    start, end = _day(row, "start", _("起始日期")), _day(row, "end", _("到期日期"))
    longest = rules.last_day(start, catalogue.items().longest_months)
    if not start <= end <= longest:
        raise InvalidValue(_("到期日期须晚于起始日期，且签约期限不超过三年。"))
    signed = _day(row, "signed", _("签约日期")) if _cell(row, "signed") else min(start, today)
    if signed > today or signed > start:
        raise InvalidValue(_("签约日期不能晚于今天，也不能晚于起始日期。"))
    if start > today + timedelta(days=365):
        raise InvalidValue(_("起始日期在一年以后。"))
    for held in bonds[card.person]:
        if held.institution == code and held.start == start and held.contract is not None:
            return None
        if actions.collides(held, start, end):
            raise InvalidValue(actions.double(card, held, scope))
    if end >= today:
        actions.may_sign(card, start)
    offer = _offer(row, code, offers)
    team = None
    if name := _cell(row, "team"):
        team = Team.objects.filter(institution=code, name=name).first()
        if team is None:
            raise InvalidValue(_("该机构没有名为“%(name)s”的团队。") % {"name": name[:60]})
    state = rules.ACTIVE
    if end < today:
        state = rules.EXPIRED if end >= today - timedelta(days=catalogue.items().renewal_days) else rules.LAPSED
    elif Contract.objects.filter(person=card.person, state=rules.ACTIVE).exists():
        raise InvalidValue(_("这位居民已有一份有效签约。"))
    contract = Contract(
        person=card.person, institution=code, team=team, package=offer.code, package_name=offer.title,
        items=[*dict.fromkeys((*catalogue.items().base, *offer.items))], fee=offer.fee, start=start, end=end, state=state,
        signed_day=signed, signed_at=None, signed_by=by.get_username(), way="paper", act=f"import-{row.number}",
    )  # fmt: skip
    contract.save()
    return contract


def _offer(row: Row, code: str, offers: dict[str, list[Offer]]) -> Offer:
    if code not in offers:
        offers[code] = queries.offers(code)
    wanted = _cell(row, "package")
    for offer in offers[code]:
        if wanted in (offer.name, offer.title) or offer.code == (wanted or "base"):
            return offer
    raise InvalidValue(_("没有名为“%(name)s”的服务包。") % {"name": wanted[:60]})
