"""The demo's keys: one per purpose under a demo authority, made once where an installation has no other keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certificates.keys.rules.authority import AuthorityKey, Validity, new_key, root_certificate, signer_certificate
from certificates.keys.rules.purposes import ALGORITHMS, Purpose
from certificates.keys.signer.files import pem, pem_chain
from exam.kernel.files import write_whole
from exam.kernel.locks import exclusive

DEMO_CHAIN: Final = "demo-signer.pem"
_VALIDITY: Final = Validity(begin=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2050, 1, 1, tzinfo=UTC))
_ORGANISATION: Final = "Kaowu Specimen"
_AUTHORITY: Final = "Kaowu Demo CA 演示"
_NAMES: Final = {
    Purpose.DOCUMENT: ("demo-signer", "Kaowu 演示签名 Specimen"),
    Purpose.CREDENTIAL: ("demo-credential", "Kaowu 演示凭证 Specimen"),
    Purpose.LEDGER: ("demo-ledger", "Kaowu 演示登记簿 Specimen"),
    Purpose.EXPORT: ("demo-export", "Kaowu 演示导出 Specimen"),
}


def demo_key(folder: Path, purpose: Purpose = Purpose.DOCUMENT) -> tuple[Path, Path]:
    """Paths of the demo's key and chain for a purpose; the authority's own key signs nothing but these."""
    stem, name = _NAMES[purpose]
    key_path, chain_path = folder / f"{stem}.key", folder / f"{stem}.pem"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with exclusive(folder / "demo-signer.lock"):
        if not chain_path.exists():
            authority, root = _authority(folder)
            key = new_key(ALGORITHMS[purpose][0])
            leaf = signer_certificate(key, purpose, _ORGANISATION, name, (authority, root), _VALIDITY)
            write_whole(key_path, pem(key), 0o600)
            write_whole(chain_path, pem_chain((leaf, root)), 0o644)
    return key_path, chain_path


def _authority(folder: Path) -> tuple[AuthorityKey, x509.Certificate]:
    """The demo's authority: the one that is there, or a new one."""
    key_path, root_path = folder / "demo-ca.key", folder / "demo-ca.pem"
    if root_path.exists():
        found = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        assert isinstance(found, ec.EllipticCurvePrivateKey)
        return found, x509.load_pem_x509_certificate(root_path.read_bytes())
    made = ec.generate_private_key(ec.SECP256R1())
    root = root_certificate(made, _ORGANISATION, _AUTHORITY, _VALIDITY)
    write_whole(key_path, pem(made), 0o600)
    write_whole(root_path, pem_chain((root,)), 0o644)
    return made, root
