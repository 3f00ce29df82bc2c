"""Keys and chains for tests: an authority of the test's own, certificates for any purpose, files as a ring wants them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certificates.keys.rules.authority import Private, Validity, new_key, root_certificate, signer_certificate
from certificates.keys.rules.purposes import ALGORITHMS, Algorithm, Purpose
from certificates.keys.rules.ring import Entry
from certificates.keys.signer.files import pem, pem_chain
from exam.kernel.files import write_whole

VALID = Validity(begin=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2031, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Authority:
    """A root of a test."""

    key: ec.EllipticCurvePrivateKey
    root: x509.Certificate

    def chain(
        self, key: Private, purpose: Purpose, name: str = "签名", validity: Validity = VALID
    ) -> tuple[x509.Certificate, ...]:
        """A chain for a key."""
        return signer_certificate(key, purpose, "测试机构", name, (self.key, self.root), validity), self.root


def authority(name: str = "测试根") -> Authority:
    """A new one."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, root_certificate(key, "测试机构", name, VALID))


def file_entry(
    folder: Path, made: Authority, name: str, purpose: Purpose = Purpose.DOCUMENT, algorithm: Algorithm | None = None,
    validity: Validity = VALID,
) -> Entry:  # fmt: skip
    """A key in a folder and what a ring says of it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = new_key(algorithm or ALGORITHMS[purpose][0])
    write_whole(folder / f"{name}.key", pem(key), 0o600)
    write_whole(folder / f"{name}.pem", pem_chain(made.chain(key, purpose, name, validity)), 0o644)
    return Entry(name=name, purpose=purpose, certificate=f"{name}.pem", key=f"{name}.key")
