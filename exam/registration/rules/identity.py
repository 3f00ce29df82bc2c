"""Identity documents: which kinds are taken, how each number is checked, normalised and masked (domain section 5).

The resident number follows GB 11643-1999: 17 digits and a check character by ISO 7064 MOD 11-2; the 17th digit is
odd for a man. The six-digit area code is *not* looked up: codes are abolished over time (莱芜 371200 until 2019)
while the numbers of those born there stay. Only 81, 82, 83 (residence permit for Hong Kong, Macau and Taiwan) and a
leading 9 (permanent residence permit for foreigners) tell another kind of document.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exam.kernel.errors import N_

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
EARLIEST_BIRTH = date(1900, 1, 1)
YOUNGEST_YEARS = 14
OLDEST_YEARS = 90


class IdType(StrEnum):
    """证件类型."""

    RESIDENT = "resident"
    HK_MACAU_PERMIT = "hk_macau_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    HMT_RESIDENCE = "hmt_residence"
    PASSPORT = "passport"
    FOREIGN_PERMANENT = "foreign_permanent"


ID_TYPE_LABELS: Mapping[IdType, str] = {
    IdType.RESIDENT: N_("居民身份证"),
    IdType.HK_MACAU_PERMIT: N_("港澳居民来往内地通行证"),
    IdType.TAIWAN_PERMIT: N_("台湾居民来往大陆通行证"),
    IdType.HMT_RESIDENCE: N_("港澳台居民居住证"),
    IdType.PASSPORT: N_("护照"),
    IdType.FOREIGN_PERMANENT: N_("外国人永久居留身份证"),
}


class Gender(StrEnum):
    """性别, as the code of the documents knows it."""

    MALE = "male"
    FEMALE = "female"


GENDER_LABELS: Mapping[Gender, str] = {Gender.MALE: N_("男"), Gender.FEMALE: N_("女")}

_PATTERNS: Mapping[IdType, re.Pattern[str]] = {
    IdType.HK_MACAU_PERMIT: re.compile(r"[HM]\d{8}(\d{2})?"),
    IdType.TAIWAN_PERMIT: re.compile(r"\d{8}|\d{10}"),
    IdType.PASSPORT: re.compile(r"(?=[A-Z]*\d)[A-Z0-9]{5,17}"),
}
_FOREIGN_OLD = re.compile(r"[A-Z]{3}\d{12}")
_EIGHTEEN = re.compile(r"\d{17}[\dX]")
_AREAS_HMT = ("810000", "820000", "830000")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a checked number tells about its holder; None where the kind of document does not say."""

    number: str
    birth: date | None = None
    gender: Gender | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a number is refused: the code of the roster problem, the facts for its words, and a repair where one is sure."""

    code: str
    facts: Mapping[str, object]
    suggestion: str = ""


def normalise(number: str) -> str:
    """Bring a number to the form that is stored and compared: no outer blanks, letters in upper case."""
    return number.strip().upper()


def check_character(first_17: str) -> str:
    """The 18th character that belongs to 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS, strict=True))
    return CHECK_CHARACTERS[total % 11]


def examine(id_type: IdType, typed: str, *, today: date) -> Identity | Fault:
    """Check a typed number of one kind of document on the day ``today``."""
    number = normalise(typed)
    if id_type is IdType.RESIDENT:
        return _examine_resident(number, today)
    if id_type is IdType.HMT_RESIDENCE:
        if _EIGHTEEN.fullmatch(number) and not number.startswith(_AREAS_HMT):
            return Fault(code="id_kind", facts={"expected": "810000 / 820000 / 830000"})
        return _examine_eighteen(number, today)
    if id_type is IdType.FOREIGN_PERMANENT:
        return _examine_foreign(number, today)
    if not _PATTERNS[id_type].fullmatch(number):
        return Fault(code="id_format", facts={})
    return Identity(number=number)


def _examine_resident(number: str, today: date) -> Identity | Fault:
    if re.fullmatch(r"\d{15}", number):
        return Fault(code="id_fifteen", facts={})
    if _EIGHTEEN.fullmatch(number) and (number.startswith(_AREAS_HMT) or number[0] == "9"):
        return Fault(code="id_kind", facts={"expected": ""})
    return _examine_eighteen(number, today)


def _examine_foreign(number: str, today: date) -> Identity | Fault:
    """The card of 2023 has 18 digits and starts with 9; the older one has three letters and twelve digits."""
    if _FOREIGN_OLD.fullmatch(number):
        return Identity(number=number)
    if not number.startswith("9"):
        return Fault(code="id_format", facts={})
    return _examine_eighteen(number, today)


def _examine_eighteen(number: str, today: date) -> Identity | Fault:
    if re.search(r"[^0-9X]", number) or "X" in number[:-1]:
        return Fault(code="id_characters", facts={}, suggestion=_repaired(number))
    if len(number) != 18:
        return Fault(code="id_length", facts={"length": len(number)})
    birth = birth_of(number)
    if birth is None:
        return Fault(code="id_birth_impossible", facts={"birth": number[6:14]})
    if birth > today:
        return Fault(code="id_birth_future", facts={"birth": number[6:14]})
    if check_character(number[:17]) != number[17]:
        code = "id_precision" if number.endswith("000") else "id_check_digit"
        return Fault(code=code, facts={})
    if not in_age(birth, today):
        return Fault(code="id_age", facts={"birth": number[6:14], "youngest": YOUNGEST_YEARS, "oldest": OLDEST_YEARS})
    gender = Gender.MALE if int(number[16]) % 2 else Gender.FEMALE
    return Identity(number=number, birth=birth, gender=gender)


def _repaired(number: str) -> str:
    """The same number without blanks, dashes and quote marks, when that alone makes it pass; else empty."""
    bare = re.sub(r"[\s'‘’`\-_.,]", "", number)
    whole = _EIGHTEEN.fullmatch(bare) and birth_of(bare) and check_character(bare[:17]) == bare[17]
    return bare if whole else ""


def birth_of(number: str) -> date | None:
    """The day of birth in an 18-character number, None when there is no such day (30 February, month 13)."""
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return birth if birth >= EARLIEST_BIRTH else None


def in_age(birth: date, today: date) -> bool:
    """Say whether someone born then is of an age to sit an exam (a limit of ours, a slip of the pen falls outside)."""
    years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    return YOUNGEST_YEARS <= years <= OLDEST_YEARS


def masked(number: str) -> str:
    """What a screen or a list shows: six and four characters of a long number, three and four of a short one."""
    head = 6 if len(number) >= 15 else 3 if len(number) > 7 else 1
    tail = 4 if len(number) > 7 else 1
    return number[:head] + "*" * max(1, len(number) - head - tail) + number[-tail:]
