"""Signing a drawn certificate: the open field of the file is closed with the key that `certificates.keys` gives out.

PAdES B-B (ETSI EN 319 142-1): a detached CMS with the ESS signing-certificate-v2 attribute over the whole file, written
into the open field of a drawn certificate, so that one revision holds everything. P-256 with SHA-256 or RSA-3072:
Ed25519 fails in common readers. Which key signs, and where it lives, is `certificates.keys`' affair.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from certificates.issuing.rules.cms import cms
from certificates.keys.signer import DEMO_CHAIN, CannotSign, FileSigner, Signer, load_signer, roots, signer_of

__all__ = ["DEMO_CHAIN", "CannotSign", "FileSigner", "Signer", "load_signer", "roots", "sign", "signer_of"]

_BYTE_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*0\s+9999999999\s+9999999999\s+9999999999\s*\]")
_CONTENTS: Final = re.compile(rb"/Contents\s*<(0+)>")


def sign(data: bytes, signer: Signer, stamp: Callable[[bytes], bytes] | None = None) -> bytes:
    """Close the open signature field of a drawn certificate; the only change is inside its two placeholders.

    With `stamp` (a message's time stamp token, `certificates.stamps.client`) the signature is B-T.
    """
    ranges, contents = list(_BYTE_RANGE.finditer(data)), list(_CONTENTS.finditer(data))
    if len(ranges) != 1 or len(contents) != 1:
        raise CannotSign(reason="ByteRange")
    if signer.algorithm == "EdDSA":
        raise CannotSign(reason="P-256, RSA-3072")
    start, end = contents[0].start(1) - 1, contents[0].end(1) + 1
    text = b"/ByteRange [0 %d %d %d]" % (start, end, len(data) - end)
    place = ranges[0]
    data = data[: place.start()] + text.ljust(place.end() - place.start()) + data[place.end() :]
    digest = hashlib.sha256(data[:start] + data[end:]).digest()
    room = end - start - 2
    signature = cms(digest, signer.chain, signer.algorithm, signer.raw, stamp).hex().encode()
    if len(signature) > room:
        raise CannotSign(reason=f"CMS {len(signature)} > {room}")
    return data[: start + 1] + signature.ljust(room, b"0") + data[end - 1 :]
