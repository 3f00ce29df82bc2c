"""What officers and programs send."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec


class AdmitForm(msgspec.Struct, kw_only=True):
    """An organisation that is let in."""

    organisation_id: UUID
    name: str
    contact: str
    purpose: str
    quota: int
    ends_on: date


class KeyForm(msgspec.Struct, kw_only=True):
    """A key for it."""

    label: str
    ends_on: date


class CloseForm(msgspec.Struct, kw_only=True):
    """Its end."""

    reason: str = ""


class ApiRow(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One certificate that a program asks about."""

    number: str
    name: str


class ApiRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a program sends: one or many, and why."""

    certificates: list[ApiRow]
    reason: str = ""
