"""A home of its own for a part of the bench: what a part measures must not hang on what lies in `var/`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def empty_home(today: str) -> Iterator[Path]:
    """A new folder as Luoshi's home, with an empty store in SQLite that lives on the day `today`, its lake to be written to
    `lake`; everything goes at the end. Once in a process: Django reads its settings once."""
    with tempfile.TemporaryDirectory(prefix="luoshi-bench-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{home / 'bench.sqlite3'}", "LUOSHI_HOME": name, "LUOSHI_LAKE": str(home / "lake"),
            "LUOSHI_TODAY": today, "LUOSHI_TWO_FACTOR": "0",
        }  # fmt: skip
        from luoshi.cli.main import django_setup

        django_setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield home
