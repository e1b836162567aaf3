"""Matching what came in: Patients enter the index, then each waiting record is compared with those its keys find.

`settle` may run at any time and be killed at any time: a set of records is one transaction, and what was done is not
done again. Nothing is joined but in the mode `auto`, in the band "same", with weights learned from pairs that are there,
and never against two different resident IDs; everything else that is likely enough becomes a case for a human with its
evidence.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import orjson
import pyarrow as pa
from django.db import transaction

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.platform import audit
from luoshi.platform.identity import actions, links
from luoshi.platform.identity.models import Case, Link, State
from luoshi.platform.store import sets
from luoshi.platform.store.preparing import DELETED
from luoshi.records.matching import Matcher, Model, Scored, evidence, raw_row, scheme
from luoshi.records.matching.prepare import as_table

BY = "identity"  # in the audit trail
SET = 5_000
LEARN_AT, LEARN_FROM = 1_000, 200_000
Raw = dict[str, str | None]
# One matcher serves all threads of a process, one at a time. It is always taken after the lock of the store.
_alone = threading.RLock()


@dataclass
class Settled:
    """What a run did: Patients taken into the index, records compared, pairs joined, cases opened."""

    indexed: int = 0
    compared: int = 0
    joined: int = 0
    cases: int = 0
    learned: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain form, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Candidate:
    """Somebody known who may be the one asked for: the person they count for, the record found, and the pair."""

    person: int
    record: int
    scored: Scored


def settle(*, progress: Callable[[int], None] = lambda done: None) -> Settled:
    """Take new and changed Patients into the index, learn the weights once there are enough, and match what waits."""
    settled = Settled()
    if actions.state().mode == State.OFF:
        return settled
    while taken := _index():
        settled.indexed += taken
        progress(settled.indexed)
    state = actions.state()
    if not state.model and _count() >= LEARN_AT:
        learn(by=BY)
        settled.learned = True
    while compared := _match(settled):
        settled.compared += compared
        progress(settled.indexed + settled.compared)
    return settled


def learn(*, by: Any) -> Model:
    """Learn the weights anew from the records in the index (a sample of at most `LEARN_FROM`). Raises `Refused` where
    there are fewer than `LEARN_AT`."""
    count = _count()
    if count < LEARN_AT:
        raise Refused(f"{count} records are too few to learn from.", todo=f"There must be at least {LEARN_AT}.")
    step = max(1, count // LEARN_FROM)
    rows = sets.rows("SELECT resource, raw FROM identity_record WHERE resource % %s = 0", step)
    matcher = Matcher(scheme(), memory="1GB")
    model = matcher.learn_from(_table(rows))
    with transaction.atomic():
        actions.state(lock=True)
        State.objects.filter(pk=1).update(model=model.to_json(), learned_at=clock.now())
        audit.record(
            by=by, action="identity.learn", object_type="setting", object_id="identity",
            detail={"records": len(rows), "share_same": model.share_same},
        )  # fmt: skip
    return model


def find(rows: list[Raw], *, least: float = 0.01) -> list[list[Candidate]]:
    """For each raw row whoever of the index may be meant, likeliest first. Writes nothing."""
    found: list[list[Candidate]] = [[] for _ in rows]
    with _alone:
        matcher = _matcher(actions.state().model)
        asked = as_table(rows, [-(i + 1) for i in range(len(rows))], scheme())
        known = _known_for(matcher, asked, ())
        if not known:
            return found
        persons = _persons(known)
        for scored in matcher.rows(matcher.between(asked, _table(list(known.items())), least=least)):
            person = persons.get(scored.right)
            if person is not None:
                found[-scored.left - 1].append(Candidate(person, scored.right, scored))
    return [_best_of_each_person(candidates) for candidates in found]


def compare(left: int, right: int) -> Scored | None:
    """Two records (resources) of the index compared now; None where one is not in it."""
    rows = dict(sets.select("SELECT resource, raw FROM identity_record WHERE resource IN {values}", {left, right}))
    if len(rows) < 2:
        return None
    with _alone:
        matcher = _matcher(actions.state().model)
        return matcher.compare(_table([(left, rows[left])]), _table([(right, rows[right])]), [(left, right)])[0]


def findings(scored: Scored) -> list[dict[str, Any]]:
    """The evidence of a pair as plain data."""
    return [asdict(finding) for finding in evidence(scored, scheme(), _matcher(actions.state().model).model)]


def open_said_case(left: tuple[int, int], right: tuple[int, int], *, note: str) -> None:
    """Open a case because a sender says so. Each side: (resource, person)."""
    with transaction.atomic():
        sets.lock()
        scored = compare(left[0], right[0])
        told = findings(scored) if scored else []
        origins = links.origins([left[0], right[0]])
        a, b = sorted([(origins.get(r, p), r) for r, p in (left, right)])
        _open(
            a,
            b,
            scored.probability if scored else 0.5,
            scored.weight if scored else 0.0,
            "review",
            told,
            "source",
            note,
        )


# ---- the steps


@lru_cache(maxsize=2)
def _matcher(model: str) -> Matcher:
    """A matcher with this model, kept: making one costs more than a small set."""
    return Matcher(scheme(), Model.from_json(model, scheme()) if model else None, memory="1GB", threads=2)


def _count() -> int:
    return int(sets.one("SELECT count(*) FROM identity_record"))


def _table(rows: Iterable[tuple[int, str]]) -> pa.Table:
    listed = list(rows)
    return as_table([orjson.loads(raw) for _, raw in listed], [resource for resource, _ in listed], scheme())


def _index() -> int:
    """Take the next set of Patients into the index. Gives their number."""
    with transaction.atomic():
        sets.lock()
        state = actions.state(lock=True)
        rows = sets.rows(
            "SELECT r.id, r.touched, r.hash, v.body FROM store_resource r"
            " JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
            " WHERE r.type = 'Patient' AND (r.touched, r.id) > (%s, %s) ORDER BY r.touched, r.id LIMIT %s",
            state.chunk, state.resource, SET,
        )  # fmt: skip
        if not rows:
            return 0
        kept = dict(
            sets.select("SELECT resource, raw FROM identity_record WHERE resource IN {values}", [r[0] for r in rows])
        )
        fresh: dict[int, str] = {}
        gone: list[int] = []
        said: list[tuple[int, dict[str, Any]]] = []
        for resource, _touched, digest, body in rows:
            if digest == DELETED or not body:
                gone.append(resource)
                continue
            patient = orjson.loads(body)
            raw = orjson.dumps(raw_row(patient)).decode()
            if kept.get(resource) != raw:
                fresh[resource] = raw
                said += [(resource, link) for link in patient.get("link") or ()]
        _forget([*gone, *(r for r in fresh if r in kept)])
        sets.insert("identity_record", ("resource", "raw", "matched"), [(r, raw, False) for r, raw in fresh.items()])
        if fresh:
            with _alone:
                _add_keys(_matcher(state.model), _table(fresh.items()))
        State.objects.filter(pk=1).update(chunk=rows[-1][1], resource=rows[-1][0])
        _said(said)
    return len(rows)


def _forget(resources: list[int]) -> None:
    sets.update("DELETE FROM identity_record WHERE resource = %s", [(r,) for r in resources])
    sets.update("DELETE FROM identity_key WHERE resource = %s", [(r,) for r in resources])


def _add_keys(matcher: Matcher, table: pa.Table) -> None:
    """Keys of records, each in the next slot of its key; none beyond the block."""
    keyed = matcher.keys_of(table)
    pairs = list(zip(keyed.column("key").to_pylist(), keyed.column("rid").to_pylist(), strict=True))
    slots = dict(
        sets.select(
            "SELECT key, max(slot) + 1 FROM identity_key WHERE key IN {values} GROUP BY key", {key for key, _ in pairs}
        )
    )
    block = scheme().block
    number = sets.following("identity_key")
    rows: list[tuple[int, int, int, int]] = []
    for key, resource in pairs:
        slot = slots.get(key, 0)
        slots[key] = slot + 1
        if slot <= block:
            rows.append((number + len(rows), key, slot, resource))
    sets.insert("identity_key", ("id", "key", "slot", "resource"), rows)


def _known_for(matcher: Matcher, asked: pa.Table, among: Iterable[int]) -> dict[int, str]:
    """Raw texts of the records that share a key with those asked for; `among`: resources to leave out."""
    keyed = matcher.keys_of(asked)
    rows = sets.select(
        "SELECT key, resource FROM identity_key WHERE key IN {values}", set(keyed.column("key").to_pylist())
    )
    sizes: dict[int, int] = {}
    for key, _ in rows:
        sizes[key] = sizes.get(key, 0) + 1
    block, left_out = scheme().block, set(among)
    resources = {resource for key, resource in rows if sizes[key] <= block + 1} - left_out
    return dict(sets.select("SELECT resource, raw FROM identity_record WHERE resource IN {values}", resources))


def _persons(resources: Iterable[int]) -> dict[int, int]:
    return {
        resource: person
        for resource, person in sets.select(
            "SELECT id, person FROM store_resource WHERE id IN {values}", set(resources)
        )
        if person is not None
    }


def _best_of_each_person(candidates: list[Candidate]) -> list[Candidate]:
    best: dict[int, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: -c.scored.probability):
        best.setdefault(candidate.person, candidate)
    return list(best.values())


def _match(settled: Settled) -> int:
    """Compare the next set of waiting records with the index. Gives their number."""
    with transaction.atomic():
        sets.lock()
        state = actions.state(lock=True)
        # `matched` is a boolean: PostgreSQL wants it written as one.
        waiting = sets.rows(
            "SELECT resource, raw FROM identity_record WHERE NOT matched ORDER BY resource LIMIT %s", SET
        )
        if not waiting:
            return 0
        with _alone:
            matcher = _matcher(state.model)
            asked = _table(waiting)
            known = _known_for(matcher, asked, ())
            found = matcher.rows(matcher.between(asked, _table(known.items()))) if known else []
        _decide(found, state, settled)
        sets.update(
            "UPDATE identity_record SET matched = %s WHERE resource = %s", [(True, resource) for resource, _ in waiting]
        )
    return len(waiting)


def _decide(found: list[Scored], state: State, settled: Settled) -> None:
    """Join or ask, likeliest pairs first."""
    resources = {r for s in found for r in (s.left, s.right)}
    persons, origins = _persons(resources), links.origins(resources)
    done: set[tuple[int, int]] = set()
    for scored in sorted(found, key=lambda s: -s.probability):
        if persons.get(scored.left) is None or persons.get(scored.right) is None:
            continue
        left, right = sorted((origins.get(r, persons[r]), r) for r in (scored.left, scored.right))
        pair = (left[0], right[0])
        if left[0] == right[0] or pair in done or links.root(left[0]) == links.root(right[0]):
            continue
        done.add(pair)
        certain = scored.band == "same" and _matcher(state.model).model.pairs > 0
        note = ""
        if certain and actions.clashing(*pair):
            certain, note = False, "clash"
        if certain and state.mode == State.AUTO and not _said_different(*pair):
            reason = f"p={scored.probability:.6f}, {scored.weight:.1f} bit"
            actions.merge(keep=left[0], other=right[0], by=BY, reason=reason, basis=Link.AUTO)
            settled.joined += 1
        else:
            told = findings(scored)
            settled.cases += _open(left, right, scored.probability, scored.weight, scored.band, told, "match", note)


def _said_different(left: int, right: int) -> bool:
    """Whether a human said of any two of these people's records that they are two."""
    return bool(
        Case.objects.filter(state=Case.DIFFERENT)
        .filter(
            left__in=links.members(left) + links.members(right), right__in=links.members(left) + links.members(right)
        )
        .exists()
    )


def _open(
    left: tuple[int, int], right: tuple[int, int], probability: float, weight: float, band: str,
    told: list[dict[str, Any]], origin: str, note: str,
) -> bool:  # fmt: skip
    """Open or bring up to date the case of two persons (person, record), the smaller number first. Gives whether it is
    new. An answered case stays as it was answered."""
    case = Case.objects.filter(left=left[0], right=right[0]).first()
    if case is not None and (case.state != Case.OPEN or case.probability >= probability):
        return False
    values = {
        "left_record": left[1], "right_record": right[1], "probability": probability, "weight": weight, "band": band,
        "evidence": told, "origin": origin, "note": note[:200], "changed": clock.now(),
        "risk": _risk(left[0], right[0], probability),
    }  # fmt: skip
    if case is not None:
        Case.objects.filter(pk=case.pk).update(**values)
        return False
    Case.objects.create(left=left[0], right=right[0], at=clock.now(), **values)
    return True


def _risk(left: int, right: int, probability: float) -> float:
    """What a late answer may cost: how likely they are one, times how much hangs on the thinner of the two (doublings
    of the number of its records)."""
    held = [
        sets.one("SELECT count(*) FROM store_resource WHERE person = %s AND type <> 'Patient'", links.root(person))
        for person in (left, right)
    ]
    return round(probability * (1 + math.log2(1 + min(held))), 3)


def _said(said: list[tuple[int, dict[str, Any]]]) -> None:
    """`Patient.link`: the sender says that two of its Patients are one."""
    for resource, link in said:
        key = str((link.get("other") or {}).get("reference", "")).rpartition("/")[2]
        kind = link.get("type")
        if kind not in ("replaced-by", "replaces", "seealso") or not key:
            continue
        own = sets.rows("SELECT id, person, source_id FROM store_resource WHERE id = %s", resource)
        other = sets.rows(
            "SELECT id, person FROM store_resource WHERE type = 'Patient' AND key = %s AND source_id = %s",
            key,
            own[0][2],
        )
        if not other or other[0][1] is None or own[0][1] is None or links.root(own[0][1]) == links.root(other[0][1]):
            continue
        keep, gone = (other[0], own[0][:2]) if kind == "replaced-by" else (own[0][:2], other[0])
        certain = kind != "seealso" and not actions.clashing(keep[1], gone[1])
        if certain and actions.state().mode == State.AUTO:
            actions.merge(keep=keep[1], other=gone[1], by=BY, reason=f"Patient.link {kind}", basis=Link.SOURCE)
        else:
            open_said_case(keep, gone, note=f"Patient.link {kind}")
