"""Functions by name: nothing is imported before the call, and one name is one function."""

from __future__ import annotations

import subprocess
import sys

import pytest

from luoshi.kernel.later import later

# What a command that only looks into the store must not wait for.
HEAVY = (
    "duckdb",
    "numpy",
    "pyarrow",
    "sqlglot",
    "polars",
    "psycopg",
    "jsonschema_rs",
    "luoshi.engines",
    "luoshi.indicators",
)


def test_it_calls_what_is_named() -> None:
    assert later("math.gcd")(12, 18) == 6
    assert later("math.gcd") is later("math.gcd")


def test_what_does_not_exist_is_found_out_when_called() -> None:
    with pytest.raises(AttributeError):
        later("math.no_such")()
    with pytest.raises(ImportError):
        later("luoshi.no_such.thing")()


def test_applications_start_without_what_few_commands_need() -> None:
    code = "import sys, django; django.setup(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(set(HEAVY) & set(done.stdout.split())) == []
