"""Collects what certificates can be judged with later: from a folder, else over the addresses that the certificates name.

pyHanko's validator asks (RFC 6960, RFC 5280) and checks what comes back; which of it suffices, `rules.values` decides. Lists of
an authority without a network lie in ``KAOWU_HOME/keys/crls``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ValidationError

from certificates.archive.rules.reading import Reading
from certificates.archive.rules.revisions import Values
from exam.kernel.settings import Settings

FOLDER: Final = "crls"
_SECONDS: Final = 30.0


class Collector:
    """Asks once for each path; what was found is used again for the next certificate, which has the same."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.keys / FOLDER
        self._known: dict[tuple[bytes, ...], Values] = {}

    def __call__(self, found: Reading) -> Values:
        """What suffices for every path of a reading, as far as it can be had. Blocks: call it in a thread."""
        made = Values()
        for path in found.paths:
            key = tuple(one.public_bytes(Encoding.DER) for one in path)
            if key not in self._known:
                self._known[key] = asyncio.run(_values(path, _lists(self._folder)))
            made = made.joined(self._known[key])
        return made


async def _values(path: tuple[x509.Certificate, ...], lists: list[bytes]) -> Values:
    ders = tuple(one.public_bytes(Encoding.DER) for one in path)
    chain = [asn1_x509.Certificate.load(one) for one in ders]
    context = ValidationContext(
        trust_roots=chain[-1:], other_certs=chain[1:-1], crls=lists, allow_fetching=True, revocation_mode="hard-fail"
    )
    try:
        async with asyncio.timeout(_SECONDS):
            await CertificateValidator(
                chain[0], intermediate_certs=chain[1:-1], validation_context=context
            ).async_validate_path()
    except (TimeoutError, ValidationError, OSError):
        pass  # what is missing is named by who judges what was found
    finally:
        await context.aclose()  # type: ignore[no-untyped-call]
    issuers = {one.subject.dump() for one in chain[1:]}
    found = [one.dump() for one in context.crls if one.issuer.dump() in issuers]
    return Values(certificates=ders, responses=tuple(one.dump() for one in context.ocsps), lists=tuple(found))


def _lists(folder: Path) -> list[bytes]:
    """Every revocation list of the folder, PEM or DER."""
    found = []
    for path in sorted(folder.glob("*.crl")) if folder.is_dir() else []:
        data = path.read_bytes()
        found.append(pem.unarmor(data)[2] if pem.detect(data) else data)
    return found
