"""Bulk export and import: asked for, answered with 202 and an address to come back to, done by a job that may die.

An export is written type by type, NDJSON, in pieces; after each piece its place is committed, so a job that died goes on
where the last committed piece ended (what was written behind it is cut off). An import keeps what was uploaded and hands
it to the store's ingest, which is resumable itself. Files lie below `LUOSHI_HOME` and are readable by this system only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.http import FileResponse, HttpResponse

from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.jobs import queue
from luoshi.platform.sources.tokens import scope_of_source
from luoshi.platform.store import search, sets
from luoshi.platform.store.ingest import ingest
from luoshi.platform.store.models import Refusal, Source
from luoshi.platform.store.views import View
from luoshi.records.search.parameters import all_types
from luoshi.services.fhir_server import asking, reading, searching, showing
from luoshi.services.fhir_server.models import Bulk
from luoshi.web.fhir import NDJSON, Answer, Call, Caller, FhirError, answer, body_of, outcome

PIECE = 2000
Progress = Callable[..., None]


def folder(bulk: Bulk) -> Path:
    """Where its files lie."""
    return Path(settings.LUOSHI_HOME) / "bulk" / str(bulk.pk)


# --- asking for it -------------------------------------------------------------------------------------------------


def export(call: Call) -> Answer:
    """`$export` of everything that may be seen, or of Patients with what is about them (`Patient/$export`): 202 with the
    address of its status. `_type`, `_since`, `_outputFormat` (NDJSON)."""
    caller = call.caller
    if caller.principal is None:
        caller.require("record.export")
    else:
        caller.need("*", "r")
    if "respond-async" not in call.request.headers.get("Prefer", "").replace(" ", "").split(","):
        raise FhirError(400, "invalid", "An export is asynchronous: send Prefer: respond-async.")
    if call.one("_outputFormat", NDJSON) not in (NDJSON, "application/fhir ndjson", "application/ndjson", "ndjson"):
        raise FhirError(400, "not-supported", f"An export is written as {NDJSON}.")
    unknown = set(call.parameters) - {"_type", "_since", "_outputFormat", "_format"}
    if unknown and "handling=strict" in call.request.headers.get("Prefer", ""):
        raise FhirError(400, "not-supported", "An export knows _type, _since and _outputFormat.")
    kinds = [part for text in call.parameters.get("_type", []) for part in text.split(",") if part]
    for kind in kinds:
        reading.known_type(kind)
    since = asking.moment(call.one("_since"), "_since") if call.one("_since") else 0
    asked = {"types": kinds, "since": since, "patients": bool(call.type), "root": showing.base(call.request)}
    return _begin(call, Bulk.EXPORT, asked, "fhir.export")


def import_(call: Call) -> Answer:
    """`$import` of NDJSON in the body: 202 with the address of its status."""
    caller = call.caller
    caller.need("*", "c")
    caller.need("*", "u")
    raw = body_of(call.request, also=(NDJSON, "application/ndjson", "application/x-ndjson"))
    source = (
        Source.objects.get_or_create(name=caller.source)[0] if caller.principal is None else caller.principal.source
    )
    asked = {"source": source.name, "profile": caller.profile, "root": showing.base(call.request)}
    return _begin(call, Bulk.IMPORT, asked, "fhir.import", raw)


def _begin(call: Call, kind: str, asked: dict[str, Any], job: str, raw: bytes = b"") -> Answer:
    with transaction.atomic():
        bulk = Bulk.objects.create(
            kind=kind,
            by=call.caller.by,
            source=call.caller.source_id,
            request=call.request.build_absolute_uri()[:2000],
            asked=asked,
            at=datetime.now(UTC),
        )
        place = folder(bulk)
        place.mkdir(parents=True, mode=0o700)
        if raw:
            with (place / "upload.ndjson").open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
        audit.record(
            by=call.caller.by, action=job, object_type="bulk", object_id=str(bulk.pk), detail={"bytes": len(raw)}
        )
        queue.start(job, by=call.caller.by, bulk=str(bulk.pk))
    where = f"{asked['root']}/$bulk/{bulk.pk}"
    return Answer(
        outcome("informational", f"Accepted; ask {where} how far it is.", severity="information"),
        202,
        {"Content-Location": where},
    )


# --- how far it is -------------------------------------------------------------------------------------------------


def of(caller: Caller, id_: str) -> Bulk:
    """A piece of bulk work of the caller's own. Raises 404."""
    bulk = Bulk.objects.filter(pk=id_, by=caller.by).exclude(state=Bulk.CANCELLED).first()
    if bulk is None:
        raise reading.not_found()
    return bulk


def status(caller: Caller, id_: str) -> HttpResponse:
    """202 while it runs, 200 with the files when it is done, 500 when it failed."""
    bulk = of(caller, id_)
    if bulk.state == Bulk.RUNNING:
        done = sum(one.get("lines", 0) for one in bulk.progress.values() if isinstance(one, dict))
        return answer(None, 202, {"X-Progress": f"{done} resources", "Retry-After": "2"})
    if bulk.state == Bulk.FAILED:
        return answer(outcome("exception", bulk.message or "It failed."), 500)
    root = bulk.asked["root"]
    files = [
        {"type": one["type"], "url": f"{root}/$bulk/{bulk.pk}/{one['name']}", "count": one["count"]}
        for one in bulk.files
    ]
    body = {
        "transactionTime": showing.instant(bulk.at),
        "request": bulk.request,
        "requiresAccessToken": True,
        "output": [one for one in files if one["type"] != "OperationOutcome"],
        "error": [one for one in files if one["type"] == "OperationOutcome"],
    }
    if bulk.kind == Bulk.IMPORT:
        body["extension"] = {"urn:luoshi:cn:import-counts": bulk.progress}
    return HttpResponse(orjson.dumps(body), content_type="application/json")


def fetch(caller: Caller, id_: str, name: str) -> FileResponse:
    """One file of a finished export or import."""
    bulk = of(caller, id_)
    if bulk.state != Bulk.DONE or name not in {one["name"] for one in bulk.files}:
        raise reading.not_found()
    return FileResponse((folder(bulk) / name).open("rb"), content_type=NDJSON)


def cancel(caller: Caller, id_: str) -> Answer:
    """End it and throw its files away."""
    bulk = of(caller, id_)
    with transaction.atomic():
        Bulk.objects.filter(pk=bulk.pk).update(state=Bulk.CANCELLED, files=[])
        audit.record(by=caller.by, action=f"fhir.{bulk.kind}.delete", object_type="bulk", object_id=str(bulk.pk))
    shutil.rmtree(folder(bulk), ignore_errors=True)
    return Answer(outcome("informational", "Deleted.", severity="information"), 202)


# --- doing it ------------------------------------------------------------------------------------------------------


def scope_of(bulk: Bulk) -> Scope:
    """What whoever asked for it may see now."""
    if bulk.source is not None:
        source = Source.objects.get(pk=bulk.source)
        return scope_of_source(source, ("system/*.read",))
    return Scope.of(User.objects.get(username=bulk.by))


def run_export(bulk: Bulk, progress: Progress) -> None:
    """Write what an export asks for, from where it stopped. Done again from the start it writes the same."""
    view = View(scope_of(bulk), bulk.source)
    kinds = bulk.asked["types"] or list(all_types())
    there = {name for (name,) in sets.rows("SELECT DISTINCT type FROM store_resource")}
    for kind in kinds:
        if kind in there and not bulk.progress.get(kind, {}).get("done"):
            _export_type(bulk, kind, view, progress)
    files = [
        {"type": kind, "name": f"{kind}.ndjson", "count": one["lines"]}
        for kind, one in bulk.progress.items()
        if one["lines"]
    ]
    _finish(bulk, files)


def _export_type(bulk: Bulk, kind: str, view: View, progress: Progress) -> None:
    place = bulk.progress.setdefault(kind, {"cursor": None, "bytes": 0, "lines": 0, "done": False})
    way = search.Whole(kind)
    since, patients = bulk.asked["since"], bulk.asked["patients"]
    path = folder(bulk) / f"{kind}.ndjson"
    with path.open("ab") as file:
        file.truncate(place["bytes"])
        file.seek(place["bytes"])
        while not place["done"]:
            cursor = tuple(place["cursor"]) if place["cursor"] else None
            candidates, following = way.after(cursor, PIECE)
            hits = searching.allowed(search.read(search.visible(candidates, view)), view)
            # What changed since it was asked for comes as it is now: leaving it out would lose its older version.
            hits = [h for h in hits if since <= h.known_from and (not patients or h.person is not None)]
            for body in showing.resources(hits):
                file.write(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
            place |= {"cursor": following, "bytes": file.tell(), "lines": place["lines"] + len(hits)}
            place["done"] = following is None
            with transaction.atomic():
                if not Bulk.objects.filter(pk=bulk.pk, state=Bulk.RUNNING).update(progress=bulk.progress):
                    raise FhirError(410, "deleted", "The export was cancelled.")
                persons = sorted({hit.person for hit in hits if hit.person is not None})
                audit.look_at_list(by=bulk.by, persons=persons, what=f"fhir export {kind}")
            progress(sum(one["lines"] for one in bulk.progress.values()), 0, kind)


def run_import(bulk: Bulk, progress: Progress) -> None:
    """Take in what was uploaded; killed and run again it goes on."""
    report = ingest(
        [folder(bulk) / "upload.ndjson"],
        source=bulk.asked["source"],
        by=bulk.by,
        profile=bulk.asked["profile"],
        progress=lambda path, done, counts: progress(done, 0),
    )
    files = []
    refused = Refusal.objects.filter(run=report.run).order_by("line")
    if refused.exists():
        with (folder(bulk) / "refused.ndjson").open("wb") as file:
            for one in refused.iterator():
                told = outcome("invalid", f"Line {one.line}: {one.text}", place=one.place)
                file.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        files.append({"type": "OperationOutcome", "name": "refused.ndjson", "count": report.counts.refused})
    (folder(bulk) / "upload.ndjson").unlink(missing_ok=True)
    bulk.progress = report.counts.as_dict()
    _finish(bulk, files)


def _finish(bulk: Bulk, files: list[dict[str, Any]]) -> None:
    Bulk.objects.filter(pk=bulk.pk, state=Bulk.RUNNING).update(state=Bulk.DONE, files=files, progress=bulk.progress)


def failed(bulk: Bulk, message: str) -> None:
    """Note that it failed, in words."""
    Bulk.objects.filter(pk=bulk.pk, state=Bulk.RUNNING).update(state=Bulk.FAILED, message=message[:500])
