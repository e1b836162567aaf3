"""`python -m bench [--size SMALL] [PART...]`."""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import pkgutil
from pathlib import Path

import bench
from bench.row import Row

BESIDES = ("__main__", "row", "peers", "loaded_city")  # modules of this folder that measure nothing


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
    rows: list[Row] = []
    for part in options.parts or parts:
        work = importlib.import_module(f"bench.{part}").rows
        more = {"users": options.users} if "users" in inspect.signature(work).parameters else {}
        for row in work(options.residents, **more):
            print(row.line(), flush=True)
            rows.append(row)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps([row.plain() for row in rows], indent=1), "utf-8")
    print(f"{len(rows)} rows in {options.out}")


if __name__ == "__main__":
    main()
