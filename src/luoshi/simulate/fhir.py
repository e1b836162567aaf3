"""Writes a region as FHIR R4 NDJSON, one file per resource type, exactly as the record guide says.

Lines are put together column by column in Arrow, so a million resources take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from luoshi.simulate import codes, consents
from luoshi.simulate.arrival import arrivals
from luoshi.simulate.chance import NEVER, Ints
from luoshi.simulate.city import Region
from luoshi.simulate.columns import (
    days,
    ids,
    join,
    moments,
    names,
    numbers,
    start_minute,
    texts,
    visit_end,
    where,
)  # fmt: skip
from luoshi.simulate.people import resident_ids

CHUNK = 250_000
TABLES = (
    "visit",
    "episode",
    "observation",
    "pressure",
    "condition",
    "procedure",
    "immunization",
    "contract",
    "milestone",
    "consent",
)
LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
UCUM = "http://unitsofmeasure.org"
CN = "urn:luoshi:cn"
Rows = dict[str, Any]
_PROCEDURE_SYSTEMS = [ICD9 if code in codes.OPERATIONS else f"{CN}:code:procedure" for code in codes.PROCEDURES]


def write(
    region: Region, folder: Path, *, told: Callable[[str, int], object] = lambda name, count: None
) -> dict[str, int]:
    """Write every resource below `folder` (made if absent). Answers resource type -> number written; `told` hears
    each file as it is finished."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for kind, makers in _FILES.items():
        count = 0
        with (folder / f"{kind}.ndjson").open("wb") as out:
            for table, maker in makers:
                for number, rows in _chunks(region, table):
                    lines = maker(region, number, rows).cast(pa.large_string())
                    out.write(_bytes(lines))
                    count += len(lines)
        counts[kind] = count
        told(kind, count)
    return counts


def _chunks(region: Region, table: str) -> Iterator[tuple[Ints, Rows]]:
    """Numbers and columns of the rows, at most `CHUNK` at a time; people come whole, with nothing but their arrival."""
    arrived = arrivals(region, table)
    columns = {} if table == "person" else region.journal.columns(table)
    step = max(1, len(arrived)) if table == "person" else CHUNK
    for start in range(0, len(arrived), step):
        cut = slice(start, start + step)
        rows: Rows = {name: column[cut] for name, column in columns.items()} | {"received": arrived[cut]}
        yield np.arange(start, start + len(rows["received"]), dtype=np.int64), rows


def _bytes(lines: pa.Array) -> memoryview:
    """The text of all lines, each with its line end: the array's own buffer."""
    ended = pc.binary_join_element_wise(lines, pa.scalar("\n", pa.large_string()), pa.scalar("", pa.large_string()))
    offsets = np.frombuffer(ended.buffers()[1], dtype=np.int64, count=len(ended) + 1, offset=ended.offset * 8)
    data = ended.buffers()[2]
    return memoryview(data)[int(offsets[0]) : int(offsets[-1])] if data is not None else memoryview(b"")


def _head(kind: str, table: str, number: Ints, rows: Rows) -> list[Any]:
    return [
        f'{{"resourceType":"{kind}","id":"', ids(table, number), '","meta":{"lastUpdated":"',
        moments(rows["received"] // 1440, rows["received"] % 1440), '"}',
    ]  # fmt: skip


def _coding(system: str, code: pa.Array | str) -> list[Any]:
    return [f'{{"coding":[{{"system":"{system}","code":"', code, '"}]}']


def _subject(rows: Rows, name: str = "subject") -> list[Any]:
    return [f',"{name}":{{"reference":"Patient/', ids("person", rows["person"]), '"}']


def _organisation(region: Region, place: Ints) -> pa.Array:
    return texts([i.code for i in region.where.institutions], np.maximum(place, 0))


def _encounter_of(rows: Rows) -> pa.Array:
    return where(rows["visit"] >= 0, join(',"encounter":{"reference":"Encounter/', ids("visit", rows["visit"]), '"}'))


def _patient(region: Region, number: Ints, rows: Rows) -> pa.Array:
    people, place = region.people, region.where
    count = len(people)
    family, given = names(people)
    identity = texts_of(resident_ids(people, place))
    village = texts(place.villages, people.village)
    record_no = join(village, _padded(np.arange(count) % 100_000, 5))
    has_id, has_record = people.numbered == 1, people.opened != NEVER
    identifiers = join(
        where(has_id, join('{"system":"urn:luoshi:cn:id:resident","value":"', identity, '"}')),
        where(has_id & has_record, ","),
        where(has_record, join('{"system":"urn:luoshi:cn:id:ehr-no","value":"', record_no, '"}')),
    )  # fmt: skip
    shown = people.granted != NEVER
    extensions = join(
        where(has_record, join(f',"extension":[{{"url":"{CN}:ext:record-opened","valueDate":"', days(people.opened), '"}')),
        where(shown, join(f',{{"url":"{CN}:ext:record-open-to-resident","valueDate":"', days(people.granted), '"}')),
        where(has_record, "]"),
    )  # fmt: skip
    village_names = {d.code: d.name for d in place.divisions}
    address = join(
        f'{{"extension":[{{"url":"{CN}:ext:division","valueCode":"', village,
        f'"}},{{"url":"{CN}:ext:zone","valueCode":"', texts(["rural", "urban"], place.village_urban[people.village] * 1),
        '"}],"use":"home","text":"', texts([village_names[v] for v in place.villages], people.village),
        numbers(people.household % 400 + 1), '号"}',
    )  # fmt: skip
    return join(
        *_head("Patient", "person", number, rows), extensions,
        where(has_id | has_record, join(',"identifier":[', identifiers, "]")),
        ',"active":', texts(["false", "true"], people.stays * 1),
        ',"name":[{"use":"official","text":"', family, given, '","family":"', family, '","given":["', given, '"]}]',
        ',"telecom":[{"system":"phone","use":"mobile","value":"101', _padded(people.phone, 8), '"}]',
        ',"gender":"', texts(["male", "female"], people.sex), '","birthDate":"', days(people.birth), '"',
        where(people.death != NEVER, join(',"deceasedDateTime":"', days(people.death), '"')),
        ',"address":[', address, '],"managingOrganization":{"reference":"Organization/',
        _organisation(region, place.serving[people.village]), '"}}',
    )  # fmt: skip


def texts_of(values: Any) -> pa.Array:
    """A numpy column of texts as an Arrow column."""
    return pa.array(values.tolist(), pa.string())


def _padded(number: Ints, width: int) -> pa.Array:
    return pc.utf8_lpad(numbers(number), width, "0")


def _encounter(region: Region, number: Ints, rows: Rows) -> pa.Array:
    minute = start_minute(rows, number)
    end_day, end_minute = visit_end(rows, minute)
    ended = end_day != NEVER
    mode, village = rows["mode"] > 0, rows["village"] >= 0
    extensions = join(
        where(mode | village, ',"extension":['),
        where(mode, join(f'{{"url":"{CN}:ext:mode","valueCode":"', texts(codes.MODES, rows["mode"]), '"}')),
        where(village, join(
            f'{{"url":"{CN}:ext:division","valueCode":"', texts(region.where.villages, np.maximum(rows["village"], 0)),
            f'"}},{{"url":"{CN}:ext:zone","valueCode":"', texts(codes.ZONES, rows["zone"]), '"}')),
        where(mode | village, "]"),
    )  # fmt: skip
    return join(
        *_head("Encounter", "visit", number, rows), extensions, ',"status":"', texts(codes.VISIT_STATES, rows["status"]),
        '","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"',
        texts(codes.CLASSES, rows["class"]), '"},"type":[', *_coding(f"{CN}:code:service", texts(codes.SERVICES, rows["service"])),
        "]", where(rows["person"] >= 0, join(*_subject(rows))),
        where(rows["episode"] >= 0, join(
            ',"episodeOfCare":[{"reference":"EpisodeOfCare/', ids("episode", rows["episode"]), '"}]')),
        ',"period":{"start":"', moments(rows["day"], minute, rows["second"]), '"',
        where(ended, join(',"end":"', moments(end_day, end_minute), '"')),
        '},"serviceProvider":{"reference":"Organization/', _organisation(region, rows["institution"]), '"}',
        where(rows["part_of"] >= 0, join(',"partOf":{"reference":"Encounter/', ids("visit", rows["part_of"]), '"}')),
        "}",
    )  # fmt: skip


def _episode(region: Region, number: Ints, rows: Rows) -> pa.Array:
    return join(
        *_head("EpisodeOfCare", "episode", number, rows), ',"status":"', texts(codes.EPISODE_STATES, rows["status"]),
        '","type":[', *_coding(f"{CN}:code:program", texts(codes.PROGRAMS, rows["program"])), "]",
        *_subject(rows, "patient"), ',"managingOrganization":{"reference":"Organization/',
        _organisation(region, rows["institution"]), '"},"period":{"start":"', days(rows["start_day"]), '"',
        where(rows["end_day"] != NEVER, join(',"end":"', days(rows["end_day"]), '"')), "}}",
    )  # fmt: skip


def _observation(region: Region, number: Ints, rows: Rows) -> pa.Array:
    system = [LOINC if c in codes.LOINC else f"{CN}:code:finding" for c in codes.OBSERVATIONS]
    kind = np.array([codes.KINDS.get(c, codes.NUMBER) for c in codes.OBSERVATIONS])[rows["code"]]
    unit = texts([codes.UNITS.get(c, "1") for c in codes.OBSERVATIONS], rows["code"])
    value = np.nan_to_num(rows["value"])
    quantity = join(
        '"valueQuantity":{"value":', numbers(value), ',"unit":"', unit, f'","system":"{UCUM}","code":"', unit, '"}'
    )
    cause = rows["code"] == codes.OBSERVATIONS.index("79378-6")
    coded = join(
        '"valueCodeableConcept":{"coding":[{"system":"', texts([f"{CN}:code:finding", ICD10], cause * 1), '","code":"',
        texts(codes.ANSWERS, rows["answer"]), '"}]}',
    )  # fmt: skip
    moment = join('"valueDateTime":"', days(rows["value_day"]), '"')
    truth = join('"valueBoolean":', texts(["false", "true"], (value > 0) * 1))
    given = join(*[where(kind == k, column) for k, column in enumerate((quantity, coded, moment, truth))])
    return join(
        *_head("Observation", "observation", number, rows), ',"status":"final","code":{"coding":[{"system":"',
        texts(system, rows["code"]), '","code":"', texts(codes.OBSERVATIONS, rows["code"]), '"}]}', *_subject(rows),
        _encounter_of(rows), ',"effectiveDateTime":"', days(rows["day"]), '"', _performer(region, rows), ",", given, "}",
    )  # fmt: skip


def _performer(region: Region, rows: Rows) -> pa.Array:
    return where(
        rows["institution"] >= 0,
        join(',"performer":[{"reference":"Organization/', _organisation(region, rows["institution"]), '"}]'),
    )


def _pressure(region: Region, number: Ints, rows: Rows) -> pa.Array:
    def part(code: str, value: Ints) -> list[Any]:
        return [
            f'{{"code":{{"coding":[{{"system":"{LOINC}","code":"{code}"}}]}},"valueQuantity":{{"value":', numbers(value),
            f',"unit":"mmHg","system":"{UCUM}","code":"mm[Hg]"}}}}',
        ]  # fmt: skip

    return join(
        *_head("Observation", "pressure", number, rows),
        f',"status":"final","code":{{"coding":[{{"system":"{LOINC}","code":"85354-9"}}]}}', *_subject(rows),
        _encounter_of(rows), ',"effectiveDateTime":"', days(rows["day"]), '"', _performer(region, rows),
        ',"component":[', *part("8480-6", rows["systolic"]), ",", *part("8462-4", rows["diastolic"]), "]}",
    )  # fmt: skip


def _condition(region: Region, number: Ints, rows: Rows) -> pa.Array:
    status = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return join(
        *_head("Condition", "condition", number, rows), ',"clinicalStatus":',
        *_coding(status, texts(codes.CLINICAL_STATES, rows["state"])), ',"code":',
        *_coding(ICD10, texts(codes.DISEASES, rows["code"])), *_subject(rows), _encounter_of(rows),
        ',"recordedDate":"', days(rows["day"]), '"}',
    )  # fmt: skip


def _procedure(region: Region, number: Ints, rows: Rows) -> pa.Array:
    return join(
        *_head("Procedure", "procedure", number, rows), ',"status":"completed","code":',
        '{"coding":[{"system":"', texts(_PROCEDURE_SYSTEMS, rows["code"]), '","code":"', texts(codes.PROCEDURES, rows["code"]),
        '"}]}', *_subject(rows), _encounter_of(rows), ',"performedDateTime":"', days(rows["day"]), '"', _actor(region, rows), "}",
    )  # fmt: skip


def _actor(region: Region, rows: Rows) -> pa.Array:
    return where(
        rows["institution"] >= 0,
        join(',"performer":[{"actor":{"reference":"Organization/', _organisation(region, rows["institution"]), '"}}]'),
    )


def _immunization(region: Region, number: Ints, rows: Rows) -> pa.Array:
    return join(
        *_head("Immunization", "immunization", number, rows), ',"status":"', texts(codes.DOSE_STATES, rows["status"]),
        '","vaccineCode":', *_coding(f"{CN}:code:vaccine", texts(codes.VACCINES, rows["vaccine"])),
        *_subject(rows, "patient"), ',"occurrenceDateTime":"', days(rows["day"]), '"', _actor(region, rows),
        ',"protocolApplied":[{"doseNumberPositiveInt":', numbers(rows["dose"]), "}]}",
    )  # fmt: skip


def _contract(region: Region, number: Ints, rows: Rows) -> pa.Array:
    return join(
        *_head("CarePlan", "contract", number, rows), ',"status":"', texts(codes.CONTRACT_STATES, rows["state"]),
        '","intent":"plan","category":[', *_coding(f"{CN}:code:plan", "contract"), "]", *_subject(rows),
        ',"period":{"start":"', days(rows["start_day"]), '","end":"', days(rows["end_day"]), '"},"created":"',
        days(rows["signed_day"]), '","author":{"reference":"Organization/', _organisation(region, rows["institution"]),
        '"}}',
    )  # fmt: skip


def _milestone(region: Region, number: Ints, rows: Rows) -> pa.Array:
    at = rows["at"]
    return join(
        *_head("Task", "milestone", number, rows), ',"status":"completed","intent":"order","code":',
        *_coding(f"{CN}:code:milestone", texts(codes.MILESTONES, rows["code"])),
        ',"focus":{"reference":"Encounter/', ids("visit", rows["visit"]), '"}',
        where(rows["person"] >= 0, join(*_subject(rows, "for"))),
        ',"executionPeriod":{"start":"', moments(at // 86_400, at % 86_400 // 60, at % 60),
        '"},"owner":{"reference":"Organization/', _organisation(region, rows["institution"]), '"}}',
    )  # fmt: skip


def _consent(region: Region, number: Ints, rows: Rows) -> pa.Array:
    """In the shape the platform writes what a resident chose."""
    ended = rows["end_day"] != NEVER
    return join(
        *_head("Consent", "consent", number, rows), ',"status":"', texts(consents.STATES, rows["status"]),
        '","scope":', *_coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        ',"category":[', *_coding(f"{CN}:code:consent", "resident-access"), "]", *_subject(rows, "patient"),
        ',"dateTime":"', days(rows["day"]), '","policyRule":',
        *_coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        ',"provision":{"type":"permit","period":{"start":"', days(rows["start_day"]), '"',
        where(ended, join(',"end":"', days(rows["end_day"]), '"')), "}}}",
    )  # fmt: skip


_Maker = Callable[[Region, Ints, Rows], pa.Array]
_FILES: dict[str, list[tuple[str, _Maker]]] = {
    "Patient": [("person", _patient)],
    "EpisodeOfCare": [("episode", _episode)],
    "Encounter": [("visit", _encounter)],
    "Observation": [("observation", _observation), ("pressure", _pressure)],
    "Condition": [("condition", _condition)],
    "Procedure": [("procedure", _procedure)],
    "Immunization": [("immunization", _immunization)],
    "CarePlan": [("contract", _contract)],
    "Task": [("milestone", _milestone)],
    "Consent": [("consent", _consent)],
}
