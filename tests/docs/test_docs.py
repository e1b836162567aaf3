"""Documentation cannot go stale: generated pages are current, links lead somewhere, every example runs.

An example is a fenced block marked `console`: each line that starts with `$ ` is run by bash, in order, in one fresh
folder per page with `samples/` beside it and an empty store in `var/`, and must succeed; other lines of the block are
what it prints, not compared. Blocks marked `text` are not run. Where a page has many commands, `luoshi` is `warm.SHIM`:
the first command is a process of its own, the others are forks of one that has read the program in already, for this page
and those before it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from tests.docs import warm

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
KEYS = ("secret", "data-key")
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands(page: Path) -> list[str]:
    blocks = BLOCK.findall(page.read_text("utf-8"))
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/make_reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run `make reference`:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [t for t in LINK.findall(page.read_text("utf-8")) if not t.startswith(("http", "mailto:"))]
    missing = [t for t in targets if not (page.parent / t).exists()]
    assert not missing


@contextmanager
def warmed(environment: dict[str, str]) -> Iterator[str]:
    """The folder of a `luoshi` whose commands are forks of a warm process that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="luoshi-") as name:
        home = Path(name)  # short: the address of a socket is at most a hundred letters
        settings = {n: value for n, value in environment.items() if n.startswith(warm.SETTINGS)}
        shim = warm.SHIM.format(
            warm=f"{home}/warm", real=shutil.which("luoshi", path=environment["PATH"]), home=name,
            settings=warm.SETTINGS, environment=settings,
        )  # fmt: skip
        (home / "luoshi").write_text(f"#!{sys.executable} -IS\n{shim}", "utf-8")
        (home / "luoshi").chmod(0o755)
        with subprocess.Popen([sys.executable, warm.__file__, home / "warm"], env=environment) as process:
            try:
                yield name
            finally:
                process.terminate()


def settings_in(folder: Path) -> dict[str, str]:
    """The environment of commands whose store is in `var/` of a folder."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LUOSHI_HOME": str(folder / "var"),
        "LUOSHI_LAKE": str(folder / "var/lake"),
        "DATABASE_URL": f"sqlite:///{folder}/var/luoshi.sqlite3",
        "NO_COLOR": "1",
    }


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A folder that is emptied for each page, and that of its `luoshi`: one warm process serves all pages of a worker."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "var").mkdir()
    for kept in KEYS:  # there before two processes begin at once
        (folder / "var" / kept).write_text(secrets.token_hex(16), "ascii")
    with warmed(settings_in(folder)) as shim:
        yield folder, Path(shim)


def cleared(desk: tuple[Path, Path]) -> Path:
    """The folder of the desk with nothing of the page before; the keys, which the warm process has read, stay."""
    folder, shim = desk
    for left in [*folder.iterdir(), *(folder / "var").glob("*")]:
        if left.name in ("var", *KEYS):
            continue
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    (shim / "first").unlink(missing_ok=True)
    return folder


@pytest.mark.slow
@pytest.mark.django_db  # for the tables of the empty store
@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=name)
def test_examples_run(
    page: Path, tmp_path: Path, empty_store: Callable[[Path], Path], request: pytest.FixtureRequest
) -> None:
    script = "set -euo pipefail\n" + "\n".join(commands(page))
    many = sum(line.startswith("luoshi ") for line in commands(page)) > 3
    alone = "luoshi server run" in script  # a server may outlive its page for a moment
    folder = cleared(request.getfixturevalue("desk")) if many and not alone else tmp_path
    empty_store(folder / "var/luoshi.sqlite3")
    (folder / "samples").symlink_to(ROOT / "samples")
    environment = settings_in(folder)
    if folder != tmp_path:
        ready = nullcontext(str(request.getfixturevalue("desk")[1]))
    else:
        ready = warmed(environment) if many else nullcontext("")
    with ready as shim:
        done = subprocess.run(
            [shutil.which("bash") or "bash", "-c", script],
            cwd=folder,
            env=environment | {"PATH": f"{shim}:{environment['PATH']}".lstrip(":")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"{name(page)}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_decisions_are_numbered_once_and_titled() -> None:
    files = [p.name for p in (ROOT / "docs/decisions").glob("*.md") if p.name != "README.md"]
    numbers = [f[:4] for f in files]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", f) for f in files), files
    assert len(numbers) == len(set(numbers)), "two decisions share a number"
