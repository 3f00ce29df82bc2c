"""Certificates and requests as a ceremony makes them: a root that only signs, and below it one certificate per purpose (RFC 5280)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import core, csr, keys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from certificates.keys.rules.purposes import RSA_BITS, USAGES, Algorithm, Purpose

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
AuthorityKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_EXPONENT: Final = 65537


@dataclass(frozen=True, kw_only=True)
class Validity:
    """From when until when a certificate is valid (aware instants, whole seconds)."""

    begin: datetime
    end: datetime


def new_key(algorithm: Algorithm) -> Private:
    """A new private key, from the system's source of randomness."""
    match algorithm:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "RS256":
            return rsa.generate_private_key(_EXPONENT, RSA_BITS)
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()


def root_certificate(key: AuthorityKey, organisation: str, name: str, validity: Validity) -> x509.Certificate:
    """A self-signed authority that may have nothing but signers below it."""
    subject = distinguished(organisation, name)
    builder = _begin(subject, subject, key, key, validity, authority=True)
    return builder.sign(key, hashes.SHA256())


def signer_certificate(
    key: Private | Public, purpose: Purpose, organisation: str, name: str, authority: tuple[AuthorityKey, x509.Certificate],
    validity: Validity,
) -> x509.Certificate:  # fmt: skip
    """A certificate for one purpose and no other."""
    issuer_key, issuer = authority
    builder = _begin(distinguished(organisation, name), issuer.subject, key, issuer_key, validity, authority=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([USAGES[purpose]]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def request(key: Private, purpose: Purpose, organisation: str, name: str) -> x509.CertificateSigningRequest:
    """A request to an authority outside (RFC 2986) that names the purpose."""
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(distinguished(organisation, name))
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([USAGES[purpose]]), critical=False)
    )
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def request_by(
    public: Public, raw: Callable[[bytes], bytes], algorithm: Algorithm, purpose: Purpose, organisation: str, name: str
) -> x509.CertificateSigningRequest:
    """The same for a key that lies elsewhere: `raw` signs, as a signer does. The form is that of a key thrown away."""
    made = csr.CertificationRequest.load(
        request(new_key(algorithm), purpose, organisation, name).public_bytes(serialization.Encoding.DER)
    )
    info = made["certification_request_info"]
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    info["subject_pk_info"] = keys.PublicKeyInfo.load(der)
    made["signature"] = core.OctetBitString(raw(info.dump(force=True)))
    found = x509.load_der_x509_csr(made.dump(force=True))
    if not found.is_signature_valid:
        raise ValueError("the request's signature does not hold")
    return found


def public_of(key: Private | Public) -> Public:
    """What is public of a key, or the public key itself."""
    if isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)):
        return key.public_key()
    return key


def distinguished(organisation: str, name: str) -> x509.Name:
    """The name that readers show."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: Private | Public,
    issuer_key: AuthorityKey,
    validity: Validity,
    *,
    authority: bool,
) -> x509.CertificateBuilder:
    public = public_of(key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.begin)
        .not_valid_after(validity.end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(_usage(authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
