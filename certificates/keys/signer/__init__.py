"""The signer behind one port: a key in a file, in a token (PKCS #11), on another machine, or the demo's own.

Which one signs follows from the key ring (`certificates.keys.rules.ring`; ``KAOWU_KEYRING``, else ``keys/ring.json``): it is read
again when it changes, so that a new key takes over without a stop. Without a ring, ``KAOWU_SIGNER_KEY`` and
``KAOWU_SIGNER_CERTIFICATE`` name a key for documents; without either, the demo's keys are made. Whether a key may sign
now is not decided here but in the register (`certificates.keys.actions.require_usable`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization

from certificates.keys.rules.purposes import FAULT_LABELS, PURPOSE_LABELS, Purpose, faults
from certificates.keys.rules.register import WrongPurpose
from certificates.keys.rules.ring import Entry, Ring, read, write
from certificates.keys.signer.demo import DEMO_CHAIN, demo_key
from certificates.keys.signer.files import FileSigner, load_signer
from certificates.keys.signer.port import CannotSign, Signer, read_chain, try_out
from certificates.keys.signer.remote import remote_signer
from certificates.keys.signer.tokens import token_signer
from exam.kernel.files import write_whole
from exam.kernel.i18n import translate
from exam.kernel.locks import exclusive
from exam.kernel.settings import Settings

__all__ = [
    "DEMO_CHAIN", "CannotSign", "FileSigner", "Signer", "has_keys", "load_signer", "open_entry", "ring_of", "roots", "signer_of",
    "take_over", "try_out",
]  # fmt: skip


def signer_of(settings: Settings, purpose: Purpose = Purpose.DOCUMENT) -> Signer:
    """The key that signs for a purpose here; raises `CannotSign` or `WrongPurpose`."""
    return _signer(settings, purpose, _changed(settings.ring))


def roots(settings: Settings) -> list[bytes]:
    """The DER of the authorities that this installation trusts for documents: above its key and those before it."""
    return list(_roots(settings, _changed(settings.ring)))


def has_keys(settings: Settings) -> bool:
    """Whether this installation has any keys: nobody makes an authority only to trust nothing with it."""
    return settings.ring.exists() or settings.signer_key is not None or (settings.keys / DEMO_CHAIN).exists()


def ring_of(settings: Settings) -> Ring:
    """The key ring; an empty one where there is none. Raises `CannotSign` for one that cannot be read."""
    try:
        return read(settings.ring.read_bytes())
    except FileNotFoundError:
        return Ring()
    except (OSError, msgspec.DecodeError) as error:
        raise CannotSign(reason=f"{settings.ring.name}: {error}") from None


def take_over(settings: Settings, entry: Entry) -> None:
    """Let a key sign from now on: every process of this installation sees it at its next signature."""
    settings.ring.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with exclusive(settings.ring.with_suffix(".lock")):
        write_whole(settings.ring, write(ring_of(settings).with_key(entry)), 0o600)


def open_entry(entry: Entry, folder: Path) -> Signer:
    """The signer of a ring's entry; raises `CannotSign`, and `WrongPurpose` where its certificate is for something else."""
    match entry.backend:
        case "file":
            signer: Signer = load_signer(folder / entry.key, folder / entry.certificate, specimen=entry.specimen)
        case "pkcs11":
            signer = token_signer(entry, folder)
        case "remote":
            signer = remote_signer(entry, folder)
    return _require(signer, entry.name, entry.purpose)


def _require(signer: Signer, name: str, purpose: Purpose) -> Signer:
    wrong = faults(signer.chain, purpose)
    if wrong:
        words = "；".join(translate(FAULT_LABELS[one]) for one in wrong)
        raise WrongPurpose(name=name, purpose=translate(PURPOSE_LABELS[purpose]), faults=words)
    return signer


@lru_cache(maxsize=32)
def _signer(settings: Settings, purpose: Purpose, changed: int) -> Signer:
    entry = ring_of(settings).current(purpose) if changed else None
    if entry is not None:
        return open_entry(entry, settings.ring.parent)
    if settings.signer_key is not None and purpose is Purpose.DOCUMENT:
        if settings.signer_certificate is None:
            raise CannotSign(reason="KAOWU_SIGNER_CERTIFICATE")
        found = load_signer(settings.signer_key, settings.signer_certificate, specimen=False)
        return _require(found, found.name, purpose)
    if changed or settings.signer_key is not None:  # beside a real key, an invented one would pass for real
        raise CannotSign(reason=translate(PURPOSE_LABELS[purpose]))
    return load_signer(*demo_key(settings.keys, purpose), specimen=True)


@lru_cache(maxsize=8)
def _roots(settings: Settings, changed: int) -> tuple[bytes, ...]:
    entries = [one for one in ring_of(settings).keys if one.purpose is Purpose.DOCUMENT] if changed else []
    found = [read_chain(settings.ring.parent / one.certificate)[-1] for one in entries]
    if settings.signer_certificate is not None:
        found.append(read_chain(settings.signer_certificate)[-1])
    if not found:
        found.append(_signer(settings, Purpose.DOCUMENT, changed).chain[-1])
    return tuple(dict.fromkeys(one.public_bytes(serialization.Encoding.DER) for one in found))


def _changed(path: Path) -> int:
    """When the ring was last written; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
