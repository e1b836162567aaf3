"""The search parameters the server knows, per resource type.

Names, kinds and elements are those of the SearchParameters of FHIR R4 (https://hl7.org/fhir/R4/searchparameter-registry.html);
what is not listed here is not searched by. A path is dotted; `effective[x]` stands for the properties of a choice;
`telecom?system=phone` for items whose element has that value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from luoshi.records.structure import resource_types, types

TOKEN, DATE, STRING, REFERENCE, QUANTITY, NUMBER, URI = (
    "token",
    "date",
    "string",
    "reference",
    "quantity",
    "number",
    "uri",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter. `person`: it names the patient the resource is about. `marked`: its values stand in the index
    (`platform.store.marks`)."""

    name: str
    kind: str
    paths: tuple[str, ...]
    person: bool = False
    marked: bool = False


# One line a parameter: name, kind, paths separated by |. A * before the name: it stands in the index of codes.
# A @ before it: the patient the resource is about.
_TABLE: dict[str, str] = {
    "Patient": """
        active token active
        address string address
        address-city string address.city
        address-postalcode string address.postalCode
        birthdate date birthDate
        death-date date deceasedDateTime
        deceased token deceased[x]
        email token telecom?system=email
        family string name.family
        gender token gender
        general-practitioner reference generalPractitioner
        given string name.given
        language token communication.language
        link reference link.other
        name string name
        organization reference managingOrganization
        phone token telecom?system=phone
        telecom token telecom""",
    "RelatedPerson": """
        @patient reference patient
        active token active
        birthdate date birthDate
        gender token gender
        name string name
        phone token telecom?system=phone
        relationship token relationship""",
    "Group": """
        actual token actual
        code token code
        managing-entity reference managingEntity
        member reference member.entity
        type token type""",
    "Organization": """
        active token active
        address string address
        endpoint reference endpoint
        name string name|alias
        partof reference partOf
        *type token type""",
    "OrganizationAffiliation": """
        active token active
        date date period
        network reference network
        participating-organization reference participatingOrganization
        primary-organization reference organization
        role token code
        specialty token specialty""",
    "Practitioner": """
        active token active
        family string name.family
        gender token gender
        given string name.given
        name string name
        phone token telecom?system=phone
        telecom token telecom""",
    "PractitionerRole": """
        active token active
        date date period
        location reference location
        organization reference organization
        practitioner reference practitioner
        *role token code
        specialty token specialty""",
    "Location": """
        address string address
        name string name|alias
        organization reference managingOrganization
        partof reference partOf
        status token status
        type token type""",
    "Encounter": """
        @patient reference subject
        @subject reference subject
        appointment reference appointment
        based-on reference basedOn
        class token class
        date date period
        diagnosis reference diagnosis.condition
        episode-of-care reference episodeOfCare
        location reference location.location
        part-of reference partOf
        participant reference participant.individual
        reason-code token reasonCode
        service-provider reference serviceProvider
        status token status
        *type token type""",
    "EpisodeOfCare": """
        @patient reference patient
        care-manager reference careManager
        condition reference diagnosis.condition
        date date period
        organization reference managingOrganization
        status token status
        *type token type""",
    "Observation": """
        @patient reference subject
        @subject reference subject
        based-on reference basedOn
        category token category
        *code token code
        combo-code token code|component.code
        component-code token component.code
        data-absent-reason token dataAbsentReason
        date date effective[x]
        device reference device
        encounter reference encounter
        has-member reference hasMember
        method token method
        part-of reference partOf
        performer reference performer
        specimen reference specimen
        status token status
        value-concept token valueCodeableConcept
        value-date date valueDateTime|valuePeriod
        value-quantity quantity valueQuantity
        value-string string valueString|valueCodeableConcept.text""",
    "Condition": """
        @patient reference subject
        @subject reference subject
        abatement-date date abatementDateTime|abatementPeriod
        asserter reference asserter
        category token category
        clinical-status token clinicalStatus
        *code token code
        encounter reference encounter
        onset-date date onsetDateTime|onsetPeriod
        recorded-date date recordedDate
        severity token severity
        verification-status token verificationStatus""",
    "Procedure": """
        @patient reference subject
        @subject reference subject
        based-on reference basedOn
        category token category
        *code token code
        date date performed[x]
        encounter reference encounter
        location reference location
        part-of reference partOf
        performer reference performer.actor
        reason-code token reasonCode
        status token status""",
    "AllergyIntolerance": """
        @patient reference patient
        asserter reference asserter
        category token category
        clinical-status token clinicalStatus
        *code token code|reaction.substance
        criticality token criticality
        date date recordedDate
        type token type
        verification-status token verificationStatus""",
    "Immunization": """
        @patient reference patient
        date date occurrence[x]
        location reference location
        lot-number string lotNumber
        manufacturer reference manufacturer
        performer reference performer.actor
        reaction-date date reaction.date
        status token status
        status-reason token statusReason
        target-disease token protocolApplied.targetDisease
        *vaccine-code token vaccineCode""",
    "ImmunizationRecommendation": """
        @patient reference patient
        date date date
        status token recommendation.forecastStatus
        target-disease token recommendation.targetDisease
        *vaccine-type token recommendation.vaccineCode""",
    "AdverseEvent": """
        @subject reference subject
        actuality token actuality
        category token category
        date date date
        *event token event
        location reference location
        recorder reference recorder
        severity token severity""",
    "MedicationRequest": """
        @patient reference subject
        @subject reference subject
        authoredon date authoredOn
        category token category
        *code token medicationCodeableConcept
        date date dosageInstruction.timing.event
        encounter reference encounter
        intended-dispenser reference dispenseRequest.performer
        intent token intent
        medication reference medicationReference
        priority token priority
        requester reference requester
        status token status""",
    "MedicationDispense": """
        @patient reference subject
        @subject reference subject
        *code token medicationCodeableConcept
        context reference context
        medication reference medicationReference
        performer reference performer.actor
        prescription reference authorizingPrescription
        status token status
        whenhandedover date whenHandedOver
        whenprepared date whenPrepared""",
    "MedicationStatement": """
        @patient reference subject
        @subject reference subject
        category token category
        *code token medicationCodeableConcept
        context reference context
        effective date effective[x]
        medication reference medicationReference
        status token status""",
    "MedicationAdministration": """
        @patient reference subject
        @subject reference subject
        *code token medicationCodeableConcept
        context reference context
        effective-time date effective[x]
        medication reference medicationReference
        request reference request
        status token status""",
    "Medication": """
        *code token code
        form token form
        ingredient-code token ingredient.itemCodeableConcept
        manufacturer reference manufacturer
        status token status""",
    "MedicationKnowledge": """
        *code token code
        doseform token doseForm
        manufacturer reference manufacturer
        status token status""",
    "DiagnosticReport": """
        @patient reference subject
        @subject reference subject
        based-on reference basedOn
        category token category
        *code token code
        conclusion token conclusionCode
        date date effective[x]
        encounter reference encounter
        issued date issued
        performer reference performer
        result reference result
        results-interpreter reference resultsInterpreter
        specimen reference specimen
        status token status""",
    "Specimen": """
        @patient reference subject
        @subject reference subject
        accession token accessionIdentifier
        collected date collection.collected[x]
        collector reference collection.collector
        parent reference parent
        status token status
        *type token type""",
    "ImagingStudy": """
        @patient reference subject
        @subject reference subject
        basedon reference basedOn
        encounter reference encounter
        modality token series.modality
        started date started
        status token status""",
    "DocumentReference": """
        @patient reference subject
        @subject reference subject
        author reference author
        category token category
        custodian reference custodian
        date date date
        encounter reference context.encounter
        period date context.period
        status token status
        *type token type""",
    "Composition": """
        @patient reference subject
        @subject reference subject
        author reference author
        category token category
        date date date
        encounter reference encounter
        status token status
        title string title
        *type token type""",
    "CarePlan": """
        @patient reference subject
        @subject reference subject
        based-on reference basedOn
        care-team reference careTeam
        *category token category
        condition reference addresses
        date date period
        encounter reference encounter
        goal reference goal
        intent token intent
        part-of reference partOf
        replaces reference replaces
        status token status""",
    "CareTeam": """
        @patient reference subject
        @subject reference subject
        category token category
        date date period
        participant reference participant.member
        status token status""",
    "Goal": """
        @patient reference subject
        @subject reference subject
        category token category
        lifecycle-status token lifecycleStatus
        start-date date startDate
        target-date date target.dueDate""",
    "Task": """
        @patient reference for
        @subject reference for
        authored-on date authoredOn
        based-on reference basedOn
        business-status token businessStatus
        *code token code
        encounter reference encounter
        focus reference focus
        group-identifier token groupIdentifier
        intent token intent
        modified date lastModified
        owner reference owner
        part-of reference partOf
        performer token performerType
        period date executionPeriod
        priority token priority
        requester reference requester
        status token status""",
    "ServiceRequest": """
        @patient reference subject
        @subject reference subject
        authored date authoredOn
        based-on reference basedOn
        category token category
        *code token code
        encounter reference encounter
        intent token intent
        occurrence date occurrence[x]
        performer reference performer
        performer-type token performerType
        priority token priority
        replaces reference replaces
        requester reference requester
        requisition token requisition
        status token status""",
    "Appointment": """
        @patient reference participant.actor
        actor reference participant.actor
        appointment-type token appointmentType
        based-on reference basedOn
        date date start
        location reference participant.actor
        part-status token participant.status
        practitioner reference participant.actor
        *service-type token serviceType
        slot reference slot
        status token status""",
    "Contract": """
        @patient reference subject
        @subject reference subject
        authority reference authority
        domain reference domain
        issued date issued
        signer reference signer.party
        status token status""",
    "Communication": """
        @patient reference subject
        @subject reference subject
        based-on reference basedOn
        *category token category
        encounter reference encounter
        medium token medium
        received date received
        recipient reference recipient
        sender reference sender
        sent date sent
        status token status""",
    "Flag": """
        @patient reference subject
        @subject reference subject
        author reference author
        date date period
        encounter reference encounter""",
    "DetectedIssue": """
        @patient reference patient
        author reference author
        *code token code
        identified date identified[x]
        implicated reference implicated""",
    "RiskAssessment": """
        @patient reference subject
        @subject reference subject
        condition reference condition
        date date occurrence[x]
        encounter reference encounter
        method token method
        performer reference performer
        risk token prediction.qualitativeRisk""",
    "FamilyMemberHistory": """
        @patient reference patient
        *code token condition.code
        date date date
        relationship token relationship
        sex token sex
        status token status""",
    "Questionnaire": """
        *code token item.code
        date date date
        name string name
        status token status
        title string title
        url uri url
        version token version""",
    "QuestionnaireResponse": """
        @patient reference subject
        @subject reference subject
        author reference author
        authored date authored
        based-on reference basedOn
        encounter reference encounter
        part-of reference partOf
        questionnaire uri questionnaire
        source reference source
        status token status""",
    "Claim": """
        @patient reference patient
        created date created
        enterer reference enterer
        facility reference facility
        insurer reference insurer
        priority token priority
        provider reference provider
        status token status
        use token use""",
    "ClaimResponse": """
        @patient reference patient
        created date created
        disposition string disposition
        insurer reference insurer
        outcome token outcome
        request reference request
        requestor reference requestor
        status token status
        use token use""",
    "ExplanationOfBenefit": """
        @patient reference patient
        claim reference claim
        created date created
        disposition string disposition
        facility reference facility
        provider reference provider
        status token status""",
    "Coverage": """
        @patient reference beneficiary
        @beneficiary reference beneficiary
        payor reference payor
        policy-holder reference policyHolder
        status token status
        subscriber reference subscriber
        type token type""",
    "SupplyRequest": """
        category token category
        date date authoredOn
        requester reference requester
        status token status
        subject reference deliverTo
        supplier reference supplier""",
    "SupplyDelivery": """
        @patient reference patient
        receiver reference receiver
        status token status
        supplier reference supplier""",
    "Basic": """
        @patient reference subject
        @subject reference subject
        author reference author
        *code token code
        created date created""",
    "Measure": """
        date date date
        name string name
        status token status
        title string title
        topic token topic
        url uri url
        version token version""",
    "MeasureReport": """
        @patient reference subject
        @subject reference subject
        date date date
        evaluated-resource reference evaluatedResource
        measure uri measure
        period date period
        reporter reference reporter
        status token status""",
    "Consent": """
        @patient reference patient
        *category token category
        date date dateTime
        organization reference organization
        period date provision.period
        purpose token provision.purpose
        scope token scope
        status token status""",
    "Provenance": """
        agent reference agent.who
        entity reference entity.what
        location reference location
        recorded date recorded
        target reference target
        when date occurredDateTime""",
    "AuditEvent": """
        action token action
        agent reference agent.who
        date date recorded
        entity reference entity.what
        outcome token outcome
        source reference source.observer
        subtype token subtype
        *type token type""",
    "Device": """
        @patient reference patient
        device-name string deviceName.name
        location reference location
        manufacturer string manufacturer
        organization reference owner
        status token status
        type token type""",
    "Subscription": """
        contact token contact
        criteria string criteria
        payload token channel.payload
        status token status
        type token channel.type
        url uri channel.endpoint""",
    "List": """
        @patient reference subject
        @subject reference subject
        code token code
        date date date
        encounter reference encounter
        item reference entry.item
        source reference source
        status token status
        title string title""",
}
# The parameter whose day stands beside a mark, and by which one sorts as `date` of the type.
_MAIN_DATE = {
    "Condition": "onset-date",
    "MedicationRequest": "authoredon",
    "MedicationDispense": "whenhandedover",
    "MedicationStatement": "effective",
    "MedicationAdministration": "effective-time",
    "Specimen": "collected",
    "ImagingStudy": "started",
    "Goal": "start-date",
    "Task": "period",
    "ServiceRequest": "authored",
    "DetectedIssue": "identified",
    "QuestionnaireResponse": "authored",
    "Claim": "created",
    "ClaimResponse": "created",
    "ExplanationOfBenefit": "created",
    "Basic": "created",
    "Contract": "issued",
    "Communication": "sent",
    "Provenance": "recorded",
}


@cache
def parameters(resource_type: str) -> dict[str, Parameter]:
    """The parameters of a type by name. A type that stands in no table has what R4 gives nearly every type: its
    identifier, its status, and the patient it is about. Parameters of every type (`_id`, `_lastUpdated` …) are not
    among them."""
    found: dict[str, Parameter] = {}
    elements = types()[resource_type].elements
    if "identifier" in elements:
        found["identifier"] = Parameter("identifier", TOKEN, ("identifier",), marked=True)
    for line in (_TABLE.get(resource_type) or _plain(resource_type)).split("\n"):
        if line.strip():
            name, kind, paths = line.split()
            bare = name.lstrip("*@")
            found[bare] = Parameter(
                bare, kind, tuple(paths.split("|")), person=name.startswith("@"), marked=name.startswith("*")
            )
    return found


def _plain(resource_type: str) -> str:
    elements = types()[resource_type].elements
    lines = []
    if "status" in elements and elements["status"].types[0].name == "code":
        lines.append("status token status")
    for name in ("patient", "subject"):
        if name in elements and "Patient" in elements[name].types[0].targets:
            lines.append(f"@{name} reference {name}")
    return "\n".join(lines)


@cache
def main_date(resource_type: str) -> Parameter | None:
    """The date parameter whose day stands in the index."""
    return parameters(resource_type).get(_MAIN_DATE.get(resource_type, "date"))


def searchable() -> tuple[str, ...]:
    """Types that have a table of their own, in order."""
    return tuple(sorted(_TABLE))


@cache
def all_types() -> tuple[str, ...]:
    """Every type the server takes: all of R4 but the two that only carry others."""
    return tuple(name for name in resource_types() if name not in ("Bundle", "Parameters"))


@cache
def _taken() -> frozenset[str]:
    return frozenset(all_types())


def is_taken(resource_type: str) -> bool:
    """Whether the server takes a type of that name."""
    return resource_type in _taken()


def references(resource_type: str) -> dict[str, Parameter]:
    """The parameters of a type that one may include by."""
    return {name: p for name, p in parameters(resource_type).items() if p.kind == REFERENCE}
