"""Statements that are prepared, and many rows in one of them, as the store in PostgreSQL uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from luoshi.platform.statements import array

_CODE = r"""
import json, django
django.setup()
from django.db import connection, transaction
from luoshi.platform import statements
rows = [(1, 'a "quoted" \\ text', True, None), (2, '', False, 7), (3, 'NULL', True, None), (4, '{,} 中文', False, 9)]
with connection.cursor() as plain:
    plain.execute("CREATE TABLE t (n integer PRIMARY KEY, s varchar(40), b boolean, p bigint)")
with statements.pipelined(), transaction.atomic():
    statements.insert_arrays("t", ("n", "s", "b", "p"), rows)
    inside = statements.in_pipeline()
back = statements.rows("SELECT n, s, b, p FROM t WHERE s = %s OR n > %s ORDER BY n", rows[0][1], 1)
kept = statements.one("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", "SELECT n, s, b%")
try:
    with statements.pipelined(), transaction.atomic():
        statements.insert_arrays("t", ("n", "s", "b", "p"), [(5, "new", True, 1)])
        statements.insert_arrays("t", ("n", "s", "b", "p"), [(1, "twice", True, 1)])
    wrong = ""
except django.db.IntegrityError:
    wrong = "IntegrityError"
connection.health_check_enabled, connection.health_check_done = True, False
connection.connection.close()
print(json.dumps([back == rows, inside, statements.in_pipeline(), wrong, kept, statements.one("SELECT count(*) FROM t")]))
"""


def test_rows_arrive_whole_or_not_at_all_on_postgresql(postgres_url: str, tmp_path) -> None:
    environment = {**os.environ, "DATABASE_URL": postgres_url, "LUOSHI_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _CODE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    # What was written comes back; an error in the middle leaves nothing; a statement is prepared; a connection that broke
    # is opened again.
    assert json.loads(done.stdout) == [True, True, False, "IntegrityError", 1, 4]


@pytest.mark.parametrize(
    ("values", "text"),
    [([1, None, 3], "{1,NULL,3}"), (['a"b', "c\\d", ""], r'{"a\"b","c\\d",""}'), ([True], "{True}"), ([], "{}")],
)
def test_an_array_is_written_as_postgresql_reads_it(values, text) -> None:
    assert array(values) == text
