"""Tablets that write events as the page does: chains with Lamport's clock, for tests and measurements."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from exam.kernel.canonical import canonical
from exam.kernel.crypto import seal_exchange
from scoring.tablets.rules.devices import Message
from scoring.tablets.rules.events import FIRST, Event, Kind, SheetKey

MORNING = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
ROWS = ("a", "b", "c", "d")


@dataclass
class Tablet:
    """One device: its chain so far, what it has seen, and how wrong its clock is."""

    id: UUID
    clock_wrong: timedelta = timedelta(0)
    events: list[Event] = field(default_factory=list)
    counter: int = 0

    def write(self, kind: Kind, sheet: SheetKey, **data: Any) -> Event:
        """Append an event."""
        self.counter += 1
        number = len(self.events) + 1
        event = Event(
            device_id=self.id,
            number=number,
            previous=self.events[-1].hash if self.events else FIRST,
            id=uuid5(self.id, str(number)),
            counter=self.counter,
            kind=kind,
            sheet=sheet,
            said_at=(MORNING + self.clock_wrong + timedelta(seconds=number)).isoformat(),
            data=data,
        )
        self.events.append(event)
        return event

    def see(self, events: Iterable[Event]) -> None:
        """Learn of others' events: its next one comes after them."""
        self.counter = max([self.counter, *(one.counter for one in events)])

    def score(self, sheet: SheetKey, random: Random, *, sign: bool = True) -> None:
        """A candidate's sheet as it is filled in: rows, some changed again, then signed whole."""
        self.write(Kind.OPENED, sheet)
        answers: dict[str, int] = {}
        for row in (*ROWS, random.choice(ROWS)):
            answers[row] = random.randrange(4)
            self.write(Kind.ANSWERED, sheet, row=row, value=answers[row])
        self.write(Kind.OVERTIME, sheet, minutes=random.randrange(3))
        if sign:
            overtime = self.events[-1].data["minutes"]
            self.write(Kind.SIGNED, sheet, answers=answers, overtime=overtime, note="")


def batches(events: Sequence[Event], random: Random, doubled: float = 0.2, longest: int = 25) -> list[list[Event]]:
    """The events as a bad line delivers them: cut anywhere, some twice, in any order."""
    found: list[list[Event]] = []
    at = 0
    while at < len(events):
        size = random.randint(1, longest)
        found.append(list(events[at : at + size]))
        at += size
    found += [list(one) for one in found if random.random() < doubled]
    random.shuffle(found)
    for one in found:
        random.shuffle(one)
    return found


@dataclass
class Signer:
    """A tablet's key, as a browser makes it, and messages signed with it as a browser signs."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> bytes:
        """SubjectPublicKeyInfo."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, body: dict[str, Any]) -> bytes:
        """Raw r‖s (IEEE P1363)."""
        r, s = decode_dss_signature(self.key.sign(canonical(body), ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def message(tablet: Tablet, events: Sequence[Event], last: int | None = None, *, hear: bool = False) -> Message:
    """A message with these events, saying how far the chain goes."""
    return Message(
        tablet_id=tablet.id, last=len(tablet.events) if last is None else last,
        events=tuple(one.body for one in events), hear=hear,
    )  # fmt: skip


def photo(*, width: int = 32, height: int = 24, shade: int = 90, progressive: bool = False) -> bytes:
    """A JPEG as a tablet's canvas draws it: no metadata."""
    out = io.BytesIO()
    Image.effect_noise((width, height), shade).convert("RGB").save(out, "JPEG", quality=80, progressive=progressive)
    return out.getvalue()


def export_file(
    tablet: Tablet, signer: Signer, key: bytes, *, events: Sequence[Event] | None = None, inside: UUID | None = None
) -> dict[str, str]:
    """The export file of a tablet for a server's key; `inside`: of another tablet than the outside says."""
    sent = tablet.events if events is None else events
    plain = {"device": str(inside or tablet.id), "last": len(tablet.events), "events": [one.body for one in sent]}
    ephemeral, nonce, sealed = seal_exchange(key, canonical(plain), "kaowu-tablet-export/1")
    body = {
        "format": "kaowu-tablet-export/1",
        "device": str(tablet.id),
        "ephemeral": base64.b64encode(ephemeral).decode(),
        "nonce": base64.b64encode(nonce).decode(),
        "sealed": base64.b64encode(sealed).decode(),
    }
    return body | {"signature": base64.b64encode(signer.sign(dict(body))).decode()}
