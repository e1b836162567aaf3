"""The bench as a developer starts it: parts beside each other, each with a store of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def bench(*options: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LUOSHI_", "DATABASE_URL"))}
    command = [sys.executable, "-m", "bench", *options]
    return subprocess.run(
        command, cwd=ROOT, env=environment | {"LUOSHI_HOME": str(home)}, capture_output=True, text=True, check=False
    )


def test_each_part_has_a_store_of_its_own(tmp_path: Path):
    out = tmp_path / "bench.json"
    done = bench("chronic", "papers", "--residents", "500", "--out", str(out), home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text("utf-8"))
    assert [row["name"].partition(":")[0] for row in rows] == ["chronic list"] * 4 + ["papers"] * 3
    assert all(row["ours"] > 0 for row in rows)
    assert done.stdout.splitlines()[-1] == f"7 rows in {out}"
    assert len(done.stdout.splitlines()) == 8


def test_a_part_nobody_knows_is_named(tmp_path: Path):
    done = bench("speed", home=tmp_path)
    assert done.returncode == 2
    assert "no part speed; known are authenticity, chronic" in done.stderr
