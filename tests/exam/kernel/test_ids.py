"""Identifiers and secrets."""

import pytest

from exam.kernel.ids import id_of, new_id, normal_secret, spoken_secret, token


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
    assert len(set(made)) == 100
    assert made[0].version == 7


@pytest.mark.parametrize("text", ["", "x", "0193-", "00000000-0000-0000-0000-00000000000g"])
def test_a_text_that_names_no_id_is_none(text: str) -> None:
    assert id_of(text) is None
    assert id_of(str(made := new_id())) == made


def test_tokens_are_long_enough() -> None:
    assert len(token(128)) >= 22
    assert token() != token()


def test_secrets_carry_112_bits_in_groups_of_four() -> None:
    secret = spoken_secret()
    assert len(normal_secret(secret)) * 5 >= 112
    assert all(len(group) <= 4 for group in secret.split("-"))
    assert not set(secret) & set("ILOU")


@pytest.mark.parametrize("typed", ["0123-abcd", "O123ABCD", "o i23 abcd".replace("i", "1"), "Ol23-ABCD", "OI23 abcd"])
def test_misread_letters_are_repaired(typed: str) -> None:
    assert normal_secret(typed) == "0123ABCD"


def test_an_empty_secret_stays_empty() -> None:
    assert normal_secret(" - ") == ""
