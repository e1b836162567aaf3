"""Bulk work and the webhooks of Subscriptions, as jobs that may be run again. What they need is loaded when they run, so
that no command waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("fhir.export", restartable=True)
def export(progress: Progress, bulk: str) -> dict[str, Any]:
    """Write an export."""
    from luoshi.services.fhir_server.bulk import run_export

    return _run(bulk, progress, run_export)


@job("fhir.import", restartable=True)
def import_(progress: Progress, bulk: str) -> dict[str, Any]:
    """Take in an upload."""
    from luoshi.services.fhir_server.bulk import run_import

    return _run(bulk, progress, run_import)


@job("fhir.deliver", restartable=True, every=timedelta(seconds=5))
def deliver(progress: Progress) -> dict[str, Any]:
    """Tell subscribers what is new."""
    from luoshi.services.fhir_server import delivering

    count = delivering.deliver()
    return {"delivered": count} if count else {}


def _run(id_: str, progress: Progress, function: Any) -> dict[str, Any]:
    from luoshi.kernel.errors import UserError
    from luoshi.services.fhir_server.bulk import failed
    from luoshi.services.fhir_server.models import Bulk
    from luoshi.web.fhir import FhirError

    bulk = Bulk.objects.filter(pk=id_, state=Bulk.RUNNING).first()
    if bulk is None:
        return {}
    try:
        function(bulk, progress)
    except FhirError:
        return {}  # cancelled
    except UserError as error:
        failed(bulk, str(error))
        raise
    except Exception:
        failed(bulk, "The server failed; the error is in its log.")
        raise
    return {"bulk": id_}
