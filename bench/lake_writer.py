"""A synthetic lake written with `range()` SQL in sets, for timing only: no truth is kept, nobody is invented.

Shapes follow the record guide: every table the catalogue reads, sorted by (person, day), one Parquet file per bucket of
dense person numbers. Draws are hashes of the person number, so the same size gives the same lake on every machine.
"""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

import duckdb

from luoshi.kernel import lake_layout as layout

PER_VILLAGE, VILLAGES, TOWNSHIPS, COUNTIES = 2000, 12, 10, 8  # residents a village, villages a township, ...
END = "2025-06-30"
_CENTRE = "'C' || lpad(((person // {per_town}))::VARCHAR, 5, '0')".format(per_town=PER_VILLAGE * VILLAGES)
_VILLAGE = "'V' || lpad(((person // {per}))::VARCHAR, 6, '0')".format(per=PER_VILLAGE)
_KNOWN = "TIMESTAMP '2025-01-01 00:00:00' AS known_from, NULL::TIMESTAMP AS known_to"

# service, share of its people, visits a year, who (a condition over the person row), mode
_SERVICES = (
    ("htn-visit", 0.92, 4, "htn"),
    ("dm-visit", 0.92, 4, "dm"),
    ("checkup", 0.70, 1, "age >= 65 OR htn OR dm"),
    ("tcm-elderly", 0.65, 1, "age >= 65"),
    ("child-visit", 0.90, 3, "age < 7"),
    ("tcm-child", 0.80, 2, "age < 3"),
    ("smd-visit", 0.95, 4, "smd"),
    ("tb-visit", 0.95, 6, "tb"),
    ("tb-first-home-visit", 0.95, 1, "tb"),
    ("outpatient", 0.60, 5, "true"),
    ("inpatient", 0.12, 1, "true"),
    ("newborn-visit", 0.95, 1, "newborn"),
    ("birth", 1.0, 1, "newborn"),
    ("antenatal-visit", 0.95, 6, "mother"),
    ("postnatal-visit", 0.95, 1, "mother"),
    ("delivery", 1.0, 1, "mother"),
)


def write_lake(folder: Path, residents: int, *, bucket_size: int = layout.DEFAULT_BUCKET_SIZE, threads: int = 2) -> Path:
    """Write a lake of `residents` people into `folder` (replaced if it exists) and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tables").mkdir(parents=True)
    con = duckdb.connect(config={"threads": threads, "memory_limit": "6GB"})
    con.execute("CREATE MACRO draw(x, salt) AS (hash(x * 7919 + salt) % 1000003) / 1000003.0")
    _registers(con, folder, residents)
    for bucket in range(0, -(-residents // bucket_size)):
        _bucket(con, folder, bucket, bucket * bucket_size, min(residents, (bucket + 1) * bucket_size))
    _calls(con, folder, residents)
    reached = date.fromisoformat(END)
    manifest = layout.Manifest(
        bucket_size=bucket_size,
        built_at=datetime(reached.year, reached.month, reached.day, 23, tzinfo=layout.CHINA),
        buckets=tuple(range(-1, -(-residents // bucket_size))),
        data_until=dict.fromkeys(("visit", "observation", "procedure", "immunization", "contract"), reached),
    )
    layout.manifest_path(folder).write_text(manifest.to_json(), "utf-8")
    con.close()
    return folder


def _copy(con: duckdb.DuckDBPyConnection, sql: str, folder: Path, table: str, bucket: int | None = None) -> None:
    target = folder / "tables" / table / (f"bucket={bucket}" if bucket is not None else "")
    target.mkdir(parents=True, exist_ok=True)
    con.execute(
        f"COPY ({sql}) TO '{target / 'part.parquet'}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
    )


def _registers(con: duckdb.DuckDBPyConnection, folder: Path, residents: int) -> None:
    villages = -(-residents // PER_VILLAGE)
    con.execute(
        f"""CREATE TABLE division AS
        WITH v AS (SELECT i, 'V' || lpad(i::VARCHAR, 6, '0') AS v, 'T' || lpad((i // {VILLAGES})::VARCHAR, 5, '0') AS t,
                          'D' || lpad((i // {VILLAGES * TOWNSHIPS})::VARCHAR, 4, '0') AS d,
                          'P' || lpad((i // {VILLAGES * TOWNSHIPS * COUNTIES})::VARCHAR, 3, '0') AS p FROM range({villages}) r(i))
        SELECT 'R' AS code, '省' AS name, 1 AS level, NULL AS parent, 'R' AS l1, NULL AS l2, NULL AS l3, NULL AS l4, NULL AS l5, false AS urban
        UNION ALL SELECT DISTINCT p, p, 2, 'R', 'R', p, NULL, NULL, NULL, false FROM v
        UNION ALL SELECT DISTINCT d, d, 3, p, 'R', p, d, NULL, NULL, false FROM v
        UNION ALL SELECT DISTINCT t, t, 4, d, 'R', p, d, t, NULL, false FROM v
        UNION ALL SELECT v, v, 5, t, 'R', p, d, t, v, i % 2 = 0 FROM v"""
    )
    dates = "NULL::DATE AS valid_from, NULL::DATE AS valid_to"
    _copy(con, f"SELECT *, {dates} FROM division", folder, "division")
    con.execute(
        """CREATE TABLE institution AS
        SELECT replace(code, 'T', 'C') AS code, code AS name, CASE WHEN hash(code) % 3 = 0 THEN 'community-centre'
               ELSE 'township-centre' END AS type, 0 AS level, NULL AS parent, code AS division, true AS public
        FROM division WHERE level = 4
        UNION ALL SELECT replace(code, 'V', 'S'), code, 'village-room', 0, replace(parent, 'T', 'C'), code, hash(code) % 2 = 0
        FROM division WHERE level = 5
        UNION ALL SELECT replace(code, 'D', 'H'), code, 'general-hospital', 2, NULL, code, true FROM division WHERE level = 3"""
    )
    _copy(con, f"SELECT *, {dates} FROM institution", folder, "institution")
    titles = (
        "qsi-basic",
        "qsi-recommended",
        "age-friendly",
        "mch-clinic-std",
        "tcm-hall",
        "hospice",
        "geriatrics-dept",
    )
    _copy(
        con,
        f"""SELECT code AS institution, NULL AS division, title, DATE '2024-03-01' AS granted, NULL::DATE AS revoked
        FROM institution, unnest({list(titles)!r}) t(title) WHERE hash(code || title) % 2 = 0""",
        folder,
        "title",
    )
    _copy(
        con,
        """SELECT code AS institution, role, (1 + hash(code || role) % 9)::INTEGER AS count, DATE '2024-12-31' AS as_of
        FROM institution, unnest(['doctor', 'gp', 'nurse', 'psychiatrist']) r(role)""",
        folder,
        "staff",
    )
    _copy(
        con,
        """SELECT code AS institution, kind, CASE kind WHEN 'all' THEN 200 ELSE 9 END AS count, DATE '2024-12-31' AS as_of
        FROM institution, unnest(['all', 'icu']) k(kind) WHERE type = 'general-hospital'""",
        folder,
        "bed",
    )
    _copy(
        con,
        f"""SELECT code AS division, 2024 AS year, 'resident' AS kind, 'all' AS sex, NULL::INTEGER AS age_from, NULL::INTEGER AS age_to,
        {PER_VILLAGE}.0 AS value, 'bench' AS source, '1' AS version FROM division WHERE level = 5""",
        folder,
        "population",
    )


def _bucket(con: duckdb.DuckDBPyConnection, folder: Path, bucket: int, low: int, high: int) -> None:
    con.execute(
        f"""CREATE OR REPLACE TABLE p AS SELECT *, {_VILLAGE} AS division, {_CENTRE} AS institution,
            age >= 35 AND draw(person, 2) < CASE WHEN age >= 65 THEN 0.35 ELSE 0.09 END AS htn,
            age >= 35 AND draw(person, 3) < CASE WHEN age >= 65 THEN 0.13 ELSE 0.03 END AS dm,
            draw(person, 4) < 0.004 AS smd, draw(person, 5) < 0.0006 AS tb, draw(person, 6) < 0.0004 AS hiv,
            birth_date >= DATE '2024-10-01' AS newborn
        FROM (SELECT person, (DATE '{END}' - (pow(draw(person, 1), 1.3) * 31000)::INTEGER) AS birth_date,
                     CASE WHEN draw(person, 7) < 0.5 THEN 'female' ELSE 'male' END AS sex,
                     date_sub('year', (DATE '{END}' - (pow(draw(person, 1), 1.3) * 31000)::INTEGER), DATE '{END}') AS age
              FROM range({low}, {high}) r(person))"""
    )
    con.execute(
        """CREATE OR REPLACE TABLE p AS SELECT *, sex = 'female' AND age BETWEEN 20 AND 39 AND draw(person, 8) < 0.055 AS mother,
        DATE '2024-10-01' + (draw(person, 9) * 265)::INTEGER AS due_day FROM p"""
    )
    # The n-th child of the bucket is given the n-th mother; her due day becomes its birthday.
    con.execute(
        """CREATE OR REPLACE TABLE p AS
        WITH child AS (SELECT person, birth_date, row_number() OVER (ORDER BY person) AS n FROM p WHERE newborn),
             woman AS (SELECT person, row_number() OVER (ORDER BY person) AS n FROM p WHERE mother)
        SELECT p.* REPLACE (p.mother AND c.birth_date IS NOT NULL AS mother, coalesce(c.birth_date, p.due_day) AS due_day),
               mine.person AS mother_person
        FROM p LEFT JOIN woman w ON w.person = p.person LEFT JOIN child c ON c.n = w.n
        LEFT JOIN child k ON k.person = p.person LEFT JOIN woman mine ON mine.n = k.n"""
    )
    _copy(
        con,
        f"""SELECT 'P' || person AS id, {_KNOWN}, person, sex, birth_date,
            CASE WHEN draw(person, 10) < 0.006 THEN DATE '2024-10-01' + (draw(person, 11) * 270)::INTEGER END AS death_date,
            division, institution, 'rural' AS zone, CASE WHEN draw(person, 12) < 0.93 THEN DATE '2020-01-01' END AS record_opened,
            CASE WHEN draw(person, 13) < 0.7 THEN DATE '2023-01-01' END AS record_open_to_resident, true AS active
        FROM p ORDER BY person""",
        folder,
        "person",
        bucket,
    )
    parts = []
    for number, (service, share, times, who) in enumerate(_SERVICES):
        day = (
            "birth_date" if service == "birth"
            else "birth_date + (draw(person, 50) * 30)::INTEGER" if service == "newborn-visit"
            else "due_day" if service == "delivery"
            else "due_day - 200 + k::INTEGER * 28" if service == "antenatal-visit"
            else "due_day + (draw(person, 51) * 30)::INTEGER" if service == "postnatal-visit"
            else f"DATE '2024-07-01' + (draw(person * 40 + k, {100 + number}) * 364)::INTEGER"
        )  # fmt: skip
        cls = "IMP" if service in ("inpatient", "delivery", "birth") else "AMB"
        episode = "'E5-' || person" if service in ("antenatal-visit", "delivery", "postnatal-visit") else "NULL"
        part_of = "'delivery-' || mother_person || '-0'" if service == "birth" else "NULL"
        parts.append(
            f"""SELECT '{service}-' || person || '-' || k AS id, person, '{service}' AS service, '{cls}' AS class, ({day})::DATE AS day,
            ({day})::DATE + {7 if service == "inpatient" else 0} AS end_day, institution, division,
            CASE WHEN draw(person * 40 + k, {200 + number}) < 0.8 THEN 'face' ELSE 'phone' END AS mode, {episode} AS episode,
            {part_of} AS part_of FROM p, range({times}) r(k) WHERE ({who}) AND draw(person, {300 + number}) < {share}"""
        )
    con.execute("CREATE OR REPLACE TABLE v AS " + " UNION ALL ".join(parts))
    _copy(
        con,
        f"""SELECT id, {_KNOWN}, person, service, class, day, end_day, day::TIMESTAMP AS started_at, end_day::TIMESTAMP AS ended_at,
        institution, division, 'rural' AS zone, mode, episode, part_of, 'finished' AS status FROM v WHERE day <= DATE '{END}'
        ORDER BY person, day""",
        folder,
        "visit",
        bucket,
    )
    programmes = (
        ("htn", "hypertension"),
        ("dm", "diabetes"),
        ("smd", "severe-mental"),
        ("tb", "tuberculosis"),
        ("hiv", "hiv"),
    )
    _copy(
        con,
        " UNION ALL ".join(
            f"""SELECT 'E{n}-' || person AS id, {_KNOWN}, person, '{program}' AS program, DATE '2021-01-01' +
            (draw(person, {400 + n}) * 1600)::INTEGER AS start_day, NULL::DATE AS end_day, 'active' AS status, institution FROM p WHERE {flag}"""
            for n, (flag, program) in enumerate(programmes)
        )
        + f""" UNION ALL SELECT 'E5-' || person, {_KNOWN}, person, 'pregnancy', due_day - 200, due_day + 42, 'finished', institution
        FROM p WHERE mother ORDER BY person, start_day""",
        folder,
        "episode",
        bucket,
    )
    _observations(con, folder, bucket)
    _procedures(con, folder, bucket)


def _observations(con: duckdb.DuckDBPyConnection, folder: Path, bucket: int) -> None:
    kinds = (
        ("8480-6", "'htn-visit', 'checkup'", "round(110 + draw(o, 1) * 50)", "NULL"),
        ("8462-4", "'htn-visit', 'checkup'", "round(65 + draw(o, 2) * 35)", "NULL"),
        ("1558-6", "'dm-visit', 'checkup'", "round(4.5 + draw(o, 3) * 5, 1)", "NULL"),
        ("8302-2", "'checkup', 'child-visit'", "round(90 + draw(o, 4) * 80)", "NULL"),
        ("29463-7", "'checkup', 'child-visit'", "round(12 + draw(o, 5) * 60)", "NULL"),
        ("718-7", "'child-visit'", "round(95 + draw(o, 6) * 50)", "NULL"),
        (
            "medication-adherence",
            "'smd-visit'",
            "NULL",
            "CASE WHEN draw(o, 7) < 0.8 THEN 'regular' ELSE 'intermittent' END",
        ),
        ("smd-stability", "'smd-visit'", "NULL", "CASE WHEN draw(o, 8) < 0.8 THEN 'stable' ELSE 'basic' END"),
        ("tb-bacteriology", "'tb-visit'", "NULL", "CASE WHEN draw(o, 9) < 0.6 THEN 'positive' ELSE 'negative' END"),
    )
    parts = [
        f"""SELECT 'O{n}-' || id AS id, person, '{code}' AS code, day, ({value})::DOUBLE AS value, {value_code} AS value_code,
        NULL::DATE AS value_day, id AS visit, institution FROM (SELECT *, hash(id) % 1000000007 AS o FROM v WHERE service IN ({services}))"""
        for n, (code, services, value, value_code) in enumerate(kinds)
    ]
    parts.append(
        """SELECT 'L-' || id, person, '8665-2', day, NULL, NULL, due_day - 275, id, v.institution
        FROM v JOIN p USING (person) WHERE service = 'antenatal-visit'"""
    )
    _copy(
        con,
        f"""SELECT id, {_KNOWN}, person, code, day, value, value_code, value_day, visit, institution
        FROM ({" UNION ALL ".join(parts)}) WHERE day <= DATE '{END}' ORDER BY person, day""",
        folder,
        "observation",
        bucket,
    )


def _procedures(con: duckdb.DuckDBPyConnection, folder: Path, bucket: int) -> None:
    kinds = [(f"checkup-{part}", "checkup", 0.95) for part in ("lifestyle", "physical", "laboratory", "guidance")]
    kinds += [
        ("tcm-constitution", "tcm-elderly", 0.95),
        ("tcm-advice", "tcm-elderly", 0.93),
        ("tb-screening", "checkup", 0.5),
    ]
    kinds += [
        ("cataract-screen", "checkup", 0.4),
        ("child-eye-check", "child-visit", 0.5),
        ("caesarean", "delivery", 0.4),
    ]
    kinds += [(f"newborn-{k}-screen", "birth", 0.97) for k in ("metabolic", "hearing", "chd")]
    kinds += [("prenatal-screen", "delivery", 0.8)]
    parts = [
        f"""SELECT '{code}-' || id AS id, person, '{code}' AS code, day, id AS visit, institution FROM v
        WHERE service = '{service}' AND draw(hash(id) % 1000000007, {700 + n}) < {share}"""
        for n, (code, service, share) in enumerate(kinds)
    ]
    for n, code in enumerate(("cervical-screen", "breast-screen")):
        parts.append(
            f"""SELECT '{code}-' || person, person, '{code}', DATE '{END}' - (draw(person, {800 + n}) * 2200)::INTEGER, NULL, institution
            FROM p WHERE sex = 'female' AND age BETWEEN 35 AND 64 AND draw(person, {810 + n}) < 0.6"""
        )
    _copy(
        con,
        f"""SELECT id, {_KNOWN}, person, code, day, 'completed' AS status, visit, institution
        FROM ({" UNION ALL ".join(parts)}) WHERE day <= DATE '{END}' ORDER BY person, day""",
        folder,
        "procedure",
        bucket,
    )
    doses = (
        ("HepB", 1, 0), ("HepB", 2, 1), ("HepB", 3, 6), ("BCG", 1, 0), ("IPV", 1, 2), ("IPV", 2, 3), ("bOPV", 1, 4), ("bOPV", 2, 48),
        ("DTaP", 1, 3), ("DTaP", 2, 4), ("DTaP", 3, 5), ("DTaP", 4, 18), ("MMR", 1, 8), ("MMR", 2, 18), ("JE-L", 1, 8),
        ("JE-L", 2, 24), ("MenA", 1, 6), ("MenA", 2, 9), ("MenAC", 1, 36), ("HepA-L", 1, 18),
    )  # fmt: skip
    rows = ", ".join(f"('{v}', {d}, {m})" for v, d, m in doses)
    _copy(
        con,
        f"""SELECT 'I' || person || vaccine || dose AS id, {_KNOWN}, person, vaccine, dose,
        (birth_date + to_months(months) + to_days((draw(person * 30 + months, 900) * 40)::INTEGER))::DATE AS day, 'completed' AS status, institution
        FROM p, (VALUES {rows}) s(vaccine, dose, months)
        WHERE age < 7 AND draw(person * 30 + months, 901) < 0.96 AND birth_date + to_months(months) < DATE '2025-06-01' ORDER BY person, day""",
        folder,
        "immunization",
        bucket,
    )
    _copy(
        con,
        f"""SELECT 'K' || person || '-' || y AS id, {_KNOWN}, person, day AS start_day, day + 364 AS end_day, 'active' AS status,
        institution, day AS signed_day
        FROM (SELECT *, DATE '2023-08-01' + (draw(person, 950) * 300)::INTEGER + y * 365 AS day FROM p, (VALUES (0), (1)) t(y))
        WHERE draw(person, 951 + y) < CASE WHEN age >= 65 THEN 0.8 ELSE 0.5 END ORDER BY person""",
        folder,
        "contract",
        bucket,
    )
    _copy(
        con,
        f"""SELECT 'Q' || person || code AS id, {_KNOWN}, person, code, DATE '2022-01-01' AS day, 'active' AS clinical_status,
        NULL::DATE AS abatement_day, institution, NULL::VARCHAR AS visit FROM (
        SELECT person, institution, 'I10' AS code FROM p WHERE htn UNION ALL SELECT person, institution, 'E11' FROM p WHERE dm
        UNION ALL SELECT person, institution, CASE WHEN draw(person, 960) < 0.75 THEN 'F20' ELSE 'F31' END FROM p WHERE smd
        UNION ALL SELECT person, institution, 'A15.0' FROM p WHERE tb) ORDER BY person""",
        folder,
        "condition",
        bucket,
    )


def _calls(con: duckdb.DuckDBPyConnection, folder: Path, residents: int) -> None:
    """Emergency calls whose caller is not known: bucket -1."""
    n = max(10, residents // 60)
    con.execute(
        f"""CREATE OR REPLACE TABLE c AS SELECT i, (draw(i, 20) * {residents - 1})::BIGINT AS person,
        TIMESTAMP '2024-07-01 00:00:00' + to_seconds((draw(i, 21) * 364 * 86400)::BIGINT) AS called FROM range({n}) r(i)"""
    )
    _copy(
        con,
        f"""SELECT 'ambulance-' || i AS id, {_KNOWN}, NULL::BIGINT AS person, 'ambulance-call' AS service, 'EMER' AS class, called::DATE AS day,
        called::DATE AS end_day, called AS started_at, called AS ended_at, {_CENTRE.replace("'C'", "'C'")} AS institution, {_VILLAGE} AS division,
        CASE WHEN i % 2 = 0 THEN 'urban' ELSE 'rural' END AS zone, NULL::VARCHAR AS mode, NULL::VARCHAR AS episode, NULL::VARCHAR AS part_of,
        'finished' AS status FROM c ORDER BY day""",
        folder,
        "visit",
        -1,
    )
    steps = ("answered", 5, 8), ("dispatched", 30, 60), ("departed", 90, 120), ("arrived-scene", 400, 500)
    _copy(
        con,
        " UNION ALL ".join(
            f"""SELECT '{code}-' || i AS id, {_KNOWN}, NULL::BIGINT AS person, 'ambulance-' || i AS visit, '{code}' AS code,
            called + to_seconds({low} + (draw(i, {30 + k}) * {spread})::BIGINT) AS "at", NULL::VARCHAR AS institution FROM c WHERE draw(i, {40 + k}) < 0.98"""
            for k, (code, low, spread) in enumerate(steps)
        ),
        folder,
        "milestone",
        -1,
    )
