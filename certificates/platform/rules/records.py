"""What the platform is told and what it answers: records, the deeds asked for, receipts, and which receipts are believed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from exam.kernel.canonical import canonical
from exam.kernel.errors import N_, Problem


@dataclass(frozen=True, kw_only=True)
class PlatformRecord:
    """What the platform is told of one certificate (domain.md section 8); personal data, sealed where it waits."""

    number: str
    version: int
    holder_name: str
    id_type: str
    id_number: str = field(repr=False)
    certificate_code: str
    certificate_name: str
    level: str
    organisation_code: str
    organisation_name: str
    institution_name: str
    batch_code: str
    issued_on: date
    sha256: str

    @property
    def key(self) -> str:
        return record_key(self.number, self.version)

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "issued_on": self.issued_on.isoformat()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> PlatformRecord:
        return cls(**{**data, "issued_on": date.fromisoformat(data["issued_on"])})


def record_key(number: str, version: int) -> str:
    """The idempotency key of a registration (domain.md 3.8): the same certificate is never there twice."""
    return f"{number}/{version}"


def record_digest(record: PlatformRecord) -> str:
    """SHA-256 of the canonical record, which receipts echo: an answer for another record is noticed."""
    return hashlib.sha256(canonical(record.as_data())).hexdigest()


class Deed(StrEnum):
    """What a submission asks for."""

    REGISTER = "register"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One row of a batch."""

    deed: Deed
    record: PlatformRecord
    reason: str = ""

    @property
    def key(self) -> str:
        return self.record.key


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The platform's answer to one row."""

    key: str
    deed: Deed
    accepted: bool
    platform_id: str = ""
    record_sha256: str = ""
    code: str = ""
    message: str = ""
    at: str = ""

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "deed": str(self.deed)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Receipt:
        """Read a receipt from JSON; raises KeyError, TypeError or ValueError where it is none."""
        if not isinstance(data["accepted"], bool):
            raise TypeError("accepted")
        return cls(
            key=str(data["key"]),
            deed=Deed(data["deed"]),
            accepted=data["accepted"],
            platform_id=str(data.get("platform_id", ""))[:200],
            record_sha256=str(data.get("record_sha256", ""))[:64],
            code=str(data.get("code", ""))[:60],
            message=str(data.get("message", ""))[:500],
            at=str(data.get("at", ""))[:40],
        )


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the platform answered when it was asked: the receipts it has, and the keys it says it does not know."""

    receipts: tuple[Receipt, ...] = ()
    unknown: frozenset[str] = frozenset()


def believed(receipts: Iterable[Receipt], digests: Mapping[str, str]) -> list[Receipt]:
    """The receipts that hold, one for each key and deed, in order of the keys.

    Not believed: a key that was not asked about, two answers that contradict each other, an acceptance without the
    platform's own number, and an acceptance of a record that is not ours. What is not believed is asked about again.
    """
    answers: dict[tuple[str, Deed], set[Receipt]] = defaultdict(set)
    for receipt in receipts:
        if receipt.key in digests:
            answers[receipt.key, receipt.deed].add(receipt)
    found: list[Receipt] = []
    for (key, _), given in sorted(answers.items()):
        if len({(one.accepted, one.platform_id) for one in given}) > 1:
            continue
        receipt = min(given, key=lambda one: (one.at, one.code, one.message))
        if receipt.accepted and not (receipt.platform_id and receipt.record_sha256 == digests[key]):
            continue
        found.append(receipt)
    return found


def record_problems(record: PlatformRecord) -> list[Problem]:
    """What a platform refuses in one record: a missing field, by its name."""
    required = (
        "number",
        "holder_name",
        "id_type",
        "id_number",
        "certificate_name",
        "level",
        "organisation_name",
        "sha256",
    )
    return [
        Problem(message=N_("缺少“%(field)s”。"), facts={"field": name}, field=name, code="missing")
        for name in required
        if not str(getattr(record, name)).strip()
    ]
