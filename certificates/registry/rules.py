"""What the registry takes and what it refuses, its receipts, and the public facts it answers with. No ID number is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from exam.kernel.canonical import canonical

MOST_ROWS: Final = 1000
"""A batch may hold so many rows; a longer one is refused whole (413)."""
LEVELS: Final = ("初级", "中级", "高级")
ID_CARD: Final = "居民身份证"
_REQUIRED: Final = (
    "number", "holder_name", "id_type", "id_number", "certificate_name", "level", "organisation_code",
    "organisation_name", "issued_on", "sha256",
)  # fmt: skip
_LONGEST: Final[Mapping[str, int]] = {
    "number": 32,
    "holder_name": 100,
    "certificate_name": 80,
    "organisation_name": 150,
}
_FACTS: Final = (
    "number", "version", "certificate_code", "certificate_name", "level", "organisation_code", "organisation_name",
    "institution_name", "batch_code", "issued_on", "sha256",
)  # fmt: skip


class BadRequest(Exception):
    """The request as a whole cannot be read; nothing of it was taken."""


class Repeated(Exception):
    """The idempotency key was used for another body."""


class Deed(StrEnum):
    """What a row asks for."""

    REGISTER = "register"
    WITHDRAW = "withdraw"


class TypeStatus(StrEnum):
    """Where a credit proposal stands at the bank (domain.md 3.9)."""

    REVIEW = "review"
    RECOGNISED = "recognised"
    REFUSED = "refused"
    PUBLISHED = "published"


class ConversionStatus(StrEnum):
    """Where a conversion stands at the bank."""

    REQUESTED = "requested"
    CONVERTED = "converted"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a batch as it came in."""

    key: str
    deed: Deed
    reason: str
    record: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return digest(self.record)


@dataclass(frozen=True)
class Flaw:
    """Why a row is refused."""

    code: str
    message: str


def read_rows(rows: object) -> list[Row]:
    """The rows of a batch; raises BadRequest where they are not what the protocol says."""
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise BadRequest("rows")
    try:
        found = [
            Row(
                key=str(row["key"]),
                deed=Deed(row["deed"]),
                reason=str(row.get("reason", "")),
                record=dict(row["record"]),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest("row") from error
    return found


def digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical record: the receipt echoes it, so that an answer for another record is noticed."""
    try:
        return hashlib.sha256(canonical(dict(record))).hexdigest()
    except ValueError:
        return ""


def flaws(row: Row) -> list[Flaw]:
    """What is wrong with a row; an empty list takes it."""
    record = row.record
    found = [Flaw("missing", name) for name in _REQUIRED if not str(record.get(name, "")).strip()]
    if row.key != f"{record.get('number')}/{record.get('version')}":
        found.append(Flaw("key", row.key))
    if found or row.deed is Deed.WITHDRAW:
        return found
    found += [Flaw("too_long", name) for name, most in _LONGEST.items() if len(str(record[name])) > most]
    if record["id_type"] == ID_CARD and not re.fullmatch(r"\d{17}[\dX]", str(record["id_number"])):
        found.append(Flaw("id_number", "id_number"))
    if record["level"] not in LEVELS:
        found.append(Flaw("level", "level"))
    if not _is_date(record["issued_on"]):
        found.append(Flaw("date", "issued_on"))
    if not re.fullmatch(r"[0-9a-f]{64}", str(record["sha256"])):
        found.append(Flaw("hash", "sha256"))
    if not row.digest:
        found.append(Flaw("record", "record"))
    return found


def _is_date(text: object) -> bool:
    try:
        date.fromisoformat(str(text))
    except ValueError:
        return False
    return True


def facts_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the registry keeps and shows of a record: nothing of the holder."""
    return {name: record.get(name, "") for name in _FACTS}


def receipt(
    row_key: str, deed: str, at: datetime, *, platform_id: str = "", record_sha256: str = "", flaws: Sequence[Flaw] = ()
) -> dict[str, Any]:
    """The answer to one row, as the protocol has it."""
    return {
        "key": row_key,
        "deed": str(deed),
        "accepted": not flaws,
        "platform_id": platform_id,
        "record_sha256": record_sha256,
        "code": flaws[0].code if flaws else "",
        "message": "、".join(flaw.message for flaw in flaws),
        "at": at.isoformat(),
    }


def read_proposal(data: Mapping[str, Any]) -> dict[str, Any]:
    """A credit proposal; raises BadRequest where a field is missing or no number."""
    try:
        credits, hours = Decimal(str(data["credits"])), Decimal(str(data["hours"]))
        names = ("certificate_code", "certificate_name", "level", "organisation_code", "rule")
        found: dict[str, Any] = {name: str(data[name]) for name in names}
        found |= {"version": int(data["version"]), "credits": str(credits), "hours": str(hours)}
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadRequest("proposal") from error
    if credits <= 0 or hours <= 0 or not credits.is_finite() or found["level"] not in LEVELS:
        raise BadRequest("proposal")
    return found
