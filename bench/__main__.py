"""`python -m bench [--residents N] [PART...]`."""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bench

BESIDES = ("__main__", "home", "row", "peers", "loaded_city")  # modules of this folder that measure nothing


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parts = sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if m.name not in BESIDES)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; all if none is named")
    parser.add_argument("--residents", type=int, default=1_000_000, help="size of the region (default 1000000)")
    parser.add_argument("--users", type=int, default=200, help="how many at once, where that is asked (default 200)")
    parser.add_argument("--out", type=Path, default=Path("var/bench.json"))
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))}; known are {', '.join(parts)}")
    asked = options.parts or parts
    failed: list[str] = []
    if len(asked) == 1:
        rows = _measure(asked[0], options.residents, options.users)
    else:
        rows = []
        for part in asked:
            told = _alone(part, ["--residents", str(options.residents), "--users", str(options.users)])
            rows += told or []
            if told is None:
                failed.append(part)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1), "utf-8")
    print(f"{len(rows)} rows in {options.out}")
    if failed:
        sys.exit(f"not measured, for what is said above: {', '.join(failed)}")


def _measure(part: str, residents: int, users: int) -> list[dict[str, Any]]:
    """The rows of one part, printed as they come."""
    work = importlib.import_module(f"bench.{part}").rows
    more = {"users": users} if "users" in inspect.signature(work).parameters else {}
    rows = []
    for row in work(residents, **more):
        print(row.line(), flush=True)
        rows.append(row.plain())
    return rows


def _alone(part: str, options: Sequence[str]) -> list[dict[str, Any]] | None:
    """The rows of a part in a process of its own: settings, memory and what is loaded are not those of another part. None
    where it failed."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "bench", part, *options, "--out", str(out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if not line.endswith(f" rows in {out}\n"):
                    print(line, end="", flush=True)
        return json.loads(out.read_text("utf-8")) if process.returncode == 0 else None


if __name__ == "__main__":
    main()
