"""Signs what the credential says: of one certificate, of a status list, and tells which keys that is done with.

The key is the one for credentials (`certificates.keys`); earlier ones of the ring stay in the issuer's document, so that
what they signed can still be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from certificates.issuing.documents import Intent
from certificates.issuing.rules.credential import (
    PublicKey,
    Subject,
    credential_of,
    did_document,
    did_web,
    issuer_did,
    jwt,
)
from certificates.keys.rules.purposes import Purpose
from certificates.keys.signer import CannotSign, ring_of, signer_of
from certificates.keys.signer.port import read_chain
from exam.kernel.services import Services
from exam.kernel.settings import Settings

_SALT_CONTEXT: Final = "credential identity"
_SALT_DIGITS: Final = 32


def credential_jwt(services: Services, intent: Intent, *, status_index: int) -> bytes:
    """The credential of a certificate that is about to be drawn; `status_index` is the leaf of its entry in the ledger.

    The same intent and index give the same bytes under a key that signs deterministically. Raises `CannotSign`.
    """
    subject = Subject(
        number=intent.number,
        version=intent.version,
        token=intent.token,
        face=intent.face,
        id_number=intent.id_number,
        salt=services.vault.blind(f"{intent.number}/{intent.version}", _SALT_CONTEXT)[:_SALT_DIGITS],
    )
    base_url = services.settings.base_url
    found = credential_of(subject, base_url=base_url, status_index=status_index)
    return sign_credential(services.settings, found, kid=issuer_did(base_url, intent.face.organisation_code))


def sign_credential(settings: Settings, credential: Mapping[str, Any], *, kid: str = "") -> bytes:
    """A credential as JWT; `kid` is the issuer in whose document the key stands (default: this installation)."""
    signer = signer_of(settings, Purpose.CREDENTIAL)
    if signer.algorithm == "EdDSA":
        raise CannotSign(reason="P-256, RSA-3072")
    key = _public(signer.chain[0].public_key())
    return jwt(credential, kid=kid or did_web(settings.base_url), key=key, raw=signer.raw)


def issuer_document(settings: Settings, organisation_code: str = "") -> dict[str, Any]:
    """The did:web document of an awarding organisation here, or of the installation itself."""
    base = settings.base_url
    return did_document(issuer_did(base, organisation_code) if organisation_code else did_web(base), _keys(settings))


def _keys(settings: Settings) -> list[PublicKey]:
    """The key that signs now, then those before it."""
    folder = settings.ring.parent
    chains = [signer_of(settings, Purpose.CREDENTIAL).chain]
    chains += [
        read_chain(folder / one.certificate) for one in ring_of(settings).keys if one.purpose is Purpose.CREDENTIAL
    ]
    leaves = dict.fromkeys(chain[0] for chain in chains)
    return [_public(leaf.public_key()) for leaf in leaves]


def _public(key: object) -> PublicKey:
    if not isinstance(key, PublicKey):
        raise CannotSign(reason="P-256, RSA-3072")
    return key
