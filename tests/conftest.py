"""Fixtures every test may use."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from luoshi.platform.access.models import User
    from luoshi.platform.regions.models import Division, Institution

ROOT = Path(__file__).resolve().parent.parent

# A busy machine is no fault of the code; speed is measured by the bench, never by a deadline.
# The same examples on every machine, as Hypothesis itself does it where it sees a CI; `--hypothesis-profile=explore` draws new.
hypothesis_settings.register_profile("explore", deadline=None)
hypothesis_settings.register_profile("luoshi", deadline=None, derandomize=True)
hypothesis_settings.load_profile("luoshi")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker begins it when the others are done. One file begins with making
    the city; the others that need it come after the slow ones that do not, so that none of them waits for it."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    inside = [item.path for item in items if item.path in slow and "city" in getattr(item, "fixturenames", ())]

    def turn(item: pytest.Item) -> int:
        if item.path not in slow:
            return 3
        return 0 if inside[:1] == [item.path] else 2 if item.path in inside else 1

    items.sort(key=turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file goes to one worker as a whole, so that what its tests share is made once; so do the files that need Spark.
    Each page of the documentation goes by itself."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return nodeid if file.endswith("test_docs.py") else "spark" if "/spark/" in file else file

    config.option.loadscopereorder = False  # in the order of collection, which begins with the slow ones
    return ByFile(config, log)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real plan documents and reference material that lies beside the repository, where it is present.

    `LUOSHI_SHARED` names it when it lies elsewhere.
    """
    folder = Path(os.environ.get("LUOSHI_SHARED", ROOT.parent / "shared"))
    if not (folder / "seeds").is_dir():
        pytest.skip(f"the shared reference material is not at {folder} (set LUOSHI_SHARED)")
    return folder


@dataclass
class SmallRegion:
    """A province with one city, two counties, a township and a village in each, and three institutions."""

    divisions: dict[str, Division]
    institutions: dict[str, Institution]

    def division(self, code: str) -> Division:
        """The division of a code."""
        return self.divisions[code]


DIVISIONS = [
    # code, name, level, parent
    ("99", "岚江省", 1, ""),
    ("9901", "云岭市", 2, "99"),
    ("990101", "东溪区", 3, "9901"),
    ("990101001", "城关镇", 4, "990101"),
    ("990101001001", "东街社区", 5, "990101001"),
    ("990102", "西山县", 3, "9901"),
    ("990102001", "石桥乡", 4, "990102"),
    ("990102001001", "石桥村", 5, "990102001"),
]
INSTITUTIONS = [
    # code, name, type, level, division, parent
    ("H1", "东溪区人民医院", "general-hospital", 2, "990101", ""),
    ("C1", "城关镇卫生院", "township-centre", 1, "990101001", "H1"),
    ("C2", "石桥乡卫生院", "township-centre", 1, "990102001", ""),
]


@pytest.fixture
def small_region(db: None) -> SmallRegion:
    """The registers of `DIVISIONS` and `INSTITUTIONS`, saved."""
    from luoshi.platform.regions.models import Division, Institution

    divisions: dict[str, Division] = {}
    for code, name, level, parent in DIVISIONS:
        above = divisions.get(parent)
        divisions[code] = Division.objects.create(
            code=code, name=name, level=level, parent=above, path=f"{above.path if above else '/'}{code}/"
        )
    institutions: dict[str, Institution] = {}
    for code, name, kind, level, division, parent in INSTITUTIONS:
        institutions[code] = Institution.objects.create(
            code=code,
            name=name,
            type=kind,
            level=level,
            division=divisions[division],
            parent=institutions.get(parent),
        )
    return SmallRegion(divisions, institutions)


PASSWORD = "nan-shan-41-qiao"  # of every account a test makes


@pytest.fixture
def make_user(small_region: SmallRegion) -> Callable[..., User]:
    """Make an account holding one role: `make_user("plan-officer", division="9901")`, `institution="C1"` or neither
    for everywhere. Without a role it holds nothing."""
    from django.contrib.auth.hashers import make_password

    from luoshi.platform.access.models import Grant, User

    def make(role: str = "", *, division: str = "", institution: str = "", name: str = "", **fields: Any) -> User:
        username = name or f"{role or 'nobody'}-{division or institution or 'all'}"
        user = User.objects.create(username=username, password=make_password(PASSWORD, hasher="md5"), **fields)
        if role:
            Grant.objects.create(
                user=user,
                role=role,
                division=small_region.divisions[division] if division else None,
                institution=small_region.institutions[institution] if institution else None,
                everywhere=not division and not institution,
            )
        return user

    return make


@pytest.fixture(scope="session", autouse=True)
def _charts_in_memory() -> Iterator[None]:
    """Charts drawn by other code, of another day, are not what is tested."""
    from django.conf import settings
    from django.test import override_settings

    charts = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "charts"}
    with override_settings(CACHES={**settings.CACHES, "charts": charts}):
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_listed_once() -> Iterator[None]:
    """Each test client begins a middleware of its own, and WhiteNoise would look through two hundred files each time."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    def once(scan: Callable[..., None]) -> Callable[..., None]:
        listed: dict[tuple[str, ...], dict[str, Any]] = {}

        def scan_or_recall(self: Any, *where: Any, **more: Any) -> None:
            asked = (self.static_prefix, *map(str, where), *map(str, more.values()))
            if asked not in listed:
                before, self.files = self.files, {}
                scan(self, *where, **more)
                listed[asked], self.files = self.files, before
            self.files |= listed[asked]

        return scan_or_recall

    with pytest.MonkeyPatch.context() as patch:
        for name in ("add_files", "add_files_from_finders"):
            patch.setattr(WhiteNoiseMiddleware, name, once(getattr(WhiteNoiseMiddleware, name)))
        yield


@pytest.fixture(autouse=True)
def _quick_passwords(request: pytest.FixtureRequest) -> None:
    """Argon2 is slow on purpose; tests that touch accounts use a quick hash."""
    if {"db", "transactional_db"} & set(request.fixturenames):
        settings = request.getfixturevalue("settings")
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def empty_store(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Callable[[Path], Path]:
    """Put a store with all tables and nothing in them at a path, as `luoshi server prepare` would in many seconds."""
    from django.db import connection

    made = tmp_path_factory.mktemp("store") / "empty.sqlite3"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(made)])
    else:  # no test that was chosen needs a database of its own: there is none to copy
        environment = {**os.environ, "DATABASE_URL": f"sqlite:///{made}"}
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], env=environment, check=True)
    with closing(sqlite3.connect(made)) as store, store:
        store.execute("PRAGMA journal_mode = WAL")  # as the first to open it leaves it: turning it takes the file alone
        store.execute("DELETE FROM sqlite_sequence")  # numbers begin at 1, whatever tests came before

    def put(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, path)
        return path

    return put


@dataclass(frozen=True)
class City:
    """A made demonstration: a city of 1,000 residents with its records, lake, results, confirmed plan and accounts."""

    home: Path
    password: str
    environment: dict[str, str]

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "luoshi.sqlite3"

    @property
    def lake(self) -> Path:
        """The columnar copy with its results."""
        return self.home / "lake"


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """What `luoshi demo` makes: made by the worker that needs it first, copied by the others.

    `LUOSHI_TEST_CITY` names a folder where it is kept between runs (for those who write pages).
    """
    kept = os.environ.get("LUOSHI_TEST_CITY")
    home = Path(kept) if kept else tmp_path_factory.mktemp("city") / "home"
    foreign = ("DATABASE_URL", "LUOSHI_", "DJANGO_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}

    def make(home: Path) -> None:
        command = [sys.executable, "-m", "luoshi.cli.main", "demo", "--home", str(home), "--residents", "1000"]
        made = subprocess.run([*command, "--seed", "3", "--no-serve"], cwd=ROOT, env=environment, capture_output=True)
        if made.returncode:
            pytest.fail(f"`luoshi demo` failed:\n{made.stdout.decode()[-1000:]}\n{made.stderr.decode()[-3000:]}")

    if kept or "PYTEST_XDIST_WORKER" not in os.environ:
        make(home)
    else:
        shared = tmp_path_factory.getbasetemp().parent / "city"
        with shared.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / "ready.json").exists():
                make(shared)
        shutil.copytree(shared, home)
    ready = json.loads((home / "ready.json").read_text("utf-8"))
    environment |= {
        "LUOSHI_HOME": str(home),
        "LUOSHI_LAKE": str(home / "lake"),
        "LUOSHI_TODAY": "2025-11-03",
        "LUOSHI_TWO_FACTOR": "0",
        "DATABASE_URL": f"sqlite:///{home / 'luoshi.sqlite3'}",
    }
    return City(home, ready["password"], environment)


@pytest.fixture(scope="module")
def city_db(city: City, django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    """The city in the test database, on the day it lives on, for the tests of one module; undone after it."""
    from django.db import connection, transaction
    from django.test import override_settings

    if connection.vendor != "sqlite":
        pytest.skip("the city is copied from an SQLite file")
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        override_settings(LUOSHI_HOME=city.home, LUOSHI_LAKE=city.lake, LUOSHI_TWO_FACTOR=False),
    ):
        patch.setenv("LUOSHI_TODAY", "2025-11-03")
        with connection.cursor() as cursor:
            cursor.execute("ATTACH DATABASE %s AS city", [str(city.database)])
        try:
            with transaction.atomic():
                _copy_tables(connection)
                yield city
                transaction.set_rollback(True)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DETACH DATABASE city")


def _copy_tables(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM city.sqlite_master WHERE type = 'table'")
        tables = [name for (name,) in cursor.fetchall() if name not in ("django_migrations", "django_session")]
        for table in (name for name in tables if not name.startswith("sqlite_")):
            cursor.execute(f"SELECT group_concat('\"' || name || '\"') FROM pragma_table_info(\"{table}\")")
            columns = cursor.fetchone()[0]
            cursor.execute(f'DELETE FROM main."{table}"')
            cursor.execute(f'INSERT INTO main."{table}" ({columns}) SELECT {columns} FROM city."{table}"')
