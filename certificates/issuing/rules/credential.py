"""A certificate as a verifiable credential: Open Badges 3.0 over the W3C data model 2.0, its JWT, and the status list. Pure.

Open Badges 3.0 (1EdTech) 8.2 "JSON Web Token proof format": the payload is the credential itself with `iss`, `jti`, `nbf`
and `sub` beside it, the header holds `alg`, `typ`, `kid` and `jwk` and nothing else. Status: W3C Bitstring Status List 1.0.
Keys: did:web (W3C CCG), JWK (RFC 7517), thumbprint (RFC 7638), ES256/RS256 (RFC 7518).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certificates.issuing.rules.face import Face
from exam.kernel.canonical import canonical

MEDIA_TYPE: Final = "application/vc+jwt"
LIST_LENGTH: Final = 131_072
"""Entries of one status list: the least that the standard allows, so that nobody is told from an index."""
LIST_SECONDS: Final = 30
"""How long a status list may be kept: what is revoked shows everywhere within a minute."""

_CONTEXT: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
_SCHEMA: Final = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
_LEVELS: Final = ("初级", "中级", "高级")
_CHINA: Final = timezone(timedelta(hours=8))
_RESIDENT: Final = "居民身份证"

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the credential says: the frozen certificate, its holder's ID number and the salt that its hash gets."""

    number: str
    version: int
    token: str
    face: Face
    id_number: str
    salt: str  # hex


def did_web(base_url: str, *path: str) -> str:
    """The did:web of an address, e.g. ``did:web:example.org:issuers:0001``; a port is percent-encoded."""
    parts = urlsplit(base_url)
    host = quote(parts.netloc, safe="")
    inner = [quote(part, safe="") for part in parts.path.split("/") if part]
    return ":".join(["did:web", host, *inner, *(quote(part, safe="") for part in path)])


def issuer_did(base_url: str, organisation_code: str) -> str:
    """Who issues: the awarding organisation at this installation."""
    return did_web(base_url, "issuers", organisation_code)


def identity_hash(id_number: str, salt: str) -> str:
    """Open Badges 3.0, IdentityObject: SHA-256 of the identity followed by the salt."""
    return "sha256$" + hashlib.sha256((id_number + salt).encode()).hexdigest()


def credential_of(subject: Subject, *, base_url: str, status_index: int) -> dict[str, Any]:
    """The unsigned credential; `status_index` is the leaf of the certificate's issue in the ledger."""
    face, address = subject.face, f"{base_url}/v/{subject.token}"
    return {
        "@context": list(_CONTEXT),
        "id": address,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{face.certificate_name_zh}（{face.level_zh}）",
        "issuer": {
            "id": issuer_did(base_url, face.organisation_code),
            "type": ["Profile"],
            "name": face.organisation_name_zh,
        },
        "validFrom": _instant(face.issued_on).isoformat(),
        "awardedDate": _instant(face.issued_on).isoformat(),
        "credentialSubject": {
            "id": f"{address}#holder",
            "type": ["AchievementSubject"],
            "identifier": _identifiers(subject),
            "licenseNumber": subject.number,
            "achievement": _achievement(face, base_url),
            "result": [
                {"type": ["Result"], "resultDescription": _level_id(face, base_url), "value": face.level_zh},
            ],
        },
        "evidence": [
            {
                "id": f"{base_url}/ledger#{status_index}",
                "type": ["Evidence"],
                "name": f"登记簿第 {status_index} 号 Ledger entry {status_index}",
                "description": "颁发的承诺值列在只增不改的登记簿中，包含证明与本凭证在同一 PDF 内（ledger-proof.txt）。",
            }
        ],
        "credentialStatus": status_entry(base_url, status_index),
        "credentialSchema": [{"id": _SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }


def status_entry(base_url: str, index: int) -> dict[str, Any]:
    """Where the status of the credential with this index is looked up."""
    page, place = divmod(index, LIST_LENGTH)
    address = f"{base_url}/certificates/status/{page}"
    return {
        "id": f"{address}#{place}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(place),
        "statusListCredential": address,
    }


def status_list_of(base_url: str, page: int, ended: Iterable[int], *, now: datetime) -> dict[str, Any]:
    """The status list credential of a page: bit 1 for every index of `ended` (counted over the whole ledger) on it."""
    address = f"{base_url}/certificates/status/{page}"
    return {
        "@context": [_CONTEXT[0]],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": did_web(base_url),
        "validFrom": now.astimezone(UTC).replace(microsecond=0).isoformat(),
        "validUntil": (now.astimezone(UTC).replace(microsecond=0) + timedelta(days=1)).isoformat(),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "ttl": LIST_SECONDS * 1000,
            "encodedList": encoded_list(one - page * LIST_LENGTH for one in ended),
        },
    }


def encoded_list(places: Iterable[int]) -> str:
    """Multibase base64url of the gzipped bits; the first bit is the highest of the first byte. Places elsewhere are left out."""
    bits = bytearray(LIST_LENGTH // 8)
    for place in places:
        if 0 <= place < LIST_LENGTH:
            bits[place // 8] |= 0x80 >> place % 8
    return "u" + base64url(gzip.compress(bytes(bits), 9, mtime=0))


def read_list(encoded: str) -> bytes:
    """The bits of an encoded list; `ValueError` for what is none."""
    if not encoded.startswith("u"):
        raise ValueError("not multibase base64url")
    return gzip.decompress(from_base64url(encoded[1:]))


def jwt(credential: Mapping[str, Any], *, kid: str, key: PublicKey, raw: Callable[[bytes], bytes]) -> bytes:
    """The credential as a compact JWS. `raw` signs bytes and returns a DER ECDSA or a PKCS#1 signature."""
    found = jwk(key)
    issuer = credential["issuer"]
    header = {
        "alg": "ES256" if found["kty"] == "EC" else "RS256",
        "typ": "JWT",
        "kid": f"{kid}#{thumbprint(found)}",
        "jwk": found,
    }
    payload = {
        **credential,
        "iss": issuer if isinstance(issuer, str) else issuer["id"],
        "jti": credential["id"],
        "nbf": int(datetime.fromisoformat(credential["validFrom"]).timestamp()),
        "sub": credential["credentialSubject"]["id"],
    }
    if "validUntil" in credential:
        payload["exp"] = int(datetime.fromisoformat(credential["validUntil"]).timestamp())
    signed = f"{base64url(canonical(header))}.{base64url(canonical(payload))}".encode()
    signature = raw(signed)
    return signed + b"." + base64url(_fixed(signature) if found["kty"] == "EC" else signature).encode()


def jwk(key: PublicKey) -> dict[str, str]:
    """A public key as RFC 7518 writes it."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = key.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
    rsa_numbers = key.public_numbers()
    return {
        "kty": "RSA",
        "n": _number(rsa_numbers.n, (rsa_numbers.n.bit_length() + 7) // 8),
        "e": _number(rsa_numbers.e, 3),
    }


def thumbprint(found: Mapping[str, str]) -> str:
    """RFC 7638: the members that make the key, in order, hashed."""
    needed = ("crv", "kty", "x", "y") if found["kty"] == "EC" else ("e", "kty", "n")
    return base64url(hashlib.sha256(canonical({name: found[name] for name in needed})).digest())


def did_document(did: str, keys: Iterable[PublicKey]) -> dict[str, Any]:
    """The document that a did:web leads to: the keys that credentials of this issuer are signed with."""
    found = [jwk(key) for key in keys]
    methods = [
        {
            "id": f"{did}#{thumbprint(one)}",
            "type": "JsonWebKey",
            "controller": did,
            "publicKeyJwk": {**one, "kid": thumbprint(one), "alg": "ES256" if one["kty"] == "EC" else "RS256"},
        }
        for one in found
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [one["id"] for one in methods],
    }


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _identifiers(subject: Subject) -> list[dict[str, Any]]:
    resident = subject.face.id_type_zh == _RESIDENT
    return [
        {
            "type": "IdentityObject",
            "hashed": False,
            "identityHash": subject.face.holder_name,
            "identityType": "name",
        },
        {
            "type": "IdentityObject",
            "hashed": True,
            "identityHash": identity_hash(subject.id_number, subject.salt),
            "identityType": "nationalIdentityNumber" if resident else "identifier",
            "salt": subject.salt,
        },
    ]


def _achievement(face: Face, base_url: str) -> dict[str, Any]:
    return {
        "id": _achievement_id(face, base_url),
        "type": ["Achievement"],
        "achievementType": "Certification",
        "name": f"{face.certificate_name_zh}（{face.level_zh}）",
        "description": f"{face.certificate_name_en}, {face.level_en}",
        "humanCode": f"{face.certificate_code}-{face.level_zh}",
        "inLanguage": "zh-CN",
        "criteria": {
            "narrative": "按该证书该等级的考核方案考核合格。Passed the assessment of this certificate at this level."
        },
        "resultDescription": [
            {
                "id": _level_id(face, base_url),
                "type": ["ResultDescription"],
                "name": "职业技能等级 Vocational skill level",
                "resultType": "PerformanceLevel",
                "allowedValue": list(_LEVELS),
            }
        ],
    }


def _achievement_id(face: Face, base_url: str) -> str:
    return f"{issuer_did(base_url, face.organisation_code)}/achievements/{quote(face.certificate_code)}/{face.level}"


def _level_id(face: Face, base_url: str) -> str:
    return f"{_achievement_id(face, base_url)}#level"


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), _CHINA)


def _number(value: int, size: int) -> str:
    return base64url(value.to_bytes(size, "big"))


def _fixed(der: bytes) -> bytes:
    """An ECDSA signature as JOSE writes it: r and s, 32 bytes each (RFC 7518, 3.4)."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
