"""Documentation cannot go stale: generated pages are current, links lead somewhere, every example runs.

An example is a fenced block marked `console`: each line that starts with `$ ` is run by bash, in order, in one fresh
folder per page with `samples/` beside it and an empty store in `var/`, and must succeed; other lines of the block are
what it prints, not compared. Blocks marked `text` are not run. Where a page has many commands, `luoshi` is `warm.SHIM`:
the first command is a process of its own, the others are forks of one that has read the program in already.
"""

from __future__ import annotations

import os
import re
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


@pytest.mark.slow
@pytest.mark.django_db  # for the tables of the empty store
@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=name)
def test_examples_run(page: Path, tmp_path: Path, empty_store: Callable[[Path], Path]) -> None:
    empty_store(tmp_path / "var/luoshi.sqlite3")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LUOSHI_HOME": str(tmp_path / "var"),
        "LUOSHI_LAKE": str(tmp_path / "var/lake"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/var/luoshi.sqlite3",
        "NO_COLOR": "1",
    }
    script = "set -euo pipefail\n" + "\n".join(commands(page))
    many = sum(line.startswith("luoshi ") for line in commands(page)) > 3
    with warmed(environment) if many else nullcontext("") as folder:
        done = subprocess.run(
            [shutil.which("bash") or "bash", "-c", script],
            cwd=tmp_path,
            env=environment | {"PATH": f"{folder}:{environment['PATH']}".lstrip(":")},
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
