"""The platform behind one port: the built-in registry by default, an outside platform by setting.

Both take batches of submissions under an idempotency key and answer each row: accepted with a receipt, or refused
with a code. Both can be asked what they know of a key, so that an unknown answer is asked about before a submission
is repeated (domain.md 3.8). The outside platform speaks plain JSON over HTTPS; its messages are in
docs/formats/certificate.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from certificates.platform.models import RegistryRecord
from certificates.platform.rules import PlatformRecord, record_problems
from exam.kernel.clock import Clock
from exam.kernel.db import Database
from exam.kernel.ids import token
from exam.kernel.services import Services

_TIMEOUT_SECONDS: Final = 20.0


class PlatformDown(Exception):
    """The platform does not answer, or answers nonsense: nothing is known, and it is asked again later."""


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
    code: str = ""
    message: str = ""
    at: str = ""

    def as_data(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "deed": str(self.deed),
            "accepted": self.accepted,
            "platform_id": self.platform_id,
            "code": self.code,
            "message": self.message,
            "at": self.at,
        }


class PlatformClient(Protocol):
    """What the register job asks of a platform."""

    @property
    def name(self) -> str:
        """How receipts name it."""

    async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
        """Hand over a batch; a row that is there already gets the receipt it got before."""

    async def look_up(self, keys: Sequence[str]) -> list[Receipt]:
        """What the platform knows of these keys; unknown ones are left out."""


class BuiltInRegistry:
    """A registry in our own database with the manners of an outside one: own tables, own transaction, receipts."""

    name = "built-in"

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
        """Store what is complete, refuse what is not, answer repeated rows as before."""
        now = self._clock.now()
        receipts: dict[str, Receipt] = {}
        complete: list[Submission] = []
        for row in rows:
            problems = record_problems(row.record) if row.deed is Deed.REGISTER else []
            if problems:
                receipts[row.key] = Receipt(
                    key=row.key,
                    deed=row.deed,
                    accepted=False,
                    code=problems[0].code,
                    message="、".join(problem.field for problem in problems),
                    at=now.isoformat(),
                )
            else:
                complete.append(row)
        async with self._db.transaction() as session:
            new = [_registry_row(row, now) for row in complete if row.deed is Deed.REGISTER]
            if new:
                await session.execute(insert(RegistryRecord).values(new).on_conflict_do_nothing())
            stored = await session.scalars(
                select(RegistryRecord).where(RegistryRecord.key.in_([row.key for row in complete]))
            )
            known = {row.key: row for row in stored}
            for row in complete:
                receipts[row.key] = _answer(row, known.get(row.key), now)
        return [receipts[row.key] for row in rows]

    async def look_up(self, keys: Sequence[str]) -> list[Receipt]:
        """The receipts of what is stored."""
        async with self._db.transaction() as session:
            stored = await session.scalars(select(RegistryRecord).where(RegistryRecord.key.in_(keys)))
            return [
                _receipt(
                    row,
                    Deed.WITHDRAW if row.withdrawn_at is not None else Deed.REGISTER,
                    row.withdrawn_at or row.received_at,
                )
                for row in stored
            ]


class HttpPlatform:
    """An outside platform: POST /certificates/batches, GET /certificates/receipts?key=..."""

    def __init__(self, address: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._address = address.rstrip("/")
        self._transport = transport
        self.name = httpx.URL(address).host

    async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
        """Post the batch under its idempotency key."""
        body = {
            "submission": str(submission_id),
            "rows": [
                {"key": row.key, "deed": str(row.deed), "reason": row.reason, "record": row.record.as_data()}
                for row in rows
            ],
        }
        found = await self._call(
            "POST", "/certificates/batches", json=body, headers={"Idempotency-Key": str(submission_id)}
        )
        return [receipt for receipt in found if receipt.key in {row.key for row in rows}]

    async def look_up(self, keys: Sequence[str]) -> list[Receipt]:
        """Ask for the receipts of keys."""
        return await self._call("GET", "/certificates/receipts", params=[("key", key) for key in keys])

    async def _call(self, method: str, path: str, **arguments: Any) -> list[Receipt]:
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=_TIMEOUT_SECONDS) as client:
                response = await client.request(method, self._address + path, **arguments)
            if response.status_code != httpx.codes.OK:
                raise PlatformDown(f"{self.name} answered {response.status_code}")
            return [_read_receipt(row) for row in response.json()["receipts"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise PlatformDown(f"{self.name}: {type(error).__name__}") from error


def client_of(services: Services) -> PlatformClient:
    """The platform of this installation."""
    if services.settings.platform_url:
        return HttpPlatform(services.settings.platform_url)
    return BuiltInRegistry(services.db, services.clock)


def _registry_row(row: Submission, now: datetime) -> dict[str, Any]:
    record = row.record
    text = json.dumps(record.as_data(), ensure_ascii=False, sort_keys=True)
    facts = {
        "number": record.number,
        "version": record.version,
        "certificate": record.certificate_name,
        "level": record.level,
        "organisation": record.organisation_name,
        "issued_on": record.issued_on.isoformat(),
        "sha256": record.sha256,
    }
    return {
        "key": row.key,
        "number": record.number,
        "version": record.version,
        "receipt_no": f"R{token(96)}",
        "received_at": now,
        "record_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "facts": facts,
        "withdrawn_at": None,
        "withdrawal_reason": None,
    }


def _answer(row: Submission, stored: RegistryRecord | None, now: datetime) -> Receipt:
    if stored is None:
        return Receipt(key=row.key, deed=row.deed, accepted=False, code="unknown", message=row.key, at=now.isoformat())
    if row.deed is Deed.WITHDRAW and stored.withdrawn_at is None:
        stored.withdrawn_at, stored.withdrawal_reason = now, row.reason
    return _receipt(stored, row.deed, stored.withdrawn_at or stored.received_at)


def _receipt(stored: RegistryRecord, deed: Deed, at: datetime) -> Receipt:
    return Receipt(key=stored.key, deed=deed, accepted=True, platform_id=stored.receipt_no, at=at.isoformat())


def _read_receipt(row: dict[str, Any]) -> Receipt:
    return Receipt(
        key=str(row["key"]),
        deed=Deed(row["deed"]),
        accepted=row["accepted"] is True,
        platform_id=str(row.get("platform_id", "")),
        code=str(row.get("code", "")),
        message=str(row.get("message", ""))[:500],
        at=str(row.get("at", "")),
    )
