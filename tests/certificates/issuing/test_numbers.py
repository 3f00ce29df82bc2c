"""Numbers: the check systems against known values, the scheme as data, reading back, and every wrong digit caught."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.issuing.rules.numbers import (
    CURRENT,
    SCHEMES,
    BadNumber,
    Check,
    check_character,
    file_stem,
    grouped,
    normalised,
    scheme_of,
)

PARTS = {"issuer": "PX01", "certificate": "WLG", "level": "1", "year": "2026", "province": "42", "serial": "000123"}
ALPHABET = string.digits + string.ascii_uppercase


@pytest.mark.parametrize(
    ("body", "system", "sign"),
    [
        ("0794", Check.MOD_11_2, "0"),  # the standard's own example
        ("079", Check.MOD_11_2, "X"),
        ("11010519491231002", Check.MOD_11_2, "X"),  # GB 11643
        ("44052418800101001", Check.MOD_11_2, "4"),
        ("G123489654321", Check.MOD_37_2, "Y"),
    ],
)
def test_known_check_characters(body: str, system: Check, sign: str) -> None:
    assert check_character(body, system) == sign


def test_the_default_number_has_21_characters_and_reads_back() -> None:
    number = SCHEMES[CURRENT].compose(PARTS)
    assert len(number) == 21
    assert number.startswith("PX01WLG120264200012")
    assert SCHEMES[CURRENT].read(number) == PARTS


@given(st.text(ALPHABET, min_size=4, max_size=4), st.integers(0, 999_999), st.data())
def test_any_single_wrong_character_and_any_swap_of_neighbours_is_caught(
    issuer: str, serial: int, data: st.DataObject
) -> None:
    scheme = SCHEMES[CURRENT]
    number = scheme.compose({**PARTS, "issuer": issuer, "serial": str(serial)})
    place = data.draw(st.integers(0, len(number) - 2))
    sign = data.draw(st.sampled_from(ALPHABET))
    if sign != number[place]:
        assert scheme.read(number[:place] + sign + number[place + 1 :]) is None
    if number[place] != number[place + 1] and place < len(number) - 2:
        assert scheme.read(number[:place] + number[place + 1] + number[place] + number[place + 2 :]) is None


def test_a_part_that_does_not_fit_is_refused_by_name() -> None:
    for part, value in (
        ("issuer", "PX0"),
        ("certificate", "WLGL"),
        ("serial", "1000000"),
        ("level", ""),
        ("issuer", "px01"),
    ):
        with pytest.raises(BadNumber) as refused:
            SCHEMES[CURRENT].compose({**PARTS, part: value})
        assert refused.value.facts["part"] == part


def test_a_scheme_is_data_and_is_checked() -> None:
    short = scheme_of({"version": 2, "parts": [["issuer", 2], ["year", 4], ["serial", 4]], "check": "mod_11_2"})
    assert short.compose({"issuer": "12", "year": "2026", "serial": "7"}).startswith("1220260007")
    for parts in (
        [["serial", 6]],
        [["issuer", 20], ["year", 4], ["serial", 9]],
        [["issuer", 0], ["year", 4], ["serial", 6]],
    ):
        with pytest.raises(ValueError, match="number scheme"):
            scheme_of({"version": 3, "parts": parts, "check": "mod_37_2"})


def test_a_typed_number_is_brought_to_its_form() -> None:
    number = SCHEMES[CURRENT].compose(PARTS)
    assert normalised(f"  {number[:4].lower()} {number[4:8]}-{number[8:]} ") == number
    assert normalised("ＰＸ０１") == "PX01"
    assert normalised("") == ""
    assert SCHEMES[CURRENT].read("") is None
    assert grouped(number).replace(" ", "") == number
    assert "*" not in file_stem("ABC*")
