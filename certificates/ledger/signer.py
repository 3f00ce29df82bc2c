"""Who the log is: its origin, its key, and the policy that names its witnesses."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.keys.rules.purposes import Purpose
from certificates.keys.signer import CannotSign, signer_of
from certificates.ledger import queries
from certificates.ledger.rules.checkpoints import TreeHead
from certificates.ledger.rules.notes import Kind, Note, Verifier, sign, verifier_of
from certificates.ledger.rules.policy import BadPolicy, Policy, read_policy
from exam.kernel.errors import N_, Unavailable
from exam.kernel.settings import Settings

PREFIX: Final = "/ledger"
"""Where the log is served, below the address of the site."""


class PolicyUnreadable(Unavailable):
    """The file that names the witnesses cannot be used."""

    message = N_("见证方的配置文件无法使用：%(reason)s。")
    way_out = N_("请检查 KAOWU_LEDGER_WITNESSES 指向的文件，未封存的证书会在恢复后继续办理。")


def origin_of(settings: Settings) -> str:
    """The log's name: the address that it is served at, without the scheme."""
    address = urlsplit(settings.base_url)
    return address.netloc + address.path.rstrip("/") + PREFIX


async def log_origin(session: AsyncSession, settings: Settings) -> str:
    """The log's name: that of its first checkpoint for ever, also when the site moves to another address."""
    last = await queries.checkpoint(session)
    return last.head.origin if last is not None else origin_of(settings)


def verifier(settings: Settings, origin: str) -> Verifier:
    """What others check the log's own signature with; raises `CannotSign`."""
    key = signer_of(settings, Purpose.LEDGER).chain[0].public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise CannotSign(reason="Ed25519")
    return verifier_of(origin, Kind.ED25519, key)


async def own_policy(session: AsyncSession, settings: Settings) -> Policy:
    """What anybody can check this log by: its own key, its witnesses, the quorum."""
    policy = policy_of(settings)
    own = verifier(settings, await log_origin(session, settings))
    return Policy((*policy.logs, own), policy.witnesses, policy.groups, policy.quorum)


def signed(settings: Settings, head: TreeHead) -> Note:
    """A head with the log's signature; raises `CannotSign`."""
    own = verifier(settings, head.origin)
    return Note(head.text, (sign(head.text, own, signer_of(settings, Purpose.LEDGER).raw),))


def policy_of(settings: Settings) -> Policy:
    """Whose cosignatures a checkpoint needs before it is published; nobody's where no file is named.

    Raises `PolicyUnreadable`.
    """
    path = settings.ledger_witnesses
    if path is None:
        return Policy()
    try:
        return _policy(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeError, BadPolicy) as error:
        raise PolicyUnreadable(reason=str(error)) from error


@lru_cache(maxsize=4)
def _policy(path: Path, changed: int) -> Policy:
    return read_policy(path.read_text("utf-8"))
