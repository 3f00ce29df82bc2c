"""Holds a key ceremony in a folder: an authority (its key locked with a passphrase), a key for each purpose, and the log.

Each new key signs the log itself (``ceremony.<name>.sig``: raw, to be checked with openssl and the certificate or request
beside it), so that log and keys belong together. Nothing private stands in the log but what is public of it.
"""

from __future__ import annotations

import platform
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certificates.keys.rules.authority import (
    AuthorityKey,
    Private,
    Validity,
    new_key,
    request,
    root_certificate,
    signer_certificate,
)
from certificates.keys.rules.ceremony import (
    AUTHORITY_YEARS,
    FolderInUse,
    NoPassphrase,
    Plan,
    Step,
    log_of,
    require_people,
)
from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.ring import Entry, Ring, write
from certificates.keys.signer.files import FileSigner, load_signer, pem, pem_chain
from certificates.keys.signer.port import try_out
from exam.kernel.files import write_whole

LOG: Final = "ceremony.json"
_SHORTEST: Final = 12
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True)
class Held:
    """What a ceremony made: the log's bytes, the entries of the new keys, and who signed the log."""

    log: bytes
    ring: Ring
    names: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The hash of the log."""
        return sha256(self.log).hexdigest()


@dataclass
class _Table:
    """The folder that everything is laid into, and the steps so far."""

    folder: Path
    now: Callable[[], datetime]
    steps: list[Step] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def lay(self, name: str, data: bytes, *, private: bool = False) -> None:
        write_whole(self.folder / name, data, 0o600 if private else 0o644)
        if not private:
            self.files[name] = sha256(data).hexdigest()

    def say(self, what: str, **facts: str) -> None:
        self.steps.append(Step(self.now(), what, facts))


def hold(
    folder: Path, plan: Plan, *, now: Callable[[], datetime], passphrase: bytes, software: Mapping[str, str]
) -> Held:
    """Make everything the plan says; raises `TooFewPeople`, `FolderInUse`, `NoPassphrase` before anything is made."""
    require_people(plan)
    if not plan.requests_only and len(passphrase) < _SHORTEST:
        raise NoPassphrase
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise FolderInUse(name=folder.name)
    table, began = _Table(folder, now), now()
    keys = _make(table, plan, began, passphrase)
    entries = tuple(
        Entry(name=name, purpose=purpose, certificate=f"{name}.pem", key=f"{name}.key")
        for name, (purpose, _) in keys.items()
    )
    ring = Ring(keys=entries)
    table.lay("ring.json", write(ring))
    log = log_of(plan, began_at=began, software={**_versions(), **software}, steps=table.steps, files=table.files)
    table.lay(LOG, log)
    for name, (_, key) in keys.items():
        table.lay(f"ceremony.{name}.sig", FileSigner(name, False, (), key).raw(log))
    return Held(log, ring, tuple(keys))


def _make(table: _Table, plan: Plan, began: datetime, passphrase: bytes) -> dict[str, tuple[Purpose, Private]]:
    """The keys by name, with their certificates or requests laid down."""
    authority = None if plan.requests_only else _authority(table, plan, began, passphrase)
    made: dict[str, tuple[Purpose, Private]] = {}
    for purpose in plan.purposes:
        name = f"{purpose}-{began:%Y%m%d}"
        key = new_key(plan.algorithm(purpose))
        table.lay(f"{name}.key", pem(key), private=True)
        table.say("key", name=name, purpose=str(purpose), algorithm=plan.algorithm(purpose), public_sha256=_public(key))
        if authority is None:
            asked = request(key, purpose, plan.organisation, f"{plan.organisation} {name}")
            table.lay(f"{name}.csr", asked.public_bytes(Encoding.PEM))
            table.say("request", name=name, sha256=sha256(asked.public_bytes(Encoding.DER)).hexdigest())
        else:
            _certify(table, plan, name, purpose, key, authority, began)
        made[name] = (purpose, key)
    return made


def _authority(table: _Table, plan: Plan, began: datetime, passphrase: bytes) -> tuple[AuthorityKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    validity = Validity(begin=_whole(began), end=_whole(began) + AUTHORITY_YEARS * _YEAR)
    root = root_certificate(key, plan.organisation, f"{plan.organisation} CA {began:%Y}", validity)
    table.lay("authority.key", pem(key, passphrase), private=True)
    table.lay("authority.pem", pem_chain((root,)))
    table.say("authority", public_sha256=_public(key), certificate_sha256=_certificate(root))
    return key, root


def _certify(
    table: _Table, plan: Plan, name: str, purpose: Purpose, key: Private, authority: tuple[AuthorityKey, x509.Certificate],
    began: datetime,
) -> None:  # fmt: skip
    validity = Validity(begin=_whole(began), end=_whole(began) + plan.years * _YEAR)
    leaf = signer_certificate(key, purpose, plan.organisation, f"{plan.organisation} {name}", authority, validity)
    table.lay(f"{name}.pem", pem_chain((leaf, authority[1])))
    try_out(load_signer(table.folder / f"{name}.key", table.folder / f"{name}.pem", specimen=False))
    table.say(
        "certificate", name=name, sha256=_certificate(leaf), serial=f"{leaf.serial_number:x}",
        valid_to=leaf.not_valid_after_utc.isoformat(),
    )  # fmt: skip


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _public(key: Private) -> str:
    return sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _certificate(certificate: x509.Certificate) -> str:
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), "openssl": ssl.OPENSSL_VERSION}
