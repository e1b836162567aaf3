"""Values that cannot be meant are refused before anything is done."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from luoshi.cli.indicator import _passed
from luoshi.cli.main import cli
from luoshi.documents.txt import decode
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lake", "build", "--memory", "abc"], "'abc' is no size"),
        (["records", "ingest", "x", "--source", ""], "no name of a source"),
        (["records", "ingest", "x", "--source", "bad name!"], "no name of a source"),
    ],
)
def test_a_wrong_option_is_said(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_a_period_without_a_record_has_no_value() -> None:
    until = date(2025, 10, 31)
    with pytest.raises(InvalidValue, match="begins after the last record"):
        _passed(Period.parse("2026"), until)
    assert _passed(Period.parse("2025"), until).end == until


def test_nul_is_left_out_of_a_text(tmp_path: Path) -> None:
    assert decode(tmp_path / "a.txt", "建设医院2家。\x00\n".encode())[0] == "建设医院2家。\n"
