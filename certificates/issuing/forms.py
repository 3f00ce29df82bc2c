"""What the certificate officer sends."""

from __future__ import annotations

from uuid import UUID

import msgspec

from certificates.issuing.rules.status import RenewalKind


class ReasonForm(msgspec.Struct, kw_only=True):
    """A deed that is recorded with its reason."""

    reason: str


class RenewForm(msgspec.Struct, kw_only=True):
    """The next version of a certificate, and why."""

    kind: RenewalKind
    reason: str


class ProposeForm(msgspec.Struct, kw_only=True):
    """A proposal, with the hash of the list that the officer saw."""

    seen: str


class DecideForm(msgspec.Struct, kw_only=True):
    """An approval, with the hash of the list that the officer saw; or the agreement to go on after a stop."""

    seen: str | None = None
    batch: UUID | None = None


class HaltForm(msgspec.Struct, kw_only=True):
    """A stop of all issuing, and the batch page it was pressed on."""

    reason: str
    batch: UUID | None = None
