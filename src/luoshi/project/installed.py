"""The visible list of what this Luoshi is made of. To add a service: make its folder, add its line here."""

PLATFORM: list[str] = [
    "luoshi.web",
    "luoshi.platform.regions",
    "luoshi.platform.access",
    "luoshi.platform.audit",
    "luoshi.platform.identity",
    "luoshi.platform.store",
    "luoshi.platform.sources",
    "luoshi.platform.consent",
    "luoshi.platform.lake",
    "luoshi.platform.jobs",
]

# Rules and tables of supervision, without pages of their own.
SUPERVISION: list[str] = [
    "luoshi.supervision.duties",
    "luoshi.supervision.appraisal",
    "luoshi.supervision.alerts",
    "luoshi.supervision.dispatching",
    "luoshi.supervision.rectification",
    "luoshi.supervision.bulletins",
]

SERVICES: list[str] = [
    "luoshi.services.scoreboard",
    "luoshi.services.indicator_desk",
    "luoshi.services.records_desk",
    "luoshi.services.identity_desk",
    "luoshi.services.resident_portal",
    "luoshi.services.health_code",
    "luoshi.services.plan_desk",
    "luoshi.services.duty_desk",
    "luoshi.services.sources",
    "luoshi.services.quality",
    "luoshi.services.research",
    "luoshi.services.fhir_server",
    "luoshi.services.appraisal_desk",
    "luoshi.services.cockpit",
    "luoshi.services.mcp_server",
    "luoshi.services.contracts",
    "luoshi.services.chronic",
    "luoshi.services.recognition",
    "luoshi.services.referral",
    "luoshi.services.rectification_desk",
    "luoshi.services.dispatch_desk",
    "luoshi.services.inbox",
    "luoshi.services.bulletin_desk",
    "luoshi.services.ecg",
    "luoshi.services.imaging",
]
