"""One practical room on tablets: enrolled by code, opened by badge and PIN, out of reach of the line, then everything sent at once.

The keys are real and what they sign goes through the same door as from a workshop; only the tablets are not there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.demo.stage import Stage
from exam.kernel.canonical import canonical
from exam.sittings.rules import RoomSession
from scoring.tablets import actions, queries
from scoring.tablets.rules.devices import EVENTS_MOST, Message
from scoring.tablets.rules.enrolling import Enrolment
from scoring.tablets.rules.events import FIRST, Event, Kind, SheetKey
from scoring.tablets.rules.packs import Ask, sheet_sha256

PIN: Final = "271828"
_ORDER: Final = 2**255  # below the order of P-256's base point


@dataclass
class DemoTablet:
    """One device: its key and its chain."""

    id: UUID
    key: ec.EllipticCurvePrivateKey
    events: list[Event] = field(default_factory=list)

    def write(self, kind: Kind, sheet: SheetKey, at: datetime, **data: Any) -> None:
        """Append an event."""
        number = len(self.events) + 1
        self.events.append(
            Event(
                device_id=self.id,
                number=number,
                previous=self.events[-1].hash if self.events else FIRST,
                id=uuid5(self.id, str(number)),
                counter=number,
                kind=kind,
                sheet=sheet,
                said_at=at.isoformat(),
                data=data,
            )
        )


async def prepare(
    session: AsyncSession, stage: Stage, head: Actor, room: RoomSession, assessors: Sequence[Actor], now: datetime
) -> list[DemoTablet]:
    """One tablet for each assessor: enrolled, given out, opened with badge and PIN."""
    vault, files = stage.services.vault, stage.services.files
    accounts = [one.account_id for one in assessors if one.account_id]
    await actions.give_badges(session, vault, head, site_id=room.site_id, account_ids=accounts, now=now)
    found = []
    for number, assessor in enumerate(assessors, 1):
        await actions.choose_pin(session, vault, assessor, pin=PIN, again=PIN, now=now)
        random = stage.random(f"tablet {room.site_code} {number}")
        key = ec.derive_private_key(random.randrange(1, _ORDER), ec.SECP256R1())
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        code = await actions.make_code(session, vault, head, site_id=room.site_id, label=f"T{number:02d}", now=now)
        sent = Enrolment(code=code.code, public_key=base64.b64encode(public).decode())
        made = await actions.enrol(session, vault, sent, _sign(key, sent.body), now=now)
        await actions.give_out(session, head, tablet_id=made.tablet_id, room_session_id=room.id, now=now)
        ask = Ask(tablet_id=made.tablet_id, at=now.isoformat())
        await actions.pack(session, vault, files, ask, _sign(key, ask.body), now=now)
        found.append(DemoTablet(made.tablet_id, key))
    return found


def score(
    tablet: DemoTablet, sheet: SheetKey, definition: Mapping[str, Any], entries: Mapping[str, Any], overtime: int | None,
    evidence: Mapping[str, str], at: datetime,
) -> None:  # fmt: skip
    """A candidate's sheet as it is filled in, row by row, and signed whole."""
    answers = {row: value == "true" if value in ("true", "false") else value for row, value in entries.items()}
    tablet.write(Kind.OPENED, sheet, at)
    for second, (row, value) in enumerate(answers.items(), 1):
        tablet.write(Kind.ANSWERED, sheet, at + timedelta(seconds=second), row=row, value=value)
    if overtime is not None:
        tablet.write(Kind.OVERTIME, sheet, at + timedelta(minutes=1), minutes=overtime)
    told = {"evidence": {row: {"text": text, "photos": []} for row, text in evidence.items()}} if evidence else {}
    tablet.write(
        Kind.SIGNED, sheet, at + timedelta(minutes=2), answers=answers, overtime=overtime, note="",
        sheet_sha256=sheet_sha256(definition), **told,
    )  # fmt: skip


async def deliver(session: AsyncSession, room: RoomSession, tablets: Sequence[DemoTablet], now: datetime) -> None:
    """The line is back: everything is sent, the latest first, and entered."""
    for tablet in tablets:
        parts = [tablet.events[at : at + EVENTS_MOST] for at in range(0, len(tablet.events), EVENTS_MOST)]
        for part in reversed(parts):
            message = Message(tablet_id=tablet.id, last=len(tablet.events), events=tuple(one.body for one in part))
            await actions.take(session, message, _sign(tablet.key, message.body), now=now)
    await actions.project(session, room_session_id=room.id, now=now)


async def close(session: AsyncSession, stage: Stage, head: Actor, room: RoomSession, now: datetime) -> None:
    """The site head sees that the session balances, and closes it; where a second signature is still out, the officer does."""
    ledger = (await queries.account(session, room.id)).ledger
    actor, reason = (
        (head, "") if ledger.balanced else (stage.cast["officer"], "否决项待第二人签名，已与纸质评分表核对。")
    )
    await actions.close_room(session, actor, room_session_id=room.id, seen=ledger.digest, reason=reason, now=now)


def _sign(key: ec.EllipticCurvePrivateKey, body: Mapping[str, Any]) -> bytes:
    r, s = decode_dss_signature(key.sign(canonical(dict(body)), ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
