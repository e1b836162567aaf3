"""Failures of the machine are said in one line with exit status 2."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError

from luoshi.cli.failures import in_words
from luoshi.cli.main import NOUNS, cli, main


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full."),
        (OSError(errno.EFBIG, "File too large", "/data/x"), "/data/x: the disk is full."),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), "/data/x: permission denied."),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", Path("/data/x")), "/data/x: not a directory."),
        (OperationalError("no such table: store_chunk"), "luoshi server prepare"),
        (ProgrammingError('relation "store_chunk" does not exist'), "luoshi server prepare"),
        (OperationalError("unable to open database file"), "cannot be reached"),
        (OperationalError('connection failed: connection to server at "127.0.0.1" refused'), "cannot be reached"),
        (InterfaceError("could not connect"), "cannot be reached"),
        (OperationalError("database or disk is full"), "disk is full"),
        (OperationalError("attempt to write a readonly database"), "may not be written"),
        (OperationalError("database is locked"), "busy"),
        (OperationalError("file is not a database"), "damaged"),
    ],
)
def test_what_the_user_can_mend_has_words(error: Exception, words: str) -> None:
    assert words in str(in_words(error))


@pytest.mark.parametrize("error", [ValueError("x"), OSError("x"), OperationalError("syntax error"), KeyError("full")])
def test_a_bug_stays_a_bug(error: Exception) -> None:
    assert in_words(error) is None


def test_main_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr(sys, "argv", ["luoshi"])
    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"luoshi: {tmp_path / 'x'}: permission denied.\n"


@pytest.mark.parametrize("noun", sorted(NOUNS))
def test_every_advertised_command_helps(noun: str) -> None:
    from click.testing import CliRunner

    found = CliRunner().invoke(cli, [noun, "--help"])
    assert found.exit_code == 0, found.output
    assert "Usage:" in found.output
