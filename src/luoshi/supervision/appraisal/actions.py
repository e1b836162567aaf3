"""Writes of appraisals: schemes, runs, appeals. Each one transaction with its audit row."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit, moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision.appraisal import computing, gathering, queries, rules, schemes
from luoshi.supervision.appraisal.computing import Input
from luoshi.supervision.appraisal.models import Appeal, Run, SchemeVersion
from luoshi.supervision.papers.layout import chinese_day


def save_scheme(*, text: str, division: str, note: str, by: User, scope: Scope) -> SchemeVersion:
    """Keep a scheme as the next version of an office's own. Raises `CatalogError` for one that is wrong, `Refused` without
    the permission, `Http404` for an office outside the scope."""
    scope.require("appraisal.manage")
    place = regions.division_or_404(division, scope=scope)
    scheme = schemes.from_yaml(text, where=_("方案"))
    with transaction.atomic():
        last = SchemeVersion.objects.select_for_update().filter(division=division, slug=scheme.id).first()
        made = SchemeVersion.objects.create(
            slug=scheme.id, version=(last.version if last else 0) + 1, division=division, path=place.path,
            body=scheme.model_dump(mode="json"), note=note.strip()[:300], by=by.get_username(), at=clock.now(),
        )  # fmt: skip
        _audit(
            "appraisal-scheme.save",
            "appraisal-scheme",
            made.pk,
            division,
            by,
            {"id": scheme.id, "version": made.version},
        )
    return made


def run(
    *,
    slug: str,
    division: str,
    by: User,
    scope: Scope,
    version: int | None = None,
    on: date | None = None,
    title: str = "",
) -> Run:
    """Score the divisions below an office and keep everything it was reckoned from, as a draft. Raises `Http404` outside
    the scope, `Refused` without the permission, `InvalidValue` for a day to come or where nothing lies below."""
    scope.require("appraisal.manage")
    place = regions.division_or_404(division, scope=scope)
    chosen = queries.scheme(slug, division, scope=scope, version=version)
    day = on or clock.today()
    if day > clock.today():
        raise InvalidValue(_("截至日期还没有到。"), where="on")
    inputs = gathering.gather(chosen.scheme, division=division, on=day, scope=scope)
    if not inputs:
        raise InvalidValue(_("这里没有下一级区划，无从考核。"), where=division)
    result = computing.compute(chosen.scheme, inputs)
    with transaction.atomic():
        made = Run.objects.create(
            division=division, path=place.path,
            title=title.strip()[:120] or f"{place.name}{chosen.scheme.name}（{chinese_day(day)}）",
            slug=slug, version=chosen.version, scheme_body=chosen.scheme.model_dump(mode="json"), as_of=day,
            inputs_body={code: {name: asdict(one) for name, one in items.items()} for code, items in inputs.items()},
            result_body=result.plain(), digest=computing.digest(chosen.scheme, inputs, result),
            by=by.get_username(), at=clock.now(),
        )  # fmt: skip
        _audit("appraisal-run.make", "appraisal-run", made.pk, division, by, {"scheme": slug, "version": made.version})
    return made


def announce(*, number: int, open_table: bool, by: User, scope: Scope) -> Run:
    """Show a draft to those appraised, the whole table or each its own line, and open it to appeals. Raises `Refused`,
    `Http404`."""
    found = _managed(number, scope)
    with transaction.atomic():
        moving.advance(
            found, rules.RUN, "announce", by=by, permissions=scope.permissions, scope_division=found.division,
            given={"digest": found.digest}, open_table=open_table, announced=clock.now(),
            appeals_until=clock.today() + timedelta(days=rules.APPEAL_DAYS),
        )  # fmt: skip
    return found


def finalise(*, number: int, by: User, scope: Scope) -> Run:
    """Make an announced run final. Raises `Refused` while an appeal waits, `Http404` outside the scope."""
    found = _managed(number, scope)
    with transaction.atomic():
        Run.objects.select_for_update().get(pk=found.pk)
        if found.appeals.filter(state=rules.FILED).exists():
            raise Refused(_("还有申诉没有复核。"), todo=_("请先复核全部申诉。"))
        moving.advance(
            found, rules.RUN, "finalise", by=by, permissions=scope.permissions, scope_division=found.division,
            given={"digest": found.digest},
        )  # fmt: skip
    return found


def drop(*, number: int, reason: str, by: User, scope: Scope) -> Run:
    """Drop a run that is not final. Raises `Refused` without a reason, `Http404` outside the scope."""
    found = _managed(number, scope)
    with transaction.atomic():
        moving.advance(
            found, rules.RUN, "drop", by=by, permissions=scope.permissions, scope_division=found.division,
            given={"reason": reason.strip()},
        )  # fmt: skip
    return found


def appeal(*, number: int, division: str, item: str, claim: str, value: float | None, by: User, scope: Scope) -> Appeal:
    """Contest one score of an announced run for a division inside the scope. Raises `Refused` for a run that is not open
    to appeals, after the last day, or while one waits already; `InvalidValue` without a reason; `Http404` elsewhere."""
    scope.require("appraisal.appeal")
    found = queries.run(number, scope=scope)
    scope.division_or_404(division)
    if found.result.line(division) is None:
        raise Http404
    found.scheme.item(item)
    if found.state != rules.ANNOUNCED:
        raise Refused(_("只有公示中的结果可以申诉。"))
    if found.appeals_until and clock.today() > found.appeals_until:
        raise Refused(_("申诉期已于 %(day)s 截止。") % {"day": found.appeals_until})
    if len(claim.strip()) < 10:
        raise InvalidValue(_("请写明申诉理由（至少10个字）。"), where="claim")
    try:
        with transaction.atomic():
            made = Appeal.objects.create(
                run=found, division=division, item=item, claim=claim.strip()[:1000], value=value, by=by.get_username(),
                at=clock.now(),
            )  # fmt: skip
            _audit("appraisal-appeal.file", "appraisal-appeal", made.pk, division, by, {"run": found.pk, "item": item})
    except IntegrityError:
        raise Refused(_("这一项已有申诉在复核。"), todo=_("请等待复核结果。")) from None
    return made


def reject(*, number: int, answer: str, by: User, scope: Scope) -> Appeal:
    """The score stays. Raises `Refused` without an answer or where it was decided already; `Http404`."""
    row = _contested(number, scope)
    with transaction.atomic():
        moving.advance(
            row, rules.APPEAL, "reject", by=by, permissions=scope.permissions, scope_division=row.division,
            given={"answer": answer.strip()}, answer=answer.strip()[:1000], decided_by=by.get_username(), decided=clock.now(),
        )  # fmt: skip
    return row


def take_back(*, number: int, by: User, scope: Scope) -> Appeal:
    """The appellant takes an appeal back. Raises `Refused`, `Http404`."""
    row = queries.appeal(number, scope=scope)
    if not scope.covers_division(row.division):
        raise Http404
    with transaction.atomic():
        moving.advance(
            row, rules.APPEAL, "take-back", by=by, permissions=scope.permissions, scope_division=row.division,
            decided_by=by.get_username(), decided=clock.now(),
        )  # fmt: skip
    return row


def uphold(*, number: int, answer: str, source: str, corrected: Input, by: User, scope: Scope) -> Appeal:
    """Put the contested value right, with the source of the right one, and reckon the run anew. The value as measured is
    kept; total and rank before and after are noted on the appeal. Raises `Refused` without answer or source, or where
    somebody decided before; `InvalidValue` for a numerator without denominator; `Http404`."""
    row = _contested(number, scope)
    item = row.run.scheme.item(row.item)
    measured = row.run.inputs[row.division][row.item]
    value = _settled(corrected, measured)
    with transaction.atomic():
        found = Run.objects.select_for_update().get(pk=row.run_id)
        if found.state != rules.ANNOUNCED:
            raise Refused(_("只有公示中的结果可以更正。"))
        before = found.result
        inputs = computing.corrected(found.inputs, [*queries.corrections(found), (row.division, item.id, value)])
        after = computing.compute(found.scheme, inputs)
        effect = {"before": _standing(before, row), "after": _standing(after, row)}
        moving.advance(
            row, rules.APPEAL, "uphold", by=by, permissions=scope.permissions, scope_division=row.division,
            given={"answer": answer.strip(), "source": source.strip()}, answer=answer.strip()[:1000],
            source=source.strip()[:300], corrected=asdict(value), effect=effect, decided_by=by.get_username(),
            decided=clock.now(),
        )  # fmt: skip
        found.result_body = after.plain()
        found.digest = computing.digest(found.scheme, inputs, after)
        found.save(update_fields=["result_body", "digest"])
    return row


def _settled(corrected: Input, measured: Input) -> Input:
    """The corrected value as it is scored: a share or rate from its counts, in the unit it was measured in."""
    if measured.chance == "exact" or corrected.numerator is None:
        if corrected.value is None:
            raise InvalidValue(_("请填写更正后的数值。"), where="value")
        return Input(corrected.value, data_until=measured.data_until)
    if not corrected.denominator or corrected.denominator <= 0 or corrected.numerator < 0:
        raise InvalidValue(_("分子、分母应成对填写，分母大于零。"), where="denominator")
    scale = 100.0
    if measured.value and measured.numerator and measured.denominator:
        scale = measured.value * measured.denominator / measured.numerator
    value = corrected.numerator / corrected.denominator * scale
    return Input(value, corrected.numerator, corrected.denominator, measured.chance, "", measured.data_until)


def _standing(result: computing.Result, row: Appeal) -> dict[str, Any]:
    line = result.line(row.division)
    assert line is not None
    return {"total": line.total, "rank": line.rank, "points": line.scores[row.item].points}


def _managed(number: int, scope: Scope) -> Run:
    found = queries.run(number, scope=scope)
    if not queries.manages(found, scope=scope):
        raise Http404
    return found


def _contested(number: int, scope: Scope) -> Appeal:
    row = queries.appeal(number, scope=scope)
    if not queries.manages(row.run, scope=scope):
        raise Http404
    return row


def _audit(action: str, kind: str, number: int, division: str, by: User, detail: dict[str, object]) -> None:
    audit.record(by=by, action=action, object_type=kind, object_id=number, scope_division=division, detail=detail)
