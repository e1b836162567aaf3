"""Check characters: published examples hold, and every single wrong digit is caught."""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel import identifiers as ids
from luoshi.kernel.errors import InvalidValue

PEOPLE = st.builds(
    lambda area, born, serial: f"{area}{born:%Y%m%d}{serial:03d}",
    st.integers(110000, 999999),
    st.dates(date(1900, 1, 1), date(2025, 1, 1)),
    st.integers(0, 999),
)


def test_the_example_of_the_standard() -> None:
    # GB 11643-1999 prints this number as its worked example.
    assert ids.check_resident_id("11010519491231002x") == "11010519491231002X"


@given(PEOPLE)
def test_made_numbers_pass(first17: str) -> None:
    value = first17 + ids.resident_id_check_character(first17)
    assert ids.check_resident_id(f" {value.lower()} ") == value


@given(PEOPLE, st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_is_caught(first17: str, place: int, shift: int) -> None:
    value = first17 + ids.resident_id_check_character(first17)
    digit = str((int(value[place]) + shift) % 10)
    with pytest.raises(InvalidValue) as caught:
        ids.check_resident_id(value[:place] + digit + value[place + 1 :])
    assert value not in str(caught.value)


def test_fifteen_digits_are_upgraded() -> None:
    value = ids.check_resident_id("110105491231002")
    assert value == "11010519491231002X"
    assert ids.resident_id_birth_date(value) == date(1949, 12, 31)
    assert ids.resident_id_sex(value) == "female"


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), st.integers(0, 16))
def test_unified_social_credit_code(first17: str, place: int) -> None:
    value = first17 + ids.uscc_check_character(first17)
    assert ids.check_uscc(value) == value
    wrong = value[:place] + ("1" if value[place] == "0" else "0") + value[place + 1 :]
    with pytest.raises(InvalidValue):
        ids.check_uscc(wrong)


@given(st.text(string.digits + string.ascii_uppercase, min_size=8, max_size=8))
def test_institution_code(first8: str) -> None:
    value = first8 + ids.organisation_check_character(first8)
    assert ids.check_institution_code(value[:8] + "-" + value[8]) == value
    other = "0" if value[8] != "0" else "1"
    with pytest.raises(InvalidValue):
        ids.check_institution_code(value[:8] + other)


def test_masks_keep_the_ends_only() -> None:
    assert ids.mask("11010519491231002X") == "110*************2X"
    assert ids.mask("123") == "123"
