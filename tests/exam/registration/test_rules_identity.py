"""GB 11643 and the other documents, masks, names and sort keys."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.registration.rules.identity import (
    CHECK_CHARACTERS,
    Fault,
    Gender,
    Identity,
    IdType,
    check_character,
    examine,
    masked,
)
from exam.registration.rules.names import DOT, latin, name_fault, sort_key, split

TODAY = date(2026, 5, 16)


def fault(id_type: IdType, number: str) -> str:
    found = examine(id_type, number, today=TODAY)
    return found.code if isinstance(found, Fault) else ""


def test_the_standard_s_own_examples() -> None:
    """The two numbers of GB 11643's text: the check characters; the second was born in 1880, before any candidate."""
    assert check_character("11010519491231002") == "X"
    assert check_character("44052418800101001") == "4"
    assert examine(IdType.RESIDENT, "11010519491231002x", today=TODAY) == Identity(
        number="11010519491231002X", birth=date(1949, 12, 31), gender=Gender.FEMALE
    )
    assert fault(IdType.RESIDENT, "440524188001010014") == "id_birth_impossible"


def test_an_abolished_area_code_is_taken() -> None:
    """莱芜 371200 existed until 2019; the numbers of those born there stay."""
    number = "37120020040229001"
    assert fault(IdType.RESIDENT, number + check_character(number)) == ""


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "id_length"),
        ("429999200605010", "id_fifteen"),
        ("4299992006050100", "id_length"),
        ("42999920060501001", "id_length"),
        ("4299992006050100112", "id_length"),
        ("42999X20060501001X", "id_characters"),
        ("42999920060231001X", "id_birth_impossible"),
        ("429999200613010011", "id_birth_impossible"),
        ("910000200605010011", "id_kind"),
        ("820000200605010011", "id_kind"),
    ],
)
def test_what_is_no_resident_number(number: str, code: str) -> None:
    assert fault(IdType.RESIDENT, number) == code


def test_age_is_counted_by_birthdays() -> None:
    for birth, code in (("20120516", ""), ("20120517", "id_age"), ("19360517", ""), ("19350516", "id_age")):
        number = f"429999{birth}001"
        assert fault(IdType.RESIDENT, number + check_character(number)) == code, birth


@given(st.integers(0, 10**17 - 1), st.integers(0, 17), st.integers(1, 10))
def test_a_single_wrong_character_is_always_found(first: int, place: int, step: int) -> None:
    """ISO 7064 MOD 11-2 catches every single substitution."""
    number = f"{first:017d}"
    number += check_character(number)
    characters = CHECK_CHARACTERS if place == 17 else "0123456789"
    other = characters[(characters.index(number[place]) + step) % len(characters)]
    if other != number[place]:
        changed = number[:place] + other + number[place + 1 :]
        assert check_character(changed[:17]) != changed[17]


@given(st.integers(0, 10**17 - 1), st.integers(0, 15))
def test_two_swapped_neighbours_are_always_found(first: int, place: int) -> None:
    number = f"{first:017d}"
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        assert check_character(swapped) != check_character(number)


@pytest.mark.parametrize(
    ("id_type", "number", "code"),
    [
        (IdType.HK_MACAU_PERMIT, "h12345678", ""),
        (IdType.HK_MACAU_PERMIT, "M1234567801", ""),
        (IdType.HK_MACAU_PERMIT, "A12345678", "id_format"),
        (IdType.TAIWAN_PERMIT, "12345678", ""),
        (IdType.TAIWAN_PERMIT, "1234567", "id_format"),
        (IdType.PASSPORT, "E12345678", ""),
        (IdType.PASSPORT, "ABCDEFG", "id_format"),
        (IdType.PASSPORT, "护照一号", "id_format"),
        (IdType.FOREIGN_PERMANENT, "ABC123456789012", ""),
        (IdType.FOREIGN_PERMANENT, "AB1234567890123", "id_format"),
        (IdType.HMT_RESIDENCE, "429999200605010011", "id_kind"),
        (IdType.HMT_RESIDENCE, "", "id_length"),
    ],
)
def test_other_documents(id_type: IdType, number: str, code: str) -> None:
    assert fault(id_type, number) == code


def test_eighteen_digit_permits_carry_birth_and_gender() -> None:
    for id_type, area in ((IdType.HMT_RESIDENCE, "810000"), (IdType.FOREIGN_PERMANENT, "915000")):
        first = f"{area}20040229001"
        found = examine(id_type, first + check_character(first), today=TODAY)
        assert isinstance(found, Identity)
        assert (found.birth, found.gender) == (date(2004, 2, 29), Gender.MALE)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("11010519491231002X", "110105********002X"), ("H12345678", "H12**5678"), ("E1234", "E***4"), ("", "*")],
)
def test_masks(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.parametrize(
    ("name", "key", "in_latin"),
    [
        ("单田芳", "shan4", "Shan Tianfang"),
        ("仇英", "qiu2", "Qiu Ying"),
        ("区静", "ou1", "Ou Jing"),
        ("翟志刚", "zhai2", "Zhai Zhigang"),
        ("解冰", "xie4", "Xie Bing"),
        ("曾巩", "zeng1", "Zeng Gong"),
        ("朴树", "piao2", "Piao Shu"),
        ("查良", "zha1", "Zha Liang"),
        ("尉迟恭", "yu4 chi2", "Yuchi Gong"),
        ("欧阳修", "ou1 yang2", "Ouyang Xiu"),
    ],
)
def test_surnames_are_read_as_surnames(name: str, key: str, in_latin: str) -> None:
    assert sort_key(name).startswith(key)
    assert latin(name) == in_latin


def test_names_sort_by_sound_and_never_tie() -> None:
    names = ["曾一", "朴一", "安一", "单一", "阿依古丽·买买提", "John Smith", "张伟", "章伟"]
    assert sorted(names, key=sort_key)[:3] == ["阿依古丽·买买提", "安一", "John Smith"]
    assert len({sort_key(name) for name in names}) == len(names)
    assert sort_key("") == ""
    assert latin("") == ""


@pytest.mark.parametrize(
    "name", ["王芳", "欧阳震华", "阿依古丽·买买提", "〇一", "𠮷野", "䶮", "John O'Neil-Smith", "José Núñez"]
)
def test_names_that_people_have(name: str) -> None:
    assert (name_fault(name) is None) == (len(name) > 1)


@pytest.mark.parametrize(
    ("name", "code", "repaired"),
    [
        ("王 芳", "name_blank_inside", "王芳"),
        ("王\u3000芳", "name_blank_inside", "王芳"),
        ("艾力・买买提", "name_dot", "艾力·买买提"),
        ("艾力··买买提", "name_dot", "艾力·买买提"),
        ("王芳1", "name_characters", ""),
        ("王Fang", "name_characters", ""),
        ("12345", "name_characters", ""),
        ("王?", "name_lost_character", ""),
    ],
)
def test_names_that_are_slips(name: str, code: str, repaired: str) -> None:
    assert name_fault(name) == (code, repaired)
    if repaired:
        assert name_fault(repaired) is None


def test_a_name_with_a_dot_has_no_surname() -> None:
    assert split(f"艾力{DOT}买买提") == ("", "艾力买买提")
    assert split("单") == ("单", "")
