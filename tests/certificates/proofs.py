"""A signed certificate with everything in it: its record, an entry of the ledger that commits to it, and the proof of that."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from PIL import Image

from certificates.designs.queries import built_in_template
from certificates.issuing.documents import Attachment, Intent, draw
from certificates.issuing.rules.face import Face
from certificates.issuing.signer import sign
from certificates.keys.signer import Signer
from certificates.ledger.rules import LedgerEvent, LedgerProof
from certificates.ledger.rules.checkpoints import TreeHead, TreeProof
from certificates.ledger.rules.entries import commitment, entry_bytes, record_file
from certificates.ledger.rules.merkle import fold, leaf_hash, plan_inclusion, prove, root
from certificates.ledger.signer import origin_of, signed
from exam.kernel import printing
from exam.kernel.services import Services

MOMENT: Final = datetime(2026, 5, 16, 1, tzinfo=UTC)
INDEX: Final = 5
LEAVES: Final = 11


@dataclass(frozen=True)
class Sealed:
    """The pieces of one certificate that is proved."""

    intent: Intent
    record: dict[str, Any]
    proof: LedgerProof
    photo: bytes

    def attached(self, *, record: dict[str, Any] | None = None, text: str = "") -> list[Attachment]:
        """The attachments; with another record or proof for what must be noticed."""
        return [
            Attachment("ledger-proof.txt", "text/plain", "Ledger proof", (text or self.proof.text).encode()),
            Attachment(
                "ledger-record.json",
                "application/json",
                "Ledger record",
                record_file(self.proof, record or self.record),
            ),
        ]


def sealed(services: Services, head_of: Services | None = None) -> Sealed:
    """A certificate whose entry is the sixth of eleven; `head_of` lets another installation sign the checkpoint."""
    found = printing.dummy("certificate")
    face = Face.from_data(found["face"])
    intent = Intent(
        id=UUID(int=1),
        number=found["number"],
        version=1,
        token="A" * 22,
        template=built_in_template(),
        face=face,
        id_number=found["id_number"],
        photo_sha256="",
        numbered_at=MOMENT,
    )
    record = {"format": "test", "number": intent.number, "version": 1, "face": face.as_data()}
    salt = bytes(range(32))
    entry = entry_bytes(
        event=LedgerEvent.ISSUE,
        at=MOMENT,
        committed=commitment(salt, event=LedgerEvent.ISSUE, at=MOMENT, record=record),
    )
    leaves = [leaf_hash(entry if index == INDEX else b"%d" % index) for index in range(LEAVES)]
    settings = services.settings

    def node_at(level: int, index: int) -> bytes:
        return fold(leaves[index << level : (index + 1) << level])

    head = TreeHead(origin_of(settings), LEAVES, root(node_at, LEAVES))
    note = signed((head_of or services).settings, head)
    path = tuple(prove(node_at, plan_inclusion(INDEX, LEAVES)))
    text = TreeProof(INDEX, path, str(note)).text
    photo = io.BytesIO()
    Image.new("RGB", (250, 350), "#f4f4f4").save(photo, "JPEG")
    return Sealed(
        intent, record, LedgerProof(index=INDEX, size=LEAVES, entry=entry, salt=salt.hex(), text=text), photo.getvalue()
    )


def file_of(services: Services, made: Sealed, signer: Signer, attachments: list[Attachment] | None = None) -> bytes:
    """The signed file."""
    drawn = draw(
        made.intent,
        photo=made.photo,
        base_url=services.settings.base_url,
        signer_name=signer.name,
        home=services.settings.home,
        attachments=made.attached() if attachments is None else attachments,
    )
    return sign(drawn, signer)
