"""The register of a place in a few set-based reads: who is managed for what, every visit and value that plans need.

One pass over the lake (DuckDB) for all people of the viewer's place, and four SQL queries over what was decided and
saved here since the lake was made; the number of either does not grow with the people.
"""

# ruff: noqa: S608 (SQL is what this module makes, from declared names and quoted values)
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
from django.http import Http404

from luoshi.engines import LakeDirectory
from luoshi.engines.rendered import literal, quoted
from luoshi.kernel import clock
from luoshi.kernel import lake_layout as layout
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions.models import Division
from luoshi.services.chronic import rules
from luoshi.services.chronic.models import Enrolment
from luoshi.services.chronic.models import Visit as Saved
from luoshi.services.visits import public as visits

LOOK_BACK = 430  # days of visits that plans and the running year need
STATE_OF = {"active": "managed", "onhold": "lost", "waitlist": "managed"}


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, as the lake knows it."""

    number: int
    division: str
    institution: str
    born: date | None
    sex: str


@dataclass(slots=True)
class Managed:
    """One person in one disease. `episode`: id of the EpisodeOfCare; `known`: when this was known (Chinese time)."""

    person: int
    programme: str
    since: date
    state: str
    institution: str
    episode: str = ""
    ended: date | None = None
    known: datetime | None = None


@dataclass(slots=True)
class Panel:
    """What was read: people, enrolments that are open, visits by person (in order of day), the latest values by person
    and code as (day, value), and until when the lake has heard."""

    today: date
    people: dict[int, Person] = field(default_factory=dict)
    managed: list[Managed] = field(default_factory=list)
    visits: dict[int, list[visits.Visit]] = field(default_factory=dict)
    values: dict[int, dict[str, tuple[date, Any]]] = field(default_factory=dict)
    data_until: date | None = None


class TooMany(Exception):
    """A place with more enrolments than a list is made of: choose a smaller one. `counts`: by disease, how many are open
    and how many of them are out of reach."""

    def __init__(self, counts: dict[str, tuple[int, int]]) -> None:
        self.counts = counts
        super().__init__(str(sum(n for n, _ in counts.values())))


class Lake:
    """One DuckDB connection over a lake, for a few queries; close it."""

    def __init__(self, root: Path | None = None) -> None:
        self.directory = LakeDirectory.open(root or default_lake())
        self.con = duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": False})
        self._episodes_of: date | None = None

    def table(self, name: str) -> str:
        """SQL of the believed rows of a person table."""
        paths = sorted((self.directory.root / "tables" / name).glob("bucket=*/part.parquet"))
        if not paths:
            columns = ", ".join(f'CAST(NULL AS {k}) AS "{n}"' for n, k in layout.PERSON_TABLES[name].items())
            return f"(SELECT {columns} LIMIT 0)"
        listed = ", ".join(quoted(str(path)) for path in paths)
        return f"(SELECT * FROM read_parquet([{listed}], hive_partitioning = false) WHERE known_to IS NULL)"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        found: list[tuple[Any, ...]] = self.con.execute(sql).fetchall()
        return found

    def people(self, condition: str, today: date) -> None:
        """Put those who live and for whom `condition` holds into the table `people`."""
        self.con.execute(
            f"""CREATE OR REPLACE TEMP TABLE people AS SELECT person, division, institution, birth_date, sex
            FROM {self.table("person")} WHERE active IS NOT FALSE AND birth_date <= {literal(today)}
            AND (death_date IS NULL OR death_date > {literal(today)}) AND ({condition})"""
        )

        self._episodes_of = None

    def episodes(self, today: date) -> None:
        """Put the chronic episodes of the people put aside, begun by that day, into the table `episodes`; once."""
        if self._episodes_of == today:
            return
        programmes = ", ".join(quoted(name) for name in rules.diseases().diseases)
        self.con.execute(
            f"""CREATE OR REPLACE TEMP TABLE episodes AS
            SELECT person, program, start_day, end_day, status, institution, id, known_from FROM {self.table("episode")}
            WHERE program IN ({programmes}) AND status NOT IN ('entered-in-error', 'cancelled', 'planned')
            AND start_day <= {literal(today)} AND person IN (SELECT person FROM people)"""
        )
        self._episodes_of = today

    def close(self) -> None:
        """Give the memory back."""
        self.con.close()


def place_condition(scope: Scope, *, division: str = "", institution: str = "") -> str:
    """SQL for the people of a place inside the scope: those of one institution, of one division, or all of the viewer's.
    Raises `Http404` outside."""
    if institution:
        if not scope.covers_institution(institution):
            raise Http404
        return f"institution = {quoted(institution)}"
    if division:
        scope.division_or_404(division)
        return _within([division])
    if scope.everywhere:
        return "true"
    parts = []
    if scope.institution_codes:
        parts.append(f"institution IN ({', '.join(quoted(code) for code in scope.institution_codes)})")
    if scope.division_paths:
        parts.append(_within([path.strip("/").rpartition("/")[2] for path in scope.division_paths]))
    return " OR ".join(parts) or "false"


def _within(codes: Sequence[str]) -> str:
    """Divisions and all below them; one query."""
    paths = Division.objects.filter(code__in=codes).values_list("path", flat=True)
    found: set[str] = set()
    for path in paths:
        found.update(Division.objects.filter(path__startswith=path).values_list("code", flat=True))
    return f"division IN ({', '.join(quoted(code) for code in sorted(found))})" if found else "false"


def read(
    scope: Scope,
    *,
    division: str = "",
    institution: str = "",
    persons: Iterable[int] | None = None,
    on: date | None = None,
    lake: Path | None = None,
    most: int | None = None,
) -> Panel:
    """The register of a place (default: all of the viewer's). `persons`: only these of them. Raises `UnreadableFile`
    where there is no lake, `Http404` for a place outside the scope, `TooMany` above `most` enrolments."""
    today = on or clock.today()
    condition = place_condition(scope, division=division, institution=institution)
    if persons is not None:
        condition = among(condition, persons)
    source = Lake(lake)
    try:
        source.people(condition, today)
        if most is not None:
            few_enough(source, today, most)
        return of_people(source, today)
    finally:
        source.close()


def among(condition: str, persons: Iterable[int]) -> str:
    """SQL for those of some persons for whom `condition` holds."""
    numbers = sorted({int(person) for person in persons})
    return f"({condition}) AND person IN ({', '.join(map(str, numbers)) or 'NULL'})"


def few_enough(source: Lake, today: date, most: int) -> None:
    """Raises `TooMany` where the people put aside have more than `most` open enrolments."""
    counts = _counts(source, today)
    if sum(count for count, _lost in counts.values()) > most:
        raise TooMany(counts)


def _counts(source: Lake, today: date) -> dict[str, tuple[int, int]]:
    """Open enrolments of the place by disease, and how many of them are out of reach; as the lake has them."""
    source.episodes(today)
    rows = source.rows(
        f"""SELECT program, count(DISTINCT person), count(DISTINCT person) FILTER (WHERE status = 'onhold')
        FROM episodes WHERE end_day IS NULL OR end_day > {literal(today)} GROUP BY 1"""
    )
    return {name: (count, lost) for name, count, lost in rows}


def of_people(source: Lake, today: date) -> Panel:
    """The register of those whom `Lake.people` put aside."""
    panel = Panel(today, data_until=source.directory.data_until)
    source.episodes(today)
    episodes = source.rows("FROM episodes ORDER BY person, program, start_day, id")
    decided = _decided(source, episodes)
    wanted = {row[0] for row in episodes} | {enrolment.person for enrolment in decided}
    _people(source, panel, wanted)
    panel.managed = _managed(episodes, decided, today, panel.people)
    _visits(source, panel, {one.person for one in panel.managed}, today)
    return panel


def _decided(source: Lake, episodes: Sequence[tuple[Any, ...]]) -> list[Enrolment]:
    """What was decided here about people of the place: one query however many. The few whom no episode names are held
    against the lake."""
    first, last = source.rows("SELECT min(person), max(person) FROM people")[0]
    if first is None:
        return []
    rows = list(Enrolment.objects.filter(person__range=(first, last)).order_by("person", "programme", "pk"))
    if not rows:
        return []
    source.con.execute("CREATE OR REPLACE TEMP TABLE decided (person BIGINT)")
    numbers = ", ".join(map(str, sorted({row.person for row in rows})))
    source.con.execute(f"INSERT INTO decided SELECT unnest([{numbers}])")
    inside = {person for (person,) in source.rows("SELECT person FROM decided JOIN people USING (person)")}
    return [row for row in rows if row.person in inside]


def _people(source: Lake, panel: Panel, wanted: set[int]) -> None:
    _only(source, wanted)
    for row in source.rows(
        "SELECT person, division, institution, birth_date, sex FROM people JOIN wanted USING (person)"
    ):
        panel.people[row[0]] = Person(row[0], row[1] or "", row[2] or "", row[3], row[4] or "")


def _managed(
    episodes: Sequence[tuple[Any, ...]], decided: Sequence[Enrolment], today: date, people: Mapping[int, Person]
) -> list[Managed]:
    """Open enrolments: the first open episode of each person and disease, unless somebody decided about it here later."""
    found: dict[tuple[int, str], Managed] = {}
    for person, programme, start, end, status, institution, id_, known in episodes:
        if end is None or end > today:
            state = STATE_OF.get(status, "managed")
            found.setdefault(
                (person, programme), Managed(person, programme, start, state, institution or "", id_, end, known)
            )
    for row in decided:
        if row.person not in people or row.state in ("found", "confirmed", "dismissed"):
            continue
        at, key = row.at.astimezone(clock.CHINA).replace(tzinfo=None), (row.person, row.programme)
        lake = found.get(key)
        if lake is not None and lake.known is not None and lake.known >= at:
            if lake.episode == row.episode and lake.state == "lost" and row.state == "refused":
                lake.state = row.state  # refused and lost are one in FHIR
            continue
        if row.state == "ended":
            if lake is None or lake.episode in ("", row.episode):
                found.pop(key, None)
        elif row.since is not None:
            found[key] = Managed(row.person, row.programme, row.since, row.state, row.institution, row.episode)
    return list(found.values())


def _visits(source: Lake, panel: Panel, wanted: set[int], today: date) -> None:
    """Visits with what was found at them, from the lake and saved here since; and the latest values of any origin."""
    known = rules.diseases()
    services = {d.service for d in known.diseases.values()} | {"checkup"}
    since = today - timedelta(days=LOOK_BACK)
    names = {f.code: name for name, f in known.fields.items()}
    _only(source, wanted)
    named = ", ".join(quoted(s) for s in sorted(services))
    if not wanted:
        return
    span = f"day BETWEEN {literal(since)} AND {literal(today)}"
    near = f"person BETWEEN {min(wanted)} AND {max(wanted)}"  # whole row groups are passed over
    mine = f"{span} AND {near} AND person IN (SELECT person FROM wanted)"
    made = source.rows(
        f"""SELECT person, id, day, service, mode FROM {source.table("visit")}
        WHERE service IN ({named}) AND status IN ('finished', 'in-progress') AND {mine}"""
    )
    made.sort(key=itemgetter(0, 2, 1))  # here and not in SQL: they come nearly so
    codes = ", ".join(quoted(code) for code in names)
    measured = source.rows(
        f"""SELECT person, visit, code, day, value, value_code FROM {source.table("observation")}
        WHERE code IN ({codes}) AND {mine}"""
    )
    measured.sort(key=itemgetter(3))
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    kinds = {code: (name, known.fields[name].kind) for code, name in names.items()}
    for person, visit, code, day, number, text in measured:
        name, kind = kinds[code]
        value = _typed(kind, text, number)
        if visit:
            found[visit][name] = value
        latest = panel.values.get(person)
        if latest is None:
            latest = panel.values[person] = {}
        latest[name] = (day, value)
    seen = set()
    for person, id_, day, service, mode in made:
        seen.add(id_)
        panel.visits.setdefault(person, []).append(visits.Visit(day, service, mode or "", found.get(id_, {})))
    _saved(panel, wanted, since, today, seen)


def _only(source: Lake, wanted: set[int]) -> None:
    source.con.execute("CREATE OR REPLACE TEMP TABLE wanted (person BIGINT)")
    if wanted:
        source.con.execute(f"INSERT INTO wanted SELECT unnest([{', '.join(map(str, sorted(wanted)))}])")


def _typed(kind: str, text: Any, number: float | None) -> Any:
    if kind == "yes":
        return bool(number)
    if number is None:
        return text
    return int(number) if kind == "whole" and float(number).is_integer() else number


def _saved(panel: Panel, wanted: set[int], since: date, today: date, seen: set[str]) -> None:
    """Lay over what was saved here and is not in the lake yet, and the days agreed for the next visit. One query."""
    if not wanted:
        return
    span = (min(wanted), max(wanted))
    rows = Saved.objects.filter(person__range=span, day__range=(since, today)).order_by("day", "pk")
    known = rules.diseases().diseases
    for row in rows:
        if row.person not in wanted:
            continue
        mine = panel.visits.setdefault(row.person, [])
        for programme in row.programmes:
            service = known[programme].service
            if row.encounters.get(programme) in seen:
                if row.reserved:
                    at = [n for n, v in enumerate(mine) if v.day == row.day and v.service == service]
                    for n in at:
                        mine[n] = visits.Visit(row.day, service, row.mode, mine[n].values, row.reserved)
                continue
            mine.append(visits.Visit(row.day, service, row.mode, row.values, row.reserved))
        mine.sort(key=lambda visit: visit.day)
        latest = panel.values.setdefault(row.person, {})
        for name, value in row.values.items():
            if name not in latest or latest[name][0] <= row.day:
                latest[name] = (row.day, value)
