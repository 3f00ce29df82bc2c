"""One certificate's bytes: drawn from its frozen intent, signed, looked at with other eyes, stored.

The same intent and the same proof give the same bytes, so that what is drawn again after a cut is the same file; a time stamp
and a token's signature are new each time, and what the register names is the file that was noted.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pypdfium2
from asn1crypto import cms
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pypdfium2 import raw

from certificates.issuing.credentials import credential_jwt
from certificates.issuing.documents import Intent, draw
from certificates.issuing.documents.drawing import RESERVED_BYTES, STAMPED_BYTES
from certificates.issuing.documents.samples import PDFIUM
from certificates.issuing.rules.credential import MEDIA_TYPE
from certificates.issuing.rules.signature import Level, examine
from certificates.issuing.signer import roots, sign, signer_of
from certificates.ledger.rules import LedgerProof
from certificates.ledger.rules.entries import record_file
from certificates.stamps.client import authority_of, stamp_roots
from exam.kernel.errors import N_, Unavailable
from exam.kernel.pdf import Attachment
from exam.kernel.services import Services

ATTACHMENTS: Final = 3


class CannotIssue(Unavailable):
    """What was made is not what it should be: it is neither stored nor issued."""

    message = N_("证书 %(number)s 制作后自查不合格（%(reason)s），没有颁发。")
    way_out = N_("请把编号告诉管理员；编号已保留，查明后可以继续。")


@dataclass(frozen=True, kw_only=True)
class Work:
    """A certificate to make: what is drawn, the record that the ledger committed to, and the proof that it did."""

    intent: Intent
    record: Mapping[str, Any] = field(repr=False)
    proof: LedgerProof


def attachments_of(services: Services, work: Work) -> tuple[Attachment, ...]:
    """What goes with the page inside the file: the credential, the ledger's proof, and the record that opens its entry."""
    credential = credential_jwt(services, work.intent, status_index=work.proof.index)
    return (
        Attachment("credential.jwt", MEDIA_TYPE, "可验证凭证 Verifiable credential (Open Badges 3.0)", credential),
        Attachment("ledger-proof.txt", "text/plain", "登记簿证明 Proof of the ledger", work.proof.text.encode()),
        Attachment(
            "ledger-record.json",
            "application/json",
            "登记内容 Record of the ledger",
            record_file(work.proof, work.record),
        ),
    )


def make(services: Services, work: Work) -> str:
    """Draw, sign, check with other eyes, store; returns the hash. Nothing unsigned is ever stored."""
    intent = work.intent
    signer, authority = signer_of(services.settings), authority_of(services.settings)
    drawn = draw(
        intent,
        photo=services.files.get(intent.photo_sha256),
        base_url=services.settings.base_url,
        signer_name=signer.name,
        home=services.settings.home,
        attachments=attachments_of(services, work),
        frozen=services.files.get,
        reserved=STAMPED_BYTES if authority else RESERVED_BYTES,
    )
    signed = sign(drawn, signer, authority.stamp if authority else None)
    require_genuine(signed, intent, roots(services.settings), stamp_roots(services.settings) if authority else None)
    return services.files.put(signed)


def require_genuine(
    signed: bytes, intent: Intent, trusted: Sequence[bytes], stamps: Sequence[bytes] | None = None
) -> None:
    """Raise `CannotIssue` unless our own strict reading and another library agree about what was made.

    Ours: the signature covers all, holds, and leads to our root; its time stamp to one of `stamps`, where it must have one. PDFium's and pyHanko's: one page, one signature that holds
    over the bytes it names, and the number and the holder in the text that a reader finds.
    """
    found = examine(signed, trusted, stamps or ())
    flaws = [str(flaw) for flaw in found.flaws] or ([] if found.accepted else ["untrusted"])
    flaws += ["time stamp"] if stamps is not None and found.level is not Level.B_T else []
    flaws += other_eyes(signed, intent)
    if flaws:
        raise CannotIssue(number=intent.number, reason=", ".join(flaws))


def other_eyes(signed: bytes, intent: Intent) -> list[str]:
    """What PDFium and pyHanko find wrong with a certificate; empty when nothing."""
    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(signed)
        except pypdfium2.PdfiumError:
            return ["unreadable"]
        try:
            flaws = [] if len(document) == 1 else ["pages"]
            flaws += [] if raw.FPDFDoc_GetAttachmentCount(document) == ATTACHMENTS else ["attachments"]
            flaws += _signature_flaws(signed, document)
            seen = "".join(document[0].get_textpage().get_text_bounded().split())
        finally:
            document.close()
    flaws += [] if intent.number in seen else ["number"]
    flaws += [] if "".join(intent.face.holder_name.split()) in seen else ["holder"]
    return flaws


def _signature_flaws(signed: bytes, document: Any) -> list[str]:
    if raw.FPDF_GetSignatureCount(document) != 1:
        return ["signatures"]
    found = raw.FPDF_GetSignatureObject(document, 0)
    named = (ctypes.c_int * 4)()
    if raw.FPDFSignatureObj_GetByteRange(found, named, 4) != 4:
        return ["byte range"]
    begin, first, second, rest = named
    if begin != 0 or second + rest != len(signed):
        return ["byte range"]
    der = ctypes.create_string_buffer(raw.FPDFSignatureObj_GetContents(found, None, 0))
    raw.FPDFSignatureObj_GetContents(found, der, len(der))
    digest = hashlib.sha256(signed[:first] + signed[second:]).digest()
    return [] if _holds(der.raw, digest) else ["signature"]


def _holds(der: bytes, digest: bytes) -> bool:
    content = cms.ContentInfo.load(der)["content"]
    info = content["signer_infos"][0]
    serial = info["sid"].chosen["serial_number"].native
    leaf = next(one.chosen for one in content["certificates"] if one.chosen.serial_number == serial)
    intact, valid = validate_sig_integrity(info, leaf, "data", digest)
    return bool(intact and valid)
