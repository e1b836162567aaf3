"""`luoshi demo`: a fictional city, from nothing to the board, by the same commands a user would type."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from luoshi.cli.main import cli
from luoshi.cli.server import free_port, prepare_store
from luoshi.cli.server import serve as serve_pages
from luoshi.kernel.errors import UserError

TODAY = "2025-11-03"  # the day the demonstration lives on: records end three days before
MARK = "made-by-luoshi-demo"
SAMPLES = Path(__file__).resolve().parents[3] / "samples"


@dataclass(frozen=True)
class Person:
    """Somebody who signs in to the demonstration."""

    username: str
    name: str
    role: str
    where: str
    what: str


@click.command("demo")
@click.option("--home", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--residents", type=click.IntRange(500), default=20_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed makes another city.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--serve/--no-serve", default=True, help="Serve the pages when all is ready.")
@click.option("--serve-only", is_flag=True, help="Serve what an earlier run made.")
@click.option("--fresh", is_flag=True, help="Forget an earlier run first.")
@click.pass_context
def group(
    context: click.Context,
    home: Path,
    residents: int,
    seed: int,
    port: int,
    serve: bool,
    serve_only: bool,
    fresh: bool,
) -> None:
    """Invent a city, read its plan, ingest its records, measure every target, serve the board.

    The city is made once and served again later. A run that was interrupted starts anew.
    """
    home = home.resolve()
    os.environ.update(
        LUOSHI_HOME=str(home),
        LUOSHI_LAKE=str(home / "lake"),
        LUOSHI_TODAY=TODAY,
        LUOSHI_TWO_FACTOR="0",
        DATABASE_URL=f"sqlite:///{home / 'luoshi.sqlite3'}",
    )
    console = Console()
    ready = home / "ready.json"
    if serve_only and not ready.exists():
        raise UserError(f"there is nothing to serve in {home}.", todo="Run `luoshi demo` first.")
    if not serve_only and (fresh or not ready.exists()):
        _clear(home)
        _prepare(console, home, residents, seed)
    facts = json.loads(ready.read_text("utf-8"))
    wanted = {"residents": residents, "seed": seed}
    asked = [n for n in wanted if context.get_parameter_source(n) is not click.core.ParameterSource.DEFAULT]
    if any(facts.get(name, wanted[name]) != wanted[name] for name in asked):
        raise UserError(
            f"holds another city ({facts.get('residents')} residents, seed {facts.get('seed')}).",
            where=str(home),
            todo="Give --fresh to make a new one in its place, or another --home.",
        )
    people = [Person(**p) for p in facts["people"]]
    password = facts["password"]
    if serve:
        _serve(console, people, password, free_port(port))
    else:
        _print_logins(console, people, password)


def _clear(home: Path) -> None:
    """An empty folder with our mark. Takes away what an earlier run left (an unfinished one leaves no ready.json), and
    nothing else: raises `UserError` for a file or a folder of somebody else's."""
    if home.exists():
        if not home.is_dir():
            raise UserError("is a file.", where=str(home), todo="Name a folder with --home.")
        if not (home / MARK).exists() and any(home.iterdir()):
            raise UserError(
                "holds files that are not of an earlier demo; nothing was touched.",
                where=str(home),
                todo="Name an empty or new folder with --home.",
            )
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / MARK).write_text("Made by `luoshi demo`, which may delete this folder.\n", "utf-8")


def _prepare(console: Console, home: Path, residents: int, seed: int) -> None:
    started = time.monotonic()
    region = home / "city"
    plan = next(SAMPLES.glob("*2025*.docx"))
    password = _password()

    def step(words: str, *arguments: str) -> None:
        console.rule(f"[bold]{words}", align="left")
        console.print(f"$ luoshi {' '.join(_short(a, home) for a in arguments)}", style="dim", highlight=False)
        cli.main(list(arguments), prog_name="luoshi", standalone_mode=False)

    console.print("[bold]落实 Luoshi[/]: a fictional city, from nothing to the board.")
    console.rule("[bold]1/9 The store: tables and static files", align="left")
    prepare_store()
    step(
        f"2/9 Invent a city of {residents:,} residents",
        *("simulate", "--residents", str(residents), "--seed", str(seed), "--out", str(region)),
    )
    step("3/9 Divisions, institutions, departments, population", "region", "import", str(region / "region"))
    people = _people()
    console.rule("[bold]4/9 People who sign in", align="left")
    _make_accounts(people, password)
    step("5/9 Records in", "records", "ingest", str(region / "fhir"), "--source", "demo")
    step("6/9 Records to columns", "lake", "build")
    step("7/9 Every indicator, every division", "lake", "refresh")
    step("8/9 The plan: read, load, confirm", "plan", "load", str(plan), "--confirm", "--by", "plan-officer")
    console.rule("[bold]9/9 The services at work", align="left")
    _demonstrate(console, people, password)
    facts = {"residents": residents, "seed": seed, "password": password, "people": [vars(p) for p in people]}
    unfinished = home / "ready.part"
    unfinished.write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
    unfinished.replace(home / "ready.json")
    console.print(f"[bold green]Ready[/] after {time.monotonic() - started:.0f} s.")


def _demonstrate(console: Console, people: list[Person], password: str) -> None:
    """Let every service that has something to show prepare it (`demonstration.prepare`, in the order they are listed).
    Those it adds to `people` can sign in too; `residents` opens the records of residents to themselves."""
    from luoshi.web.manifest import services

    for service in services():
        if importlib.util.find_spec(f"{service.name}.demonstration"):
            module = importlib.import_module(f"{service.name}.demonstration")
            for username, name, role, where, what in module.prepare():
                people.append(Person(username, name, role, where, what))
                _make_accounts(people[-1:], password)
            if hasattr(module, "residents"):
                people += [Person(number, name, "", "", what) for number, name, what in module.residents(password)]
            console.print(f"  {service.title_en}", highlight=False)


def _short(argument: str, home: Path) -> str:
    return argument.replace(str(home), "var/demo").replace(str(SAMPLES), "samples")


def _password() -> str:
    """A password of the demonstration's own, made anew on each machine."""
    import secrets

    return "-".join(secrets.choice(("yun", "ling", "shan", "he", "qiao", "song", "lan", "mei")) for _ in range(3)) + (
        f"-{secrets.randbelow(9000) + 1000}"
    )


def _people() -> list[Person]:
    """One person per role, placed by what the region holds: the city, one county and a township centre there."""
    from luoshi.platform.regions.models import Division, Institution

    city = Division.objects.filter(level=2).order_by("code").first()
    county = Division.objects.filter(level=3, kind="statutory").order_by("code").first()
    assert city is not None
    assert county is not None
    centres = ("township-centre", "community-centre")
    centre = Institution.objects.filter(type__in=centres, division__path__startswith=county.path).order_by("code")
    clinic = centre.first()
    assert clinic is not None
    return [
        Person("leader", "分管领导", "division-head", city.code, f"{city.name}: the board, down to the resident"),
        Person("plan-officer", "规划科", "plan-officer", city.code, f"{city.name}: loads and confirms plans"),
        Person("county", "县区卫健局", "county-officer", county.code, f"{county.name} only"),
        Person("clinic", "公卫医生", "institution-clinician", clinic.code, f"{clinic.name}: its own residents"),
        Person("steward", "数据管理", "data-steward", city.code, f"{city.name}: sources and refused records"),
        Person("security", "安全管理", "security-admin", city.code, "accounts and grants"),
        Person("auditor", "审计", "audit-admin", city.code, "who did and saw what"),
    ]


def _make_accounts(people: list[Person], password: str) -> None:
    from luoshi.platform.access import actions, queries
    from luoshi.platform.regions.models import Institution

    for person in people:
        user = actions.create_user(
            username=person.username,
            full_name=person.name,
            password=password,
            by="demo",
            must_change_password=False,
        )
        clinic = Institution.objects.filter(code=person.where).exists()
        division, institution = queries.place(**{"institution" if clinic else "division": person.where})
        actions.grant(user=user, role_id=person.role, by="demo", division=division, institution=institution)


def _print_logins(console: Console, people: list[Person], password: str) -> None:
    console.print(f"\nPassword for all of them: [bold]{password}[/]", highlight=False)
    for person in people:
        console.print(f"  [bold]{person.username:<19}[/]{person.what}", highlight=False)


def _serve(console: Console, people: list[Person], password: str, port: int) -> None:
    _print_logins(console, people, password)
    console.print(f"\nOpen [bold]http://localhost:{port}/[/] and sign in. Ctrl-C stops the server.", highlight=False)
    sys.stdout.flush()
    serve_pages(port=port, with_worker=True)
