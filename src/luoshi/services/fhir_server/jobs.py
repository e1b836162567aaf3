"""Bulk work and the webhooks of Subscriptions, as jobs that may be run again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.kernel.errors import UserError
from luoshi.platform.jobs.registry import Progress, job
from luoshi.services.fhir_server import bulk as work
from luoshi.services.fhir_server import delivering
from luoshi.services.fhir_server.models import Bulk
from luoshi.web.fhir import FhirError


@job("fhir.export", restartable=True)
def export(progress: Progress, bulk: str) -> dict[str, Any]:
    """Write an export."""
    return _run(bulk, progress, work.run_export)


@job("fhir.import", restartable=True)
def import_(progress: Progress, bulk: str) -> dict[str, Any]:
    """Take in an upload."""
    return _run(bulk, progress, work.run_import)


@job("fhir.deliver", restartable=True, every=timedelta(seconds=5))
def deliver(progress: Progress) -> dict[str, Any]:
    """Tell subscribers what is new."""
    count = delivering.deliver()
    return {"delivered": count} if count else {}


def _run(id_: str, progress: Progress, function: Any) -> dict[str, Any]:
    bulk = Bulk.objects.filter(pk=id_, state=Bulk.RUNNING).first()
    if bulk is None:
        return {}
    try:
        function(bulk, progress)
    except FhirError:
        return {}  # cancelled
    except UserError as error:
        work.failed(bulk, str(error))
        raise
    except Exception:
        work.failed(bulk, "The server failed; the error is in its log.")
        raise
    return {"bulk": id_}
