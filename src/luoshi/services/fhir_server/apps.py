"""The manifest of the FHIR server."""

from __future__ import annotations

from luoshi.kernel.later import later
from luoshi.platform.store import listeners
from luoshi.web.manifest import Service


class FhirServerConfig(Service):
    """FHIR R4."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.fhir_server"
    label = "fhir_server"
    slug = "fhir_server"
    area = "data"
    title = "FHIR 接口"
    title_en = "FHIR interface"
    prefix = "fhir"
    permissions = {"record.read": "查看原始记录", "record.ingest": "接入记录", "record.export": "批量导出记录"}

    def ready(self) -> None:
        """Keep subscribers in step with the Subscriptions that are stored."""
        listeners.add(later("luoshi.services.fhir_server.subscribing.keep"))
