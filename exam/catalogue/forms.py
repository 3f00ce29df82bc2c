"""What the catalogue's pages send."""

from __future__ import annotations

from datetime import date

import msgspec


class ApprovalForm(msgspec.Struct, kw_only=True):
    """Beside the definition's file: the approval of a fee above its cap (D03), where the file names none."""

    approval_number: str = ""
    approval_reason: str = ""


class TitleForm(msgspec.Struct, kw_only=True):
    """A cancelled vocational qualification (A04)."""

    name: str
    cancelled_on: date
    source: str
