"""The chain holds, and any change to it shows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from django.db import transaction

from luoshi.platform import audit
from luoshi.platform.audit import trail
from luoshi.platform.audit.models import Entry, Head


def write(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            audit.record(by="system", action="thing.do", object_type="thing", object_id=number, detail={"n": number})


def breaks() -> list[tuple[int, str]]:
    return [(found.number, found.reason) for found in trail.verify()]


@pytest.mark.django_db
class TestChain:
    def test_numbers_without_gap_and_each_row_on_the_one_before(self):
        write(3)
        rows = list(Entry.objects.order_by("number"))
        assert [row.number for row in rows] == [1, 2, 3]
        assert [row.previous for row in rows] == [trail.START, rows[0].hash, rows[1].hash]
        assert breaks() == []

    def test_nothing_yet_is_whole(self):
        assert breaks() == []
        assert trail.seal() == ""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("by", "someone-else"),
            ("action", "thing.undo"),
            ("object_id", "99"),
            ("detail", {"n": 7}),
            ("scope_division", "99"),
            ("at", "2020-01-01T00:00:00+00:00"),
        ],
    )
    def test_a_changed_row_shows(self, field, value):
        write(3)
        Entry.objects.filter(number=2).update(**{field: value})
        assert breaks() == [(2, "its content was changed after it was written")]

    def test_a_changed_row_with_its_hash_made_anew_shows_at_the_next(self):
        write(3)
        row = Entry.objects.get(number=2)
        row.by = "someone-else"
        row.hash = trail._hash(row)
        row.save()
        assert breaks() == [(3, "does not follow the row before it")]

    def test_the_whole_chain_made_anew_shows_at_the_head(self):
        write(3)
        previous = trail.START
        for row in Entry.objects.order_by("number"):
            row.by, row.previous = "someone-else", previous
            row.hash = previous = trail._hash(row)
            row.save()
        assert breaks() == [(3, "the last row is not the one the head was signed for")]
        Head.objects.update(hash=previous)
        assert breaks() == [(3, "the head was changed after it was signed")]

    def test_a_removed_row_shows(self):
        write(3)
        Entry.objects.filter(number=2).delete()
        assert breaks() == [(3, "rows 2 to 2 are missing")]

    def test_a_cut_tail_shows(self):
        write(3)
        Entry.objects.filter(number=3).delete()
        assert breaks() == [(2, "rows 3 to 3 were cut off the end")]

    def test_a_cut_tail_with_an_older_head_put_back_shows_by_a_seal(self):
        write(2)
        old = Head.objects.values().get()
        write(1)
        seal = trail.seal()
        assert trail.verify_seal(seal) is None
        Entry.objects.filter(number=3).delete()
        Head.objects.update(**old)
        assert breaks() == []
        lost = trail.verify_seal(seal)
        assert lost is not None
        assert lost.number == 3
        assert trail.verify_seal(seal.replace("3:", "2:", 1)) is not None

    def test_a_missing_head_and_a_foreign_signature_show(self):
        write(1)
        Head.objects.update(signature="1:abc:forged")
        assert "signature" in breaks()[0][1]
        Head.objects.all().delete()
        assert breaks() == [(1, "the signed head is missing")]

    def test_an_old_key_still_verifies(self, settings):
        write(1)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-key"
        assert breaks() == []

    def test_looks_are_listed_for_the_resident(self):
        audit.look(by="doctor", person=17, what="page")
        audit.look(by="nurse", person=18, what="page")
        assert [(row.by, row.detail["what"]) for row in trail.looks_at(17)] == [("doctor", "page")]

    def test_commands(self):
        write(2)
        run = CliRunner().invoke
        from luoshi.cli.audit import group

        whole = run(group, ["verify"])
        assert (whole.exit_code, whole.output) == (0, "The audit trail is whole: 2 rows.\n")
        assert '"action": "thing.do"' in run(group, ["list", "--format", "json", "--object", "thing:1"]).output
        Entry.objects.filter(number=1).update(by="x")
        broken = run(group, ["verify"])
        assert broken.exit_code == 1
        assert "row 1: its content was changed" in broken.output


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    def test_refuses_outside_a_transaction(self):
        with pytest.raises(RuntimeError, match="atomic"):
            audit.record(by="system", action="x", object_type="x", object_id=1)

    def test_goes_with_what_it_records(self):
        write(1)

        def fail() -> None:
            with transaction.atomic():
                audit.record(by="system", action="x", object_type="x", object_id=1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        write(1)
        assert [row.number for row in Entry.objects.order_by("number")] == [1, 2]
        assert breaks() == []


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_processes_at_once_keep_one_chain(vendor, tmp_path, request):
    """Four processes on one database, as the workers of a server are."""
    url = f"sqlite:///{tmp_path / 'a.sqlite3'}" if vendor == "sqlite" else request.getfixturevalue("postgres_url")
    environment = {**os.environ, "LUOSHI_HOME": str(tmp_path), "DATABASE_URL": url}
    if vendor == "sqlite":
        request.getfixturevalue("empty_store")(tmp_path / "a.sqlite3")
    else:
        subprocess.run([sys.executable, "-m", "django", "migrate", "audit", "-v0"], env=environment, check=True)
    code = """
import os, django
django.setup()
from django.db import connections, transaction
from luoshi.platform import audit
from luoshi.platform.audit import trail
from luoshi.platform.audit.models import Entry
assert connections["default"].connection is None  # each process opens its own
children = []
for _ in range(4):
    children.append(os.fork())
    if not children[-1]:
        for n in range(15):
            with transaction.atomic():
                audit.record(by="p", action="a", object_type="t", object_id=n)
        os._exit(0)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
print(Entry.objects.count(), len({e.hash for e in Entry.objects.all()}), list(trail.verify()))
"""
    out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (out.stdout.strip(), out.returncode) == ("60 60 []", 0), out.stderr
