"""Catalogue files are read strictly: what is wrong is named with its place and the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.catalog.loader import Entry, read_entry, read_yaml
from luoshi.kernel.errors import CatalogError


class Fruit(Entry):
    name: str
    sweet: bool = True


def write(folder: Path, text: str) -> Path:
    path = folder / "fruit.yaml"
    path.write_text(text, "utf-8")
    return path


def test_reads_what_is_declared(tmp_path: Path) -> None:
    assert read_entry(write(tmp_path, "name: 梨\nsweet: false\n"), Fruit) == Fruit(name="梨", sweet=False)


def test_yes_and_on_stay_words(tmp_path: Path) -> None:
    assert read_yaml(write(tmp_path, "reviewed: {on: yes}\n")) == {"reviewed": {"on": "yes"}}


def test_a_misspelt_key_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="Did you mean 'sweet'"):
        read_entry(write(tmp_path, "name: 梨\nsweat: true\n"), Fruit)


def test_a_key_given_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"fruit\.yaml:2: the key 'name' is given twice"):
        read_yaml(write(tmp_path, "name: 梨\nname: 桃\n"))


def test_broken_yaml_and_missing_files_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(CatalogError):
        read_yaml(write(tmp_path, "name: [\n"))
    with pytest.raises(CatalogError, match="cannot be read"):
        read_yaml(tmp_path / "absent.yaml")
