"""The signed credential: by the key for credentials, found in the issuer's document, the same bytes for the same intent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from certificates.designs.queries import built_in_template
from certificates.issuing.credentials import credential_jwt, issuer_document
from certificates.issuing.documents import Intent
from certificates.issuing.rules.credential import from_base64url
from certificates.issuing.rules.face import Face
from certificates.keys.rules.purposes import Purpose
from certificates.keys.signer import signer_of
from exam.kernel import printing
from exam.kernel.services import Services
from exam.kernel.settings import Settings

FOUND = printing.dummy("certificate")


@pytest.fixture
def intent() -> Intent:
    return Intent(
        id=UUID(int=1),
        number=FOUND["number"],
        version=1,
        token="A" * 22,
        template=built_in_template(),
        face=Face.from_data(FOUND["face"]),
        id_number=FOUND["id_number"],
        photo_sha256="",
        numbered_at=datetime(2026, 5, 16, 1, tzinfo=UTC),
    )


async def test_the_key_of_the_token_stands_in_the_issuers_document(services: Services, intent: Intent) -> None:
    token = credential_jwt(services, intent, status_index=3)
    assert token == credential_jwt(services, intent, status_index=3)
    header, payload, signature = (from_base64url(part) for part in token.decode().split("."))
    issuer = json.loads(payload)["issuer"]["id"]
    document = issuer_document(services.settings, intent.face.organisation_code)
    assert document["id"] == issuer
    methods = {one["id"]: one for one in document["verificationMethod"]}
    method = methods[json.loads(header)["kid"]]
    assert {**json.loads(header)["jwk"]} == {name: method["publicKeyJwk"][name] for name in ("kty", "crv", "x", "y")}
    key = signer_of(services.settings, Purpose.CREDENTIAL).chain[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    key.verify(der, token.rpartition(b".")[0], ec.ECDSA(hashes.SHA256()))


async def test_documents_are_signed_by_another_key(services: Services, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert (
        signer_of(settings, Purpose.CREDENTIAL).chain[0].public_key()
        != signer_of(settings, Purpose.DOCUMENT).chain[0].public_key()
    )
