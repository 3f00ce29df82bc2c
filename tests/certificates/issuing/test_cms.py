"""The signature built by hand: openssl, pyHanko and our own checker agree on it, and on what is wrong with a changed one."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from certificates.issuing.rules.cms import Algorithm, cms
from certificates.issuing.signer import FileSigner

CONTENT = b"what is signed \x00\xff" * 99
ESS = tsp.__name__  # importing it teaches asn1crypto the attribute


def signer(algorithm: Algorithm, *, serial: int = 0x80F3) -> FileSigner:
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "签名 Signer")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return FileSigner("签名", True, (certificate,), key)


def made(by: FileSigner, content: bytes = CONTENT) -> bytes:
    assert by.algorithm != "EdDSA"
    return cms(hashlib.sha256(content).digest(), by.chain, by.algorithm, by.raw)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_openssl_accepts_it_and_refuses_other_content(algorithm: Algorithm, tmp_path: Path) -> None:
    by = signer(algorithm)
    (tmp_path / "cms.der").write_bytes(made(by))
    (tmp_path / "root.pem").write_bytes(by.chain[0].public_bytes(serialization.Encoding.PEM))
    for content, accepted in ((CONTENT, True), (CONTENT + b"!", False)):
        (tmp_path / "content").write_bytes(content)
        command = (
            "openssl cms -verify -binary -cades -inform DER -in cms.der -content content -CAfile root.pem -out out"
        )
        said = subprocess.run(
            [*command.split(), "-purpose", "any"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (said.returncode == 0) is accepted, said.stderr


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 0xFF, 0x8000, 2**159 - 1])
def test_it_is_the_der_that_another_library_writes(serial: int) -> None:
    by = signer("ES256", serial=serial)
    data = made(by)
    read = asn1_cms.ContentInfo.load(data, strict=True)
    assert read.dump(force=True) == data
    content = read["content"]
    (info,) = content["signer_infos"]
    attributes = {one["type"].native: one["values"] for one in info["signed_attrs"]}
    assert set(attributes) == {"content_type", "message_digest", "signing_certificate_v2"}
    assert attributes["message_digest"][0].native == hashlib.sha256(CONTENT).digest()
    named = attributes["signing_certificate_v2"][0]["certs"][0]
    assert named["cert_hash"].native == by.chain[0].fingerprint(hashes.SHA256())
    assert named["issuer_serial"]["serial_number"].native == serial == info["sid"].chosen["serial_number"].native


def test_the_same_input_gives_the_same_bytes() -> None:
    by = signer("ES256")
    assert made(by) == made(by)


def test_nothing_is_signed_without_a_digest_or_a_certificate() -> None:
    by = signer("ES256")
    for digest, chain in ((b"", by.chain), (hashlib.sha1(b"").digest(), by.chain), (bytes(32), ())):
        with pytest.raises(ValueError, match="needed"):
            cms(digest, chain, "ES256", by.raw)
