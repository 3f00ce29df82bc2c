"""Holds a key ceremony in a folder: an authority (its key locked with a passphrase), a key for each purpose, and the log.

The keys lie in the folder, or with a `Slot` in a token that they cannot leave; the authority's own key is never in a token
that signs every day.

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
    Public,
    Validity,
    new_key,
    request_by,
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
from certificates.keys.rules.purposes import Algorithm, Purpose
from certificates.keys.rules.ring import Entry, Ring, write
from certificates.keys.rules.shapes import TRIAL
from certificates.keys.signer.files import FileSigner, pem, pem_chain
from certificates.keys.signer.port import verify
from certificates.keys.signer.token_keys import Slot, make_in
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


@dataclass(frozen=True)
class _Key:
    """A key that was made: what is public of it, and what signs with it once its chain is known."""

    purpose: Purpose
    public: Public
    algorithm: Algorithm
    raw: Callable[[bytes], bytes]
    entry: Entry
    private: Private | None = field(default=None, repr=False)


def hold(
    folder: Path, plan: Plan, *, now: Callable[[], datetime], passphrase: bytes, software: Mapping[str, str],
    slot: Slot | None = None,
) -> Held:  # fmt: skip
    """Make everything the plan says; raises `TooFewPeople`, `FolderInUse`, `NoPassphrase` before anything is made."""
    require_people(plan)
    if not plan.requests_only and len(passphrase) < _SHORTEST:
        raise NoPassphrase
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise FolderInUse(name=folder.name)
    table, began = _Table(folder, now), now()
    keys = _make(table, plan, began, passphrase, slot)
    entries = tuple(one.entry for one in keys)
    ring = Ring(keys=entries)
    table.lay("ring.json", write(ring))
    log = log_of(plan, began_at=began, software={**_versions(), **software}, steps=table.steps, files=table.files)
    table.lay(LOG, log)
    for one in keys:
        table.lay(f"ceremony.{one.entry.name}.sig", one.raw(log))
    return Held(log, ring, tuple(one.entry.name for one in keys))


def _make(table: _Table, plan: Plan, began: datetime, passphrase: bytes, slot: Slot | None) -> list[_Key]:
    """The keys, with their certificates or requests laid down."""
    authority = None if plan.requests_only else _authority(table, plan, began, passphrase)
    made: list[_Key] = []
    for purpose in plan.purposes:
        name = f"{purpose}-{began:%Y%m%d}"
        key = _in_file(table, plan, purpose, name) if slot is None else _in_token(table, plan, purpose, name, slot)
        if authority is None:
            _ask(table, plan, name, key)
        else:
            _certify(table, plan, name, key, authority, began)
        made.append(key)
    return made


def _in_file(table: _Table, plan: Plan, purpose: Purpose, name: str) -> _Key:
    key, algorithm = new_key(plan.algorithm(purpose)), plan.algorithm(purpose)
    table.lay(f"{name}.key", pem(key), private=True)
    table.say("key", name=name, purpose=str(purpose), algorithm=algorithm, public_sha256=_public(key.public_key()))
    entry = Entry(name=name, purpose=purpose, certificate=f"{name}.pem", key=f"{name}.key")
    return _Key(purpose, key.public_key(), algorithm, FileSigner(name, False, (), key).raw, entry, key)


def _in_token(table: _Table, plan: Plan, purpose: Purpose, name: str, slot: Slot) -> _Key:
    algorithm = plan.algorithm(purpose)
    key = make_in(slot, name, purpose, algorithm)
    table.say(
        "key", name=name, purpose=str(purpose), algorithm=algorithm, public_sha256=_public(key.public), **key.said
    )  # fmt: skip
    return _Key(purpose, key.public, algorithm, key.signer.raw, key.signer.entry)


def _ask(table: _Table, plan: Plan, name: str, key: _Key) -> None:
    asked = request_by(
        key.public, key.raw, key.algorithm, key.purpose, plan.organisation, f"{plan.organisation} {name}"
    )
    table.lay(f"{name}.csr", asked.public_bytes(Encoding.PEM))
    table.say("request", name=name, sha256=sha256(asked.public_bytes(Encoding.DER)).hexdigest())


def _authority(table: _Table, plan: Plan, began: datetime, passphrase: bytes) -> tuple[AuthorityKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    validity = Validity(begin=_whole(began), end=_whole(began) + AUTHORITY_YEARS * _YEAR)
    root = root_certificate(key, plan.organisation, f"{plan.organisation} CA {began:%Y}", validity)
    table.lay("authority.key", pem(key, passphrase), private=True)
    table.lay("authority.pem", pem_chain((root,)))
    table.say("authority", public_sha256=_public(key.public_key()), certificate_sha256=_certificate(root))
    return key, root


def _certify(
    table: _Table, plan: Plan, name: str, key: _Key, authority: tuple[AuthorityKey, x509.Certificate], began: datetime
) -> None:
    validity = Validity(begin=_whole(began), end=_whole(began) + plan.years * _YEAR)
    leaf = signer_certificate(
        key.public, key.purpose, plan.organisation, f"{plan.organisation} {name}", authority, validity
    )
    table.lay(f"{name}.pem", pem_chain((leaf, authority[1])))
    verify(leaf, key.raw(TRIAL), TRIAL)
    table.say(
        "certificate", name=name, sha256=_certificate(leaf), serial=f"{leaf.serial_number:x}",
        valid_to=leaf.not_valid_after_utc.isoformat(),
    )  # fmt: skip


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _public(key: Public) -> str:
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _certificate(certificate: x509.Certificate) -> str:
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), "openssl": ssl.OPENSSL_VERSION}
