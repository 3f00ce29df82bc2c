"""What the certificate officer sends."""

from __future__ import annotations

import msgspec

from certificates.issuing.rules.status import RenewalKind


class ReasonForm(msgspec.Struct, kw_only=True):
    """A deed that is recorded with its reason."""

    reason: str


class RenewForm(msgspec.Struct, kw_only=True):
    """The next version of a certificate, and why."""

    kind: RenewalKind
    reason: str
