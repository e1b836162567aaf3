"""A province of a million residents, ready to be looked at by many people at once.

`luoshi demo` sends every record through the FHIR door, which takes hours for a million. Here the columns are written
directly by the same generator, with every resident's Patient in the store, so that lists find a million names behind
them; the other resources are not in the store, and no page measured here reads them.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

TODAY = "2025-11-03"
COUNTIES = 16  # so many county commissions sign in, each to its own county
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华红玉兰建国文辉力鹏飞斌海波宁浩晨曦雪梅琳嘉怡欣然宇轩"


def environment(home: Path) -> dict[str, str]:
    """The environment of the city or province in `home`."""
    return os.environ | {
        "LUOSHI_HOME": str(home), "LUOSHI_LAKE": str(home / "lake"), "LUOSHI_TODAY": TODAY,
        "LUOSHI_TWO_FACTOR": "0", "DATABASE_URL": f"sqlite:///{home / 'luoshi.sqlite3'}",
    }  # fmt: skip


def make(home: Path, residents: int) -> None:
    """All of it in `home`, step by step; what an interrupted run left is made anew, but for the columns."""
    luoshi = [sys.executable, "-m", "luoshi.cli.main"]

    def run(*arguments: str, check: bool = True) -> None:
        subprocess.run([*luoshi, *arguments], check=check, env=environment(home), stdout=subprocess.DEVNULL)

    home.mkdir(parents=True, exist_ok=True)
    for old in [*home.glob("luoshi.sqlite3*"), *home.glob("ready.*")]:
        old.unlink()
    if not (home / "lake" / "lake.json").exists():
        run("simulate", "--residents", str(residents), "--format", "lake", "--no-truth", "--out", str(home))
    run("server", "prepare")
    # The cities of a province number their surveys and signals alike; such rows are refused, divisions are not.
    run("region", "import", str(home / "region"), check=False)
    subprocess.run([sys.executable, "-m", "bench.loaded_city", str(home)], check=True, env=environment(home))
    run("lake", "refresh", "--whole")
    plan = next((Path(__file__).parents[1] / "samples").glob("*2025*.docx"))
    run("plan", "load", str(plan), "--region", "99", "--confirm", "--by", "planner")
    (home / "ready.part").replace(home / "ready.json")


@click.command()
@click.argument("home", type=click.Path(path_type=Path, exists=True))
def main(home: Path) -> None:
    """Put the accounts and the residents' names into the store of HOME, whose tables and divisions are there."""
    from luoshi.cli.main import django_setup

    django_setup()
    password = secrets.token_hex(8)
    people = _accounts(password)
    _residents(home / "lake")
    told = {"people": [{"username": name} for name in people], "password": password}
    (home / "ready.part").write_text(json.dumps(told), "utf-8")


def _accounts(password: str) -> list[str]:
    """A leader of the province and of each city, the commissions of some counties; and who loads the plan."""
    from luoshi.platform.access import actions
    from luoshi.platform.regions.models import Division

    named = [("planner", "plan-officer", Division.objects.get(code="99"))]
    named.append(("leader-99", "division-head", Division.objects.get(code="99")))
    for city in Division.objects.filter(level=2).order_by("code"):
        named.append((f"leader-{city.code}", "division-head", city))
    counties = Division.objects.filter(level=3, kind="statutory").order_by("code")
    for county in counties[:COUNTIES]:
        named.append((f"county-{county.code}", "county-officer", county))
    for username, role, division in named:
        user = actions.create_user(
            username=username, full_name=username, password=password, by="bench", must_change_password=False
        )
        actions.grant(user=user, role_id=role, by="bench", division=division, institution=None)
    return [username for username, _role, _division in named[1:]]


def _residents(lake: Path) -> None:
    """Every resident of the columns with number, place, name and Patient; raw rows, as the store itself writes them."""
    import duckdb
    from django.db import transaction

    from luoshi.platform.store import sets
    from luoshi.platform.store.models import Chunk, Source

    source = Source.objects.create(name="bench", title="bench").pk
    chunk = Chunk.objects.create(source_id=source, at=0).pk
    rows = duckdb.connect().execute(
        "SELECT person, id, sex, CAST(birth_date AS VARCHAR), coalesce(division, ''), coalesce(institution, '')"
        f" FROM read_parquet('{lake}/tables/person/*/*.parquet') WHERE known_to IS NULL"
    )
    with transaction.atomic():
        while found := rows.fetchmany(50_000):
            told = [(n, _name(n), key, place, centre, sex, born) for n, key, sex, born, place, centre in found]
            sets.insert(
                "store_person",
                ("number", "division", "institution", "name", "chunk"),
                [(n, place, centre, name, chunk) for n, name, _key, place, centre, _sex, _born in told],
            )
            sets.insert(
                "store_resource",
                ("id", "type", "key", "public_id", "person", "version", "hash", "deleted", "touched", "source_id"),
                [(n + 1, "Patient", t[2], t[2], n, 1, "", False, chunk, source) for t in told for n in t[:1]],
            )
            sets.insert(
                "store_version",
                ("id", "resource_id", "version", "known_from", "known_to", "hash", "chunk", "body"),
                [(t[0] + 1, t[0] + 1, 1, 0, None, "", chunk, _patient(*t)) for t in told],
            )


def _name(number: int) -> str:
    """A name for a number: always the same."""
    rest, surname = divmod(number * 2_654_435_761 % 2**32, len(SURNAMES))
    rest, first = divmod(rest, len(GIVEN))
    return SURNAMES[surname] + GIVEN[first] + GIVEN[rest % len(GIVEN)]


def _patient(number: int, name: str, key: str, place: str, centre: str, sex: str, born: str) -> str:
    body: dict[str, Any] = {
        "resourceType": "Patient",
        "id": key,
        "identifier": [{"system": "urn:luoshi:cn:id:ehr-no", "value": f"{place:0<9}{number:08d}"}],
        "active": True,
        "name": [{"use": "official", "text": name, "family": name[0], "given": [name[1:]]}],
        "telecom": [{"system": "phone", "value": f"101{number:08d}"}],
        "gender": sex,
        "birthDate": born,
        "address": [{"extension": [{"url": "urn:luoshi:cn:ext:division", "valueCode": place}], "use": "home"}],
        "managingOrganization": {"reference": f"Organization/{centre}"},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
