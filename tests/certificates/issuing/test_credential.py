"""The credential against the rules of Open Badges 3.0, the W3C data model 2.0 and the Bitstring Status List, one by one.

The published JSON schema of 1EdTech is third-party material and is not kept here; what it requires is written out below.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from certificates.issuing.rules.credential import (
    LIST_LENGTH,
    Subject,
    credential_of,
    did_document,
    did_web,
    encoded_list,
    from_base64url,
    identity_hash,
    jwk,
    jwt,
    read_list,
    status_list_of,
    thumbprint,
)
from certificates.issuing.rules.face import Face
from exam.kernel import printing

BASE = "https://certificates.example.org"
KEY = ec.derive_private_key(4711, ec.SECP256R1())
SUBJECT = Subject(
    number="0001JZX2202641000001A",
    version=1,
    token="T" * 22,
    face=Face.from_data(printing.dummy("certificate")["face"]),
    id_number="11010519491231002X",
    salt="00" * 16,
)


def made(subject: Subject = SUBJECT, index: int = 7) -> dict[str, Any]:
    return credential_of(subject, base_url=BASE, status_index=index)


def signed(credential: dict[str, Any]) -> bytes:
    return jwt(
        credential,
        kid=did_web(BASE),
        key=KEY.public_key(),
        raw=lambda data: KEY.sign(data, ec.ECDSA(hashes.SHA256())),
    )


def parts(token: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    header, payload, signature = token.decode().split(".")
    return json.loads(from_base64url(header)), json.loads(from_base64url(payload)), from_base64url(signature)


def test_every_required_member_is_there_with_its_type() -> None:
    found = made()
    assert found["@context"] == [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ]
    assert found["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert {"id", "name", "issuer", "validFrom", "credentialSubject"} <= found.keys()
    assert found["issuer"]["type"] == ["Profile"]
    subject = found["credentialSubject"]
    assert subject["type"] == ["AchievementSubject"]
    assert {"id", "type", "name", "description", "criteria"} <= subject["achievement"].keys()
    assert subject["achievement"]["type"] == ["Achievement"]
    assert subject["achievement"]["criteria"].keys() & {"id", "narrative"}
    (described,) = subject["achievement"]["resultDescription"]
    assert {"id", "type", "name", "resultType"} <= described.keys()
    assert subject["result"][0]["resultDescription"] == described["id"]
    assert subject["result"][0]["value"] in described["allowedValue"]
    assert datetime.fromisoformat(found["validFrom"]).utcoffset() is not None


def test_the_holder_is_named_and_the_id_number_only_hashed() -> None:
    name, number = made()["credentialSubject"]["identifier"]
    assert (name["type"], name["hashed"], name["identityType"]) == ("IdentityObject", False, "name")
    assert name["identityHash"] == SUBJECT.face.holder_name
    assert (number["hashed"], number["identityType"]) == (True, "nationalIdentityNumber")
    assert number["identityHash"] == identity_hash("11010519491231002X", number["salt"])
    assert "11010519491231002X" not in json.dumps(made())
    passport = replace(SUBJECT, face=replace(SUBJECT.face, id_type_zh="护照"))
    assert made(passport)["credentialSubject"]["identifier"][1]["identityType"] == "identifier"


def test_the_token_carries_the_claims_and_only_the_permitted_headers() -> None:
    credential = made()
    header, payload, signature = parts(signed(credential))
    assert header.keys() == {"alg", "typ", "kid", "jwk"}
    assert (header["alg"], header["typ"]) == ("ES256", "JWT")
    assert header["kid"] == f"{did_web(BASE)}#{thumbprint(header['jwk'])}"
    assert "d" not in header["jwk"]
    assert (payload["iss"], payload["jti"]) == (credential["issuer"]["id"], credential["id"])
    assert payload["sub"] == credential["credentialSubject"]["id"]
    assert datetime.fromtimestamp(payload["nbf"], UTC) == datetime.fromisoformat(credential["validFrom"])
    assert {name: payload[name] for name in credential} == credential
    assert len(signature) == 64


def test_the_signature_holds_and_one_changed_letter_breaks_it() -> None:
    token = signed(made())
    message, _, _ = token.rpartition(b".")
    raw = parts(token)[2]
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    KEY.public_key().verify(der, message, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        KEY.public_key().verify(der, message.replace(b"e", b"f", 1), ec.ECDSA(hashes.SHA256()))


def test_an_rsa_key_signs_as_rs256() -> None:
    key = rsa.generate_private_key(65537, 2048)
    token = jwt(
        made(),
        kid="did:web:x",
        key=key.public_key(),
        raw=lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()),
    )
    header, _, signature = parts(token)
    assert header["alg"] == "RS256"
    key.public_key().verify(signature, token.rpartition(b".")[0], padding.PKCS1v15(), hashes.SHA256())


def test_addresses_become_did_web() -> None:
    assert did_web("https://example.org") == "did:web:example.org"
    assert did_web("http://127.0.0.1:8000", "issuers", "0001") == "did:web:127.0.0.1%3A8000:issuers:0001"
    assert did_web("https://example.org/exams/", "issuers", "0001") == "did:web:example.org:exams:issuers:0001"


def test_a_did_document_names_the_keys_that_tokens_name() -> None:
    did = did_web(BASE, "issuers", "0001")
    document = did_document(did, [KEY.public_key()])
    (method,) = document["verificationMethod"]
    assert (document["id"], method["controller"], document["assertionMethod"]) == (did, did, [method["id"]])
    assert method["id"] == f"{did}#{thumbprint(jwk(KEY.public_key()))}"
    assert did_document(did, [])["assertionMethod"] == []


def test_the_bytes_that_are_signed_stay_what_they_were() -> None:
    """Whoever holds a token compares these bytes for years: names in order, no blanks, characters as they are."""
    sent: list[bytes] = []

    def raw(message: bytes) -> bytes:
        sent.append(message)
        return KEY.sign(message, ec.ECDSA(hashes.SHA256()))

    jwt(
        {
            "id": "urn:1", "name": '超 <é>\n"', "issuer": "did:web:x", "validFrom": "2026-05-16T09:00:00+08:00",
            "credentialSubject": {"id": "urn:2", "n": [1, None, True]},
        },
        kid="did:web:x", key=KEY.public_key(), raw=raw,
    )  # fmt: skip
    assert hashlib.sha256(sent[0]).hexdigest() == "02b3f3c7b1b6af4ba31b8a24ef9713fdd0ab0f8c9b3e7d7e80db246e9d6ba8ff"


def test_the_published_thumbprint_of_rfc_7638() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI"
        "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    assert thumbprint({"kty": "RSA", "n": n, "e": "AQAB"}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_status_is_found_on_its_page() -> None:
    entry = made(index=LIST_LENGTH + 5)["credentialStatus"]
    assert entry["type"] == "BitstringStatusListEntry"
    assert (entry["statusPurpose"], entry["statusListIndex"]) == ("revocation", "5")
    assert entry["statusListCredential"] == f"{BASE}/certificates/status/1"


def test_a_status_list_holds_its_own_bits_only() -> None:
    now = datetime(2026, 5, 16, 1, tzinfo=UTC)
    found = status_list_of(BASE, 1, [5, LIST_LENGTH, LIST_LENGTH + 9, 2 * LIST_LENGTH], now=now)
    assert found["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    subject = found["credentialSubject"]
    assert (subject["type"], subject["statusPurpose"]) == ("BitstringStatusList", "revocation")
    bits = read_list(subject["encodedList"])
    assert len(bits) * 8 == LIST_LENGTH
    assert [place for place in range(LIST_LENGTH) if bits[place // 8] & 0x80 >> place % 8] == [0, 9]
    assert not any(read_list(encoded_list([])))
    assert parts(signed(found))[1]["exp"] - parts(signed(found))[1]["nbf"] == 86_400
    with pytest.raises(ValueError, match="multibase"):
        read_list("z" + subject["encodedList"][1:])


def test_the_same_certificate_gives_the_same_credential() -> None:
    assert made() == made()
    assert made(index=8) != made()
