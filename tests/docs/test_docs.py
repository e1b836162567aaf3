"""Documentation cannot go stale: generated pages are current, links lead somewhere, every example runs.

An example is a fenced block marked `console`: each line that starts with `$ ` is run by bash, in order, in one fresh
folder per page with `samples/` beside it and an empty store in `var/`, and must succeed; other lines of the block are
what it prints, not compared. Blocks marked `text` are not run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.mark.slow
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
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{name(page)}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_decisions_are_numbered_once_and_titled() -> None:
    files = [p.name for p in (ROOT / "docs/decisions").glob("*.md") if p.name != "README.md"]
    numbers = [f[:4] for f in files]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", f) for f in files), files
    assert len(numbers) == len(set(numbers)), "two decisions share a number"
